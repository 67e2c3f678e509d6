# SPDX-License-Identifier: Apache-2.0
"""A PC/SC reader into which a program puts cards, by vsmartcard's vpcd driver."""

import threading
from typing import Generic, TypeVar

from selfrenew.transport.connection import NoCardError, TransportError

from .vpcd import LinkedCard, VpcdLink

_Card = TypeVar("_Card", bound=LinkedCard)


class VpcdReader(Generic[_Card]):
    """A slot of vpcd that holds one card at a time; any thread may insert and remove it.

    Its APDUs come from PC/SC programs alone, under the reader's `name`.
    """

    def __init__(self, name: str, port: int, *, host: str = "127.0.0.1") -> None:
        self._name = name
        self._address = (host, port)
        self._lock = threading.RLock()
        self._card: _Card | None = None
        self._link: VpcdLink | None = None

    @property
    def name(self) -> str:
        """The name under which PC/SC lists the reader."""
        return self._name

    @property
    def port(self) -> int:
        """The TCP port of the slot."""
        return self._address[1]

    @property
    def card_present(self) -> bool:
        """Whether a card is in the reader."""
        return self._card is not None

    def insert(self, card: _Card) -> None:
        """Put a card in; pcscd has powered it when this returns.

        Raise TransportError where one is in already, ReaderError where the reader does not take it.
        """
        with self._lock:
            if self._card is not None:
                raise TransportError(f"The reader '{self._name}' holds a card already; remove it.")
            host, port = self._address
            link = VpcdLink(card, port, host=host)
            link.start()
            self._card, self._link = card, link

    def remove(self) -> _Card:
        """Take the card out, at any moment; pcscd has noticed when this returns.

        Raise NoCardError.
        """
        with self._lock:
            if self._card is None or self._link is None:
                raise NoCardError(self._name)
            card, link = self._card, self._link
            self._card = self._link = None
            link.close()
            return card

    def close(self) -> None:
        """Take out what is in."""
        with self._lock:
            if self._card is not None:
                self.remove()
