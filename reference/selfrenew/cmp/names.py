# SPDX-License-Identifier: Apache-2.0
"""Whether two distinguished names are the same (RFC 5280, 7.1)."""

from functools import lru_cache
from unicodedata import normalize

from cryptography.hazmat.asn1 import TLV, sequence

from selfrenew.iso7816 import Tlv

from .errors import CmpFormatError
from .message import attributes_of, decode_list

_CHARACTER_SETS = {
    b"\x0c": "utf-8",  # UTF8String
    b"\x12": "ascii",  # NumericString
    b"\x13": "ascii",  # PrintableString
    b"\x16": "ascii",  # IA5String, in which domain components are
    b"\x1c": "utf-32-be",  # UniversalString
    b"\x1e": "utf-16-be",  # BMPString
}
"""The strings that are compared as text; TeletexString has no character set to rely on."""

_COMPARED_BYTES = 4096
_Attribute = tuple[str, str | bytes]


@sequence
class _Rdns:
    items: list[TLV]


def same_name(one: bytes, other: bytes) -> bool:
    """Tell whether two Names, as DER, name the same.

    How a string is encoded, its case and the number of its spaces make no difference. A name that
    is far too long for one is only the same as its very bytes: a peer that is not known yet may
    have sent it.
    """
    if one == other:
        return True
    if max(len(one), len(other)) > _COMPARED_BYTES:
        return False
    try:
        return _comparable(one) == _comparable(other)
    except CmpFormatError:
        return False


# An answer's sender is compared with each certificate that came along.
@lru_cache(maxsize=64)
def _comparable(name: bytes) -> tuple[frozenset[_Attribute], ...]:
    return tuple(
        frozenset(
            (attribute.type.dotted_string, _value(attribute.value))
            for attribute in attributes_of(rdn)
        )
        for rdn in decode_list(_Rdns, name)
    )


def _value(value: TLV) -> str | bytes:
    """Give a text as it is compared (RFC 4518, 2), anything else as it was encoded."""
    raw = bytes(value.data)
    character_set = _CHARACTER_SETS.get(value.tag_bytes)
    if character_set is not None:
        try:
            text = normalize("NFKC", normalize("NFKC", raw.decode(character_set)).casefold())
        except UnicodeDecodeError:
            pass
        else:
            return " ".join(text.split())
    return bytes(Tlv(int.from_bytes(value.tag_bytes), raw))
