# SPDX-License-Identifier: Apache-2.0
"""A slot of another process's readers, held by its control API as a reader is held."""

from http import HTTPStatus

from selfrenew.transport import NoCardError, TransportError
from selfrenew_emulator.card import Card
from selfrenew_emulator.stage.desk import card_from, image_of
from selfrenew_emulator.stage.errors import ControlRefusedError

from .client import ControlClient
from .reader_models import KeyMakingForm, SlotView


class RemoteReader:
    """The card that is put in goes there as an image, and comes back with what happened to it.

    Each method may raise ControlError besides.
    """

    def __init__(self, control: ControlClient, slot: int = 0) -> None:
        self._control = control
        self._slot = slot
        self._path = f"/slots/{slot}/card"
        self._card: Card | None = None
        self.name = self._view().reader

    @property
    def card_present(self) -> bool:
        """Whether a card is in it."""
        return self._view().occupied

    def insert(self, card: Card) -> None:
        """Put a card in. Raise TransportError where one is in already."""
        if card is self._card and not self.card_present:
            # A fault pulled it out there, after whatever had happened to it.
            self.look_at(card)
        try:
            self._control.call("PUT", self._path, image_of(card))
        except ControlRefusedError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            text = f"The reader '{self.name}' holds a card already; remove it."
            raise TransportError(text) from error
        self._card = card

    def remove(self) -> Card:
        """Take the card out, at any moment. Raise NoCardError."""
        image = self._image("DELETE")
        card, self._card = self._card, None
        return card_from(image) if card is None else _renewed(card, image)

    def look_at(self, card: Card) -> None:
        """Let a card that is in be known as it is now; others are left alone."""
        if card is self._card:
            _renewed(card, self._image("GET"))

    def _image(self, method: str) -> bytes:
        try:
            return self._control.call(method, self._path)
        except ControlRefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise NoCardError(self.name) from error

    def _view(self) -> SlotView:
        return self._control.ask(list[SlotView], "GET", "/slots")[self._slot]


class RemoteKeyMaking:
    """How the cards in the readers make keys: at once, or once they are let."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def hold(self) -> None:
        """Have cards wait before they make a key."""
        self._control.call("PUT", "/key-making", KeyMakingForm(held=True))

    def go_on(self) -> None:
        """Let them make it."""
        self._control.call("PUT", "/key-making", KeyMakingForm(held=False))


def _renewed(card: Card, image: bytes) -> Card:
    card.store.replace_state(card_from(image).state)
    card.reset()
    return card
