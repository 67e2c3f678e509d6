# SPDX-License-Identifier: Apache-2.0
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import (
    NULL_NAME,
    WHOLE_MESSAGE,
    Conversation,
    MacProtection,
    SignatureProtection,
    certificate_confirmation,
    certificate_request,
    fail_bits,
    poll_request,
)
from selfrenew.cmp.crmf import CertId, CertReqMessages, CertReqMsg
from selfrenew.cmp.message import (
    certificate_der,
    decode,
    decode_list,
    decode_message,
    encode,
    name_of,
)
from selfrenew.cmp.protection import (
    PrivateKeySigner,
    ProtectionError,
    verify_mac,
    verify_signature,
    verify_with,
)
from selfrenew.cmp.structures import (
    BodyType,
    CertConfirmContent,
    CertStatus,
    FailureInfo,
    PkiStatus,
    PollReqContent,
)
from selfrenew.cmp.template import public_key_of, template_request
from selfrenew.secret import Secret

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "555000000001")])
KEYS = {
    "RSA": rsa.generate_private_key(65537, 2048),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def counting() -> Callable[[int], bytes]:
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


def confirmation(content: bytes) -> CertStatus:
    (status,) = decode_list(CertConfirmContent, content)
    return status


def asked(content: bytes) -> CertReqMsg:
    (request,) = decode_list(CertReqMessages, content)
    return request


def test_a_conversation_is_one_transaction_of_fresh_nonces() -> None:
    secret = Secret("shared")
    talk = Conversation(
        MacProtection(b"me", secret), NAME, clock=lambda: NOW, randomness=counting()
    )
    first = decode_message(talk.message(BodyType.IR, b"\x30\x00"))
    second = decode_message(
        talk.message(BodyType.CERTCONF, b"\x30\x00", recip_nonce=b"n" * 16, pvno=3)
    )
    for message in (first, second):
        verify_mac(message, secret)
        header = message.header
        assert header.transaction_id == talk.transaction_id == (1).to_bytes(16, "big")
        assert header.sender_kid == b"me"
        assert name_of(header.sender) == NULL_NAME.public_bytes()
        assert name_of(header.recipient) == NAME.public_bytes()
        assert header.message_time is not None
        assert header.message_time.as_datetime() == NOW.replace(microsecond=0)
        assert message.extra_certs == ()
    assert [first.header.recip_nonce, second.header.recip_nonce] == [None, b"n" * 16]
    assert [first.header.pvno, second.header.pvno] == [2, 3]
    assert first.header.sender_nonce != second.header.sender_nonce
    assert talk.sender_nonce == second.header.sender_nonce
    # Or the key would be derived anew for every message.
    named = [list(map(encode, m.header.protection_alg or ())) for m in (first, second)]
    assert named[0] == named[1]


def test_a_signed_message_brings_its_signer_first_and_the_chain(pki: Any) -> None:
    person = pki.person
    by = SignatureProtection(
        PrivateKeySigner(person.key), person.certificate, (pki.issuer.certificate,)
    )
    talk = Conversation(by, NULL_NAME, clock=lambda: NOW, randomness=counting())
    message = decode_message(talk.message(BodyType.CR, b"\x30\x00"))
    verify_signature(message, person.certificate.public_key())
    assert message.certificates == [person.certificate, pki.issuer.certificate]
    assert name_of(message.header.sender) == person.certificate.subject.public_bytes()


@pytest.mark.parametrize("name", KEYS)
def test_a_request_proves_possession_of_its_key(name: str) -> None:
    key: Any = KEYS[name]
    request = asked(certificate_request(NAME, PrivateKeySigner(key)))
    template = request.cert_req.cert_template
    assert public_key_of(template) == key.public_key()
    assert template_request(template).subject == NAME
    assert request.cert_req.cert_req_id == 0
    assert request.popo is not None
    proof: Any = request.popo.value
    assert (request.popo.tag, proof.poposk_input) == ("signature", None)
    named, signature = proof.algorithm_identifier, proof.signature.as_bytes()
    verify_with(named, key.public_key(), signature, encode(request.cert_req), what="it")
    with pytest.raises(ProtectionError):
        verify_with(named, key.public_key(), signature, encode(template), what="it")


def test_a_request_asks_for_nothing_that_was_not_given() -> None:
    template = asked(certificate_request(NAME, PrivateKeySigner(KEYS["P-256"]))).cert_req
    assert template.controls is None
    assert template.cert_template.validity is None
    assert template.cert_template.extensions is None
    assert template.cert_template.serial_number is None


def test_an_end_and_the_old_certificate_go_along(pki: Any) -> None:
    old, end = pki.person.certificate, NOW + timedelta(days=30)
    request = asked(
        certificate_request(
            NAME, PrivateKeySigner(KEYS["P-256"]), old_certificate=old, not_after=end
        )
    ).cert_req
    assert request.cert_template.validity is not None
    assert request.cert_template.validity.not_after is not None
    assert request.cert_template.validity.not_after.as_datetime() == end.replace(microsecond=0)
    assert request.controls is not None
    (control,) = request.controls
    assert control.type.dotted_string == "1.3.6.1.5.5.7.5.1.5"
    found = decode(CertId, encode(control.value))
    assert name_of(found.issuer) == old.issuer.public_bytes()
    assert found.serial_number == old.serial_number


def test_a_certificate_is_confirmed_by_the_hash_of_its_own_signature(issued: Any) -> None:
    for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
        key = KEYS["RSA"]
        builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), 1)  # type: ignore[arg-type]
        certificate = (
            builder.not_valid_before(NOW).not_valid_after(NOW).sign(key, digest)  # type: ignore[arg-type]
        )
        content, pvno = certificate_confirmation(certificate)
        status = confirmation(content)
        assert status.cert_hash == certificate.fingerprint(digest)
        assert (status.cert_req_id, status.hash_alg, status.status_info) == (0, None, None)
        assert pvno == 2


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        (KEYS["Ed25519"], lambda raw: hashlib.sha512(raw).digest()),
        (ed448.Ed448PrivateKey.generate(), lambda raw: hashlib.shake_256(raw).digest(64)),
    ],
    ids=["Ed25519", "Ed448"],
)
def test_a_signature_without_a_hash_of_its_own_has_one_by_rule(
    issued: Any, key: Any, digest: Callable[[bytes], bytes]
) -> None:
    certificate = issued("x", key).certificate
    content, pvno = certificate_confirmation(certificate)
    assert confirmation(content).cert_hash == digest(certificate_der(certificate))
    assert confirmation(content).hash_alg is None
    assert pvno == 2


