# SPDX-License-Identifier: Apache-2.0
"""The certificates on a complete card (SP 800-85B-4 draft, sections 7 and 11), and their keys."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from pyasn1.codec.der import decoder
from pyasn1.type import univ

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Interfaces
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.stage import DEFAULT_NOW
from tests.linting import lint

from .cms import read_signed
from .conftest import CompleteCard, read_tlvs

COMMON = "2.16.840.1.101.3.2.1.3."
NAMED = {"9A": "5FC105", "9E": "5FC101"}
RETIRED = {f"{0x82 + at:02X}": f"5FC1{0x0D + at:02X}" for at in range(20)}
SIGNING = {"9A": "5FC105", "9C": "5FC10A", "9E": "5FC101"}
AGREEING = {"9D": "5FC10B", **RETIRED}
KEYS = SIGNING | AGREEING
P1 = {Algorithm.P256: "11", Algorithm.P384: "14", Algorithm.RSA2048: "07"}
USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign"),
)
ALGORITHMS = pytest.mark.parametrize("algorithm", P1, ids=lambda each: each.name)


def content_signer(card: CompleteCard) -> x509.Certificate:
    certificates = read_signed(dict(card.fields("5FC102"))[0x3E]).certificates
    assert certificates is not None
    return certificates[0]


def everything(card: CompleteCard) -> dict[str, x509.Certificate]:
    found = {key: card.certificate(tag) for key, tag in KEYS.items()}
    return found | {"signer": content_signer(card)}


def usage(certificate: x509.Certificate) -> set[str]:
    extension = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert extension.critical
    return {name for name in USAGES if getattr(extension.value, name)}


def policies(certificate: x509.Certificate) -> list[str]:
    value = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    return [each.policy_identifier.dotted_string for each in value]


def test_the_usage_is_what_the_key_is_for(make_complete: Callable[..., CompleteCard]) -> None:
    """AS07.01.05, AS07.02.05, AS07.03.05, AS07.03.06, AS07.04.05, AS07.07.05."""
    for algorithm in (Algorithm.P256, Algorithm.RSA2048):
        card = make_complete(Interfaces.DUAL, algorithm=algorithm)
        found = {key: usage(each) for key, each in everything(card).items()}
        encryption = {"key_encipherment" if algorithm is Algorithm.RSA2048 else "key_agreement"}
        signing = {"digital_signature"}
        assert found == {
            "9A": signing,
            "9E": signing,
            "9C": signing | {"content_commitment"},
            "signer": signing | {"content_commitment"},
            "9D": encryption,
            **{key: {"key_agreement"} for key in RETIRED},
        }


def test_the_policies_are_those_of_piv(card: CompleteCard) -> None:
    """AS07.01.06, AS07.02.06, AS07.03.07, AS07.04.06, AS07.07.06."""
    assert {key: policies(each) for key, each in everything(card).items()} == {
        "9A": [COMMON + "13"],
        "9C": [COMMON + "7"],
        "9D": [COMMON + "7"],
        "9E": [COMMON + "17"],
        "signer": [COMMON + "39"],
        **{key: [COMMON + "7"] for key in RETIRED},
    }


def test_every_certificate_says_where_its_standing_is_told(card: CompleteCard) -> None:
    """AS07.01.07, .10 and .11; AS07.02.07 and .08; AS07.03.08; AS07.04.08; AS07.07.07 and .08."""
    for certificate in everything(card).values():
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        (names,) = [each.full_name for each in points]
        assert names is not None
        assert [each.value[:7] + each.value[-4:] for each in names] == ["http://.crl"]
        value = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
        places = {each.access_method: each.access_location.value for each in value.value}
        assert places[Access.CA_ISSUERS].startswith("http://")
        assert places[Access.CA_ISSUERS].endswith(".p7c")
        assert places[Access.OCSP].startswith("http://")


@pytest.mark.parametrize("tag", NAMED.values(), ids=NAMED)
def test_the_card_is_named_by_fasc_n_and_uuid_alone(card: CompleteCard, tag: str) -> None:
    """AS07.01.08, AS07.01.14, AS07.04.09, AS07.04.15."""
    certificate = card.certificate(tag)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    other, uri = names
    assert isinstance(other, x509.OtherName)
    assert other.type_id.dotted_string == "2.16.840.1.101.3.6.6"
    value, rest = decoder.decode(other.value, asn1Spec=univ.OctetString())
    assert (bytes(value), rest) == (card.fasc_n, b"")
    assert isinstance(uri, x509.UniformResourceIdentifier)
    assert uri.value == f"urn:uuid:{UUID(bytes=card.guid)}"


def test_no_other_certificate_names_the_card(card: CompleteCard) -> None:
    for key, certificate in everything(card).items():
        found = {each.oid for each in certificate.extensions}
        assert (x509.SubjectAlternativeName.oid in found) == (key in NAMED)


@pytest.mark.parametrize("tag", NAMED.values(), ids=NAMED)
def test_the_interim_indicator_is_a_boolean(card: CompleteCard, tag: str) -> None:
    """AS07.01.09, AS07.04.10."""
    oid = x509.ObjectIdentifier("2.16.840.1.101.3.6.9.1")
    extension = card.certificate(tag).extensions.get_extension_for_oid(oid)
    assert not extension.critical
    value, rest = decoder.decode(extension.value.public_bytes(), asn1Spec=univ.Boolean())
    assert (bool(value), rest) == (False, b"")


@pytest.mark.parametrize(
    ("key", "purpose"),
    [("9E", "2.16.840.1.101.3.6.8"), ("signer", "2.16.840.1.101.3.6.7")],
)
def test_the_purpose_is_that_alone(card: CompleteCard, key: str, purpose: str) -> None:
    """AS07.04.07, AS07.07.06."""
    extension = everything(card)[key].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert extension.critical
    assert [each.dotted_string for each in extension.value] == [purpose]


def test_the_cards_own_certificate_does_not_name_its_holder(card: CompleteCard) -> None:
    subject = card.certificate("5FC101").subject.rfc4514_string()
    holder = card.certificate("5FC105").subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert str(holder[0].value) not in subject
    assert str(UUID(bytes=card.guid)) in subject


def test_no_certificate_in_use_outlasts_the_card(card: CompleteCard) -> None:
    """AS07.01.15, AS07.02.11, AS07.07.11; and the content signer's outlasts it."""
    expires = datetime.strptime(dict(card.fields("5FC102"))[0x35].decode(), "%Y%m%d").replace(
        tzinfo=UTC
    )
    for key in ("9A", "9C", "9D", "9E"):
        certificate = card.certificate(KEYS[key])
        assert certificate.not_valid_before_utc <= DEFAULT_NOW < certificate.not_valid_after_utc
        assert certificate.not_valid_after_utc < expires
    assert content_signer(card).not_valid_after_utc > expires


