# SPDX-License-Identifier: Apache-2.0
"""What a card does over which interface (SP 800-73-4 Part 1, tables 2 and 4; Part 2, 3)."""

from itertools import product

import pytest

from selfrenew_emulator.card import Interface, Interfaces, NoSuchInterfaceError
from tests.secure_messaging_host import tlv

from .conftest import PIN, PUK, make_terminal
from .secure_card import GLOBAL, OBJECTS, SecureCard, make_secure_card, pairing_code

ALWAYS = {"5FC102", "5FC101", "7E", "7F61", "5FC122"}
WITH_PIN = {"5FC103", "5FC108", "5FC109", "5FC121", "5FC123"}
DIGEST = tlv("7C", bytes.fromhex("8200") + tlv("81", bytes(range(32))))
POINT = bytes.fromhex(
    "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F"
    "9E162BCE33576B315ECECBB6406837BF51F5"
)
AGREE = tlv("7C", bytes.fromhex("8200") + tlv("85", POINT))
KEYS = ("9A", "9C", "9D", "9E", *(f"{number:02X}" for number in range(0x82, 0x96)))

# How the card is spoken to, and whether that is as good as its contacts.
CHANNELS = {
    "contact": (Interface.CONTACT, {"establish": False}, True),
    "contact, SM": (Interface.CONTACT, {}, True),
    "contactless": (Interface.CONTACTLESS, {"establish": False}, False),
    "contactless, SM": (Interface.CONTACTLESS, {}, False),
    "VCI": (Interface.CONTACTLESS, {"pair": True}, True),
    "VCI without pairing code": (Interface.CONTACTLESS, {"pairing_code_required": False}, True),
}


class Channel:
    """Sends in plain or under secure messaging, whichever the row of the table says."""

    def __init__(self, name: str) -> None:
        interface, options, self.trusted = CHANNELS[name]
        self.made = make_secure_card("CS2", interface, **options)
        self.secured = options.get("establish", True)

    def send(self, header: str, data: bytes = b"", *, le: bool = True) -> str:
        if self.secured:
            return self.made.host.send(header, data, le=le)[1]
        return self.made.terminal.send("00" + header, data, le="00" if le else "")[1]

    def get(self, tag: str) -> str:
        return self.send("CB3FFF", tlv("5C", bytes.fromhex(tag)))

    def pin_verified(self) -> "Channel":
        # Over a channel that may not, the status is set from outside: it must not be enough.
        if self.trusted:
            assert self.send("200080", PIN.ljust(8, b"\xff"), le=False) == "9000"
        else:
            self.made.card._security.verified.add(0x80)  # noqa: SLF001
            self.made.card._security.pin_just_verified = True  # noqa: SLF001
        return self


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("pin", [False, True], ids=["no PIN", "PIN"])
def test_each_object_is_read_where_table_2_says(channel: str, pin: bool) -> None:
    through = Channel(channel)
    if pin:
        through.pin_verified()
    for tag in OBJECTS:
        may = tag in ALWAYS or (through.trusted and (pin or tag not in WITH_PIN))
        assert (tag, through.get(tag)) == (tag, "9000" if may else "6982")


@pytest.mark.parametrize(("channel", "key"), [*product(CHANNELS, KEYS)])
def test_each_key_is_used_where_table_4b_says(channel: str, key: str) -> None:
    request = AGREE if key == "9D" or key < "96" else DIGEST
    through = Channel(channel)
    assert through.send(f"8711{key}", request) == ("9000" if key == "9E" else "6982")
    through.pin_verified()
    may = key == "9E" or through.trusted
    assert through.send(f"8711{key}", request) == ("9000" if may else "6982")


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_management_key_is_for_the_contacts_alone(channel: str) -> None:
    through = Channel(channel)
    contact = through.made.card._security.interface is Interface.CONTACT  # noqa: SLF001
    expected = "9000" if contact else "6982"
    assert through.send("870A9B", bytes.fromhex("7C028100")) == expected


# Reference data and command by channel: SM and VCI as tables 2 and 4a have them.
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(("reference", "secret"), [("80", PIN), ("00", GLOBAL)])
def test_a_pin_is_taken_over_contacts_real_or_virtual(
    channel: str, reference: str, secret: bytes
) -> None:
    through = Channel(channel)
    padded = secret.ljust(8, b"\xff")
    for header, data in (
        (f"2000{reference}", b""),
        (f"2000{reference}", padded),
        (f"20FF{reference}", b""),
        (f"2400{reference}", padded + b"24681357"),
    ):
        answer = through.send(header, data, le=False)
        if through.trusted:
            # Through the air one of the three is kept.
            allowed = "63C2" if channel.startswith("VCI") else "63C3"
            assert answer == (allowed if header[:4] == "2000" and not data else "9000")
        else:
            assert answer == "6982"
    changed = through.made.card.state.references[int(reference, 16)].matches(b"24681357")
    assert changed == through.trusted


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_puk_is_for_the_contacts_alone(channel: str) -> None:
    through = Channel(channel)
    contact = through.made.card._security.interface is Interface.CONTACT  # noqa: SLF001
    before = through.made.card.state
    answer = through.send("240081", PUK + b"11223344", le=False)
    assert answer == ("9000" if contact else "6A81")
    assert (through.made.card.state == before) is not contact


