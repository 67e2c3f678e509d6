# SPDX-License-Identifier: Apache-2.0
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from selfrenew.piv.references import Algorithm
from tests.card.conftest import Terminal, tlv, value

from .conftest import DEFAULT_KEY, fields, make_yubikey, sign

P256 = bytes.fromhex("800111")
RSA_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505


def generate(terminal: Terminal, key: str, template: bytes = P256) -> str:
    return terminal.send(f"004700{key}", tlv("AC", template))[1]


def rsa_parts(key: rsa.RSAPrivateKey) -> list[int]:
    numbers = key.private_numbers()
    return [numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp]


def rsa_data(parts: list[int], size: int = 64) -> bytes:
    return b"".join(
        tlv(f"{tag:02X}", part.to_bytes(size, "big")) for tag, part in enumerate(parts, 1)
    )


@pytest.mark.parametrize("key", ["9A", "9C", "9D", "9E", "82", "95", "F9"])
def test_a_key_is_generated_and_imported_in_every_slot(open_yubikey: Terminal, key: str) -> None:
    assert generate(open_yubikey, key) == "9000"
    secret = tlv("06", bytes(31) + b"\x07")
    assert open_yubikey.send(f"00FE11{key}", secret, le="")[1] == "9000"


@pytest.mark.parametrize("key", ["04", "80", "81", "96", "98", "9B", "FF"])
def test_no_key_is_made_where_there_is_no_slot(open_yubikey: Terminal, key: str) -> None:
    assert generate(open_yubikey, key) == "6B00"
    assert open_yubikey.send(f"00FE11{key}", tlv("06", bytes(31) + b"\x07"))[1] == "6B00"
    assert open_yubikey.raw(f"00F6FF{key}") == "6A86"
    assert open_yubikey.raw(f"00F6{key}9A") == ("6A88" if key == "FF" else "6A86")


@pytest.mark.parametrize(
    "template",
    [
        "800105AA",
        "800111AA0104",
        "800111AA0105",
        "800111AB0104",
        "800111AA0200",
        "800111AB00",
        "800111810101",
        "800199",
        "80",
        "AA0101",
        "800111800111",
        "800108",
        "80020011",
        "800200E0",
        "8000",
    ],
)
def test_a_template_of_another_form_makes_no_key(open_yubikey: Terminal, template: str) -> None:
    assert generate(open_yubikey, "9A", bytes.fromhex(template)) == "6A80"
    assert 0x9A not in open_yubikey.card.state.keys


def test_keys_are_changed_with_the_management_key_alone(yubikey: Terminal) -> None:
    yubikey.verify(b"123456")
    assert generate(yubikey, "9A") == "6982"
    assert yubikey.send("00FE119A", tlv("06", bytes(31) + b"\x07"))[1] == "6982"
    assert yubikey.raw("00F6FFF9") == "6982"
    assert yubikey.send("00FFFFFF", bytes.fromhex("0A9B18") + bytes(24))[1] == "6982"


@pytest.mark.parametrize(
    ("key", "policies", "before", "after"),
    [
        ("9A", "", ["6982", "9000", "9000"], "0201"),
        ("9C", "", ["6982", "9000", "6982"], "0301"),
        ("9D", "", ["6982", "9000", "9000"], "0201"),
        ("9E", "", ["9000", "9000", "9000"], "0101"),
        ("9C", "AA0102", ["6982", "9000", "9000"], "0201"),
        ("9E", "AA0103AB0102", ["6982", "9000", "6982"], "0302"),
        ("82", "AA0101AB0103", ["9000", "9000", "9000"], "0103"),
        ("82", "AA0100AB0100", ["6982", "9000", "9000"], "0201"),
    ],
)
def test_a_pin_policy_is_kept_and_reported(
    yubikey: Terminal, key: str, policies: str, before: list[str], after: str
) -> None:
    yubikey.authenticate()
    assert generate(yubikey, key, P256 + bytes.fromhex(policies)) == "9000"
    statuses = [sign(yubikey, key)]
    yubikey.verify(b"123456")
    statuses += [sign(yubikey, key), sign(yubikey, key)]
    assert statuses == before
    metadata, _ = yubikey.send(f"00F700{key}")
    assert fields(metadata)[0x02].hex() == after


