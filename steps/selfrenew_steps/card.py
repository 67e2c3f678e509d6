# SPDX-License-Identifier: Apache-2.0
"""The card in the reader, and what is to be found on it."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import Certificate
from pytest_bdd import given, parsers, then, when

from selfrenew.transport import Reader
from selfrenew_emulator.card import Card
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import Stage

from .card_contents import SLOTS, key_goes_with, read_contents, takes_passcode, tries_left
from .holder import HeldCard


@given("Alice took her card out and put it back")
def card_out_and_in(stage: Stage) -> None:
    stage.reader.insert(stage.reader.remove())


@given("the copy of her card is in the reader instead")
def copy_in_reader(stage: Stage, copy: Path) -> None:
    stage.reader.remove()
    stage.reader.insert(Card.open(copy))


@when("Alice takes her card out")
def takes_card_out(stage: Stage) -> None:
    stage.reader.remove()


@then("both certificates on her card are new, longer valid and hers")
def certificates_are_new(card_reader: Reader, held: HeldCard, clock: SettableClock) -> None:
    for slot, new in read_contents(card_reader).certificates.items():
        old = held.handed_out.certificates[slot]
        assert new.serial_number != old.serial_number
        assert new.public_key() != old.public_key()
        assert new.subject == old.subject
        assert new.not_valid_before_utc <= clock() < new.not_valid_after_utc
        assert new.not_valid_after_utc > old.not_valid_after_utc


@then("each certificate on her card belongs to the key beside it")
def certificates_match(card_reader: Reader, passcode: str) -> None:
    certificates = read_contents(card_reader).certificates
    assert set(certificates) == set(SLOTS)
    for slot, certificate in certificates.items():
        assert key_goes_with(card_reader, slot, certificate, passcode)


@then(parsers.parse("both keys on her card are new {algorithm} keys"))
def keys_are(card_reader: Reader, held: HeldCard, algorithm: str) -> None:
    for slot, certificate in read_contents(card_reader).certificates.items():
        assert _algorithm(certificate) == algorithm
        assert certificate.public_key() != held.handed_out.certificates[slot].public_key()


@then("nothing on her card has changed")
def card_is_as_it_was(card_reader: Reader, held: HeldCard, passcode: str) -> None:
    assert read_contents(card_reader) == held.handed_out
    if tries_left(card_reader):
        for slot, certificate in held.handed_out.certificates.items():
            assert key_goes_with(card_reader, slot, certificate, passcode)


@then("a key on her card still has a certificate that counts")
def a_key_counts(stage: Stage, card_reader: Reader, passcode: str) -> None:
    certificates = read_contents(card_reader).certificates
    counting = [
        slot
        for slot, certificate in certificates.items()
        if key_goes_with(card_reader, slot, certificate, passcode)
        and stage.ca.status_of(certificate).state is CertificateState.VALID
    ]
    assert counting


@then(parsers.parse("her card has {count:d} tries left"))
def card_has_tries(card_reader: Reader, count: int) -> None:
    assert tries_left(card_reader) == count


@then(parsers.parse('her card accepts the passcode "{value}"'))
def card_accepts(card_reader: Reader, value: str) -> None:
    assert takes_passcode(card_reader, value)


@then(parsers.parse('her card refuses the passcode "{value}"'))
def card_refuses(card_reader: Reader, value: str) -> None:
    assert not takes_passcode(card_reader, value)


def _algorithm(certificate: Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA-{key.key_size}"
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return f"P-{key.curve.key_size}"
