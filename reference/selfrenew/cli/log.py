# SPDX-License-Identifier: Apache-2.0
"""What -v shows: every command to the card and every message to a service, as it goes."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_FORMAT = "%(asctime)s.%(msecs)03d %(name)s: %(message)s"


@contextmanager
def logging_to_stderr(*, verbose: bool) -> Iterator[None]:
    """Log to standard error while it lasts, or nowhere.

    Of this program's loggers only: the libraries' own would show tokens.
    """
    logger = logging.getLogger("selfrenew")
    handler: logging.Handler = logging.NullHandler()
    level = logger.level
    if verbose:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(_FORMAT, "%H:%M:%S"))
        logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