def test_imported_rsa_computes_with_what_was_imported(open_yubikey: Terminal) -> None:
    assert open_yubikey.send("00FE069D", rsa_data(rsa_parts(RSA_KEY)), le="")[1] == "9000"
    message = 0x1234
    block = pow(message, 65537, RSA_KEY.private_numbers().public_numbers.n).to_bytes(128, "big")
    answer, status = open_yubikey.send("0087069D", tlv("7C", tlv("82", b"") + tlv("81", block)))
    assert status == "9000"
    assert int.from_bytes(value(value(answer, "7C"), "82"), "big") == message


def _wrong_rsa() -> dict[str, bytes]:
    p, q, *rest = rsa_parts(RSA_KEY)
    right = rsa_data([p, q, *rest])
    return {
        "a part missing": right[:-66],
        "a part twice": right + right[-66:],
        "a part too many": right + tlv("06", b"\x07"),
        "parts that contradict": rsa_data([p, q, *(part ^ 2 for part in rest)]),
        "no primes": rsa_data([p - 2, q, *rest]),
        "one prime twice": rsa_data([p, p, *rest]),
        "zero": rsa_data([0, q, *rest]),
        "one": rsa_data([1, q, *rest]),
        "no data": b"",
        "no TLV": b"\x01\xff",
        "a policy unknown": right + tlv("AA", b"\x09"),
    }


@pytest.mark.parametrize("data", _wrong_rsa().values(), ids=_wrong_rsa())
def test_what_is_no_rsa_key_is_not_imported(open_yubikey: Terminal, data: bytes) -> None:
    assert open_yubikey.send("00FE069A", data, le="")[1] == "6A80"
    assert 0x9A not in open_yubikey.card.state.keys


@pytest.mark.parametrize(
    ("algorithm", "data"),
    [
        ("11", tlv("06", bytes(32))),
        ("11", tlv("06", b"\xff" * 32)),
        ("11", tlv("06", b"\x07")),
        ("14", tlv("06", bytes(31) + b"\x07")),
        ("11", tlv("07", bytes(31) + b"\x07")),
        ("E0", tlv("08", bytes(32))),
        ("E1", tlv("07", bytes(32))),
        ("E0", tlv("07", bytes(31))),
        ("07", rsa_data(rsa_parts(RSA_KEY))),
    ],
)
def test_what_is_no_key_of_its_algorithm_is_not_imported(
    open_yubikey: Terminal, algorithm: str, data: bytes
) -> None:
    assert open_yubikey.send(f"00FE{algorithm}9A", data, le="")[1] == "6A80"


def test_an_algorithm_nobody_knows_is_not_imported(open_yubikey: Terminal) -> None:
    assert open_yubikey.send("00FE0A9A", bytes(16), le="")[1] == "6A86"


def test_ed25519_signs_the_message_itself(open_yubikey: Terminal) -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    open_yubikey.send("00FEE09A", tlv("07", bytes(range(32))), le="")
    for message in (b"", b"message", bytes(2000)):
        request = tlv("7C", tlv("82", b"") + tlv("81", message))
        answer, status = open_yubikey.send("0087E09A", request)
        assert status == "9000"
        assert value(value(answer, "7C"), "82") == key.sign(message)


def test_x25519_agrees_and_refuses_a_point_of_small_order(open_yubikey: Terminal) -> None:
    key = x25519.X25519PrivateKey.from_private_bytes(bytes(range(32)))
    open_yubikey.send("00FEE19A", tlv("08", bytes(range(32))), le="")
    other = x25519.X25519PrivateKey.generate()

    def agree(point: bytes) -> tuple[bytes, str]:
        return open_yubikey.send("0087E19A", tlv("7C", tlv("82", b"") + tlv("85", point)))

    answer, status = agree(other.public_key().public_bytes_raw())
    assert status == "9000"
    assert value(value(answer, "7C"), "82") == other.exchange(key.public_key())
    for wrong in (bytes(32), bytes(31), b""):
        assert agree(wrong) == (b"", "6A80")
    assert sign(open_yubikey, "9A", "E1") == "6A80"


def test_an_elliptic_curve_key_signs_and_agrees_in_any_slot(open_yubikey: Terminal) -> None:
    answer, _ = open_yubikey.generate("9D", Algorithm.P256)
    point = value(value(answer, "7F49"), "86")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    request = tlv("7C", tlv("82", b"") + tlv("81", bytes(32)))
    signed, _ = open_yubikey.send("0087119D", request)
    signature = value(value(signed, "7C"), "82")
    public.verify(signature, bytes(32), ec.ECDSA(Prehashed(hashes.SHA256())))
    request = tlv("7C", tlv("82", b"") + tlv("85", point))
    assert open_yubikey.send("0087119D", request)[1] == "9000"