def test_the_retired_certificates_have_ended_one_after_the_other(card: CompleteCard) -> None:
    ends = [card.certificate(tag).not_valid_after_utc for tag in RETIRED.values()]
    assert ends == sorted(set(ends), reverse=True)
    assert ends[0] < DEFAULT_NOW


@ALGORITHMS
def test_every_path_ends_at_the_root(
    make_complete: Callable[..., CompleteCard], algorithm: Algorithm
) -> None:
    """AS07.01.01 to .04 and alike: ECDSA or RSA with SHA-256, named curves, issued by the stage."""
    card = make_complete(Interfaces.DUAL, algorithm=algorithm)
    issuers = card.stage.ca.issuers.values()
    for certificate in everything(card).values():
        (issuer,) = [each for each in issuers if each.subject == certificate.issuer]
        certificate.verify_directly_issued_by(issuer)
        issuer.verify_directly_issued_by(card.stage.ca.root)
        assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
        assert card.stage.ca.status_of(certificate).state is CertificateState.VALID
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            assert key.public_numbers().e == 65537


def dynamic(tag: int, value: bytes) -> bytes:
    length = bytes((len(value),)) if len(value) < 128 else b"\x82" + len(value).to_bytes(2, "big")
    return tag.to_bytes(1, "big") + length + value