@pytest.mark.parametrize("command", ["002C0080", "00DB3FFF", "0047009A", "102C0080", "10DB3FFF"])
def test_commands_for_the_contacts_are_no_function_of_the_air(command: str) -> None:
    made = make_secure_card(pair=True)
    assert made.terminal.raw(command + "08" + "31" * 8) == "6A81"


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_pairing_code_wants_secure_messaging_over_the_air(channel: str) -> None:
    through = Channel(channel)
    through.made.card._security.verified.discard(0x98)  # noqa: SLF001
    plain_air = channel == "contactless"
    for data, expected in (
        (b"", "6300"),
        (b"1234567", "6A80"),
        (b"12345678", "6300"),
        (b"1234567a", "6A80"),
        (pairing_code(), "9000"),
        (b"", "9000"),
        (b"123456\xff\xff", "6A80"),
        (b"", "9000"),
    ):
        answer = through.send("200098", data, le=False)
        assert answer == ("6982" if plain_air else expected)
    if not plain_air:
        assert through.send("20FF98", le=False) == "9000"
        assert through.send("200098", le=False) == "6300"


def test_a_wrong_pairing_code_ends_the_virtual_contact_and_is_never_blocked() -> None:
    made = make_secure_card(pair=True)
    assert made.host.get("5FC105")[1] == "9000"
    for _ in range(20):
        assert made.host.verify("98", b"00000000") == "6300"
    assert made.host.get("5FC105")[1] == "6982"
    assert made.host.verify("98", pairing_code()) == "9000"
    assert made.host.get("5FC105")[1] == "9000"


def test_the_virtual_contact_is_only_in_the_session() -> None:
    made = make_secure_card(pair=True)
    assert made.host.verify("80", PIN) == "9000"
    for tag in ("5FC105", "5FC109"):
        assert made.terminal.get(tag)[1] == "6982"
    assert made.terminal.verify() == "6982"
    assert made.terminal.send("0087119A", DIGEST)[1] == "6982"
    assert made.host.get("5FC109")[1] == "9000"


@pytest.mark.parametrize("reserve", [0, 1, 2, 3, 15])
def test_the_last_tries_are_kept_from_the_air(reserve: int) -> None:
    made = make_secure_card(pair=True, contactless_reserve=reserve)
    tries = max(3 - reserve, 0)
    assert made.host.send("200080", le=False)[1] == f"63C{tries}"
    answers = [made.host.verify("80", b"000000") for _ in range(4)]
    assert answers == [f"63C{tries - n}" for n in range(1, tries + 1)] + ["6983"] * (4 - tries)
    assert made.host.verify("80", PIN) == "6983"
    change = PIN.ljust(8, b"\xff") + b"24681357"
    assert made.host.send("240080", change, le=False)[1] == "6983"
    left = min(reserve, 3)
    # Blocked is a PIN without any try; one whose tries are kept has none that is allowed.
    assert made.host.send("200080", le=False)[1] == ("63C0" if left else "6983")
    assert made.card.state.references[0x80].tries == left
    made.card.power_on(Interface.CONTACT)
    assert made.terminal.tries() == (f"63C{left}" if left else "6983")
    assert made.terminal.verify() == ("9000" if left else "6983")
    made.card.power_on(Interface.CONTACTLESS)
    made.host.establish()
    assert made.host.verify("98", pairing_code()) == "9000"
    assert made.host.verify("80", PIN) == ("9000" if 0 < left < 3 else "6983")


def test_each_answer_tells_the_tries_that_are_further_allowed() -> None:
    made = make_secure_card(pair=True)
    change = b"000000\xff\xff" + b"24681357"
    told = []
    for header, data in (("200080", b"000000\xff\xff"), ("240080", change), ("240080", change)):
        told += [made.host.send(header, data, le=False)[1]]
        told += [made.host.send("200080", le=False)[1]]
    assert told == ["63C1", "63C1", "63C0", "63C0", "6983", "63C0"]


def test_the_reserve_is_that_of_each_pin() -> None:
    made = make_secure_card(pair=True)
    assert [made.host.verify("00", b"000000") for _ in range(3)] == ["63C1", "63C0", "6983"]
    assert made.host.verify("80", PIN) == "9000"


DISCOVERY = bytes.fromhex("7E124F0BA0000003080000100001005F2F02")


