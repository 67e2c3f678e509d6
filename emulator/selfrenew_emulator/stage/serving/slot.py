# SPDX-License-Identifier: Apache-2.0
"""A slot of the reader program: the card in it is an image on disk, and so outlives the program."""

import threading
from pathlib import Path

from selfrenew_emulator.card import Card, CardImage, KeySource
from selfrenew_emulator.reader import VpcdReader
from selfrenew_emulator.stage.desk import card_from, image_of


class SlotTakenError(Exception):
    """A card is in the slot already."""


class SlotEmptyError(Exception):
    """No card is in the slot."""


class KeptSlot:
    """Takes a card's image and gives it back with all that happened to the card meanwhile."""

    def __init__(self, reader: VpcdReader[Card], file: Path, key_source: KeySource) -> None:
        self._reader = reader
        self._file = file
        self._key_source = key_source
        self._lock = threading.Lock()
        self._card: Card | None = None

    @property
    def name(self) -> str:
        """The name PC/SC programs know the slot by."""
        return self._reader.name

    @property
    def occupied(self) -> bool:
        """Whether a card is in."""
        return self._reader.card_present

    def restore(self) -> None:
        """Put in the card that was in when the program was ended. Raise CardImageError."""
        with self._lock:
            if self._file.exists():
                self._insert()

    def insert(self, image: bytes) -> None:
        """Put a card in. Raise SlotTakenError, CardImageError or ReaderError."""
        state = card_from(image).state
        with self._lock:
            if self.occupied:
                raise SlotTakenError
            # What a fault pulled out is still open.
            self._put_away()
            CardImage.create(self._file, state, overwrite=True)
            try:
                self._insert()
            except BaseException:
                self._file.unlink()
                raise

    def image(self) -> bytes:
        """Give the card that is in, or was until a fault pulled it out. Raise SlotEmptyError."""
        with self._lock:
            if self._file.exists():
                return self._file.read_bytes()
            card = self._reader.card
            if card is None:
                raise SlotEmptyError
            return image_of(card)

    def remove(self) -> bytes:
        """Take the card out, at any moment, and give its image. Raise SlotEmptyError."""
        with self._lock:
            if not self.occupied:
                raise SlotEmptyError
            card = self._reader.remove()
            self._put_away()
            if not self._file.exists():
                # It came by a fault.
                return image_of(card)
            image = self._file.read_bytes()
            self._file.unlink()
            return image

    def close(self) -> None:
        """Take the card out, and keep it for the next start."""
        with self._lock:
            if self.occupied:
                self._reader.remove()
            self._put_away()

    def _put_away(self) -> None:
        if self._card is not None:
            self._card.close()
            self._card = None

    def _insert(self) -> None:
        card = Card.open(self._file, key_source=self._key_source)
        try:
            self._reader.insert(card)
        except BaseException:
            card.close()
            raise
        self._card = card
