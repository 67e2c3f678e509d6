# SPDX-License-Identifier: Apache-2.0
"""Why a renewal does not happen, or stops.

RenewalError
├── NotDueError              the window has not opened
├── ExpiredError             it has closed: Registration Authority
├── NothingVouchesError      no key with a valid certificate is left: Registration Authority
│   └── TwoHoldersError      there are two, of two people
├── UnsupportedCertificateError  a certificate that no PIV card's key goes with
├── CardSwappedError         another card is in the reader than a moment ago
├── VoucherNotValidError     by the clock of now the key that vouches may not
├── RenewalInterruptedError  a slot is half renewed: run again
└── NotProvenError           renewed, but the sign-in with the new certificate failed
"""

from collections.abc import Mapping
from datetime import datetime

from cryptography import x509

from selfrenew import messages
from selfrenew.piv.references import KeyReference


class RenewalError(Exception):
    """A renewal did not come to its end."""


class NotDueError(RenewalError):
    """Both certificates are valid for more than 90 days; one may be for an unknown kind of key."""

    def __init__(self, due_from: datetime, unsupported: KeyReference | None = None) -> None:
        super().__init__(
            messages.NOT_DUE.format(due_from=due_from)
            if unsupported is None
            else messages.NOT_DUE_UNSUPPORTED.format(slot=messages.SLOT_NAMES[unsupported])
        )
        self.due_from = due_from


class ExpiredError(RenewalError):
    """A certificate has expired."""

    def __init__(self, since: datetime) -> None:
        super().__init__(messages.EXPIRED.format(since=since))
        self.since = since


class NothingVouchesError(RenewalError):
    """Neither slot's key has a valid certificate that matches it and is good for the other."""

    def __init__(self, states: Mapping[KeyReference, str]) -> None:
        said = "; ".join(f"{messages.SLOT_NAMES[key]}: {state}" for key, state in states.items())
        super().__init__(messages.NOTHING_VOUCHES.format(states=said))
        self.states = dict(states)


class TwoHoldersError(NothingVouchesError):
    """Both certificates look good, and they name two people."""


class UnsupportedCertificateError(RenewalError):
    """A slot has a certificate that can be read, for a kind of key that is not known here.

    What cannot be tried may be good, and is not overwritten.
    """

    def __init__(self, slot: KeyReference) -> None:
        super().__init__(messages.UNSUPPORTED_CERTIFICATE.format(slot=messages.SLOT_NAMES[slot]))
        self.slot = slot


class CardSwappedError(RenewalError):
    """The card is not the one whose passcode was given."""

    def __init__(self) -> None:
        super().__init__(messages.CARD_SWAPPED)


class VoucherNotValidError(RenewalError):
    """The certificate that vouches is not valid at the moment the other key would be replaced."""

    def __init__(self, voucher: KeyReference, certificate: x509.Certificate, now: datetime) -> None:
        super().__init__(
            messages.VOUCHER_NOT_VALID.format(
                voucher=messages.SLOT_NAMES[voucher],
                begin=certificate.not_valid_before_utc,
                until=certificate.not_valid_after_utc,
                now=now,
            )
        )


class RenewalInterruptedError(RenewalError):
    """A slot's key is new and its certificate is not yet in place."""

    def __init__(self, slot: KeyReference, voucher: KeyReference, cause: BaseException) -> None:
        super().__init__(
            messages.INTERRUPTED.format(
                cause=cause,
                slot=messages.SLOT_NAMES[slot],
                voucher=messages.SLOT_NAMES[voucher],
            )
        )
        self.slot = slot
        self.cause = cause


class NotProvenError(RenewalError):
    """The renewal is done; the proof of it is missing."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(messages.NOT_PROVEN.format(cause=cause))
        self.cause = cause
