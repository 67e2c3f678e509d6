# SPDX-License-Identifier: Apache-2.0
"""A blank card is given what secure messaging needs."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import CS2, CS7, Card, CipherSuite, Interface, Interfaces
from selfrenew_emulator.personalisation import (
    CardOffice,
    CardRefusesError,
    SecureMessagingSignerError,
    provision_secure_messaging,
    provision_virtual_contact,
)
from selfrenew_emulator.randomness import seeded
from tests import secure_messaging_host as standard

MANAGEMENT_KEY = bytes(24)
GUID = bytes(range(16, 32))
SignerKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
P256, P384 = ec.derive_private_key(7, ec.SECP256R1()), ec.derive_private_key(8, ec.SECP384R1())


def certificate_of(key: SignerKey, *, identified: bool = True) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TEST content signer")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    if identified:
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    return builder.sign(key, hashes.SHA256())


def blank(interfaces: Interfaces = Interfaces.DUAL, *, authenticated: bool = True) -> Card:
    card = Card.blank(
        pin=b"123456",
        puk=b"87654321",
        management_key=MANAGEMENT_KEY,
        interfaces=interfaces,
        randomness=seeded(3),
    )
    card.power_on()
    if authenticated:
        CardOffice(card.transmit).authenticate(MANAGEMENT_KEY, Algorithm.AES192)
    return card


def provision(
    card: Card,
    key: SignerKey = P256,
    *,
    suite: CipherSuite = CS2,
    certificate: x509.Certificate | None = None,
) -> None:
    provision_secure_messaging(
        card,
        suite=suite,
        signer_key=key,
        signer_certificate=certificate or certificate_of(key),
        subject_guid=GUID,
        randomness=seeded(5),
    )


@pytest.mark.parametrize(("suite", "key"), [(CS2, P256), (CS7, P384)], ids=["CS2", "CS7"])
def test_a_provisioned_card_is_met_through_the_air(
    suite: CipherSuite, key: ec.EllipticCurvePrivateKey
) -> None:
    card = blank()
    provision(card, key, suite=suite)
    code = provision_virtual_contact(card, randomness=seeded(6))
    assert (len(code), code.isdigit()) == (8, True)
    card.power_on(Interface.CONTACTLESS)
    host = standard.Host(card.transmit, standard.SUITES[suite.identifier.name])
    host.establish()
    signer = standard.value(host.get("5FC122")[0], "53")
    assert standard.verify_certificate(host.suite, host.certificate, signer)[1] == GUID
    assert host.verify("80", b"123456") == "6982"
    assert host.verify("98", code) == "9000"
    assert host.verify("80", b"123456") == "9000"
    assert host.get("5FC123") == (bytes.fromhex("530C9908") + code + b"\xfe\0", "9000")


def test_the_code_may_be_waived() -> None:
    card = blank()
    provision(card)
    provision_virtual_contact(card, randomness=seeded(6), pairing_code_required=False)
    card.power_on(Interface.CONTACTLESS)
    host = standard.Host(card.transmit, standard.CS2)
    host.establish()
    assert host.verify("80", b"123456") == "9000"


@pytest.mark.parametrize(
    ("key", "suite", "certificate", "why"),
    [
        (P384, CS2, None, "secp384r1"),
        (P256, CS7, None, "secp256r1"),
        (P256, CS2, certificate_of(P384), "of another key"),
        (P256, CS2, certificate_of(P256, identified=False), "subjectKeyIdentifier"),
    ],
    ids=["CS2", "CS7", "key", "identifier"],
)
def test_a_signer_of_no_use_leaves_the_card_as_it_was(
    key: SignerKey, suite: CipherSuite, certificate: x509.Certificate | None, why: str
) -> None:
    card = blank()
    before = card.state
    with pytest.raises(SecureMessagingSignerError, match=why):
        provision(card, key, suite=suite, certificate=certificate)
    assert card.state == before


def test_the_management_key_comes_first() -> None:
    with pytest.raises(CardRefusesError, match="6982"):
        provision(blank(authenticated=False))


def test_a_card_with_contacts_alone_has_no_virtual_contact() -> None:
    card = blank(Interfaces.CONTACT)
    provision(card)
    with pytest.raises(CardRefusesError, match="6A80"):
        provision_virtual_contact(card, randomness=seeded(6))
