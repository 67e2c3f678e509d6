# SPDX-License-Identifier: Apache-2.0
"""A reader whose card is a card image file: what the reference's configuration calls `image`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from selfrenew.transport.connection import (
    CardRemovedError,
    NoCardError,
    NoReaderError,
    ReaderBusyError,
    UnusableCardError,
)
from selfrenew_emulator.card import Card, CardImageError, CardImageInUseError

from .embedded import EmbeddedConnection, EmbeddedReader
from .file_watch import FileWatch


class UnusableImageError(UnusableCardError):
    """The image is there and no card can be made of it; the text says why."""


class ImageReader:
    """The card is inserted while a connection is open; a missing file is an empty reader."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._watch = FileWatch(path)

    @property
    def name(self) -> str:
        """The image's path."""
        return str(self._path)

    @property
    def card_present(self) -> bool:
        """Whether the file is there."""
        return self._path.is_file()

    def on_insertion(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called, by a thread, when the file comes; the returned one ends that."""
        return self._watch.observe(observer, appears=True)

    def on_removal(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Have a function called, by a thread, when the file is gone."""
        return self._watch.observe(observer, appears=False)

    def connect(self) -> "ImageConnection":
        """Open the image.

        Raise NoReaderError without the folder, NoCardError without the image in it, ReaderBusyError
        or UnusableImageError.
        """
        if not self._path.parent.is_dir():
            raise NoReaderError(self.name)
        if not self.card_present:
            raise NoCardError(self.name)
        try:
            card = Card.open(self._path)
        except CardImageInUseError as error:
            raise ReaderBusyError(self.name) from error
        except CardImageError as error:
            raise UnusableImageError(str(error)) from error
        except OSError as error:
            raise UnusableImageError(
                f"Reading the card image {self._path} failed: {error.strerror}. "
                "Check its permissions."
            ) from error
        reader = EmbeddedReader(self.name)
        reader.insert(card)
        return ImageConnection(reader.connect(), card, self)


class ImageConnection:
    """A connection that closes the image with itself."""

    def __init__(self, inner: EmbeddedConnection, card: Card, reader: ImageReader) -> None:
        self._inner = inner
        self._card = card
        self._reader = reader

    @property
    def atr(self) -> bytes:
        """The card's answer to reset."""
        return self._inner.atr

    def transmit(self, command: bytes) -> bytes:
        """Send a command; what it changed is in the file when it has answered.

        Deleting the file takes the card out: raise CardRemovedError, and do not write it anew.
        """
        if not self._reader.card_present:
            raise CardRemovedError(self._reader.name)
        return self._inner.transmit(command)

    def reset(self) -> None:
        """Reset the card."""
        self._inner.reset()

    def exclusive(self) -> AbstractContextManager[object]:
        """Keep others off; the lock on the image does so already."""
        return self._inner.exclusive()

    def close(self) -> None:
        """Let card and image go."""
        self._inner.close()
        self._card.close()


def open_image_reader(location: str, folder: Path) -> ImageReader:
    """Make a reader of a path, relative to a folder; found through `selfrenew.transports`."""
    return ImageReader(folder / location)
