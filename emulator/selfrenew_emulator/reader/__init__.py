# SPDX-License-Identifier: Apache-2.0
"""Readers: in the process, or over a card image file."""

from .embedded import EmbeddedConnection, EmbeddedReader
from .image import ImageReader, UnusableImageError, open_image_reader

__all__ = [
    "EmbeddedConnection",
    "EmbeddedReader",
    "ImageReader",
    "UnusableImageError",
    "open_image_reader",
]