@pytest.mark.parametrize("first", range(256))
def test_the_card_takes_a_policy_it_keeps_and_no_other(first: int) -> None:
    """Part 1, table 1, without on-card comparison, which this card has not."""
    made = make_secure_card(interface=Interface.CONTACT)
    assert made.terminal.authenticate() == "9000"
    before = made.terminal.get("7E")
    good = first in {0x40, 0x48, 0x4C, 0x60, 0x68, 0x6C}
    second = b"\x10" if first & 0x20 else b"\0"
    content = DISCOVERY + bytes([first]) + second
    sw = made.terminal.send("00DB3FFF", content, le="")[1]
    assert sw == ("9000" if good else "6A80")
    assert made.terminal.get("7E") == ((content, "9000") if good else before)
    wrong = DISCOVERY + bytes([first]) + (b"\0" if first & 0x20 else b"\x10")
    assert made.terminal.send("00DB3FFF", wrong, le="")[1] == "6A80"


@pytest.mark.parametrize(
    "changes",
    [
        {"interfaces": Interfaces.CONTACT},
        {"card_verifiable_certificate": b""},
        {"objects": {}},
        {"objects": {0x5FC123: bytes.fromhex("99073132333435363700")}},
        {"objects": {0x5FC123: b"\x99\x08ABCDEFGH"}},
        {"objects": {0x5FC123: b"\x99\x0812345678\x53\x00"}},
        {"references": {}},
    ],
    ids=["contacts", "no CVC", "no code", "short code", "letters", "more", "no global PIN"],
)
def test_a_policy_the_card_has_not_the_means_for_is_refused(changes: dict[str, object]) -> None:
    made = make_secure_card("CS2", Interface.CONTACT, establish=False, **changes)
    assert made.terminal.authenticate() == "9000"
    policy = DISCOVERY + bytes.fromhex("6810")
    assert made.terminal.send("00DB3FFF", policy, le="")[1] == "6A80"


def test_the_pairing_code_stays_while_it_is_announced() -> None:
    made = make_secure_card("CS2", Interface.CONTACT)
    assert made.terminal.authenticate() == "9000"
    assert made.terminal.put("5FC123", b"") == "6A80"
    assert made.terminal.put("5FC123", tlv("99", b"1234567")) == "6A80"
    assert made.host.verify("98", pairing_code()) == "9000"
    assert made.terminal.put("5FC123", tlv("99", b"11112222")) == "9000"
    assert made.host.verify("98", b"") == "6A80"
    assert made.host.send("200098", le=False)[1] == "6300"
    assert made.host.verify("98", b"11112222") == "9000"
    assert made.terminal.send("00DB3FFF", DISCOVERY + b"\x40\0", le="")[1] == "9000"
    assert made.host.verify("98", b"11112222") == "6A88"
    assert made.terminal.put("5FC123", b"") == "9000"


@pytest.mark.parametrize(("suite", "sw"), [("CS2", "6A80"), ("CS7", "9000")])
@pytest.mark.parametrize("key", ["9C", "9D"])
def test_no_key_is_stronger_than_the_channel_to_it(suite: str, sw: str, key: str) -> None:
    """Part 2, 4.1.4: P-384 for signing or key management goes with CS7 alone."""
    made = make_secure_card(suite, Interface.CONTACT)
    assert made.terminal.authenticate() == "9000"
    before = made.card.state
    assert made.terminal.send(f"004700{key}", bytes.fromhex("AC03800114"))[1] == sw
    assert (made.card.state == before) == (sw != "9000")
    assert made.terminal.send("0047009A", bytes.fromhex("AC03800114"))[1] == "9000"


def test_the_atr_tells_a_card_in_the_air_from_one_in_a_slot() -> None:
    card = make_terminal(interfaces=Interfaces.DUAL).card
    assert card.power_on() == card.power_on(Interface.CONTACT)
    contactless = card.power_on(Interface.CONTACTLESS)
    assert contactless[:4] == bytes.fromhex("3B8A8001")
    check = 0
    for byte in contactless[1:]:
        check ^= byte
    assert (check, len(contactless)) == (0, 15)
    assert card.power_on()[:2] != contactless[:2]


@pytest.mark.parametrize(
    ("interfaces", "interface"),
    [
        (Interfaces.CONTACT, Interface.CONTACTLESS),
        (Interfaces.CONTACTLESS, Interface.CONTACT),
    ],
)
def test_a_reader_of_another_kind_does_not_reach_the_card(
    interfaces: Interfaces, interface: Interface
) -> None:
    made = make_secure_card(establish=False, interfaces=Interfaces.DUAL)
    made.card.state.interfaces = interfaces
    with pytest.raises(NoSuchInterfaceError, match=interface.value):
        made.card.power_on(interface)


def test_a_contactless_card_is_powered_through_the_air_by_default() -> None:
    made: SecureCard = make_secure_card(establish=False)
    made.card.state.interfaces = Interfaces.CONTACTLESS
    assert made.card.power_on()[:4] == bytes.fromhex("3B8A8001")
    assert made.terminal.get("5FC105")[1] == "6982"
    made.host.establish()
    assert made.host.get("5FC105")[1] == "6982"
    assert made.host.get("5FC102")[1] == "9000"
