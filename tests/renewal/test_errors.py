# SPDX-License-Identifier: Apache-2.0
"""Each error says what came of it and what to do, and how the card stands."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew import renewal
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import (
    CardSwappedError,
    ExpiredError,
    NotDueError,
    NothingVouchesError,
    NotProvenError,
    RenewalError,
    RenewalInterruptedError,
    TwoHoldersError,
    UnsupportedCertificateError,
    VoucherNotValidError,
)
from selfrenew.transport import CardRemovedError

MOMENT = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
SIGNING, SIGN_IN = KeyReference.DIGITAL_SIGNATURE, KeyReference.PIV_AUTHENTICATION
REMOVED = CardRemovedError("Reader 1")
KEY, NAME = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
CERTIFICATE = (
    x509.CertificateBuilder(NAME, NAME, KEY.public_key(), 1)
    .not_valid_before(datetime(2026, 3, 1, tzinfo=UTC))
    .not_valid_after(datetime(2026, 3, 2, tzinfo=UTC))
    .sign(KEY, hashes.SHA256())
)

SAID: dict[RenewalError, tuple[str, ...]] = {
    NotDueError(MOMENT): ("not due", "from 02 March 2026, 09:05 UTC"),
    ExpiredError(MOMENT): ("expired on 02 March 2026 at 09:05 UTC", "Visit your Registration"),
    NothingVouchesError({SIGN_IN: "missing", SIGNING: "expired"}): (
        "authentication: missing; signing: expired",
        "Visit your Registration Authority",
    ),
    TwoHoldersError({SIGN_IN: "due", SIGNING: "due, another person's"}): (
        "authentication: due; signing: due, another person's",
        "Visit your Registration Authority",
    ),
    UnsupportedCertificateError(SIGNING): (
        "The signing certificate",
        "cannot be renewed here",
        "Nothing was changed",
        "Visit your Registration Authority",
    ),
    CardSwappedError(): ("Another card", "Nothing was changed", "start again"),
    VoucherNotValidError(SIGNING, CERTIFICATE, MOMENT): (
        "signing certificate, which vouches for the other one",
        "valid from 01 March 2026, 00:00 until 02 March 2026, 00:00 UTC",
        "it is 02 March 2026, 09:05 UTC by this computer's clock",
        "Nothing more was changed",
        "run the renewal again",
    ),
    RenewalInterruptedError(SIGNING, SIGN_IN, REMOVED): (
        "The card was removed from the reader 'Reader 1'",
        "signing certificate was being replaced",
        "authentication certificate still works",
        "run the renewal again",
    ),
    NotProvenError(REMOVED): (
        "The card was removed from the reader 'Reader 1'",
        "Both certificates are renewed",
        "Nothing has to be renewed again",
        "sign in",
    ),
}


@pytest.mark.parametrize(
    ("error", "parts"), list(SAID.items()), ids=[type(error).__name__ for error in SAID]
)
def test_an_error_says_how_the_card_stands_and_what_to_do(
    error: RenewalError, parts: tuple[str, ...]
) -> None:
    text = str(error)
    assert [part for part in parts if part not in text] == []
    assert text.endswith(".")


def test_every_error_has_its_place_in_the_tree_and_a_text_that_is_tested() -> None:
    exported = {
        found
        for found in (getattr(renewal, name) for name in renewal.__all__)
        if isinstance(found, type) and issubclass(found, RenewalError)
    }
    assert exported == {type(error) for error in SAID} | {RenewalError}
    tree = renewal.errors.__doc__ or ""
    assert all(kind.__name__ in tree for kind in exported)
