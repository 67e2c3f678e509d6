# SPDX-License-Identifier: Apache-2.0
"""What the fuzzer does to a card: right commands, right protocols, and all of them spoilt."""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from selfrenew_emulator.card import Interface
from tests.secure_messaging_host import SecureMessagingRefusedError, tlv, value

from .choices import Choices, mostly, one_of
from .world import CARD_KEY, MANAGEMENT_KEY, World

PIN, OTHER_PIN, GLOBAL = b"123456\xff\xff", b"24681357", b"975310\xff\xff"
PUK, OTHER_PUK = b"87654321", b"12345678"
SECRETS = (
    PIN,
    OTHER_PIN,
    GLOBAL,
    PUK,
    OTHER_PUK,
    b"000000\xff\xff",
    b"1234\xff\xff\xff\xff",
    b"\0",
)
TAGS = (
    *("5FC105", "5FC102", "5FC109", "7E", "5FC123", "5FC122", "5FC10C", "7F61", "5FC10D"),
    *("5FFF00", "5FFF01", "5FC1FF", "00", ""),
)
KEYS = ("9A", "9C", "9D", "9E", "82", "95", "04", "9B", "F9", "80")
MECHANISMS = ("11", "14", "07", "05", "06", "E0", "E1", "27", "00", "08", "0A")
GENERATOR = bytes.fromhex(
    "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F"
    "9E162BCE33576B315ECECBB6406837BF51F5"
)
RSA_BLOCKS = {0x06: 128, 0x07: 256, 0x05: 384}
POLICIES = ("4000", "6010", "6820", "6810", "4800", "4C00", "6C10", "5000", "0000", "FFFF")
# Yubico's instructions: version, serial, metadata, retries, move, attest, reset, one unknown.
VENDOR = (
    *("00FD0000", "00F80000", "00F7009A", "00F70080", "00F7009B", "00FA0303", "00FAFFFF"),
    *("00F6839A", "00F6FF9C", "00F69A83", "00F99A00", "00F98200", "00FB0000", "001D0000"),
)


def _short(header: str, data: bytes = b"", le: bytes = b"\0") -> bytes:
    head = bytes.fromhex(header)
    if len(data) <= 255:
        return head + (bytes([len(data)]) + data if data else b"") + le
    return head + b"\0" + len(data).to_bytes(2, "big") + data + 2 * le


def plain(choices: Choices) -> bytes:
    """Build a command with every part in its place, though not always the right one."""
    kind = choices.number(10)
    key = one_of(choices, KEYS)
    if kind == 0:
        return _short("00A40400", bytes.fromhex(one_of(choices, SELECTED)))
    if kind <= 2:
        p1 = mostly(choices, "00", ("FF", "01"))
        p2 = mostly(choices, "80", ("00", "98", "81", "96"))
        shown = b"" if choices.number(3) == 0 else mostly(choices, PIN, SECRETS)
        return _short(f"0020{p1}{p2}", shown, b"")
    if kind == 3:
        header = one_of(choices, ("00240080", "00240081", "00240000", "002C0080"))
        old = mostly(choices, PUK if header in {"00240081", "002C0080"} else PIN, SECRETS)
        return _short(header, old + mostly(choices, OTHER_PIN, SECRETS), b"")
    if kind <= 5:
        return _short("00CB3FFF", tlv("5C", bytes.fromhex(one_of(choices, TAGS))))
    if kind == 6:
        return _short("00DB3FFF", _put(choices), b"")
    if kind == 7:
        mechanism = bytes.fromhex(one_of(choices, MECHANISMS))
        extra = mostly(choices, b"", (tlv("81", b"\1\0\1"), bytes.fromhex("AA0102AB0101")))
        return _short(f"004700{key}", tlv("AC", tlv("80", mechanism) + extra))
    if kind == 8:
        return _short(one_of(choices, VENDOR), choices.data(choices.number(20)))
    return _short(f"0087{one_of(choices, MECHANISMS)}{key}", _template(choices))


SELECTED = ("A000000308", "A000000308000010000100", "A000000527471117", "A000000001", "3F00", "")


