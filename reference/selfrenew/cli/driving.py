# SPDX-License-Identifier: Apache-2.0
"""The commands without their terminal, in one process and as often as wanted.

Who tests a whole renewal under thousands of faults needs what a person gets, exit code and text,
and not a process for each. The emulator's campaign finds `drive` by its name.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx

from selfrenew import messages
from selfrenew.agent import change_passcode, finish_unlock, start_unlock
from selfrenew.clock import Clock
from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.config.wanted_card import is_piv
from selfrenew.http import TIMEOUT_SECONDS
from selfrenew.piv.client import PivClient
from selfrenew.renewal import RenewalWatch
from selfrenew.secret import Secret
from selfrenew.transport import CardConnection, NeighbouredReader, Reader, choose

from .exit_codes import ExitCode
from .failures import ending_of, text_of


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended: its exit code, the line that says why, and what was told on the way."""

    code: int
    text: str
    told: tuple[str, ...] = ()


class DrivenReference:
    """The reference at one reader; each method does what the command of its name does."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def renew(self, passcode: Secret) -> Ending:
        """Renew both certificates, or what an earlier renewal has left to do."""
        watch, told = RenewalWatch(), list[str]()

        def renewal() -> str:
            return self._reference.renew(
                passcode, observe=lambda event: told.append(watch.note(event))
            ).text

        return _ended(renewal, told)

    def change_passcode(self, old: Secret, new: Secret) -> Ending:
        """Replace the passcode."""

        def change() -> str:
            with (
                closing(self._reference.reader.connect()) as connection,
                connection.exclusive(),
            ):
                client = PivClient(connection)
                client.select()
                change_passcode(client, old, new)
            return messages.PASSCODE_CHANGED

        return _ended(change)

    def unlock(self, read_code: Callable[[], Secret], new: Secret) -> Ending:
        """Have a code sent, read it, and set a new passcode with it."""
        management = self._reference.services.management

        def unlock() -> str:
            with (
                closing(self._reference.reader.connect()) as connection,
                connection.exclusive(),
            ):
                client = PivClient(connection)
                client.select()
                begun = start_unlock(client, management)
                finish_unlock(client, management, begun, read_code(), new)
            return messages.UNLOCKED

        return _ended(unlock)

    def close(self) -> None:
        """Close the connections to the services."""
        self._reference.close()


class _ReaderOfCard:
    """A reader as long as it is the only one; where others have come, whichever holds the card.

    As a configuration without a reader's name has it with PC/SC.
    """

    def __init__(self, first: NeighbouredReader) -> None:
        self._first = first

    @property
    def name(self) -> str:
        return self._first.name

    @property
    def card_present(self) -> bool:
        return self._first.card_present

    def connect(self) -> CardConnection:
        readers = [self._first, *self._first.neighbours]
        if len(readers) == 1:
            return self._first.connect()
        return choose(readers, is_piv, messages.ANY_CARD)[1]


def drive(
    config_file: Path,
    reader: Reader,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> DrivenReference:
    """Put the reference together for a reader; `transport` None goes by the network.

    `sleep` waits for a CA that asks to come back. Raise ConfigurationError.
    """
    if isinstance(reader, NeighbouredReader):
        reader = _ReaderOfCard(reader)
    http = None
    if transport is not None:
        http = httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS, trust_env=False)
    configuration = load_configuration(config_file)
    return DrivenReference(
        assemble(configuration, reader=reader, clock=clock, http=http, sleep=sleep)
    )


def _ended(action: Callable[[], str], told: list[str] | None = None) -> Ending:
    try:
        text, code = action(), ExitCode.DONE
    except Exception as error:  # noqa: BLE001  the edge, as the program's is
        ending = ending_of(error)
        if ending is None:
            return Ending(ExitCode.BUG, f"{type(error).__name__}: {error}", tuple(told or ()))
        text, code = text_of(error), ending
    return Ending(code, text, tuple(told or ()))
