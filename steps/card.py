# SPDX-License-Identifier: Apache-2.0
"""The card in the reader, and what is to be found on it."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import Certificate
from pytest_bdd import given, parsers, then, when

from selfrenew_emulator.card import Card
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import EmbeddedStage

from .card_contents import SLOTS, key_goes_with, read_contents, takes_passcode, tries_left
from .holder import HeldCard


@given("Alice took her card out and put it back")
def card_out_and_in(stage: EmbeddedStage) -> None:
    stage.reader.insert(stage.reader.remove())


@given("the copy of her card is in the reader instead")
def copy_in_reader(stage: EmbeddedStage, copy: Path) -> None:
    stage.reader.remove()
    stage.reader.insert(Card.open(copy))


@when("Alice takes her card out")
def takes_card_out(stage: EmbeddedStage) -> None:
    stage.reader.remove()


@then("both certificates on her card are new, longer valid and hers")
def certificates_are_new(stage: EmbeddedStage, held: HeldCard, clock: SettableClock) -> None:
    for slot, new in read_contents(stage.reader).certificates.items():
        old = held.handed_out.certificates[slot]
        assert new.serial_number != old.serial_number
        assert new.public_key() != old.public_key()
        assert new.subject == old.subject
        assert new.not_valid_before_utc <= clock() < new.not_valid_after_utc
        assert new.not_valid_after_utc > old.not_valid_after_utc


@then("each certificate on her card belongs to the key beside it")
def certificates_match(stage: EmbeddedStage, passcode: str) -> None:
    certificates = read_contents(stage.reader).certificates
    assert set(certificates) == set(SLOTS)
    for slot, certificate in certificates.items():
        assert key_goes_with(stage.reader, slot, certificate, passcode)


@then(parsers.parse("both keys on her card are new {algorithm} keys"))
def keys_are(stage: EmbeddedStage, held: HeldCard, algorithm: str) -> None:
    for slot, certificate in read_contents(stage.reader).certificates.items():
        assert _algorithm(certificate) == algorithm
        assert certificate.public_key() != held.handed_out.certificates[slot].public_key()


@then("nothing on her card has changed")
def card_is_as_it_was(stage: EmbeddedStage, held: HeldCard, passcode: str) -> None:
    assert read_contents(stage.reader) == held.handed_out
    if tries_left(stage.reader):
        for slot, certificate in held.handed_out.certificates.items():
            assert key_goes_with(stage.reader, slot, certificate, passcode)


@then("a key on her card still has a certificate that counts")
def a_key_counts(stage: EmbeddedStage, passcode: str) -> None:
    certificates = read_contents(stage.reader).certificates
    counting = [
        slot
        for slot, certificate in certificates.items()
        if key_goes_with(stage.reader, slot, certificate, passcode)
        and stage.ca.status_of(certificate).state is CertificateState.VALID
    ]
    assert counting


@then(parsers.parse("her card has {count:d} tries left"))
def card_has_tries(stage: EmbeddedStage, count: int) -> None:
    assert tries_left(stage.reader) == count


@then(parsers.parse('her card accepts the passcode "{value}"'))
def card_accepts(stage: EmbeddedStage, value: str) -> None:
    assert takes_passcode(stage.reader, value)


@then(parsers.parse('her card refuses the passcode "{value}"'))
def card_refuses(stage: EmbeddedStage, value: str) -> None:
    assert not takes_passcode(stage.reader, value)


def _algorithm(certificate: Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA-{key.key_size}"
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return f"P-{key.curve.key_size}"
