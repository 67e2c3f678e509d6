# SPDX-License-Identifier: Apache-2.0
import hashlib
import hmac
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import TLV, BitString, Null
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.cmp import CmpError, CmpFormatError
from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import NULL_CONTENT, NULL_NAME
from selfrenew.cmp.message import (
    Message,
    ReceivedMessage,
    body_tlv,
    decode_message,
    encode,
    general_name,
    tlv,
)
from selfrenew.cmp.protection import (
    MAX_ITERATIONS,
    Pbkdf2Parameter,
    Pbmac1Parameter,
    PbmParameter,
    PrivateKeySigner,
    ProtectionError,
    encode_unprotected,
    is_mac,
    password_based_mac,
    pbmac1,
    protect,
    subject_key_identifier,
    verify_mac,
    verify_signature,
    written_key_identifier,
)
from selfrenew.cmp.structures import BodyType, PkiHeader, PkiMessage, ProtectedPart
from selfrenew.secret import Secret

SECRET = Secret("a shared secret")
SALT = b"0123456789abcdef"
SHA256 = alg.Oid("2.16.840.1.101.3.4.2.1")
HMAC_SHA256 = alg.Oid("1.2.840.113549.2.9")
NULL = encode(Null())
RSA_KEY = rsa.generate_private_key(65537, 2048)
P256_KEY = ec.generate_private_key(ec.SECP256R1())
DSA_KEY = dsa.generate_private_key(1024)  # noqa: S505  it only has to be refused
KEYS = {
    "RSA": RSA_KEY,
    "P-256": P256_KEY,
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "Ed448": ed448.Ed448PrivateKey.generate(),
}


def header(protection_alg: list[TLV] | None = None) -> PkiHeader:
    return PkiHeader(
        pvno=2,
        sender=general_name(NULL_NAME),
        recipient=general_name(NULL_NAME),
        protection_alg=protection_alg,
    )


def message(protection_alg: list[TLV] | None = None) -> Message:
    return Message(header(protection_alg), BodyType.PKICONF, NULL_CONTENT)


def received(protection_alg: list[TLV], value: bytes) -> ReceivedMessage:
    """Make a message whose protection was computed by other means."""
    return decode_message(
        encode(
            PkiMessage(
                header=tlv(encode(header(protection_alg))),
                body=body_tlv(BodyType.PKICONF, NULL_CONTENT),
                protection=BitString(value, 0),
            )
        )
    )


def covered(protection_alg: list[TLV]) -> bytes:
    """Give the bytes that are protected, SEQUENCE { header, body } (RFC 9810, 5.1.3)."""
    return encode(
        ProtectedPart(
            header=tlv(encode(header(protection_alg))),
            body=body_tlv(BodyType.PKICONF, NULL_CONTENT),
        )
    )


def pbm(iterations: int = 500, salt: bytes = SALT, owf: str = SHA256.dotted_string) -> list[TLV]:
    parameter = PbmParameter(
        salt=salt,
        owf=alg.identifier(alg.Oid(owf), NULL),
        iteration_count=iterations,
        mac=alg.identifier(HMAC_SHA256, NULL),
    )
    return alg.identifier(alg.PASSWORD_BASED_MAC, encode(parameter))


def pbmac1_of(
    iterations: int = 1000,
    length: int | None = 32,
    prf: alg.Oid | None = HMAC_SHA256,
    mac: alg.Oid = HMAC_SHA256,
) -> list[TLV]:
    derivation = Pbkdf2Parameter(
        salt=SALT,
        iteration_count=iterations,
        key_length=length,
        prf=None if prf is None else alg.identifier(prf, NULL),
    )
    parameter = Pbmac1Parameter(
        key_derivation=alg.identifier(alg.PBKDF2, encode(derivation)),
        mac=alg.identifier(mac, NULL),
    )
    return alg.identifier(alg.PBMAC1, encode(parameter))


# MACs, computed anew from the standard's words.


def test_a_password_based_mac_is_the_standards() -> None:
    key = SECRET.reveal() + SALT
    for _ in range(500):
        key = hashlib.sha256(key).digest()
    value = hmac.digest(key, covered(pbm()), "sha256")
    verify_mac(received(pbm(), value), SECRET)
    made = decode_message(protect(message(password_based_mac(SALT)), SECRET))
    assert made.protection == value


