# SPDX-License-Identifier: Apache-2.0
"""Which of a machine's readers is meant: the one with the card that is wanted.

Other cards are asked no more than what they are, and nothing is ever done with them: at a shared
desk they are other people's.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing

from .connection import (
    AmbiguousCardError,
    CardConnection,
    NoServiceError,
    NoSuchCardError,
    Reader,
    TransportError,
)

IsWanted = Callable[[CardConnection], bool]
"""Talks to a card and judges."""


def holders_of(readers: Sequence[Reader], is_wanted: IsWanted) -> list[Reader]:
    """Give the readers that hold a card of the kind. Raise NoServiceError."""
    return [reader for reader in readers if reader.card_present and _holds(reader, is_wanted)]


def choose(
    readers: Sequence[Reader], is_wanted: IsWanted, wanted: str
) -> tuple[Reader, CardConnection]:
    """Connect to the one card that is wanted; `wanted` says in words what that is.

    Raise NoSuchCardError, AmbiguousCardError or another TransportError.
    """
    holders = holders_of(readers, is_wanted)
    if not holders:
        raise NoSuchCardError(wanted, [reader.name for reader in readers])
    if len(holders) > 1:
        raise AmbiguousCardError(wanted, [reader.name for reader in holders])
    (holder,) = holders
    with ExitStack() as stack:
        connection = stack.enter_context(closing(holder.connect()))
        # Between the looking and the connecting somebody may have exchanged the card.
        if not is_wanted(connection):
            raise NoSuchCardError(wanted, [holder.name])
        stack.pop_all()
    return holder, connection


def _holds(reader: Reader, is_wanted: IsWanted) -> bool:
    try:
        with closing(reader.connect()) as connection:
            return is_wanted(connection)
    except NoServiceError:
        raise
    except TransportError:
        # Not to be read is not to be wanted: the card may be anybody's.
        return False
