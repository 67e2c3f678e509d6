# SPDX-License-Identifier: Apache-2.0
"""What a certificate request may hold, and what of it is certified."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import BitString, Null
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.crmf import (
    ID_REG_CTRL_OLD_CERT_ID,
    AttributeTypeAndValue,
    CertId,
    OptionalValidity,
    SubjectPublicKeyInfo,
)
from selfrenew.cmp.message import encode, general_name, tlv
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import BodyType
from selfrenew.cmp.template import public_key_info
from selfrenew.iso7816 import Tlv

from .conftest import Desk, new_key
from .requesting import pkcs10, request_with, written_otherwise

MACHINE = x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB")
RSA_KEY = rsa.generate_private_key(65537, 2048)


def key_written_otherwise(kind: str) -> tuple[PrivateKeySigner, SubjectPublicKeyInfo]:
    """Give a key whose SubjectPublicKeyInfo is right, and not what the library writes."""
    if kind == "RSASSA-PSS":
        key = PrivateKeySigner(rsa.generate_private_key(65537, 2048))
        public_key: Any = key.public_key
        info = public_key_info(public_key)
        info.algorithm = alg.identifier(alg.RSASSA_PSS)
        return key, info
    key = PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))
    public_key = key.public_key
    info = public_key_info(public_key)
    point = public_key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    info.subject_public_key = BitString(point, 0)
    return key, info


@pytest.mark.parametrize("kind", ["RSASSA-PSS", "compressed point"])
@pytest.mark.parametrize("body_type", [BodyType.IR, BodyType.P10CR])
def test_a_key_is_certified_as_it_was_asked_for_or_not_at_all(
    desk: Desk, kind: str, body_type: BodyType
) -> None:
    key, info = key_written_otherwise(kind)
    talk = desk.talk(desk.enrolled())
    if body_type is BodyType.IR:
        talk.say(body_type, request_with(key, MACHINE, public_key=info))
    else:
        talk.say(body_type, pkcs10(key, MACHINE.public_bytes(), key_info=encode(info)))
    assert talk.reasons == {"badCertTemplate"}, talk.text


@pytest.mark.parametrize("bits", [1024, 18_000])
@pytest.mark.parametrize("body_type", [BodyType.IR, BodyType.P10CR])
def test_the_length_of_a_key_is_told_before_it_is_used(
    desk: Desk, bits: int, body_type: BodyType
) -> None:
    modulus = encode((1 << bits - 1) | 1)
    info = SubjectPublicKeyInfo(
        algorithm=alg.identifier(alg.RSA_ENCRYPTION, encode(Null())),
        subject_public_key=BitString(bytes(Tlv(0x30, modulus + encode(65537))), 0),
    )
    key = PrivateKeySigner(RSA_KEY)
    talk = desk.talk(desk.enrolled())
    if body_type is BodyType.IR:
        answer = talk.say(body_type, request_with(key, MACHINE, public_key=info))
    else:
        answer = talk.say(body_type, pkcs10(key, MACHINE.public_bytes(), key_info=encode(info)))
    assert talk.reasons == {"badCertTemplate"}, talk.text
    assert answer.body_type is not BodyType.ERROR


@pytest.mark.parametrize("version", [-1, 1])
def test_a_pkcs10_request_of_another_version_is_refused(desk: Desk, version: int) -> None:
    talk = desk.talk(desk.enrolled())
    content = pkcs10(new_key(), MACHINE.public_bytes(), version=version)
    answer = talk.say(BodyType.P10CR, content)
    assert (answer.body_type, talk.reasons) == (BodyType.CP, {"badCertTemplate"})


def old_certificate(
    certificate: x509.Certificate, issuer: x509.Name | None = None, serial: int | None = None
) -> AttributeTypeAndValue:
    old = CertId(
        issuer=general_name(issuer or certificate.issuer),
        serial_number=serial or certificate.serial_number,
    )
    return AttributeTypeAndValue(type=ID_REG_CTRL_OLD_CERT_ID, value=tlv(encode(old)))


@pytest.mark.parametrize("times", [1, 2])
def test_an_update_names_one_certificate(desk: Desk, times: int) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("signing"))
    controls = [old_certificate(holder.certificates["signing"])] * times
    talk.say(BodyType.KUR, request_with(new_key(), holder.name, controls=controls))
    if times == 1:
        assert talk.certificate.subject == holder.name
    else:
        assert talk.reasons == {"badRequest"}


def test_an_update_names_the_issuer_in_any_way(desk: Desk) -> None:
    holder = desk.new_holder()
    certificate = holder.certificates["signing"]
    issuer = written_otherwise(certificate.issuer)
    for serial, reasons in ((certificate.serial_number + 1, {"badCertId"}), (None, None)):
        talk = desk.talk(holder.by("signing"))
        controls = [old_certificate(certificate, issuer, serial)]
        talk.say(BodyType.KUR, request_with(new_key(), holder.name, controls=controls))
        if reasons is None:
            assert talk.certificate.subject == holder.name
        else:
            assert talk.reasons == reasons


@pytest.mark.parametrize(
    ("empty", "reason"),
    [
        ({"controls": []}, "badDataFormat"),
        ({"reg_info": []}, "badDataFormat"),
        ({"validity": OptionalValidity()}, "badCertTemplate"),
        ({"extensions": []}, "badCertTemplate"),
    ],
    ids=lambda value: "".join(value) if isinstance(value, dict) else "",
)
def test_what_is_there_is_not_empty(desk: Desk, empty: dict[str, Any], reason: str) -> None:
    talk = desk.talk(desk.enrolled())
    talk.say(BodyType.IR, request_with(new_key(), MACHINE, **empty))
    assert talk.reasons == {reason}