def test_a_pbmac1_is_the_standards() -> None:
    key = hashlib.pbkdf2_hmac("sha256", SECRET.reveal(), SALT, 10_000, 32)
    value = hmac.digest(key, covered(pbmac1(SALT)), "sha256")
    verify_mac(received(pbmac1(SALT), value), SECRET)
    made = decode_message(protect(message(pbmac1(SALT)), SECRET))
    assert made.protection == value


def test_what_a_pbmac1_leaves_out_has_the_standards_default() -> None:
    named = pbmac1_of(prf=None, length=None, mac=alg.Oid("1.2.840.113549.2.11"))
    key = hashlib.pbkdf2_hmac("sha1", SECRET.reveal(), SALT, 1000, 64)
    verify_mac(received(named, hmac.digest(key, covered(named), "sha512")), SECRET)


@pytest.mark.parametrize("by", [password_based_mac(SALT), pbmac1(SALT)], ids=["PBM", "PBMAC1"])
def test_a_mac_under_another_secret_or_of_another_message_is_wrong(by: list[TLV]) -> None:
    good = decode_message(protect(message(by), SECRET))
    assert is_mac(good)
    with pytest.raises(ProtectionError, match=r"MAC of pkiconf .* is wrong") as caught:
        verify_mac(good, Secret("another"))
    assert good.protection is not None
    # A right value in the text would be a gift to who sent a wrong one.
    assert good.protection.hex() not in str(caught.value)
    with pytest.raises(ProtectionError, match="is wrong"):
        verify_mac(received(by, good.protection[:-1]), SECRET)
    with pytest.raises(ProtectionError, match="is wrong"):
        verify_mac(received(by, b""), SECRET)


@pytest.mark.parametrize(
    "named",
    [
        pbm(iterations=0),
        pbm(iterations=-1),
        pbm(iterations=MAX_ITERATIONS + 1),
        pbm(iterations=1 << 20000),
        pbm(salt=bytes(1025)),
        pbm(owf="1.2.3"),
        alg.identifier(alg.PASSWORD_BASED_MAC),
        alg.identifier(alg.PASSWORD_BASED_MAC, NULL),
        pbmac1_of(iterations=0),
        pbmac1_of(iterations=1 << 20000),
        pbmac1_of(length=0),
        pbmac1_of(length=-1),
        pbmac1_of(length=1 << 20000),
        pbmac1_of(prf=alg.Oid("1.2.3")),
        pbmac1_of(mac=alg.Oid("1.2.3")),
        alg.identifier(alg.PBMAC1),
        alg.identifier(alg.PBMAC1, NULL),
    ],
    ids=lambda _: "",
)
def test_a_mac_that_costs_too_much_or_is_unknown_is_a_named_error(named: list[TLV]) -> None:
    with pytest.raises(CmpFormatError):
        verify_mac(received(named, bytes(32)), SECRET)


# Signatures, made by the library itself.


@pytest.mark.parametrize("name", KEYS)
def test_every_key_signs_and_is_verified(name: str) -> None:
    key: Any = KEYS[name]
    made = decode_message(protect(message(), PrivateKeySigner(key)))
    assert not is_mac(made)
    verify_signature(made, key.public_key())
    changed = received(
        made.header.protection_alg or [], (made.protection or b"")[:-1] + b"\x00\x01"
    )
    with pytest.raises(ProtectionError, match=r"signature of pkiconf .* is wrong"):
        verify_signature(changed, key.public_key())


@pytest.mark.parametrize(
    ("oid", "digest"),
    [
        ("1.2.840.113549.1.1.14", hashes.SHA224()),
        ("1.2.840.113549.1.1.11", hashes.SHA256()),
        ("1.2.840.113549.1.1.12", hashes.SHA384()),
        ("1.2.840.113549.1.1.13", hashes.SHA512()),
    ],
)
def test_rsa_signatures_of_every_hash_hold(oid: str, digest: hashes.HashAlgorithm) -> None:
    named = alg.identifier(alg.Oid(oid), NULL)
    value = RSA_KEY.sign(covered(named), padding.PKCS1v15(), digest)
    verify_signature(received(named, value), RSA_KEY.public_key())


@pytest.mark.parametrize(
    ("oid", "digest"),
    [
        ("1.2.840.10045.4.3.1", hashes.SHA224()),
        ("1.2.840.10045.4.3.2", hashes.SHA256()),
        ("1.2.840.10045.4.3.3", hashes.SHA384()),
        ("1.2.840.10045.4.3.4", hashes.SHA512()),
    ],
)
def test_ecdsa_signatures_of_every_hash_hold(oid: str, digest: hashes.HashAlgorithm) -> None:
    named = alg.identifier(alg.Oid(oid))
    value = P256_KEY.sign(covered(named), ec.ECDSA(digest))
    verify_signature(received(named, value), P256_KEY.public_key())


