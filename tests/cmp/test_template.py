# SPDX-License-Identifier: Apache-2.0
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import TLV, BitString
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from selfrenew.cmp import CmpFormatError
from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.crmf import CertTemplate, SubjectPublicKeyInfo
from selfrenew.cmp.message import decode_list, encode, tlv
from selfrenew.cmp.structures import GenMsgContent
from selfrenew.cmp.template import (
    name_from_der,
    names_of,
    public_key_info,
    public_key_of,
    template_request,
)
from selfrenew.iso7816 import Tlv

KEY = ec.derive_private_key(3, ec.SECP256R1()).public_key()
NAME = x509.Name(
    [
        x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "GB"),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, "Zoë 555000000001"),
    ]
)


def extension(extension_type: x509.ExtensionType, *, critical: bool = False) -> TLV:
    value = bytes(Tlv(0x04, extension_type.public_bytes()))
    flag = b"\x01\x01\xff" if critical else b""
    return tlv(bytes(Tlv(0x30, encode(extension_type.oid) + flag + value)))


def template(**fields: Any) -> CertTemplate:
    fields.setdefault("public_key", public_key_info(KEY))
    return CertTemplate(subject=decode_list(GenMsgContent, NAME.public_bytes()), **fields)


def test_subject_key_and_extensions_are_what_was_asked_for() -> None:
    usage = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH])
    constraints = x509.BasicConstraints(ca=True, path_length=3)
    framed = template_request(
        template(extensions=[extension(usage), extension(constraints, critical=True)])
    )
    assert framed.subject == NAME
    assert framed.public_key() == KEY
    assert [(found.value, found.critical) for found in framed.extensions] == [
        (usage, False),
        (constraints, True),
    ]


def test_no_subject_and_no_extensions_are_none() -> None:
    framed = template_request(CertTemplate(public_key=public_key_info(KEY)))
    assert framed.subject == x509.Name([])
    assert list(framed.extensions) == []


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        rsa.generate_private_key(65537, 2048).public_key(),
        ed25519.Ed25519PrivateKey.generate().public_key(),
    ],
    ids=["P-256", "RSA", "Ed25519"],
)
def test_a_public_key_survives_its_template(key: Any) -> None:
    assert public_key_of(CertTemplate(public_key=public_key_info(key))) == key


def test_a_name_is_read_from_its_der() -> None:
    assert name_from_der(NAME.public_bytes()) == NAME
    assert name_from_der(b"\x30\x00") == x509.Name([])


def test_a_template_without_a_key_is_a_named_error() -> None:
    for read in (public_key_of, template_request):
        with pytest.raises(CmpFormatError, match="has no public key"):
            read(CertTemplate())


@pytest.mark.parametrize(
    "key",
    [
        SubjectPublicKeyInfo(
            algorithm=alg.identifier(alg.Oid("1.2.3")), subject_public_key=BitString(b"x", 0)
        ),
        SubjectPublicKeyInfo(algorithm=[], subject_public_key=BitString(b"", 0)),
        SubjectPublicKeyInfo(
            algorithm=public_key_info(KEY).algorithm,
            subject_public_key=BitString(b"\x04" + bytes(64), 0),
        ),
    ],
    ids=["unknown algorithm", "no algorithm", "no point"],
)
def test_a_key_that_cannot_be_read_is_a_named_error(key: SubjectPublicKeyInfo) -> None:
    with pytest.raises(CmpFormatError, match="public key cannot be read"):
        public_key_of(CertTemplate(public_key=key))


@pytest.mark.parametrize(
    "extensions",
    [
        [extension(x509.OCSPNoCheck()), extension(x509.OCSPNoCheck())],
        [tlv(b"\x05\x00")],
        [tlv(b"\x30\x00")],
        [tlv(bytes.fromhex("30090603551d130402ffff"))],
        [tlv(bytes.fromhex("300c0603551d1104053003a30100"))],
    ],
    ids=["twice", "null", "empty", "broken constraints", "X.400 name"],
)
def test_extensions_that_cannot_be_read_are_a_named_error(extensions: list[TLV]) -> None:
    with pytest.raises(CmpFormatError, match="template cannot be read"):
        template_request(template(extensions=extensions))


@pytest.mark.parametrize(
    "raw", [b"", b"\x05\x00", b"\x30\x02\x05\x00", bytes.fromhex("300d310b300906035504030c02ffff")]
)
def test_a_name_that_cannot_be_read_is_a_named_error(raw: bytes) -> None:
    with pytest.raises(CmpFormatError):
        name_from_der(raw)


@pytest.mark.parametrize("extensions", [None, [extension(x509.OCSPNoCheck())]])
def test_names_are_those_of_the_request_that_a_template_is_framed_as(
    extensions: list[TLV] | None,
) -> None:
    asked = template(extensions=extensions)
    framed = template_request(asked)
    subject, read = names_of(asked)
    assert (subject, list(read)) == (framed.subject, list(framed.extensions))
