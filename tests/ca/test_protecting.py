# SPDX-License-Identifier: Apache-2.0
"""Each protection of RFC 9481 is taken, in messages from the first to the last of a transaction."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import TLV, BitString, Null
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import (
    SignatureProtection,
    certificate_confirmation,
    certificate_request,
)
from selfrenew.cmp.crmf import CertReqMessages
from selfrenew.cmp.message import (
    Message,
    decode,
    decode_list,
    decode_message,
    encode,
    encode_list,
    general_name,
    tlv,
)
from selfrenew.cmp.protection import (
    MAX_ITERATIONS,
    Pbkdf2Parameter,
    Pbmac1Parameter,
    PbmParameter,
    PrivateKeySigner,
    pbmac1,
    protect,
    verify_mac,
    with_salt,
)
from selfrenew.cmp.pss import PssParameter
from selfrenew.cmp.structures import BodyType, GenMsgContent, PkiMessage, ProtectedPart
from selfrenew.iso7816 import Tlv
from selfrenew.secret import Secret
from selfrenew_emulator.ca import IssuerName, person_name
from selfrenew_emulator.certificate_status import CertificateState

from .conftest import Desk, new_key
from .requesting import pkcs10, written_otherwise

MACHINE = x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB")
NULL = encode(Null())
RSA_KEY = rsa.generate_private_key(65537, 2048)
KEYS = {
    "RSA": RSA_KEY,
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "Ed448": ed448.Ed448PrivateKey.generate(),
}


def first_certificate(desk: Desk, key: PrivateKeySigner) -> SignatureProtection:
    talk = desk.talk(desk.enrolled())
    talk.ask(MACHINE, key, BodyType.IR)
    certificate = talk.certificate
    assert talk.confirm().body_type is BodyType.PKICONF
    return SignatureProtection(key, certificate)


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_signs_messages_of_its_kind(desk: Desk, kind: str) -> None:
    by = first_certificate(desk, PrivateKeySigner(KEYS[kind]))
    talk = desk.talk(by)
    talk.ask(MACHINE, new_key())
    new = talk.certificate
    assert talk.confirm().body_type is BodyType.PKICONF
    assert desk.state_of(new) is CertificateState.VALID
    # The key is free for the next test only without a live certificate.
    desk.ca.revoke(by.certificate)


@pytest.mark.parametrize("kind", ["Ed25519", "Ed448"])
def test_a_person_gets_no_edwards_key_certified(desk: Desk, kind: str) -> None:
    name = person_name("000000000001")
    talk = desk.talk(desk.enrolled(subject=name, profiles=("signing",)), "signing")
    talk.ask(name, PrivateKeySigner(KEYS[kind]), BodyType.IR)
    assert talk.reasons == {"badCertTemplate"}


def protected_anew(raw: bytes, identifier: list[TLV], sign: Callable[[bytes], bytes]) -> bytes:
    """Protect a message with what the client has no words for."""
    message, header = decode(PkiMessage, raw), decode_message(raw).header
    header.protection_alg = identifier
    part = ProtectedPart(header=tlv(encode(header)), body=message.body)
    return encode(
        PkiMessage(
            header=part.header,
            body=part.body,
            protection=BitString(sign(encode(part)), 0),
            extra_certs=message.extra_certs,
        )
    )


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_pss_is_taken_with_any_of_its_hashes(desk: Desk, digest: hashes.HashAlgorithm) -> None:
    by = first_certificate(desk, PrivateKeySigner(RSA_KEY))
    named = alg.identifier(
        next(oid for oid, each in alg.DIGESTS.items() if each.name == digest.name), NULL
    )
    parameter = PssParameter(
        hash_algorithm=named,
        mask_gen_algorithm=alg.identifier(alg.MGF1, encode_list(GenMsgContent(items=named))),
        salt_length=digest.digest_size,
    )
    identifier = alg.identifier(alg.RSASSA_PSS, encode(parameter))
    scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)

    def sign(data: bytes) -> bytes:
        return RSA_KEY.sign(data, scheme, digest)

    talk = desk.talk(by)
    request = certificate_request(MACHINE, new_key())
    raw = talk.conversation.message(BodyType.CR, request)
    talk.say_raw(protected_anew(raw, identifier, sign))
    content, pvno = certificate_confirmation(talk.certificate)
    raw = talk.conversation.message(BodyType.CERTCONF, content, recip_nonce=talk.nonce, pvno=pvno)
    assert talk.say_raw(protected_anew(raw, identifier, sign)).body_type is BodyType.PKICONF
    desk.ca.revoke(by.certificate)


def test_pss_with_sha1_is_refused_as_any_other_signature_with_it(desk: Desk) -> None:
    sha1 = hashes.SHA1()  # noqa: S303  which is the point
    by_default = alg.identifier(alg.RSASSA_PSS, encode(PssParameter()))
    scheme = padding.PSS(padding.MGF1(sha1), 20)
    by = first_certificate(desk, PrivateKeySigner(RSA_KEY))
    talk = desk.talk(by)
    raw = talk.conversation.message(BodyType.CR, certificate_request(MACHINE, new_key()))
    talk.say_raw(protected_anew(raw, by_default, lambda data: RSA_KEY.sign(data, scheme, sha1)))
    assert talk.reasons == {"badAlg"}
    talk = desk.talk(desk.enrolled())
    key = PrivateKeySigner(rsa.generate_private_key(65537, 2048))
    talk.say(BodyType.P10CR, pkcs10(key, MACHINE.public_bytes(), by_default))
    assert talk.reasons == {"badAlg"}
    desk.ca.revoke(by.certificate)


@dataclass(frozen=True)
class Mac:
    name: str
    identifier: list[TLV]

    def __str__(self) -> str:
        return self.name


def hash_oid(name: str) -> alg.Oid:
    return next(oid for oid, each in alg.DIGESTS.items() if each.name == name)


def hmac_of(name: str) -> list[TLV]:
    oid = [oid for oid, each in alg.MACS.items() if each.name == name][-1]
    return alg.identifier(oid, NULL)


def pbm(name: str, iterations: int = 500) -> Mac:
    identifier = pbm_with(alg.identifier(hash_oid(name)), iterations, name)
    return Mac(f"PasswordBasedMac {name}", identifier)


def pbm_with(owf: list[TLV], iterations: int = 500, name: str = "sha256") -> list[TLV]:
    parameter = PbmParameter(salt=bytes(16), owf=owf, iteration_count=iterations, mac=hmac_of(name))
    return alg.identifier(alg.PASSWORD_BASED_MAC, encode(parameter))


def pbmac(name: str) -> Mac:
    derivation = Pbkdf2Parameter(
        salt=bytes(16), iteration_count=1000, key_length=32, prf=hmac_of(name)
    )
    parameter = Pbmac1Parameter(
        key_derivation=alg.identifier(alg.PBKDF2, encode(derivation)), mac=hmac_of(name)
    )
    return Mac(f"PBMAC1 {name}", alg.identifier(alg.PBMAC1, encode(parameter)))


@pytest.mark.parametrize(
    "mac",
    [
        *map(pbm, ("sha1", "sha224", "sha256", "sha384", "sha512")),
        *map(pbmac, ("sha224", "sha256", "sha384", "sha512")),
        Mac("the client's PBMAC1", pbmac1(bytes(16))),
    ],
    ids=str,
)
def test_a_mac_is_answered_by_the_same_with_another_salt(desk: Desk, mac: Mac) -> None:
    written = encode_list(GenMsgContent(items=mac.identifier))
    by = desk.enrolled()
    talk = desk.talk(by)

    def say(body_type: BodyType, content: bytes, nonce: bytes | None = None) -> None:
        raw = talk.conversation.message(body_type, content, recip_nonce=nonce)
        message = decode_message(raw)
        message.header.protection_alg = mac.identifier
        again = Message(message.header, message.body_type, message.content)
        answer = talk.say_raw(protect(again, by.secret))
        given = answer.header.protection_alg or []
        assert encode_list(GenMsgContent(items=given)) != written
        same = with_salt(given, bytes(16))
        assert encode_list(GenMsgContent(items=same)) == written
        verify_mac(answer, by.secret)

    say(BodyType.IR, certificate_request(MACHINE, new_key()))
    certificate = talk.certificate
    say(BodyType.CERTCONF, certificate_confirmation(certificate)[0], talk.nonce)
    assert desk.state_of(certificate) is CertificateState.VALID


def costly(iterations: int, key_length: int) -> list[TLV]:
    derivation = Pbkdf2Parameter(
        salt=bytes(16), iteration_count=iterations, key_length=key_length, prf=hmac_of("sha256")
    )
    parameter = Pbmac1Parameter(
        key_derivation=alg.identifier(alg.PBKDF2, encode(derivation)), mac=hmac_of("sha256")
    )
    return alg.identifier(alg.PBMAC1, encode(parameter))


@pytest.mark.parametrize(
    ("iterations", "key_length"),
    [(MAX_ITERATIONS + 1, 32), (MAX_ITERATIONS // 2 + 1, 64), (1, 1025)],
)
def test_an_expensive_mac_is_refused(desk: Desk, iterations: int, key_length: int) -> None:
    talk = desk.talk(desk.enrolled())
    raw = talk.conversation.message(BodyType.IR, certificate_request(MACHINE, new_key()))
    talk.say_raw(protected_anew(raw, costly(iterations, key_length), lambda _: bytes(32)))
    assert talk.reasons == {"badAlg"}
    assert "bounds" in talk.text


@pytest.mark.parametrize(("iterations", "taken"), [(99, False), (100, True)])
def test_a_mac_of_few_iterations_is_refused(desk: Desk, iterations: int, taken: bool) -> None:
    by = desk.enrolled()
    talk = desk.talk(by)
    raw = talk.conversation.message(BodyType.IR, certificate_request(MACHINE, new_key()))
    identifier = pbm("sha256", iterations).identifier
    talk.say_raw(protected_anew(raw, identifier, lambda data: pbm_of(by.secret, iterations, data)))
    if taken:
        assert talk.certificate.subject == MACHINE
    else:
        assert talk.reasons == {"badAlg"}


def pbm_of(secret: Secret, iterations: int, data: bytes) -> bytes:
    key = secret.reveal() + bytes(16)
    for _ in range(iterations):
        key = hashlib.sha256(key).digest()
    return hmac.digest(key, data, "sha256")


def test_an_unknown_algorithm_is_told_wherever_it_is(desk: Desk) -> None:
    unknown, key = alg.identifier(alg.Oid("1.2.3")), new_key()
    request = certificate_request(MACHINE, key)
    by = first_certificate(desk, PrivateKeySigner(KEYS["P-256"]))
    raw = desk.talk(by).conversation.message(BodyType.CR, request)
    in_protection = desk.talk(by)
    in_protection.say_raw(protected_anew(raw, unknown, lambda _: bytes(64)))
    in_mac = desk.talk(desk.enrolled())
    pbm_raw = in_mac.conversation.message(BodyType.IR, request)
    in_mac.say_raw(protected_anew(pbm_raw, pbm_with(unknown), lambda _: bytes(32)))
    (message,) = decode_list(CertReqMessages, request)
    assert message.popo is not None
    message.popo.value.algorithm_identifier = unknown  # type: ignore[union-attr]
    in_proof = desk.talk(desk.enrolled())
    in_proof.say(BodyType.IR, encode_list(CertReqMessages(items=[message])))
    in_request = desk.talk(desk.enrolled())
    in_request.say(BodyType.P10CR, pkcs10(key, MACHINE.public_bytes(), unknown))
    for talk in (in_protection, in_mac, in_proof, in_request):
        assert talk.reasons == {"badAlg"}, talk.text
    desk.ca.revoke(by.certificate)


@pytest.mark.parametrize(
    "oid",
    [
        "1.2.840.113533.7.66.30",  # DHBasedMac
        "2.16.840.1.101.3.4.2.19",  # KMAC with SHAKE128
        "1.3.6.1.5.5.7.6.32",  # ECDSA with SHAKE128
        "1.2.3.4",
    ],
)
def test_an_unknown_protection_is_told_without_a_certificate(desk: Desk, oid: str) -> None:
    talk = desk.talk(desk.enrolled())
    raw = talk.conversation.message(BodyType.IR, certificate_request(MACHINE, new_key()))
    talk.say_raw(protected_anew(raw, alg.identifier(alg.Oid(oid)), lambda _: bytes(32)))
    assert talk.reasons == {"badAlg"}


def test_a_known_algorithm_of_another_kind_of_key_is_no_proof(desk: Desk) -> None:
    other = alg.signature_identifier(RSA_KEY.public_key())
    talk = desk.talk(desk.enrolled())
    talk.say(BodyType.P10CR, pkcs10(new_key(), MACHINE.public_bytes(), other))
    assert talk.reasons == {"badPOP"}


@pytest.mark.parametrize("sender", [x509.Name([]), MACHINE])
def test_who_signs_names_herself_as_her_certificate_does(desk: Desk, sender: x509.Name) -> None:
    holder = desk.new_holder()
    by = holder.by("authentication")
    talk = desk.talk(by, "signing")
    content = certificate_request(holder.name, new_key())
    received = decode_message(talk.conversation.message(BodyType.CR, content))
    received.header.sender = general_name(sender)
    sent = Message(received.header, BodyType.CR, content, None, received.extra_certs)
    talk.say_raw(protect(sent, by.signer))
    assert talk.reasons == {"badMessageCheck"}


@pytest.mark.parametrize(
    ("before", "after", "taken"), [("", "", True), ("x", "", False), ("", ",O=TEST", False)]
)
def test_a_reference_may_be_the_senders_common_name(
    desk: Desk, before: str, after: str, taken: bool
) -> None:
    by = desk.enrolled()
    talk = desk.talk(by)

    def say(body_type: BodyType, content: bytes, nonce: bytes | None = None) -> None:
        raw = talk.conversation.message(body_type, content, recip_nonce=nonce)
        header = decode_message(raw).header
        header.sender_kid = None
        name = f"CN={before}{by.reference.decode()}{after}"
        header.sender = general_name(x509.Name.from_rfc4514_string(name))
        answer = talk.say_raw(protect(Message(header, body_type, content), by.secret))
        if taken:
            verify_mac(answer, by.secret)

    say(BodyType.IR, certificate_request(MACHINE, new_key()))
    if taken:
        certificate = talk.certificate
        say(BodyType.CERTCONF, certificate_confirmation(certificate)[0], talk.nonce)
        assert desk.state_of(certificate) is CertificateState.VALID
    else:
        assert talk.reasons == {"badMessageCheck"}


def without_certificates(raw: bytes) -> bytes:
    message = decode(PkiMessage, raw)
    message.extra_certs = None
    return encode(message)


def test_what_goes_on_with_a_transaction_needs_no_certificate(desk: Desk) -> None:
    holder, other = desk.new_holder(), desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    request = certificate_request(holder.name, new_key())
    talk.say_raw(without_certificates(talk.conversation.message(BodyType.CR, request)))
    assert talk.reasons == {"badMessageCheck"}
    talk.ask(holder.name, new_key())
    content, pvno = certificate_confirmation(talk.certificate)
    nonce = talk.nonce
    for by, reasons in (
        (other.by("authentication"), {"badMessageCheck"}),
        (holder.by("authentication"), None),
    ):
        talk.conversation.protection = by
        raw = talk.conversation.message(BodyType.CERTCONF, content, recip_nonce=nonce, pvno=pvno)
        answer = talk.say_raw(without_certificates(raw))
        if reasons is None:
            assert answer.body_type is BodyType.PKICONF
        else:
            assert talk.reasons == reasons


def test_the_signers_certificate_comes_first(desk: Desk) -> None:
    holder = desk.new_holder()
    by = holder.by("authentication")
    for order, reasons in ((1, None), (-1, {"badMessageCheck"})):
        talk = desk.talk(by, "signing")
        content = certificate_request(holder.name, new_key())
        received = decode_message(talk.conversation.message(BodyType.CR, content))
        issuer = desk.ca.issuers[IssuerName.AUTHENTICATION].public_bytes(Encoding.DER)
        certificates = (*received.extra_certs, issuer)[::order]
        sent = Message(received.header, BodyType.CR, content, None, certificates)
        talk.say_raw(protect(sent, by.signer))
        if reasons is None:
            assert talk.certificate.subject == holder.name
        else:
            assert talk.reasons == reasons


def test_under_a_secret_the_sender_is_a_directory_name(desk: Desk) -> None:
    by = desk.enrolled()
    talk = desk.talk(by)
    content = certificate_request(MACHINE, new_key())
    header = decode_message(talk.conversation.message(BodyType.IR, content)).header
    header.sender = tlv(bytes(Tlv(0x81, b"machine@example.com")))
    talk.say_raw(protect(Message(header, BodyType.IR, content), by.secret))
    assert talk.reasons == {"badMessageCheck"}


def test_who_signs_may_write_her_name_in_another_way(desk: Desk) -> None:
    holder = desk.new_holder()
    by = holder.by("authentication")
    talk = desk.talk(by, "signing")
    content = certificate_request(holder.name, new_key())
    received = decode_message(talk.conversation.message(BodyType.CR, content))
    # RFC 5280, 7.1.
    received.header.sender = general_name(written_otherwise(holder.name))
    sent = Message(received.header, BodyType.CR, content, None, received.extra_certs)
    assert talk.say_raw(protect(sent, by.signer)).body_type is BodyType.CP


def test_what_protects_the_message_says_nothing_of_what_was_expected(desk: Desk) -> None:
    by = desk.enrolled()
    talk = desk.talk(by)
    raw = talk.conversation.message(BodyType.IR, certificate_request(MACHINE, new_key()))
    right = decode_message(raw).protection or b""
    wrong = raw.replace(right, bytes(len(right)))
    answer = talk.say_raw(wrong)
    assert talk.reasons == {"badMessageCheck"}
    assert right not in encode(answer.header)
    assert right.hex() not in talk.text