def test_where_no_hash_is_known_one_is_named(pki: Any) -> None:
    raw = certificate_der(pki.person.certificate)
    # ecdsa-with-SHA256 made an algorithm nobody has heard of.
    strange = raw.replace(
        bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d04037f")
    )
    for certificate in (strange, x509.load_der_x509_certificate(strange)):
        content, pvno = certificate_confirmation(certificate, "no")
        status = confirmation(content)
        assert status.cert_hash == hashlib.sha256(strange).digest()
        assert status.hash_alg is not None
        assert alg.oid_of(status.hash_alg).dotted_string == "2.16.840.1.101.3.4.2.1"
        assert pvno == 3


def test_a_rejection_says_why(pki: Any) -> None:
    content, _ = certificate_confirmation(pki.person.certificate, "for another key")
    info = confirmation(content).status_info
    assert info is not None
    assert (info.status, info.status_string) == (PkiStatus.REJECTION, ["for another key"])


def test_a_poll_is_for_the_one_request_or_the_whole_message() -> None:
    for content, wanted in ((poll_request(), 0), (poll_request(WHOLE_MESSAGE), -1)):
        (entry,) = decode_list(PollReqContent, content)
        assert entry.cert_req_id == wanted


def test_failures_are_named_bits_without_trailing_zeros() -> None:
    bits = fail_bits(FailureInfo.badAlg, FailureInfo.badPOP)
    assert (bits.as_bytes(), bits.padding_bits()) == (b"\x80\x40", 6)
