# SPDX-License-Identifier: Apache-2.0
"""Commands and answers under secure messaging (SP 800-73-4 Part 2, 4.2 and 4.3)."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from selfrenew_emulator.card import Interface
from selfrenew_emulator.card.keys import load_key
from tests.secure_messaging_host import Host, SecureMessagingRefusedError, tlv, value

from .conftest import PIN
from .secure_card import SecureCard, make_secure_card

BOTH = pytest.mark.parametrize("suite", ["CS2", "CS7"])
DIGEST = bytes(range(32))
SIGN = tlv("7C", bytes.fromhex("8200") + tlv("81", DIGEST))
READ = "CB3FFF"


def refused(host: Host, apdus: list[bytes]) -> str:
    """Have the card refuse a chain in plain; give the status word."""
    with pytest.raises(SecureMessagingRefusedError) as refusal:
        host.deliver(apdus)
    return refusal.value.sw


def has_session(made: SecureCard) -> bool:
    """Ask in a way that does not depend on the host's own state."""
    answer = made.card.transmit(bytes.fromhex("0CCB3FFF00"))
    assert answer in {b"\x69\x82", b"\x69\x87"}
    return answer == b"\x69\x87"


@BOTH
@pytest.mark.parametrize("interface", list(Interface))
def test_a_signature_over_a_protected_channel_verifies(suite: str, interface: Interface) -> None:
    made = make_secure_card(suite, interface, pair=True)
    assert made.host.verify("80", PIN) == "9000"
    answer, sw = made.host.send("87119A", SIGN)
    assert sw == "9000"
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _point(made, "9A"))
    signature = value(value(answer, "7C"), "82")
    public.verify(signature, DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))


