# SPDX-License-Identifier: Apache-2.0
"""What is asked for in genm and told in genp and in generalInfo (RFC 9810, 5.3.19 and 5.1.1)."""

from enum import Enum, unique
from functools import cache

from cryptography import x509
from cryptography.hazmat.asn1 import TLV

from .algorithms import identifier, oid_of
from .message import decode_list, encode, encode_list, tlv
from .structures import GenMsgContent

_ID_IT = "1.3.6.1.5.5.7.4"


@unique
class InfoType(Enum):
    """The kinds of information, by the last number of their OID and named as the standard does."""

    CA_PROT_ENC_CERT = 1
    SIGN_KEY_PAIR_TYPES = 2
    ENC_KEY_PAIR_TYPES = 3
    PREFERRED_SYMM_ALG = 4
    CURRENT_CRL = 6
    UNSUPPORTED_OIDS = 7
    KEY_PAIR_PARAM_REQ = 10
    KEY_PAIR_PARAM_REP = 11
    IMPLICIT_CONFIRM = 13
    CONFIRM_WAIT_TIME = 14
    ORIG_PKI_MESSAGE = 15
    SUPP_LANG_TAGS = 16
    CA_CERTS = 17
    ROOT_CA_KEY_UPDATE = 18
    CERT_REQ_TEMPLATE = 19
    ROOT_CA_CERT = 20
    CERT_PROFILE = 21
    CRL_STATUS_LIST = 22
    CRLS = 23

    @property
    def oid(self) -> x509.ObjectIdentifier:
        """The OID under id-it."""
        return _oid_of(self.value)


@cache
def _oid_of(number: int) -> x509.ObjectIdentifier:
    return x509.ObjectIdentifier(f"{_ID_IT}.{number}")


def info(kind: InfoType, value: bytes | None = None) -> TLV:
    """Make an InfoTypeAndValue; `value` is DER."""
    return tlv(encode_list(GenMsgContent(items=identifier(kind.oid, value))))


def read_info(item: TLV) -> tuple[x509.ObjectIdentifier, bytes | None]:
    """Read an InfoTypeAndValue: its OID, and its value as DER. Raise CmpFormatError."""
    fields = decode_list(GenMsgContent, encode(item))
    return oid_of(fields), encode(fields[1]) if len(fields) == 2 else None


def find_info(items: list[TLV] | None, kind: InfoType) -> tuple[bool, bytes | None]:
    """Tell whether a kind is among generalInfo, and its value. Raise CmpFormatError."""
    values = find_all(items, kind)
    return bool(values), values[0] if values else None


def find_all(items: list[TLV] | None, kind: InfoType) -> list[bytes | None]:
    """Give the values of all of a kind in generalInfo. Raise CmpFormatError."""
    told = (read_info(item) for item in items or ())
    return [value for oid, value in told if oid == kind.oid]
