# SPDX-License-Identifier: Apache-2.0
"""PC/SC's return codes in a person's words (pcsclite.h; PC/SC Workgroup Part 5, 3.1.1).

TransportError
├── PcscError             a code nothing more is known of, told by its number
├── AmbiguousReaderError  part of a name fits several readers
├── CardResetError        another program reset the card
└── as for every transport: NoServiceError, NoReaderError, NoCardError, CardRemovedError,
    ReaderBusyError, UnusableCardError, NoSuchCardError, AmbiguousCardError
"""

from collections.abc import Sequence

from smartcard import scard

from selfrenew import messages
from selfrenew.transport.connection import (
    CardRemovedError,
    NoCardError,
    NoReaderError,
    NoServiceError,
    ReaderBusyError,
    TransportError,
    UnusableCardError,
)


class PcscError(TransportError):
    """PC/SC refused a call."""

    def __init__(self, attempted: str, code: int) -> None:
        self.code = code & 0xFFFFFFFF
        said = " ".join(str(scard.SCardGetErrorMessage(code)).split()).rstrip(".")
        super().__init__(
            messages.PCSC_REFUSED.format(attempted=attempted, code=f"{self.code:08X}", said=said)
        )


class AmbiguousReaderError(TransportError):
    """Several readers have the name in theirs."""

    def __init__(self, wanted: str, found: Sequence[str]) -> None:
        super().__init__(
            messages.AMBIGUOUS_READER.format(
                wanted=wanted, number=len(found), readers=", ".join(found)
            )
        )


class CardResetError(TransportError):
    """Another program reset the card, so that what was verified is forgotten."""

    def __init__(self, reader: str) -> None:
        super().__init__(messages.CARD_RESET.format(reader=reader))


class MuteCardError(UnusableCardError):
    """A card is there and does not answer as one."""

    def __init__(self, reader: str) -> None:
        super().__init__(messages.MUTE_CARD.format(reader=reader))


def failure(attempted: str, code: int, reader: str) -> TransportError:
    """Give the error for a return code of a call about a reader."""
    if code in _NO_SERVICE:
        return NoServiceError()
    for codes, kind in _BY_READER:
        if code in codes:
            return kind(reader)
    return PcscError(attempted, code)


_NO_SERVICE = frozenset(
    {scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED, scard.SCARD_E_NO_ACCESS}
)
_BY_READER: tuple[tuple[frozenset[int], type[TransportError]], ...] = (
    (frozenset({scard.SCARD_W_REMOVED_CARD}), CardRemovedError),
    (frozenset({scard.SCARD_E_NO_SMARTCARD}), NoCardError),
    (
        frozenset(
            {
                scard.SCARD_E_UNKNOWN_READER,
                scard.SCARD_E_READER_UNAVAILABLE,
                scard.SCARD_E_NO_READERS_AVAILABLE,
            }
        ),
        NoReaderError,
    ),
    (frozenset({scard.SCARD_E_SHARING_VIOLATION}), ReaderBusyError),
    (frozenset({scard.SCARD_W_RESET_CARD}), CardResetError),
    (
        frozenset(
            {
                scard.SCARD_W_UNRESPONSIVE_CARD,
                scard.SCARD_W_UNPOWERED_CARD,
                scard.SCARD_W_UNSUPPORTED_CARD,
                scard.SCARD_E_CARD_UNSUPPORTED,
                scard.SCARD_E_PROTO_MISMATCH,
                scard.SCARD_E_INVALID_ATR,
            }
        ),
        MuteCardError,
    ),
)
"""pcsc-lite has no reader of a name any more after it was unplugged, with or without a card."""
