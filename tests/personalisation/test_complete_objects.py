# SPDX-License-Identifier: Apache-2.0
"""The data objects of a complete card, field by field (SP 800-85B-4 draft, sections 4 and 8)."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import reduce
from operator import xor
from uuid import UUID

import pytest
from cryptography import x509

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Interface, Interfaces
from selfrenew_emulator.stage import DEFAULT_NOW
from tests import secure_messaging_host as standard

from .conftest import PIN, CompleteCard

RETIRED = [f"5FC1{number:02X}" for number in range(0x0D, 0x21)]
CERTIFICATES = ["5FC105", "5FC10A", "5FC10B", "5FC101", *RETIRED]
CONTACT_OBJECTS = [
    *("5FC107", "5FC102", "5FC103", "5FC106", "5FC108", "5FC109", "5FC10C", "7E"),
    *CERTIFICATES,
]
CAPACITIES = {
    "5FC107": 287,
    "5FC102": 2916,
    "5FC103": 4006,
    "5FC106": 1336,
    "5FC108": 12710,
    "5FC109": 245,
    "7E": 19,
    "5FC10C": 128,
    "5FC122": 2471,
    "5FC123": 12,
    **dict.fromkeys(CERTIFICATES, 1905),
}
"""SP 800-73-4 Part 1, table 7: what every card has room for."""


def tags(fields: list[tuple[int, bytes]]) -> list[int]:
    return [tag for tag, _ in fields]


def digits(fasc_n: bytes) -> list[int]:
    """Five bits a digit: four, least significant first, and odd parity."""
    bits = "".join(f"{byte:08b}" for byte in fasc_n)
    groups = [bits[at : at + 5] for at in range(0, 200, 5)]
    assert all(group.count("1") % 2 for group in groups)
    return [int(group[3::-1], 2) for group in groups]


@pytest.mark.parametrize("tag", CAPACITIES)
def test_an_object_fits_where_every_card_has_room_for_it(card: CompleteCard, tag: str) -> None:
    assert 0 < len(card.content(tag)) <= CAPACITIES[tag]


def test_the_capability_container_has_its_fields_in_order(card: CompleteCard) -> None:
    """AS04.01.01, AS04.02.01: all mandatory tags, the data model number 10 the only value."""
    fields = card.fields("5FC107")
    assert tags(fields) == [*range(0xF0, 0xF8), *range(0xFA, 0xFF)]
    assert [each for each in fields if each[1]] == [(0xF5, b"\x10")]


def test_the_chuid_has_its_fields_in_order(card: CompleteCard) -> None:
    """AS04.01.01, AS04.03.01: the FASC-N, a UUID of version 4, a date within six years."""
    fields = card.fields("5FC102")
    assert tags(fields) == [0x30, 0x34, 0x35, 0x3E, 0xFE]
    values = dict(fields)
    assert (len(values[0x30]), values[0xFE]) == (25, b"")
    uuid = UUID(bytes=values[0x34])
    assert (uuid.variant, uuid.version) == ("specified in RFC 4122", 4)
    expires = date.fromisoformat(values[0x35].decode("ascii"))
    assert len(values[0x35]) == 8
    assert DEFAULT_NOW.date() < expires < DEFAULT_NOW.date() + timedelta(days=6 * 365)


def test_the_fasc_n_has_all_its_parts(card: CompleteCard) -> None:
    """AS04.03.01: agency, system and credential number, the rest populated, a checksum."""
    start, separator, end = 0xB, 0xD, 0xF
    found = digits(card.fasc_n)
    assert found[0] == start
    assert [found[at] for at in (5, 10, 17, 19, 21)] == [separator] * 5
    assert found[38] == end
    numbers = [each for at, each in enumerate(found[:38]) if at not in {0, 5, 10, 17, 19, 21}]
    assert all(each < 10 for each in numbers)
    assert found[39] == reduce(xor, found[:39])


def test_the_printed_information_has_its_fields_in_order(card: CompleteCard) -> None:
    """AS04.01.01, SP 800-73-4 Part 1, table 14; the date as in the CHUID, in words."""
    fields = card.fields("5FC109")
    assert tags(fields) == [0x01, 0x02, 0x04, 0x05, 0x06, 0x07, 0x08, 0xFE]
    limits = dict(zip(tags(fields), (125, 20, 9, 20, 15, 20, 20, 0), strict=True))
    texts = {tag: text.decode("ascii") for tag, text in fields}
    assert all(len(text) <= limits[tag] for tag, text in texts.items())
    assert texts[0x01] == "Zoe Archer"
    expires = date.fromisoformat(dict(card.fields("5FC102"))[0x35].decode())
    assert texts[0x04] == expires.strftime("%Y%b%d").upper()
    assert len(texts[0x06]) == 15


@pytest.mark.parametrize("tag", CERTIFICATES)
def test_a_certificate_object_has_its_fields_in_order(card: CompleteCard, tag: str) -> None:
    """AS04.01.01: 70, 71 and FE; the certificate is DER, not compressed, of at most 1,856 bytes."""
    assert isinstance(card.certificate(tag), x509.Certificate)
    assert len(dict(card.fields(tag))[0x70]) <= 1856


def test_the_key_history_counts_twenty_keys_with_their_certificates(card: CompleteCard) -> None:
    """AS04.08.01: no address, since none is without its certificate here."""
    assert card.fields("5FC10C") == [(0xC1, b"\x14"), (0xC2, b"\x00"), (0xFE, b"")]


@pytest.mark.parametrize(
    ("interfaces", "options", "policy"),
    [
        (Interfaces.CONTACT, {}, "4000"),
        (Interfaces.CONTACT, {"global_pin": b"97531086"}, "6010"),
        (Interfaces.DUAL, {}, "4800"),
        (Interfaces.DUAL, {"pairing_code_required": False}, "4C00"),
        (Interfaces.DUAL, {"global_pin": b"97531086"}, "6810"),
    ],
)
def test_the_discovery_object_announces_what_the_card_does(
    make_complete: Callable[..., CompleteCard],
    interfaces: Interfaces,
    options: dict[str, object],
    policy: str,
) -> None:
    """AS04.09.01, by the bits of SP 800-73-4 Part 1, table 1."""
    card = make_complete(interfaces, **options)
    aid = bytes.fromhex("A000000308000010000100")
    assert card.fields("7E") == [(0x4F, aid), (0x5F2F, bytes.fromhex(policy))]
    if "global_pin" in options:
        assert card.send("0020000008" + b"97531086".hex())[1] == "9000"


def test_the_pairing_code_is_the_one_the_card_takes(card: CompleteCard) -> None:
    """AS04.12.01: the container has a copy of it."""
    (code_tag, code), end = card.fields("5FC123")
    assert (code_tag, len(code), code.isdigit(), end) == (0x99, 8, True, (0xFE, b""))
    card.card.power_on(Interface.CONTACTLESS)
    host = standard.Host(card.card.transmit, standard.CS2)
    host.establish()
    assert host.verify("98", code) == "9000"
    assert host.verify("80", PIN) == "9000"


@pytest.mark.parametrize(
    ("algorithm", "suite"),
    [(Algorithm.P256, standard.CS2), (Algorithm.P384, standard.CS7)],
    ids=["P256", "P384"],
)
def test_the_signer_of_the_secure_messaging_certificate_is_on_the_card(
    make_complete: Callable[..., CompleteCard], algorithm: Algorithm, suite: standard.Suite
) -> None:
    """AS04.11.01, AS07.05.01 to .12: the suite is as strong as the card's keys."""
    card = make_complete(Interfaces.DUAL, algorithm=algorithm)
    assert tags(card.fields("5FC122")) == [0x70, 0x71, 0xFE]
    signer, guid = card.content("5FC122"), card.guid
    card.card.power_on(Interface.CONTACTLESS)
    host = standard.Host(card.card.transmit, suite)
    host.establish()
    assert standard.verify_certificate(suite, host.certificate, signer)[1] == guid


@pytest.mark.parametrize("tag", ["5FC121", "7F61"])
def test_what_the_card_does_not_have_is_not_there(card: CompleteCard, tag: str) -> None:
    """Iris images are optional, and on-card comparison is not offered (AS04.10.02)."""
    assert card.verify() == "9000"
    assert card.get(tag)[1] == "6a82"


@pytest.mark.parametrize("tag", ["5FC122", "5FC123"])
def test_a_card_with_contacts_alone_has_nothing_for_the_air(
    make_complete: Callable[..., CompleteCard], tag: str
) -> None:
    card = make_complete(Interfaces.CONTACT)
    assert card.verify() == "9000"
    assert card.get(tag)[1] == "6a82"
    for each in CONTACT_OBJECTS:
        assert card.content(each)