def _put(choices: Choices) -> bytes:
    tag = one_of(choices, TAGS)
    if tag == "7E":
        policy = tlv("5F2F", bytes.fromhex(one_of(choices, POLICIES)))
        return tlv("7E", tlv("4F", bytes.fromhex("A000000308000010000100")) + policy)
    if tag == "7F61":
        return tlv("7F61", choices.data(choices.number(8)))
    content = choices.data(choices.number(600))
    if tag == "5FC123":
        content = tlv("99", mostly(choices, b"11223344", (b"1122334", content))) + tlv("FE", b"")
    return tlv("5C", bytes.fromhex(tag)) + tlv("53", content)


def _template(choices: Choices) -> bytes:
    size = one_of(choices, (32, 48, 16, 256, 20, 0))
    body = one_of(
        choices,
        (
            tlv("82", b"") + tlv("81", choices.data(size)),
            tlv("82", b"") + tlv("81", b"\0" + choices.data(255)),
            tlv("82", b"") + tlv("85", GENERATOR),
            tlv("82", b"") + tlv("85", choices.data(65)),
            tlv("81", choices.data(size)),
            tlv("80", choices.data(16)) + tlv("81", choices.data(16)),
        ),
    )
    return tlv("7C", body)


def send_plain(world: World, choices: Choices) -> None:
    world.send(plain(choices))


def send_noise(world: World, choices: Choices) -> None:
    world.send(choices.data(choices.number(40)))


def send_spoilt(world: World, choices: Choices) -> None:
    world.send(_spoil(plain(choices), choices))


def send_chained(world: World, choices: Choices) -> None:
    """Cut a command into a chain, and sometimes leave a part out or put another command in."""
    command = _spoil(plain(choices), choices) if choices.number(3) == 0 else plain(choices)
    head, data = command[:4], command[5:-1]
    size = 1 + choices.number(200)
    while len(data) > size:
        part, data = data[:size], data[size:]
        world.send(bytes([head[0] | 0x10]) + head[1:] + bytes([len(part)]) + part)
        if choices.number(12) == 0:
            world.send(plain(choices))
    world.send(head + bytes([len(data)]) + data + b"\0" if data else head)


def fetch(world: World, choices: Choices) -> None:
    """Read an object in portions of some size, as far as it pleases."""
    tag = bytes.fromhex(one_of(choices, TAGS))
    answer = world.send(_short("00CB3FFF", tlv("5C", tag), choices.data(1)))
    while answer[-2] == 0x61 and choices.number(8):
        answer = world.send(bytes.fromhex("00C00000") + choices.data(1))


def authenticate(world: World, choices: Choices) -> None:
    """Run external or mutual authentication, rightly as a rule."""
    card_key = world.kind == "contact" and choices.number(3) == 0
    header, secret = ("0087089E", CARD_KEY) if card_key else ("00870A9B", MANAGEMENT_KEY)
    mutual = choices.number(2)
    asked = "80" if mutual else "81"
    answer = world.send(_short(header, bytes.fromhex(f"7C02{asked}00")))
    if answer[-2:] != b"\x90\0":
        return
    given = value(value(answer[:-2], "7C"), asked)
    cipher = Cipher(algorithms.AES(secret), modes.ECB())  # noqa: S305  the standard's own
    shown = (cipher.decryptor() if mutual else cipher.encryptor()).update(given)
    shown = mostly(choices, shown, (given, bytes(16), shown[:-1]))
    if choices.number(8) == 0:
        world.send(plain(choices))
    body = tlv("80", shown) + tlv("81", choices.data(16)) if mutual else tlv("82", shown)
    world.send(_short(header, tlv("7C", body)))


def use_key(world: World, choices: Choices) -> None:
    """Use a key that is there, by its algorithm, behind the PIN as a rule."""
    reference = one_of(choices, sorted(world.card.state.keys))
    algorithm = world.card.state.keys[reference].algorithm
    if choices.number(4):
        world.send(_short("00200080", PIN, b""))
    block = RSA_BLOCKS.get(algorithm)
    if block is None:
        template = _template(choices)
    else:
        start = mostly(choices, b"\0\2", (b"\0\1" + 20 * b"\xff" + b"\0", b"\xff", b""))
        message = (start + choices.data(block - len(start)))[: mostly(choices, block, (0, 9))]
        template = tlv("7C", tlv("82", b"") + tlv("81", message))
    world.send(_short(f"0087{algorithm:02X}{reference:02X}", template))


def establish(world: World, choices: Choices) -> None:
    if world.host is None:
        return
    if choices.number(6) == 0:
        number = 1 + choices.number(1000)
        request = world.host.request(ec.derive_private_key(number, world.host.suite.curve))
        world.send(_spoil(request, choices))
        return
    try:
        world.host.establish(host_id=choices.data(8))
    except SecureMessagingRefusedError:
        return
    if choices.number(3):
        send_secured_command(world, choices, "200098", mostly(choices, world.code, SECRETS))


