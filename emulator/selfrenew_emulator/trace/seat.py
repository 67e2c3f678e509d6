# SPDX-License-Identifier: Apache-2.0
"""A slot of vpcd in which a card comes and goes by itself: a real one, or one of a script."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Self

from selfrenew_emulator.faults import PulledOutError
from selfrenew_emulator.reader import LinkedCard, NotPoweredError, ReaderError, VpcdLink

_LOOK_SECONDS = 0.2

Gone = Callable[[], None]
"""To be called when the card is out; it may be called again."""
Cards = Callable[[Gone], AbstractContextManager[LinkedCard | None]]
"""Gives the card that is to be in now, until it is out; None where there is none."""


class Seat:
    """Puts in the card that it is given, and the next one once that is out; enter it to start."""

    def __init__(self, cards: Cards, host: str, port: int) -> None:
        self._cards = cards
        self._host, self._port = host, port
        self._out = threading.Event()
        self._stopping = threading.Event()
        self._stack = ExitStack()
        self._thread = threading.Thread(target=self._run, name="seat", daemon=True)
        self.failure: ReaderError | None = None

    def __enter__(self) -> Self:
        """Put in the first card. Raise what giving it raises, or ReaderError."""
        self._put_in()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._out.set()
        self._thread.join()
        self._stack.close()

    def _put_in(self) -> bool:
        with ExitStack() as stack:
            card = stack.enter_context(self._cards(self._out.set))
            if card is None:
                return False
            link = VpcdLink(card, self._port, host=self._host, exchange=self._exchange(card))
            link.start()
            stack.callback(link.close)
            link.settle()
            self._stack = stack.pop_all()
        return True

    def _exchange(self, card: LinkedCard) -> Callable[[bytes], bytes]:
        def exchange(command: bytes) -> bytes:
            try:
                return card.transmit(command)
            except PulledOutError:
                self._out.set()
                raise

        return exchange

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._out.wait()
            self._out.clear()
            self._stack.close()
            while not self._stopping.is_set() and not self._put_in_again():
                self._stopping.wait(_LOOK_SECONDS)
            if self.failure is not None:
                return

    def _put_in_again(self) -> bool:
        try:
            return self._put_in()
        except NotPoweredError:
            # The card went before it had its power; another look tells.
            return False
        except ReaderError as error:
            self.failure = error
            return True
