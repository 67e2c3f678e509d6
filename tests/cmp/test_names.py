# SPDX-License-Identifier: Apache-2.0
from time import monotonic

import pytest

from selfrenew.cmp.names import same_name
from selfrenew.iso7816 import Tlv

_TEXTS = {
    0x0C: "utf-8",
    0x13: "ascii",
    0x16: "ascii",
    0x1E: "utf-16-be",
    0x1C: "utf-32-be",
}
_COMMON_NAME = bytes.fromhex("0603550403")
_ORGANISATION = bytes.fromhex("060355040a")


def attribute(value: str | bytes, tag: int = 0x0C, kind: bytes = _COMMON_NAME) -> bytes:
    raw = value if isinstance(value, bytes) else value.encode(_TEXTS[tag])
    return bytes(Tlv(0x30, kind + bytes(Tlv(tag, raw))))


def name(*rdns: bytes) -> bytes:
    """Make a Name of RDNs, each given as its attributes."""
    return bytes(Tlv(0x30, b"".join(bytes(Tlv(0x31, rdn)) for rdn in rdns)))


@pytest.mark.parametrize("one", _TEXTS)
@pytest.mark.parametrize("other", _TEXTS)
def test_how_a_text_is_encoded_makes_no_difference(one: int, other: int) -> None:
    assert same_name(name(attribute("An Issuer", one)), name(attribute("An Issuer", other)))
    assert not same_name(name(attribute("An Issuer", one)), name(attribute("An Issue", other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("An Issuer", "AN ISSUER"),
        ("An Issuer", " an  issuer "),
        ("An Issuer", "an\u00a0issuer"),
        ("Straße", "STRASSE"),
        ("Zoë", "ZOE\u0308"),
        ("ﬁrst", "first"),
    ],
)
def test_case_spaces_and_composition_make_no_difference(one: str, other: str) -> None:
    assert same_name(name(attribute(one)), name(attribute(other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [("An Issuer", "AnIssuer"), ("Zoë", "Zoe"), ("An Issuer", "An Issuer 2"), ("a", "")],
)
def test_another_text_is_another_name(one: str, other: str) -> None:
    assert not same_name(name(attribute(one)), name(attribute(other)))


def test_the_order_of_names_counts_and_within_one_it_does_not() -> None:
    person, place = attribute("a"), attribute("b", kind=_ORGANISATION)
    assert same_name(name(person + place), name(place + attribute("A")))
    assert not same_name(name(person, place), name(place, person))
    assert not same_name(name(person, place), name(person + place))
    assert not same_name(name(person, place), name(person))


def test_the_kind_of_an_attribute_counts() -> None:
    assert not same_name(name(attribute("a")), name(attribute("a", kind=_ORGANISATION)))


@pytest.mark.parametrize("tag", [0x14, 0x04, 0x03])
def test_what_is_no_known_text_is_compared_as_it_was_encoded(tag: int) -> None:
    assert same_name(name(attribute(b"\0a", tag)), name(attribute(b"\0a", tag)))
    assert not same_name(name(attribute(b"\0a", tag)), name(attribute(b"\0A", tag)))
    assert not same_name(name(attribute(b"a", tag)), name(attribute("a")))


def test_a_text_that_cannot_be_read_is_compared_as_it_was_encoded() -> None:
    broken, wider = attribute(b"\xff"), attribute("other", kind=_ORGANISATION)
    assert same_name(name(broken + wider), name(wider + broken))
    assert not same_name(name(broken), name(attribute(b"\xfe")))


def test_what_is_no_name_is_nobodys() -> None:
    for broken in (b"", b"\x30", b"\x30\x02\x05\x00", bytes.fromhex("30023100"), b"\x05\x00"):
        assert not same_name(broken, name(attribute("a")))
        assert not same_name(name(attribute("a")), broken)


def test_a_name_far_too_long_costs_nothing() -> None:
    long = name(*(attribute("a") for _ in range(50_000)))
    other = name(*(attribute("A") for _ in range(50_000)))
    begun = monotonic()
    assert same_name(long, bytes(long))
    assert not same_name(long, other)
    assert monotonic() - begun < 1
