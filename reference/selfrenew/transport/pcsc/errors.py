# SPDX-License-Identifier: Apache-2.0
"""PC/SC's return codes in a person's words (pcsclite.h; PC/SC Workgroup Part 5, 3.1.1).

TransportError
├── PcscError             a code nothing more is known of, told by its number
├── NoServiceError        the PC/SC service does not run
├── AmbiguousReaderError  part of a name fits several readers
├── NoSuchCardError       no reader holds a card of the kind, or the very card, that is wanted
├── AmbiguousCardError    several readers hold one
├── CardResetError        another program reset the card
└── as for every transport: NoReaderError, NoCardError, CardRemovedError, ReaderBusyError,
    UnusableCardError
"""

from collections.abc import Sequence

from smartcard import scard

from selfrenew.transport.connection import (
    CardRemovedError,
    NoCardError,
    NoReaderError,
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
            f"{attempted} failed: PC/SC answered {self.code:08X} ({said}). "
            "Take the card out, put it back and try again."
        )


class NoServiceError(TransportError):
    """Nobody serves PC/SC."""

    def __init__(self) -> None:
        super().__init__(
            "The smartcard service (pcscd) is not running, or may not be used. Start it "
            "(systemctl start pcscd.socket), or ask your IT service desk."
        )


class AmbiguousReaderError(TransportError):
    """Several readers have the name in theirs."""

    def __init__(self, wanted: str, found: Sequence[str]) -> None:
        super().__init__(
            f"The name '{wanted}' fits {len(found)} readers: {', '.join(found)}. "
            "Give the whole name of one."
        )


class NoSuchCardError(TransportError):
    """There are readers, and what is wanted is in none of them."""

    def __init__(self, wanted: str, readers: Sequence[str]) -> None:
        super().__init__(
            f"None of the {len(readers)} smartcard readers holds {wanted}. Insert your smartcard."
        )


class AmbiguousCardError(TransportError):
    """Which card is meant cannot be told."""

    def __init__(self, wanted: str, readers: Sequence[str]) -> None:
        super().__init__(
            f"{len(readers)} readers hold {wanted}: {', '.join(readers)}. "
            "Take the other cards out, or name the reader in the configuration."
        )


class CardResetError(TransportError):
    """Another program reset the card, so that what was verified is forgotten."""

    def __init__(self, reader: str) -> None:
        super().__init__(
            f"Another program reset the card in the reader '{reader}'. Close it and start again."
        )


class MuteCardError(UnusableCardError):
    """A card is there and does not answer as one."""

    def __init__(self, reader: str) -> None:
        super().__init__(
            f"The card in the reader '{reader}' does not come up. Put it in the right way round; "
            "if it still does not, the card or the reader is damaged: ask your IT service desk."
        )


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
