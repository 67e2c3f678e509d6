# SPDX-License-Identifier: Apache-2.0
"""The log as it was: a campaign keeps its process quiet, and other tests look into logs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def log_levels_kept() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("selfrenew", "selfrenew_emulator")]
    levels = [logger.level for logger in loggers]
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