def _point(made: SecureCard, reference: str) -> bytes:
    key = load_key(made.card.state.keys[int(reference, 16)].material)
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@BOTH
@pytest.mark.parametrize("size", [1, 15, 16, 17, 100, 255, 256, 1000, 4000])
def test_an_object_of_any_size_comes_through_whole(suite: str, size: int) -> None:
    made = make_secure_card(suite)
    made.card.state.objects[0x5FC102] = bytes(range(256)) * (size // 256) + bytes(size % 256)
    content = tlv("53", made.card.state.objects[0x5FC102])
    for _ in range(2):
        assert made.host.get("5FC102") == (content, "9000")


def test_an_answer_of_any_length_fits_an_extended_le() -> None:
    made = make_secure_card(pair=True)
    body = made.host.protect(READ, bytes.fromhex("5C035FC105"))
    apdu = b"\x0c\xcb\x3f\xff\0" + len(body).to_bytes(2, "big") + body + b"\0\0"
    answer = made.card.transmit(apdu)
    assert answer[-2:] == b"\x90\0"
    assert made.host.open(answer[:-2])[0] == made.host.get("5FC105")[0]


def test_the_bytes_of_a_command_are_those_of_the_standards_example() -> None:
    """As appendix A.6: 1D bytes for a code, 20 for GET DATA, 0A for VERIFY without data."""
    made = make_secure_card()
    code = made.host.protect("200098", b"65135275", le=False)
    assert (len(code), code[:3].hex()) == (0x1D, "871101")
    read = made.host.protect("CB3FFF", bytes.fromhex("5C035FC105"))
    assert (len(read), read[19:22].hex()) == (0x20, "970100")
    assert len(made.host.protect("200080", le=False)) == 0x0A


def test_a_refusal_inside_is_protected_and_the_session_goes_on() -> None:
    made = make_secure_card(pair=True)
    assert made.host.verify("80", b"000000") == "63C1"
    assert made.host.send("200080", le=False)[1] == "63C1"
    assert made.host.get("5FC1FF")[1] == "6A82"
    assert made.host.send("CB3F00", tlv("5C", b"\x7e"))[1] == "6A86"
    assert made.host.verify("80", PIN) == "9000"
    assert made.host.send("200080", le=False)[1] == "9000"


def test_a_refusal_inside_leaves_nothing_written() -> None:
    made = make_secure_card(interface=Interface.CONTACT)
    before = made.card.state
    assert made.host.send("240080", PIN.ljust(8, b"\xff") + b"12345\xff\xff\xff", le=False) == (
        b"",
        "6A80",
    )
    assert made.card.state == before


def test_the_pin_is_changed_over_the_virtual_contact_interface() -> None:
    made = make_secure_card(pair=True)
    both = b"123456\xff\xff" + b"24681357"
    assert made.host.send("240080", both, le=False) == (b"", "9000")
    assert made.host.verify("80", b"24681357") == "9000"


def test_a_command_in_many_parts_is_one_command() -> None:
    made = make_secure_card(interface=Interface.CONTACT)
    body = made.host.protect("87119E", SIGN)
    for_each_byte = [
        (b"\x1c" if at + 1 < len(body) else b"\x0c")
        + bytes.fromhex("87119E01")
        + body[at : at + 1]
        + (b"" if at + 1 < len(body) else b"\0")
        for at in range(len(body))
    ]
    assert made.host.deliver(for_each_byte)[1] == "9000"


def test_the_digital_signature_key_wants_the_pin_immediately_before_each_use() -> None:
    made = make_secure_card(pair=True)
    assert made.host.verify("80", PIN) == "9000"
    assert made.host.send("87119C", SIGN)[1] == "9000"
    assert made.host.send("87119C", SIGN)[1] == "6982"
    assert made.host.verify("80", PIN) == "9000"
    assert made.host.get("7E")[1] == "9000"
    assert made.host.send("87119C", SIGN)[1] == "6982"


@pytest.mark.parametrize("at", range(32))
def test_each_byte_of_the_data_field_is_guarded(at: int) -> None:
    made = make_secure_card()
    body = bytearray(made.host.protect(READ, bytes.fromhex("5C017E")))
    body[at] ^= 1
    assert refused(made.host, made.host.apdus(READ, bytes(body))) in {"6987", "6988"}
    assert not has_session(made)


@pytest.mark.parametrize("header", ["CB3FFE", "CB3EFF", "87119E", "240080"])
def test_instruction_and_parameters_are_guarded(header: str) -> None:
    made = make_secure_card()
    body = made.host.protect(READ, bytes.fromhex("5C017E"))
    assert refused(made.host, made.host.apdus(header, body)) == "6988"
    assert not has_session(made)


CRYPTOGRAM = tlv("87", b"\x01" + bytes(16))
LE, MAC = bytes.fromhex("970100"), tlv("8E", bytes(8))


@pytest.mark.parametrize(
    ("body", "sw"),
    [
        (b"", "6987"),
        (CRYPTOGRAM, "6987"),
        (CRYPTOGRAM + LE, "6987"),
        (MAC, "6987"),
        (LE + MAC, "6987"),
        (LE + CRYPTOGRAM + MAC, "6988"),
        (MAC + CRYPTOGRAM, "6988"),
        (CRYPTOGRAM + CRYPTOGRAM + MAC, "6988"),
        (CRYPTOGRAM + LE + LE + MAC, "6988"),
        (CRYPTOGRAM + MAC + MAC, "6988"),
        (CRYPTOGRAM + tlv("81", b"1") + MAC, "6988"),
        (CRYPTOGRAM + tlv("8E", bytes(7)), "6988"),
        (CRYPTOGRAM + tlv("8E", bytes(16)), "6988"),
        (CRYPTOGRAM + bytes.fromhex("8E8108") + bytes(8), "6988"),
        (CRYPTOGRAM + MAC + b"\0", "6988"),
        (b"\x87", "6988"),
        (bytes(40), "6987"),
    ],
    ids=range(17),
)
def test_objects_that_are_missing_or_out_of_place_end_the_session(body: bytes, sw: str) -> None:
    made = make_secure_card()
    apdu = b"\x0c\xcb\x3f\xff" + (bytes([len(body)]) if body else b"") + body + b"\0"
    assert refused(made.host, [apdu]) == sw
    assert not has_session(made)


@pytest.mark.parametrize(
    "body",
    [
        tlv("87", b""),
        tlv("87", b"\x01"),
        tlv("87", b"\x02" + bytes(16)),
        tlv("87", b"\x01" + bytes(15)),
        tlv("87", b"\x01" + bytes(17)),
        CRYPTOGRAM + tlv("97", b""),
        CRYPTOGRAM + tlv("97", b"\0\0\0"),
    ],
    ids=range(7),
)
def test_a_right_mac_does_not_make_a_wrong_object_right(body: bytes) -> None:
    made = make_secure_card()
    made.host.counter += 1
    whole = body + tlv("8E", made.host.authenticate(READ, body))
    assert refused(made.host, made.host.apdus(READ, whole)) == "6988"
    assert not has_session(made)


# OpenSC puts the size of its buffer there, and extended length has two bytes.
@pytest.mark.parametrize("le", ["08", "0000", "0100"])
def test_another_le_inside_gets_the_answer_whole(le: str) -> None:
    made = make_secure_card()
    made.host.counter += 1
    data = made.host.crypt(made.host.counter, bytes.fromhex("5C017E80") + bytes(12))
    body = tlv("87", b"\x01" + data) + tlv("97", bytes.fromhex(le))
    whole = body + tlv("8E", made.host.authenticate(READ, body))
    assert made.host.deliver(made.host.apdus(READ, whole)) == made.terminal.get("7E")


def test_a_mac_within_a_longer_object_is_none() -> None:
    made = make_secure_card()
    made.host.counter += 1
    data = made.host.crypt(made.host.counter, bytes.fromhex("5C017E80") + bytes(12))
    body = tlv("87", b"\x01" + data) + bytes.fromhex("8E12") + bytes(8)
    whole = body + tlv("8E", made.host.authenticate(READ, body))
    assert refused(made.host, made.host.apdus(READ, whole)) == "6988"


@pytest.mark.parametrize(
    "padded", [bytes(16), b"\x80" + bytes(16 + 15), b"no padding at all...", bytes(31) + b"\x01"]
)
def test_padding_of_another_form_is_refused(padded: bytes) -> None:
    made = make_secure_card()
    made.host.counter += 1
    data = made.host.crypt(made.host.counter, padded.ljust(-(-len(padded) // 16) * 16, b"."))
    body = tlv("87", b"\x01" + data)
    whole = body + tlv("8E", made.host.authenticate(READ, body))
    assert refused(made.host, made.host.apdus(READ, whole)) == "6988"


def test_a_command_sent_again_is_refused_and_ends_the_session() -> None:
    made = make_secure_card()
    apdus = made.host.apdus(READ, made.host.protect(READ, bytes.fromhex("5C017E")))
    assert made.host.deliver(apdus)[1] == "9000"
    assert refused(made.host, apdus) == "6988"
    assert not has_session(made)


def test_a_command_left_out_is_noticed() -> None:
    made = make_secure_card()
    made.host.protect(READ, bytes.fromhex("5C017E"))
    later = made.host.apdus(READ, made.host.protect(READ, bytes.fromhex("5C017E")))
    assert refused(made.host, later) == "6988"


def test_a_command_of_an_earlier_session_is_refused() -> None:
    made = make_secure_card()
    apdus = made.host.apdus(READ, made.host.protect(READ, bytes.fromhex("5C017E")))
    made.host.establish()
    assert refused(made.host, apdus) == "6988"


@pytest.mark.parametrize("header", ["A40400", "DB3FFF", "2C0080", "47009A", "C00000", "CA0000"])
@pytest.mark.parametrize("cla", ["0C", "1C"])
def test_other_commands_have_no_secure_messaging(header: str, cla: str) -> None:
    made = make_secure_card(interface=Interface.CONTACT)
    body = made.host.protect(header, b"whatever")
    apdu = bytes.fromhex(cla + header) + bytes([len(body)]) + body + b"\0"
    assert refused(made.host, [apdu]) == "6882"
    assert not has_session(made)


@pytest.mark.parametrize("header", ["CB3FFF", "240080"])
def test_commands_that_are_not_chained_in_plain_are_not_chained_here(header: str) -> None:
    made = make_secure_card()
    assert made.card.transmit(bytes.fromhex("1C" + header + "0187")) == b"\x68\x82"
    assert not has_session(made)


def test_key_establishment_itself_is_in_plain() -> None:
    made = make_secure_card()
    request = made.host.request(ec.generate_private_key(ec.SECP256R1()))
    body = made.host.protect("872704", request[5:-1])
    assert refused(made.host, made.host.apdus("872704", body)) == "6882"
    assert not has_session(made)


def test_a_plain_command_leaves_the_session_as_it_is() -> None:
    made = make_secure_card(pair=True)
    assert made.terminal.get("5FC102")[1] == "9000"
    assert made.terminal.raw("00FF0000") == "6D00"
    assert made.host.get("5FC105")[1] == "9000"


def test_a_chain_is_protected_as_a_whole_or_not_at_all() -> None:
    made = make_secure_card(interface=Interface.CONTACT)
    first, last = made.host.apdus("87119E", made.host.protect("87119E", SIGN + bytes(300)))[:2]
    assert made.card.transmit(first) == b"\x90\0"
    plain = b"\0" + last[1:]
    assert made.card.transmit(plain)[-2:] == b"\x6a\x80"
    assert made.card.transmit(b"\x10" + first[1:]) == b"\x90\0"
    assert refused(made.host, [last]) in {"6987", "6988"}
    assert not has_session(made)


# OpenSC long padded no command of 16 bytes; the standard has one to sixteen bytes of padding.
def test_a_command_without_padding_is_refused() -> None:
    made = make_secure_card(pair=True)
    made.host.counter += 1
    both = PIN.ljust(8, b"\xff") + b"24681357"
    body = tlv("87", b"\x01" + made.host.crypt(made.host.counter, both))
    whole = body + tlv("8E", made.host.authenticate("240080", body))
    assert refused(made.host, made.host.apdus("240080", whole)) == "6988"
    assert made.card.state.references[0x80].matches(PIN.ljust(8, b"\xff"))


def test_padding_alone_is_no_data() -> None:
    made = make_secure_card(pair=True)
    made.host.counter += 1
    body = tlv("87", b"\x01" + made.host.crypt(made.host.counter, b"\x80" + bytes(15)))
    whole = body + tlv("8E", made.host.authenticate("200080", body))
    assert made.host.deliver(made.host.apdus("200080", whole)) == (b"", "63C2")


def test_an_interrupted_chain_has_no_effect() -> None:
    made = make_secure_card()
    assert made.card.transmit(bytes.fromhex("1C87119E05") + bytes(5)) == b"\x90\0"
    assert made.host.get("7E")[1] == "9000"
    assert made.card.transmit(bytes.fromhex("1C87119E05") + bytes(5)) == b"\x90\0"
    assert made.terminal.get("7E")[1] == "9000"
    assert made.host.get("7E")[1] == "9000"


def test_an_error_leaves_what_was_verified_verified_and_needs_a_new_session() -> None:
    made = make_secure_card(pair=True)
    assert made.host.verify("80", PIN) == "9000"
    assert refused(made.host, [bytes.fromhex("0CCB3FFF00")]) == "6987"
    assert made.terminal.get("5FC109")[1] == "6982"
    made.host.establish()
    assert made.host.get("5FC109")[1] == "9000"


def test_the_rest_of_an_answer_is_lost_to_a_command_between() -> None:
    made = make_secure_card(pair=True)
    body = made.host.protect(READ, bytes.fromhex("5C035FC105"))
    assert made.card.transmit(made.host.apdus(READ, body)[0])[-2] == 0x61
    assert made.terminal.get("7E")[1] == "9000"
    assert made.terminal.raw("00C0000000") == "6985"
    # The answer counted although nobody has it, so its MAC has to be caught up with.
    assert made.terminal.get("7E")[1] == "9000"


@pytest.mark.parametrize("cla", ["04", "08", "14", "18", "0D", "2C", "8C"])
def test_other_kinds_of_secure_messaging_are_refused_and_change_nothing(cla: str) -> None:
    made = make_secure_card()
    assert made.terminal.raw(f"{cla}CB3FFF035C017E00") in {"6882", "6881", "6E00"}
    assert made.host.get("7E")[1] == "9000"