def use_key(card: CompleteCard, p1: str, key: str, field: int, value: bytes) -> bytes:
    data = dynamic(0x7C, dynamic(0x82, b"") + dynamic(field, value))
    raw, sw = card.send(f"0087{p1}{key}00{len(data):04X}{data.hex()}0000")
    assert sw == "9000", key
    return dict(read_tlvs(dict(read_tlvs(raw))[0x7C]))[0x82]


@ALGORITHMS
@pytest.mark.parametrize("key", SIGNING)
def test_the_key_of_a_certificate_signs(
    make_complete: Callable[..., CompleteCard], algorithm: Algorithm, key: str
) -> None:
    """AS07.01.13, AS07.02.10, AS07.04.14."""
    card = make_complete(Interfaces.DUAL, algorithm=algorithm)
    public = card.certificate(SIGNING[key]).public_key()
    card.card.reset()
    if key != "9E":
        assert card.verify() == "9000"
    if isinstance(public, rsa.RSAPublicKey):
        prefix = bytes.fromhex("3031300d060960864801650304020105000420")
        digest = prefix + hashlib.sha256(b"challenge").digest()
        block = b"\x00\x01" + b"\xff" * (256 - 3 - len(digest)) + b"\x00" + digest
        signature = use_key(card, P1[algorithm], key, 0x81, block)
        public.verify(signature, b"challenge", padding.PKCS1v15(), hashes.SHA256())
        return
    assert isinstance(public, ec.EllipticCurvePublicKey)
    digest = hashlib.new("sha384" if public.key_size == 384 else "sha256", b"challenge").digest()
    signature = use_key(card, P1[algorithm], key, 0x81, digest)
    hash_ = hashes.SHA384() if public.key_size == 384 else hashes.SHA256()
    public.verify(signature, digest, ec.ECDSA(Prehashed(hash_)))


@pytest.mark.parametrize("key", AGREEING)
def test_the_key_of_an_encryption_certificate_agrees_a_secret(card: CompleteCard, key: str) -> None:
    """AS07.03.11; section 8.13: every retired key goes with the certificate on the card."""
    public = card.certificate(AGREEING[key]).public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    own = ec.generate_private_key(public.curve)
    point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert card.verify() == "9000"
    assert use_key(card, "11", key, 0x85, point) == own.exchange(ec.ECDH(), public)


def test_an_rsa_encryption_key_deciphers(make_complete: Callable[..., CompleteCard]) -> None:
    card = make_complete(Interfaces.DUAL, algorithm=Algorithm.RSA2048)
    public = card.certificate("5FC10B").public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    assert card.verify() == "9000"
    block = use_key(card, "07", "9D", 0x81, public.encrypt(b"a secret", padding.PKCS1v15()))
    assert block.endswith(b"\0a secret")


def test_two_cards_have_no_key_in_common(make_complete: Callable[..., CompleteCard]) -> None:
    spki = [
        each.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for interfaces in (Interfaces.DUAL, Interfaces.CONTACT)
        for key, each in everything(make_complete(interfaces)).items()
        if key != "signer"
    ]
    assert len(set(spki)) == len(spki)


def test_pkilint_finds_nothing_but_a_name_that_it_cannot_read(card: CompleteCard) -> None:
    # It reads a URI as an address of the web, and SP 800-73-5 has a card named by urn:uuid.
    place = "extnValue.subjectAltName.1.uniformResourceIdentifier"
    for key, certificate in everything(card).items():
        found = [
            (code, where.partition(".extensions.")[2][2:]) for code, where in lint(certificate)
        ]
        expected = [("pkix.invalid_uri_syntax", place)] if key in NAMED else []
        assert found == expected, key
