# SPDX-License-Identifier: Apache-2.0
"""Subjects that RFC 5280 forbids are not certified (4.1.2.4, 4.1.2.6, A.1)."""

import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from selfrenew.cmp.building import Protection, SignatureProtection
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import decode_list
from selfrenew.cmp.structures import BodyType, FailureInfo, GenMsgContent
from selfrenew_emulator.ca.errors import RequestRefusedError
from selfrenew_emulator.ca.requests import read_pkcs10
from selfrenew_emulator.ca.subjects import check_subject
from tests.linting import lint

from .conftest import Desk, new_key
from .requesting import name_with, pkcs10, request_with

MACHINE = x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB")
UTF8, PRINTABLE, IA5 = 0x0C, 0x13, 0x16
FORBIDDEN = {
    "CN of 65": name_with(NameOID.COMMON_NAME, UTF8, b"x" * 65),
    "no CN": name_with(NameOID.COMMON_NAME, UTF8, b""),
    "O of 65": name_with(NameOID.ORGANIZATION_NAME, UTF8, b"x" * 65),
    "street of 129": name_with(NameOID.STREET_ADDRESS, UTF8, b"x" * 129),
    "postal code of 41": name_with(NameOID.POSTAL_CODE, PRINTABLE, b"1" * 41),
    "country of three": name_with(NameOID.COUNTRY_NAME, PRINTABLE, b"GBR"),
    "country of digits": name_with(NameOID.COUNTRY_NAME, PRINTABLE, b"44"),
    "country in UTF-8": name_with(NameOID.COUNTRY_NAME, UTF8, b"GB"),
    "mail in UTF-8": name_with(NameOID.EMAIL_ADDRESS, UTF8, b"a@b.test"),
    "serial number in UTF-8": name_with(NameOID.SERIAL_NUMBER, UTF8, b"1"),
    "domain in UTF-8": name_with(NameOID.DOMAIN_COMPONENT, UTF8, b"test"),
    "BMPString": name_with(NameOID.COMMON_NAME, 0x1E, b"\0x"),
    "UniversalString": name_with(NameOID.COMMON_NAME, 0x1C, b"\0\0\0x"),
    "TeletexString": name_with(NameOID.COMMON_NAME, 0x14, b"x"),
    "TeletexString of another kind": name_with(NameOID.USER_ID, 0x14, b"x"),
    "IA5String": name_with(NameOID.COMMON_NAME, IA5, b"x"),
    "@ in a PrintableString": name_with(NameOID.COMMON_NAME, PRINTABLE, b"a@b"),
}
ALLOWED = {
    "CN of 64 letters of two bytes": name_with(NameOID.COMMON_NAME, UTF8, "\u00e9".encode() * 64),
    "CN as PrintableString": name_with(NameOID.COMMON_NAME, PRINTABLE, b"O'Neil (1)"),
    "mail": name_with(NameOID.EMAIL_ADDRESS, IA5, b"a@b.test"),
    "street of 128": name_with(NameOID.STREET_ADDRESS, UTF8, b"x" * 128),
    "postal code of 40": name_with(NameOID.POSTAL_CODE, PRINTABLE, b"1" * 40),
    "surname of 65": name_with(NameOID.SURNAME, UTF8, b"x" * 65),
    "user of any length": name_with(NameOID.USER_ID, UTF8, b"x" * 300),
    "nothing": b"\x30\x00",
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_subject_that_is_forbidden_is_not_certified(desk: Desk, name: str) -> None:
    subject, key = FORBIDDEN[name], new_key()
    before = len(desk.ca.certificates())
    for body_type, content in (
        (BodyType.IR, request_with(key, MACHINE, subject=decode_list(GenMsgContent, subject))),
        (BodyType.P10CR, pkcs10(key, subject)),
    ):
        talk = desk.talk(desk.enrolled())
        talk.say(body_type, content)
        assert talk.reasons == {"badCertTemplate"}
        assert "RFC 5280" in talk.text
    assert len(desk.ca.certificates()) == before


# Of letters of two bytes, of which the library counts each as two.
@pytest.mark.filterwarnings("ignore:Attribute's length")
@pytest.mark.parametrize("name", ALLOWED)
def test_a_subject_that_is_not_forbidden_is_read(name: str) -> None:
    check_subject(ALLOWED[name])
    assert read_pkcs10(pkcs10(new_key(), ALLOWED[name])).subject.public_bytes() == ALLOWED[name]


NAMED, UNNAMED = "a@b.test", "other@b.test"
WITH_MAIL = x509.Name(
    [
        x509.NameAttribute(NameOID.COMMON_NAME, "machine"),
        x509.NameAttribute(NameOID.EMAIL_ADDRESS, NAMED),
    ]
)


@pytest.mark.parametrize("asked", [WITH_MAIL, x509.Name([])], ids=["asked", "enrolled"])
@pytest.mark.parametrize("address", [None, UNNAMED, NAMED])
def test_a_subjects_mail_address_is_in_the_alternative_names_too(
    desk: Desk, asked: x509.Name, address: str | None
) -> None:
    names = x509.SubjectAlternativeName([x509.RFC822Name(address or UNNAMED)])
    added = [] if address is None else [x509.Extension(names.oid, critical=False, value=names)]
    by: Protection = desk.enrolled(subject=WITH_MAIL, extensions={"general": added})
    for body_type in (BodyType.IR, BodyType.KUR):
        talk, key = desk.talk(by), new_key()
        talk.ask(asked, key, body_type)
        if address != NAMED:
            assert talk.reasons == {"badCertTemplate"}
            assert "subjectAltName" in talk.text
            return
        assert lint(talk.certificate) == []
        by = SignatureProtection(key, talk.certificate)
        talk.confirm()


def test_the_library_does_not_warn_of_subjects_where_a_ca_runs() -> None:
    name = FORBIDDEN["country of three"]
    program = (
        "from selfrenew.cmp.template import name_from_der; import selfrenew_emulator.ca;"
        f"print(len(list(name_from_der(bytes.fromhex('{name.hex()}')))))"
    )
    ran = subprocess.run(  # noqa: S603  this Python
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert (ran.stdout.strip(), ran.stderr) == ("1", "")


def test_a_text_that_is_none_is_no_name() -> None:
    with pytest.raises(CmpFormatError):
        check_subject(name_with(NameOID.COMMON_NAME, UTF8, b"\xff\xfe"))


def test_one_in_a_request_that_the_owner_brings_is_told() -> None:
    with pytest.raises(RequestRefusedError, match="two letters") as refused:
        read_pkcs10(pkcs10(new_key(), FORBIDDEN["country of three"]))
    assert refused.value.reason is FailureInfo.badCertTemplate
