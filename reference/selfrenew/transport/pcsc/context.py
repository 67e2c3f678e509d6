# SPDX-License-Identifier: Apache-2.0
"""PC/SC contexts and the state of readers: what connection, reader and finder all ask for."""

from collections.abc import Iterator
from contextlib import contextmanager

from smartcard import scard

from selfrenew import messages
from selfrenew.transport.connection import NoServiceError

from .errors import failure

_EVENT_COUNT_SHIFT = 16


@contextmanager
def pcsc_context() -> Iterator[int]:
    """Give a context for a few calls. Raise NoServiceError."""
    context = open_context()
    try:
        yield context
    finally:
        scard.SCardReleaseContext(context)


def open_context() -> int:
    """Open a context; pcsc-lite lets one thread at a time use it. Raise NoServiceError."""
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if code != scard.SCARD_S_SUCCESS:
        raise NoServiceError
    return int(context)


def reader_names(context: int) -> list[str]:
    """List the readers. Raise NoServiceError or PcscError."""
    code, names = scard.SCardListReaders(context, [])
    if code == scard.SCARD_E_NO_READERS_AVAILABLE:
        return []
    if code != scard.SCARD_S_SUCCESS:
        raise failure(messages.LISTING_READERS, code, "")
    return list(names)


def reader_state(context: int, name: str, known: int = 0, timeout_seconds: float = 0) -> int:
    """Give a reader's state, after waiting for another than the known one.

    The upper half counts insertions and removals. Raise NoReaderError, NoServiceError or PcscError.
    """
    milliseconds = int(timeout_seconds * 1000)
    code, states = scard.SCardGetStatusChange(context, milliseconds, [(name, known)])
    if code not in {scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED}:
        raise failure(messages.ASKING_READER_STATE.format(name=name), code, name)
    if code != scard.SCARD_S_SUCCESS and known:
        return known
    state = int(states[0][1])
    if state & scard.SCARD_STATE_UNKNOWN:
        raise failure("", scard.SCARD_E_UNKNOWN_READER, name)
    return state & ~int(scard.SCARD_STATE_CHANGED)


def known_states(states: list[tuple[str, int, list[int]]]) -> list[tuple[str, int]]:
    """Make of what SCardGetStatusChange told what it is asked with next."""
    return [(name, state & ~scard.SCARD_STATE_CHANGED) for name, state, _ in states]


def holds_card(state: int) -> bool:
    """Tell whether a card is in the reader, working or not."""
    return bool(state & scard.SCARD_STATE_PRESENT)


def event_count(state: int) -> int:
    """Read off how many times a card has come or gone."""
    return state >> _EVENT_COUNT_SHIFT
