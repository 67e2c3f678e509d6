# SPDX-License-Identifier: Apache-2.0
"""A PC/SC reader into which a program puts cards, by vsmartcard's vpcd driver."""

import logging
import threading
from typing import Any, Generic, TypeVar, cast

from selfrenew.transport.connection import NoCardError, TransportError
from selfrenew_emulator.card import Card
from selfrenew_emulator.faults import (
    Absence,
    Exchange,
    NothingToStrikeError,
    PulledOutError,
    ReaderService,
    Tap,
)

from .errors import ReaderError
from .vpcd import LinkedCard, VpcdLink

_log = logging.getLogger(__name__)

_Card = TypeVar("_Card", bound=LinkedCard)


class VpcdReader(Generic[_Card]):
    """A slot of vpcd that holds one card at a time; any thread may insert and remove it.

    Its APDUs come from PC/SC programs alone, under the reader's `name`, and through `tap`. Faults
    reach its daemon by `service`, and a second card goes into the slot that is its `neighbour`.
    """

    def __init__(
        self,
        name: str,
        port: int,
        *,
        host: str = "127.0.0.1",
        service: ReaderService | None = None,
        neighbour: "VpcdReader[Any] | None" = None,
    ) -> None:
        self._name = name
        self.service = service
        self._neighbour = neighbour
        self._address = (host, port)
        self._lock = threading.RLock()
        self._card: _Card | None = None
        self._link: VpcdLink | None = None
        self.tap: Tap | None = None

    @property
    def name(self) -> str:
        """The name under which PC/SC lists the reader."""
        return self._name

    @property
    def card(self) -> _Card | None:
        """The card that is in it."""
        return None if self._torn else self._card

    @property
    def port(self) -> int:
        """The TCP port of the slot."""
        return self._address[1]

    @property
    def card_present(self) -> bool:
        """Whether a card is in the reader."""
        return self._card is not None and not self._torn

    def insert(self, card: _Card) -> None:
        """Put a card in; pcscd has powered it when this returns, and `settle` waits a bit longer.

        Raise TransportError where one is in already, ReaderError where the reader does not take it.
        """
        with self._lock:
            self._let_torn_go()
            if self._card is not None:
                raise TransportError(f"The reader '{self._name}' holds a card already; remove it.")
            host, port = self._address
            link = VpcdLink(
                card,
                port,
                host=host,
                exchange=self._exchange(card),
                pulled_out=self._go_on_without,
            )
            link.start()
            self._card, self._link = card, link

    def settle(self) -> None:
        """Return once PC/SC programs see the card that was put in."""
        link = self._link
        if link is not None:
            link.settle()

    def remove(self) -> _Card:
        """Take the card out, at any moment; pcscd has noticed when this returns.

        Raise NoCardError.
        """
        with self._lock:
            self._let_torn_go()
            if self._card is None or self._link is None:
                raise NoCardError(self._name)
            card, link = self._card, self._link
            self._card = self._link = None
            link.close()
            return card

    def close(self) -> None:
        """Take out what is in."""
        with self._lock:
            self._let_torn_go()
            if self._card is not None:
                self.remove()

    def appear_beside(self, card: Card) -> None:
        """Put a card into the slot beside. Raise NothingToStrikeError, or ReaderError."""
        if self._neighbour is None:
            raise NothingToStrikeError("the daemon has no other slot")
        self._neighbour.insert(card)

    def stand_alone(self) -> None:
        """Take the card out of the slot beside, where there is one."""
        if self._neighbour is not None:
            self._neighbour.close()

    def _go_on_without(self, pulled: PulledOutError) -> None:
        """Let come what comes after the card, by another thread: the driver waits for this one."""
        if pulled.unplugged or pulled.instead is not None:
            threading.Thread(target=self._follow, args=(pulled,), daemon=True).start()

    def _follow(self, pulled: PulledOutError) -> None:
        try:
            if pulled.unplugged and self.service is not None:
                self.service.vanish(Absence.NO_READER)
            with self._lock:
                # Somebody else's hand may have been quicker.
                if pulled.instead is not None and self._torn:
                    self._let_torn_go()
                    self.insert(cast("_Card", pulled.instead))
        except ReaderError:
            _log.exception("what was to come after the card in %s did not", self._name)

    @property
    def _torn(self) -> bool:
        link = self._link
        return link is not None and link.torn

    def _let_torn_go(self) -> None:
        link = self._link
        if link is not None and link.torn:
            self._card = self._link = None
            link.close()

    def _exchange(self, card: _Card) -> Exchange:
        def exchange(command: bytes) -> bytes:
            tap = self.tap
            return card.transmit(command) if tap is None else tap(command, card.transmit)

        return exchange
