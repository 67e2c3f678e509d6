# SPDX-License-Identifier: Apache-2.0
"""The argument IMAGE, and what the system says of the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

IMAGE = click.Path(dir_okay=False, path_type=Path)


@contextmanager
def file_errors(image: Path) -> Iterator[None]:
    """Turn the system's errors about the image into one of usage."""
    try:
        yield
    except OSError as error:
        raise click.UsageError(
            f"Using the card image {image} failed: {error.strerror}. Check path and permissions."
        ) from error