def send_secured(world: World, choices: Choices) -> None:
    """Send a command under secure messaging, and now and then spoil what protects it."""
    host = world.host
    if host is None or not host.mac_key:
        return
    command = plain(choices)
    # Without its Lc and Le; of one in extended length the data is none, and that is data too.
    header, data = command[1:4].hex().upper(), command[5 : 5 + command[4]] if command[4:] else b""
    if choices.number(4):
        send_secured_command(world, choices, header, data)
        return
    apdus = host.apdus(header, host.protect(header, data, le=bool(choices.number(2))))
    at = choices.number(len(apdus))
    apdus[at] = _spoil(apdus[at], choices)
    for apdu in apdus:
        world.send(apdu)
    # A spoilt Le is none of what the MAC is over: the card may have gone on, without the host.
    host.mac_key = b""


def send_secured_command(world: World, choices: Choices, header: str, data: bytes) -> None:
    if world.host is None:
        return
    try:
        world.host.send(header, data, le=bool(choices.number(2)))
    except SecureMessagingRefusedError:
        return


def import_key(world: World, choices: Choices) -> None:
    """Have a YubiKey import keys of each kind, with parts of other lengths now and then."""
    if world.kind != "yubikey":
        return
    size = mostly(choices, 32, (31, 48, 0))
    kind, tag = one_of(choices, (("11", "06"), ("14", "06"), ("E0", "07"), ("E1", "08")))
    parts = tlv(tag, choices.data(size)) + mostly(choices, b"", (bytes.fromhex("AA0103AB0102"),))
    if choices.number(5) == 0:
        kind, half = one_of(choices, (("07", 128), ("06", 64), ("05", 192)))
        numbers = (b"\xff" + choices.data(half - 2) + b"\1" for _ in range(5))
        parts = b"".join(tlv(f"{at:02X}", number) for at, number in enumerate(numbers, 1))
    world.send(_short(f"00FE{kind}{one_of(choices, KEYS)}", parts))


def replace_management_key(world: World, choices: Choices) -> None:
    if world.kind == "yubikey":
        key = tlv("9B", mostly(choices, MANAGEMENT_KEY, (bytes(16), bytes(24))))
        world.send(_short("00FFFFFF", mostly(choices, b"\x0a", (b"\x08", b"\x03")) + key))


def reset_yubikey(world: World, choices: Choices) -> None:
    """Use up the tries of PIN and PUK, as its clients do, and reset."""
    if world.kind != "yubikey" or choices.number(6):
        return
    for _ in range(4):
        world.send(_short("00200080", b"00000000", b""))
        world.send(_short("002C0080", b"00000000" + PIN, b""))
    world.send(bytes.fromhex("00FB0000"))


def power(world: World, choices: Choices) -> None:
    world.power_on(one_of(choices, tuple(Interface)))


def _spoil(command: bytes, choices: Choices) -> bytes:
    spoilt = bytearray(command)
    for _ in range(1 + choices.number(3)):
        kind, at = choices.number(6), choices.number(len(spoilt) + 1)
        if kind == 0:
            del spoilt[at:]
        elif kind == 1:
            spoilt[at:at] = choices.data(1 + choices.number(4))
        elif kind == 2:
            del spoilt[at : at + 1 + choices.number(4)]
        elif kind == 3 and spoilt:
            spoilt[0] = one_of(choices, (0x00, 0x10, 0x0C, 0x1C, 0x04, 0x80, 0x01))
        elif spoilt:
            spoilt[at % len(spoilt)] ^= 1 << choices.number(8)
    return bytes(spoilt)


MOVES: tuple[Callable[[World, Choices], None], ...] = (
    *(3 * (send_plain,)),
    *(2 * (send_spoilt, send_secured, authenticate, use_key)),
    *(send_chained, fetch, establish, send_noise),
    *(import_key, replace_management_key, reset_yubikey),
)


def play(world: World, choices: Choices, moves: int) -> None:
    """Make moves until there are enough, or no choice is left; change the reader now and then."""
    for _ in range(moves):
        if choices.spent:
            return
        if choices.number(40) == 0:
            power(world, choices)
        one_of(choices, MOVES)(world, choices)
