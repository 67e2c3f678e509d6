# SPDX-License-Identifier: Apache-2.0
"""The proof of possession where a template lacks the subject (RFC 4211, 4.1)."""

import hashlib
import hmac
from typing import Any, Literal

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import TLV, BitString, Variant

from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import (
    MacProtection,
    certificate_request,
)
from selfrenew.cmp.crmf import (
    CertReqMessages,
    CertReqMsg,
    PkMacValue,
    PopoSigningKey,
    PopoSigningKeyInput,
)
from selfrenew.cmp.message import decode_list, encode, encode_list, general_name, tlv
from selfrenew.cmp.protection import (
    PBM_ITERATIONS,
    PBMAC1_ITERATIONS,
    PrivateKeySigner,
    password_based_mac,
    pbmac1,
)
from selfrenew.cmp.structures import BodyType, GenMsgContent
from selfrenew.cmp.template import public_key_info
from selfrenew.secret import Secret

from .conftest import Desk, new_key
from .requesting import request_with, written_otherwise

NOBODY = x509.Name([])
MACHINE = x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB")
A_HOST = tlv(b"\x82\x04host")


def sender(name: x509.Name) -> Variant[Any, Any]:
    return Variant(general_name(name), "sender")


def mac_of(
    key: PrivateKeySigner, secret: Secret, kind: Literal["PBM", "PBMAC1"] = "PBM"
) -> Variant[Any, Any]:
    """Make publicKeyMAC, calculated here and not by what checks it."""
    salt = b"a salt of its own"
    if kind == "PBM":
        identifier, derived = password_based_mac(salt), secret.reveal() + salt
        for _ in range(PBM_ITERATIONS):
            derived = hashlib.sha256(derived).digest()
    else:
        identifier = pbmac1(salt)
        derived = hashlib.pbkdf2_hmac("sha256", secret.reveal(), salt, PBMAC1_ITERATIONS)
    value = hmac.digest(derived, encode(info_of(key)), "sha256")
    proof = PkMacValue(algorithm_identifier=identifier, value=BitString(value, 0))
    return Variant(proof, "publicKeyMAC")


def info_of(key: PrivateKeySigner) -> Any:
    public_key: Any = key.public_key
    return public_key_info(public_key)


def signed_input(
    key: PrivateKeySigner,
    who: Variant[Any, Any],
    *,
    about: PrivateKeySigner | None = None,
    subject: x509.Name | None = None,
    by: PrivateKeySigner | None = None,
) -> bytes:
    """Make the content of a request whose proof is over poposkInput, without a subject or with."""
    (message,) = decode_list(CertReqMessages, certificate_request(subject or NOBODY, key))
    if subject is None:
        message.cert_req.cert_template.subject = None
    stated = encode(PopoSigningKeyInput(auth_info=who, public_key=info_of(about or key)))
    assert stated[0] == 0x30
    proof = PopoSigningKey(
        poposk_input=decode_list(GenMsgContent, stated),
        algorithm_identifier=alg.signature_identifier(key.public_key),
        signature=BitString((by or key).sign(stated), 0),
    )
    again = CertReqMsg(cert_req=message.cert_req, popo=Variant(proof, "signature"))
    return encode_list(CertReqMessages(items=[again]))


def enrolled(desk: Desk) -> MacProtection:
    return desk.enrolled(subject=desk.new_name(), profiles=("signing",))


def test_the_sender_of_before_is_named_in_what_is_signed(desk: Desk) -> None:
    holder = desk.new_holder()
    for kind, voucher, name in (
        (BodyType.CR, "authentication", holder.name),
        (BodyType.KUR, "signing", written_otherwise(holder.name)),
    ):
        key = new_key()
        talk = desk.talk(holder.by(voucher), "signing")
        talk.say(kind, signed_input(key, sender(name)))
        assert talk.certificate.subject == holder.name
        assert talk.certificate.public_key() == key.public_key