@pytest.mark.parametrize(
    ("oid", "key"),
    [
        ("1.2.840.113549.1.1.11", P256_KEY),
        ("1.2.840.10045.4.3.2", RSA_KEY),
        ("1.2.840.113549.1.1.5", RSA_KEY),
        ("1.2.840.113549.1.1.10", P256_KEY),
        ("1.3.101.112", KEYS["Ed448"]),
        ("1.3.101.113", KEYS["Ed25519"]),
        ("1.2.840.113549.1.1.11", DSA_KEY),
        ("1.3.101.110", x25519.X25519PrivateKey.generate()),
        ("1.2.3", RSA_KEY),
    ],
)
def test_an_algorithm_that_does_not_go_with_the_key_is_named(oid: str, key: Any) -> None:
    named = alg.identifier(alg.Oid(oid))
    with pytest.raises(ProtectionError, match=rf"algorithm {oid}, which does not go with"):
        verify_signature(received(named, bytes(64)), key.public_key())


@given(st.sampled_from(sorted(KEYS)), st.binary(max_size=300))
@settings(max_examples=60)
def test_any_bytes_are_a_wrong_signature(name: str, value: bytes) -> None:
    key: Any = KEYS[name].public_key()  # type: ignore[attr-defined]
    with pytest.raises(ProtectionError, match="is wrong"):
        verify_signature(received(alg.signature_identifier(key), value), key)


def test_a_signature_is_no_mac_and_a_mac_no_signature() -> None:
    signed = decode_message(protect(message(), PrivateKeySigner(P256_KEY)))
    maced = decode_message(protect(message(password_based_mac(SALT)), SECRET))
    with pytest.raises(ProtectionError, match="not protected by a MAC"):
        verify_mac(signed, SECRET)
    with pytest.raises(ProtectionError, match="is not signed"):
        verify_signature(maced, P256_KEY.public_key())


def test_a_protection_without_its_name_or_a_name_without_protection_is_none() -> None:
    bare = decode_message(encode_unprotected(message()))
    named = decode_message(encode_unprotected(message(password_based_mac(SALT))))
    for unprotected in (bare, named):
        with pytest.raises(ProtectionError, match=r"is not protected\. It was not used"):
            is_mac(unprotected)


@pytest.mark.parametrize("fields", [0, 3], ids=["none", "three"])
def test_an_identifier_has_one_field_or_two(fields: int) -> None:
    with pytest.raises(CmpError, match=f"{fields} fields"):
        is_mac(received([tlv(encode(alg.PBMAC1))] * fields, b""))


def test_an_identifier_is_an_oid() -> None:
    with pytest.raises(CmpFormatError):
        is_mac(received([tlv(NULL)], b""))


def test_a_mac_needs_its_parameters_before_it_is_made() -> None:
    with pytest.raises(ValueError, match="into the header first"):
        protect(message(), SECRET)


def test_a_key_that_signs_nothing_here_is_refused() -> None:
    with pytest.raises(CmpFormatError, match="makes no signature"):
        alg.signature_identifier(x25519.X25519PrivateKey.generate().public_key())
    with pytest.raises(TypeError, match="cannot protect"):
        PrivateKeySigner(DSA_KEY).sign(b"")


def test_the_secret_is_nowhere_to_be_read(caplog: pytest.LogCaptureFixture) -> None:
    made = decode_message(protect(message(password_based_mac(SALT)), SECRET))
    verify_mac(made, SECRET)
    assert "shared" not in repr(made) + repr(SECRET) + caplog.text


def test_a_signer_is_named_by_its_key_identifier_written_or_computed(pki: Any, issued: Any) -> None:
    written = x509.SubjectKeyIdentifier(b"as written")
    named = issued("x", extensions=((written, False),)).certificate
    assert subject_key_identifier(named) == b"as written"
    key = pki.person.certificate.public_key()
    computed = x509.SubjectKeyIdentifier.from_public_key(key).digest
    assert subject_key_identifier(pki.person.certificate) == computed
    # What is only computed is not sent: nothing in the certificate would match it.
    assert written_key_identifier(named) == b"as written"
    assert written_key_identifier(pki.person.certificate) is None
