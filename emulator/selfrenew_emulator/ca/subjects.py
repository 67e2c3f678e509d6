# SPDX-License-Identifier: Apache-2.0
"""Subjects that RFC 5280 lets a CA certify (4.1.2.4, 4.1.2.6 and the upper bounds of A.1).

A Name is looked at as it came, before the library reads it: that warns of some of these, puts up
with others, and compares names without the types of their texts.
"""

import re
import warnings
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.asn1 import TLV
from cryptography.x509.oid import NameOID

from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import attributes_of, decode_list
from selfrenew.cmp.structures import FailureInfo, GenMsgContent

from .errors import RequestRefusedError

# The library warns of a common name of more bytes than a text may have characters. Here it is
# decided what a subject may hold, and a log of a CA is no place for a traceback's worth of it.
warnings.filterwarnings("ignore", "Attribute's length must be", UserWarning)

_UTF8, _PRINTABLE, _IA5 = b"\x0c", b"\x13", b"\x16"
_MAIL = NameOID.EMAIL_ADDRESS
_KEPT_BYTES = 1024
_TEXT = frozenset({_PRINTABLE, _UTF8})
"""The two of a DirectoryString's five types that new subjects may have (4.1.2.4)."""
_PRINTABLE_TEXT = re.compile(r"[A-Za-z0-9 '()+,./:=?-]*")
"""X.680, 41.4."""
_COUNTRY_LETTERS = 2
_TYPES = {
    NameOID.COUNTRY_NAME: frozenset({_PRINTABLE}),
    NameOID.SERIAL_NUMBER: frozenset({_PRINTABLE}),
    NameOID.DN_QUALIFIER: frozenset({_PRINTABLE}),
    _MAIL: frozenset({_IA5}),
    NameOID.DOMAIN_COMPONENT: frozenset({_IA5}),
}
# Those of postalCode and streetAddress are X.520's, as RFC 5280 names none.
_LONGEST = {
    NameOID.COMMON_NAME: 64,
    NameOID.ORGANIZATION_NAME: 64,
    NameOID.ORGANIZATIONAL_UNIT_NAME: 64,
    NameOID.TITLE: 64,
    NameOID.SERIAL_NUMBER: 64,
    NameOID.POSTAL_CODE: 40,
    NameOID.STREET_ADDRESS: 128,
    NameOID.LOCALITY_NAME: 128,
    NameOID.STATE_OR_PROVINCE_NAME: 128,
    NameOID.PSEUDONYM: 128,
    _MAIL: 255,
    NameOID.SURNAME: 32_768,
    NameOID.GIVEN_NAME: 32_768,
    NameOID.INITIALS: 32_768,
    NameOID.GENERATION_QUALIFIER: 32_768,
}
_OTHERS_OF_TEXT = frozenset({b"\x14", b"\x1c", b"\x1e"})
"""TeletexString, UniversalString and BMPString, in an attribute of whatever kind."""


def check_subject(der: bytes) -> None:
    """Require that a Name can be certified. Raise RequestRefusedError, or CmpFormatError."""
    why = _objection_once(der) if len(der) <= _KEPT_BYTES else _objection(der)
    if why is not None:
        raise RequestRefusedError(FailureInfo.badCertTemplate, f"RFC 5280 lets no subject {why}")


def check_mail(certificate: x509.Certificate) -> None:
    """Require the subject's e-mail addresses in subjectAltName too. Raise RequestRefusedError."""
    mail = {each.value for each in certificate.subject.get_attributes_for_oid(_MAIL)}
    if not mail:
        return
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        named = set()
    else:
        named = set(names.get_values_for_type(x509.RFC822Name))
    if not mail <= named:
        raise RequestRefusedError(
            FailureInfo.badCertTemplate,
            "RFC 5280 lets no subject have an e-mail address that subjectAltName has not, "
            "which only an enrolment's extensions put there",
        )


def _objection(der: bytes) -> str | None:
    for rdn in decode_list(GenMsgContent, der):
        for attribute in attributes_of(rdn):
            why = _objection_to(attribute.type, attribute.value)
            if why is not None:
                return why
    return None


# Who asks for one certificate asks for another. What anybody sends is kept, so it must be short.
_objection_once = lru_cache(maxsize=1024)(_objection)


def _objection_to(kind: x509.ObjectIdentifier, value: TLV) -> str | None:
    tag = value.tag_bytes
    known = kind in _TYPES or kind in _LONGEST
    if tag in _OTHERS_OF_TEXT or (known and tag not in _TYPES.get(kind, _TEXT)):
        return f"have a text of the type {tag.hex()} for {kind.dotted_string}"
    if not known:
        return None
    try:
        text = bytes(value.data).decode("utf-8" if tag == _UTF8 else "ascii")
    except UnicodeDecodeError as error:
        raise CmpFormatError(f"a text in the subject is none: {error.reason}") from error
    if tag == _PRINTABLE and not _PRINTABLE_TEXT.fullmatch(text):
        return f"have a character in {kind.dotted_string} that no PrintableString has"
    if not 1 <= len(text) <= _LONGEST.get(kind, len(text)):
        return f"have {len(text)} characters for {kind.dotted_string}"
    if kind == NameOID.COUNTRY_NAME and not (len(text) == _COUNTRY_LETTERS and text.isalpha()):
        return "have a country that is not two letters"
    return None