@pytest.mark.parametrize("kind", ["PBM", "PBMAC1"])
def test_who_has_no_certificate_yet_has_a_mac_in_what_is_signed(
    desk: Desk, kind: Literal["PBM", "PBMAC1"]
) -> None:
    by, key = enrolled(desk), new_key()
    talk = desk.talk(by)
    talk.say(BodyType.IR, signed_input(key, mac_of(key, by.secret, kind)))
    assert talk.certificate.public_key() == key.public_key


def test_another_sender_is_no_proof(desk: Desk) -> None:
    holder = desk.new_holder()
    key = new_key()
    for who in (sender(desk.new_name()), Variant(A_HOST, "sender")):
        talk = desk.talk(holder.by("authentication"), "signing")
        talk.say(BodyType.CR, signed_input(key, who))
        assert talk.reasons == {"badPOP"}
        assert "authenticated" in talk.text


def test_a_name_is_no_proof_of_who_was_not_authenticated_by_it(desk: Desk) -> None:
    name, key = desk.new_name(), new_key()
    talk = desk.talk(desk.enrolled(subject=name, profiles=("signing",)))
    talk.say(BodyType.IR, signed_input(key, sender(name)))
    assert talk.reasons == {"badPOP"}


def test_a_mac_under_another_secret_is_no_proof(desk: Desk) -> None:
    key, other = new_key(), enrolled(desk)
    talk = desk.talk(enrolled(desk))
    talk.say(BodyType.IR, signed_input(key, mac_of(key, other.secret)))
    assert talk.reasons == {"badPOP"}
    assert "publicKeyMAC" in talk.text


def test_a_mac_is_not_for_who_has_a_certificate(desk: Desk) -> None:
    holder, key = desk.new_holder(), new_key()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.say(BodyType.CR, signed_input(key, mac_of(key, enrolled(desk).secret)))
    assert talk.reasons == {"badPOP"}


def test_a_mac_of_an_unknown_algorithm_is_named(desk: Desk) -> None:
    by, key = enrolled(desk), new_key()
    unknown = PkMacValue(
        algorithm_identifier=alg.identifier(alg.Oid("1.2.3"), b"\x05\x00"), value=BitString(b"", 0)
    )
    talk = desk.talk(by)
    talk.say(BodyType.IR, signed_input(key, Variant(unknown, "publicKeyMAC")))
    assert talk.reasons == {"badAlg"}


@pytest.mark.parametrize("wrong", ["about another key", "signed by another key", "both there"])
def test_what_is_signed_is_of_the_key_and_only_where_it_is_needed(desk: Desk, wrong: str) -> None:
    holder, key, other = desk.new_holder(), new_key(), new_key()
    options: dict[str, Any] = {
        "about another key": {"about": other},
        "signed by another key": {"by": other},
        "both there": {"subject": holder.name},
    }[wrong]
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.say(BodyType.CR, signed_input(key, sender(holder.name), **options))
    assert talk.reasons == {"badPOP"}


@pytest.mark.parametrize("subject", [None, []], ids=["absent", "empty"])
def test_a_request_without_a_subject_that_is_signed_itself_is_taken(
    desk: Desk, subject: list[TLV] | None
) -> None:
    """As OpenSSL's client sends it, which knows no poposkInput."""
    by, key = enrolled(desk), new_key()
    talk = desk.talk(by)
    talk.say(BodyType.IR, request_with(key, MACHINE, subject=subject))
    assert talk.certificate.public_key() == key.public_key


def test_what_is_no_popo_signing_key_input_is_malformed(desk: Desk) -> None:
    content = signed_input(new_key(), sender(MACHINE))
    (message,) = decode_list(CertReqMessages, content)
    assert message.popo is not None
    proof: Any = message.popo.value
    proof.poposk_input = proof.poposk_input[:1]
    talk = desk.talk(enrolled(desk))
    talk.say(BodyType.IR, encode_list(CertReqMessages(items=[message])))
    assert talk.reasons == {"badDataFormat"}