@pytest.mark.parametrize(("key", "algorithm"), [("9A", "11"), ("9C", "14"), ("82", "07")])
def test_a_slot_without_such_a_key_is_told_by_its_status(
    open_yubikey: Terminal, key: str, algorithm: str
) -> None:
    open_yubikey.generate("9C", Algorithm.P256)
    assert sign(open_yubikey, key, algorithm) == "6A80"


def test_the_attestation_key_signs_nothing_else(open_yubikey: Terminal) -> None:
    assert sign(open_yubikey, "F9") == "6A80"


def test_a_key_moves_into_an_empty_slot_only(open_yubikey: Terminal) -> None:
    generate(open_yubikey, "9A")
    generate(open_yubikey, "9C")
    keys = dict(open_yubikey.card.state.keys)
    assert open_yubikey.raw("00F69C9A") == "6A80"
    assert open_yubikey.raw("00F69A9A") == "6A80"
    assert open_yubikey.raw("00F6829D") == "6A88"
    assert open_yubikey.raw("00F69DF9") == "6A86"
    assert open_yubikey.raw("00F6F99A") == "6A86"
    assert open_yubikey.card.state.keys == keys
    assert open_yubikey.raw("00F6829C") == "9000"
    assert open_yubikey.card.state.keys[0x82] == keys[0x9C]
    assert 0x9C not in open_yubikey.card.state.keys
    assert open_yubikey.raw("00F6FFF9") == "9000"
    assert 0xF9 not in open_yubikey.card.state.keys


@pytest.mark.parametrize(
    ("algorithm", "size", "p2", "touch"),
    [("03", 24, "FF", 1), ("08", 16, "FE", 2), ("0A", 24, "FD", 3), ("0C", 32, "FF", 1)],
)
def test_the_management_key_is_replaced(
    open_yubikey: Terminal, algorithm: str, size: int, p2: str, touch: int
) -> None:
    key = bytes(range(size))
    data = bytes.fromhex(algorithm) + b"\x9b" + bytes([size]) + key
    assert open_yubikey.send(f"00FFFF{p2}", data, le="")[1] == "9000"
    metadata = fields(open_yubikey.send("00F7009B")[0])
    assert metadata == {1: bytes.fromhex(algorithm), 2: bytes([0, touch]), 5: b"\0"}
    open_yubikey.card.reset()
    terminal = Terminal(open_yubikey.card, key, Algorithm(int(algorithm, 16)))
    assert terminal.authenticate() == "9000"


@pytest.mark.parametrize(
    ("header", "data", "status"),
    [
        ("00FF00FF", "0A9B18" + 24 * "11", "6A86"),
        ("00FFFFFC", "0A9B18" + 24 * "11", "6A86"),
        ("00FFFFFF", "0A9B18" + 23 * "11", "6A80"),
        ("00FFFFFF", "0A9B17" + 23 * "11", "6A80"),
        ("00FFFFFF", "0A9A18" + 24 * "11", "6A80"),
        ("00FFFFFF", "119B18" + 24 * "11", "6A80"),
        ("00FFFFFF", "", "6A80"),
    ],
)
def test_what_is_no_management_key_is_not_set(
    open_yubikey: Terminal, header: str, data: str, status: str
) -> None:
    assert open_yubikey.send(header, bytes.fromhex(data), le="")[1] == status
    assert open_yubikey.card.state.keys[0x9B].material == DEFAULT_KEY


def test_a_key_source_is_asked_for_the_standards_algorithms_alone() -> None:
    asked = []

    def source(algorithm: Any) -> ec.EllipticCurvePrivateKey:
        asked.append(algorithm)
        return ec.derive_private_key(7, ec.SECP256R1())

    terminal = make_yubikey(key_source=source)
    terminal.authenticate()
    for number in (0xE0, 0xE1, 0x06, 0x11):
        assert terminal.send("0047009A", tlv("AC", tlv("80", bytes([number]))))[1] == "9000"
    assert asked == [Algorithm.P256, Algorithm.P256]
