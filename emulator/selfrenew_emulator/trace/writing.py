# SPDX-License-Identifier: Apache-2.0
"""Writes a file that is made of a trace: whole, or not at all."""

import os
import tempfile
from pathlib import Path

from .errors import TraceExistsError, TraceWriteError


def write_whole(path: Path, content: bytes, *, overwrite: bool = False) -> None:
    """Write a file in one step. Raise TraceExistsError or TraceWriteError."""
    if path.exists() and not overwrite:
        raise TraceExistsError(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
    except OSError as error:
        raise TraceWriteError(path, error.strerror or str(error)) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise TraceWriteError(path, error.strerror or str(error)) from error
