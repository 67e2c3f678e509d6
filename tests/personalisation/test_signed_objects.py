# SPDX-License-Identifier: Apache-2.0
"""The signatures on a complete card (SP 800-85B-4 draft, sections 6 and 10).

pyasn1 takes each apart; OpenSSL verifies it up to the stage's root.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from pyasn1.codec.der import decoder
from pyasn1.type import univ

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Interfaces

from .cms import Signed, openssl_verifies, read_signed
from .conftest import CompleteCard

HEADER_BYTES = 88
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNER_DN, FASC_N = "2.16.840.1.101.3.6.5", "2.16.840.1.101.3.6.6"
ENTRY_UUID = "1.3.6.1.1.16.4"
SHA256, SHA384 = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2"
ECDSA = {SHA256: "1.2.840.10045.4.3.2", SHA384: "1.2.840.10045.4.3.3"}
CONTENT_TYPES = {
    "5FC102": "2.16.840.1.101.3.6.1",
    "5FC103": "2.16.840.1.101.3.6.2",
    "5FC108": "2.16.840.1.101.3.6.2",
    "5FC106": "1.3.27.1.1.1",
}
BIOMETRIC = ["5FC103", "5FC108"]
CONTAINERS = {
    "DB00": "5FC107",
    "3000": "5FC102",
    "6010": "5FC103",
    "6030": "5FC108",
    "3001": "5FC109",
    "6050": "7E",
    "6060": "5FC10C",
    "1018": "5FC123",
}


@pytest.fixture(params=[Algorithm.P256, Algorithm.P384], ids=["P256", "P384"])
def card(
    make_complete: Callable[..., CompleteCard], request: pytest.FixtureRequest
) -> CompleteCard:
    return make_complete(Interfaces.DUAL, algorithm=request.param)


def signed(card: CompleteCard, tag: str) -> tuple[Signed, bytes]:
    """Give a signature, and what it is over."""
    values = dict(card.fields(tag))
    if tag == "5FC102":
        covered = b"".join(
            bytes((each, len(value))) + value for each, value in values.items() if each != 0x3E
        )
        return read_signed(values[0x3E]), covered
    if tag == "5FC106":
        found = read_signed(values[0xBB])
        assert found.content is not None
        return found, found.content
    record = int.from_bytes(values[0xBC][2:6], "big")
    block = values[0xBC][HEADER_BYTES + record :]
    assert len(block) == int.from_bytes(values[0xBC][6:8], "big")
    return read_signed(block), values[0xBC][: HEADER_BYTES + record]


def covered(card: CompleteCard, tag: str) -> bytes:
    """Give what the security object covers of an object: all but the 53 around it."""
    content = card.content(tag)
    return bytes((0x7E, len(content))) + content if tag == "7E" else content


def signer(card: CompleteCard) -> x509.Certificate:
    certificates = signed(card, "5FC102")[0].certificates
    assert certificates is not None
    (certificate,) = certificates
    return certificate


def octets(raw: bytes) -> bytes:
    value, rest = decoder.decode(raw, asn1Spec=univ.OctetString())
    assert rest == b""
    return bytes(value)


@pytest.mark.parametrize("tag", CONTENT_TYPES)
def test_the_signature_is_signed_data_of_one_signer(card: CompleteCard, tag: str) -> None:
    """AS06.01.01 to .11 and .14; AS06.02.01 to .11 and .15; AS06.03 alike; AS06.04.02 to .10."""
    found, _ = signed(card, tag)
    digest = SHA384 if signer(card).public_key().key_size == 384 else SHA256  # type: ignore[union-attr]
    assert (found.version, found.signer_version, found.signers) == (3, 1, 1)
    assert found.digests == [digest] == [found.digest]
    assert found.content_type == CONTENT_TYPES[tag]
    assert not found.has_crls
    assert found.issuer == signer(card).issuer.public_bytes()
    assert found.serial_number == signer(card).serial_number
    assert found.signature_algorithm == ECDSA[digest]
    assert not found.signature_parameters


@pytest.mark.parametrize("tag", CONTENT_TYPES)
def test_only_the_chuid_brings_the_signers_certificate(card: CompleteCard, tag: str) -> None:
    """AS06.01.07, AS06.02.07, AS06.03.07, AS06.04.08."""
    found, _ = signed(card, tag)
    assert (found.certificates is not None) == (tag == "5FC102")


@pytest.mark.parametrize("tag", CONTENT_TYPES)
def test_only_the_security_object_holds_what_it_signs(card: CompleteCard, tag: str) -> None:
    """AS06.01.06, AS06.02.06, AS06.03.06, AS06.04.07."""
    found, _ = signed(card, tag)
    assert (found.content is not None) == (tag == "5FC106")


@pytest.mark.parametrize("tag", CONTENT_TYPES)
def test_the_attributes_tell_type_and_digest(card: CompleteCard, tag: str) -> None:
    """AS06.01.12, AS06.02.12, AS06.03.12; RFC 5652, 5.3."""
    found, content = signed(card, tag)
    hash_name = "sha384" if found.digest == SHA384 else "sha256"
    (content_type,) = found.attributes[CONTENT_TYPE]
    oid, _ = decoder.decode(content_type, asn1Spec=univ.ObjectIdentifier())
    assert str(oid) == found.content_type
    (digest,) = found.attributes[MESSAGE_DIGEST]
    assert octets(digest) == hashlib.new(hash_name, content).digest()


@pytest.mark.parametrize("tag", ["5FC102", *BIOMETRIC])
def test_the_attributes_name_the_signer(card: CompleteCard, tag: str) -> None:
    """AS06.01.13, AS06.02.13, AS06.03.13."""
    found, _ = signed(card, tag)
    assert found.attributes[SIGNER_DN] == [signer(card).subject.public_bytes()]


@pytest.mark.parametrize("tag", BIOMETRIC)
def test_the_attributes_of_biometric_data_name_the_card(card: CompleteCard, tag: str) -> None:
    """AS04.04.01, AS04.05.01, AS06.02.14, AS06.02.17, AS06.03.14, AS06.03.17."""
    found, _ = signed(card, tag)
    assert [octets(each) for each in found.attributes[FASC_N]] == [card.fasc_n]
    assert [octets(each) for each in found.attributes[ENTRY_UUID]] == [card.guid]


@pytest.mark.parametrize("tag", CONTENT_TYPES)
def test_openssl_verifies_the_signature_and_its_path(
    card: CompleteCard, tag: str, tmp_path: Path
) -> None:
    """AS06.01.15, AS06.02.16, AS06.03.16, AS06.04.11."""
    found, content = signed(card, tag)
    external = None if found.content is not None else content
    assert openssl_verifies(found.raw, external, signer(card), card.issuers, tmp_path)


@pytest.mark.parametrize("tag", ["5FC102", *BIOMETRIC])
def test_openssl_refuses_changed_content(card: CompleteCard, tag: str, tmp_path: Path) -> None:
    found, content = signed(card, tag)
    changed = bytes((content[0] ^ 1,)) + content[1:]
    assert not openssl_verifies(found.raw, changed, signer(card), card.issuers, tmp_path)


def test_the_security_object_has_the_hash_of_each_object(card: CompleteCard) -> None:
    """AS04.06.01, AS06.04.01: every unsigned object, and the others that are recommended."""
    fields = card.fields("5FC106")
    assert [tag for tag, _ in fields] == [0xBA, 0xBB, 0xFE]
    mapping, signature = fields[0][1], fields[1][1]
    assert (len(mapping) % 3, len(mapping) <= 30, len(signature) <= 1298) == (0, True, True)
    entries = [mapping[at : at + 3] for at in range(0, len(mapping), 3)]
    groups = {entry[0]: entry[1:].hex().upper() for entry in entries}
    assert len(groups) == len(entries)
    assert set(groups) <= set(range(1, 17))
    assert set(groups.values()) == set(CONTAINERS)
    lds, rest = decoder.decode(signed(card, "5FC106")[1])
    assert rest == b""
    version, algorithm, hashes = (lds.getComponentByPosition(at) for at in range(3))
    # SP 800-78-4, 3.2.3: by the same algorithm as the signature.
    digest = signed(card, "5FC106")[0].digest
    assert (int(version), str(algorithm.getComponentByPosition(0))) == (0, digest)
    hash_name = "sha384" if digest == SHA384 else "sha256"
    found = {
        int(each.getComponentByPosition(0)): bytes(each.getComponentByPosition(1))
        for each in (hashes.getComponentByPosition(at) for at in range(len(hashes)))
    }
    assert found == {
        number: hashlib.new(hash_name, covered(card, CONTAINERS[container])).digest()
        for number, container in groups.items()
    }


def test_a_card_with_contacts_alone_covers_what_it_has(
    make_complete: Callable[..., CompleteCard],
) -> None:
    mapping = make_complete(Interfaces.CONTACT).fields("5FC106")[0][1]
    containers = {mapping[at + 1 : at + 3].hex().upper() for at in range(0, len(mapping), 3)}
    assert containers == set(CONTAINERS) - {"1018"}
