# SPDX-License-Identifier: Apache-2.0
"""Key establishment for secure messaging (SP 800-73-4 Part 2, 4.1)."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import (
    CS2,
    CS7,
    CardState,
    CipherSuite,
    Interface,
    Personality,
    StoredKey,
)
from selfrenew_emulator.card.key_establishment import establish
from selfrenew_emulator.card.keys import store_key
from tests.secure_messaging_host import (
    SUITES,
    CardNotGenuineError,
    Host,
    SecureMessagingRefusedError,
    cmac,
    derive,
    other_info,
    tlv,
    value,
    verify_certificate,
)

from .conftest import SELECT, make_terminal
from .secure_card import GUID, make_secure_card

BOTH = pytest.mark.parametrize("suite", ["CS2", "CS7"])


@BOTH
@pytest.mark.parametrize("signer_kind", ["the suite's own", "RSA"])
def test_a_host_written_from_the_standard_finds_the_card_genuine(
    suite: str, signer_kind: str
) -> None:
    made = make_secure_card(suite, signer_kind=suite if signer_kind != "RSA" else "RSA")
    signer = value(made.terminal.get("5FC122")[0], "53")
    key, guid = verify_certificate(SUITES[suite], made.host.certificate, signer)
    assert guid == GUID
    assert ("7F21" in signer.hex().upper()) == (signer_kind == "RSA")
    assert key.curve.name == SUITES[suite].curve.name


@BOTH
def test_the_template_of_select_names_the_suite_and_no_other(suite: str) -> None:
    made = make_secure_card(suite)
    template = made.card.transmit(SELECT).hex().upper()
    assert [f"8001{each.p1}" in template for each in SUITES.values()] == [
        suite == "CS2",
        suite == "CS7",
    ]


# OpenSC takes the first 80 of a template AC for the suite, and looks at no other.
@BOTH
def test_the_suite_is_the_first_algorithm_of_its_template(suite: str) -> None:
    template = value(make_secure_card(suite).card.transmit(SELECT)[:-2], "61")
    assert value(template, "AC").startswith(bytes.fromhex(f"8001{SUITES[suite].p1}"))


@pytest.mark.parametrize("control", ["00", "01", "0F"])
def test_a_host_that_supports_persistent_binding_is_told_that_there_was_none(control: str) -> None:
    made = make_secure_card(establish=False)
    made.host.establish(control=bytes.fromhex(control))
    assert made.host.get("7E")[1] == "9000"


@pytest.mark.parametrize("control", ["10", "80", "F0", "FF"])
def test_a_control_byte_the_card_does_not_know_is_refused(control: str) -> None:
    with pytest.raises(SecureMessagingRefusedError, match="6A80"):
        make_secure_card(establish=False).host.establish(control=bytes.fromhex(control))


P256_G = ec.derive_private_key(1, ec.SECP256R1()).public_key()
POINT = P256_G.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
COMPRESSED = P256_G.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
HEAD = bytes(9)


@pytest.mark.parametrize(
    "template",
    [
        b"",
        tlv("7C", b""),
        tlv("7C", tlv("81", HEAD + POINT)),
        tlv("7C", tlv("82", b"")),
        tlv("7C", tlv("81", b"") + tlv("82", b"")),
        tlv("7C", tlv("81", HEAD + POINT) + tlv("82", b"\0")),
        tlv("7C", tlv("81", HEAD + POINT) + tlv("82", b"") + tlv("82", b"")),
        tlv("7C", tlv("81", HEAD + POINT) + tlv("82", b"") + tlv("80", b"")),
        tlv("7C", tlv("85", HEAD + POINT) + tlv("82", b"")),
        tlv("7C", tlv("81", HEAD + POINT[:-1]) + tlv("82", b"")),
        tlv("7C", tlv("81", HEAD + POINT + b"\0") + tlv("82", b"")),
        tlv("7C", tlv("81", HEAD + COMPRESSED) + tlv("82", b"")),
        tlv("7C", tlv("81", HEAD + COMPRESSED + bytes(32)) + tlv("82", b"")),
        tlv("7C", tlv("81", HEAD + b"\x04" + bytes(64)) + tlv("82", b"")),
        tlv("7C", tlv("81", HEAD + b"\x04" + 64 * b"\xff") + tlv("82", b"")),
        tlv("7C", tlv("81", HEAD + POINT[:-1] + b"\0") + tlv("82", b"")),
        tlv("7C", tlv("81", HEAD + b"\0" + bytes(64)) + tlv("82", b"")),
        tlv("7D", tlv("81", HEAD + POINT) + tlv("82", b"")),
    ],
    ids=range(18),
)
def test_a_request_of_another_form_is_refused_and_ends_the_session_all_the_same(
    template: bytes,
) -> None:
    made = make_secure_card()
    assert made.terminal.send("00872704", template)[1] == "6A80"
    with pytest.raises(SecureMessagingRefusedError, match="6982"):
        made.host.get("7E")


@pytest.mark.parametrize("p1", ["2E", "11", "14", "00", "07"])
def test_another_algorithm_than_the_keys_is_a_wrong_parameter_and_ends_nothing(p1: str) -> None:
    made = make_secure_card()
    template = tlv("7C", tlv("81", HEAD + POINT) + tlv("82", b""))
    for data in (template, b"", b"\x7c\0"):
        assert made.terminal.send(f"0087{p1}04", data)[1] == "6A86"
    assert made.host.get("7E")[1] == "9000"


def test_a_card_without_key_04_knows_no_key_establishment_and_no_secure_messaging() -> None:
    terminal = make_terminal()
    template = tlv("7C", tlv("81", HEAD + POINT) + tlv("82", b""))
    assert terminal.send("00872704", template)[1] == "6A86"
    assert terminal.raw("0C20008000") == "6882"


def test_a_new_key_has_no_certificate_so_secure_messaging_is_off_until_it_gets_one() -> None:
    made = make_secure_card(interface=Interface.CONTACT)
    assert made.terminal.authenticate() == "9000"
    policy = made.terminal.get("7E")[0][-2:]
    assert policy == bytes.fromhex("6810")
    assert made.terminal.generate("04", Algorithm.P384)[1] == "9000"
    assert made.terminal.get("7E")[0][-2:] == bytes.fromhex("6010")
    template = made.card.transmit(SELECT).hex().upper()
    assert "800127" not in template
    assert "80012E" not in template
    with pytest.raises(SecureMessagingRefusedError, match="6882"):
        made.host.get("7E")
    with pytest.raises(SecureMessagingRefusedError, match="6A86"):
        made.host.establish()


@pytest.mark.parametrize(
    ("algorithm", "sw"),
    [(Algorithm.RSA2048, "6A86"), (Algorithm.CS2, "6A80"), (Algorithm.AES128, "6A80")],
)
def test_key_04_is_an_elliptic_curve_key(algorithm: Algorithm, sw: str) -> None:
    terminal = make_terminal()
    terminal.authenticate()
    assert terminal.generate("04", algorithm)[1] == sw
    assert 0x04 not in terminal.card.state.keys


def test_a_new_session_ends_the_one_before() -> None:
    made = make_secure_card()
    other = Host(made.card.transmit, made.host.suite)
    other.establish()
    assert other.get("7E")[1] == "9000"
    with pytest.raises(SecureMessagingRefusedError, match="6988"):
        made.host.get("7E")
    with pytest.raises(SecureMessagingRefusedError, match="6982"):
        other.get("7E")


def test_two_sessions_of_one_host_have_different_keys() -> None:
    made = make_secure_card()
    first = made.host.mac_key, made.host.encryption_key, made.host.answer_key
    made.host.establish()
    second = made.host.mac_key, made.host.encryption_key, made.host.answer_key
    assert not set(first) & set(second)


def test_an_interrupted_request_leaves_the_session_as_it_is() -> None:
    made = make_secure_card()
    part = bytes.fromhex("10872704107C4E814A")
    assert made.card.transmit(part + bytes(12)) == b"\x90\0"
    assert made.terminal.raw("00CB3FFF035C017E00")[-4:] == "9000"
    assert made.host.get("7E")[1] == "9000"


def test_a_reset_ends_the_session() -> None:
    made = make_secure_card()
    made.card.reset()
    with pytest.raises(SecureMessagingRefusedError, match="6982"):
        made.host.get("7E")


def test_a_card_that_has_another_key_than_its_certificate_is_found_out() -> None:
    made = make_secure_card(establish=False)
    other = make_terminal()
    other.authenticate()
    other.generate("04", Algorithm.P256)
    made.card.state.keys[0x04] = other.card.state.keys[0x04]
    with pytest.raises(CardNotGenuineError, match="cryptogram"):
        made.host.establish()


# Made with `openssl kdf -keylen N -kdfopt digest:D -kdfopt hexkey:Z -kdfopt hexinfo:I SSKDF` from
# card keys 2 and host keys 3, certificate "C", nonces of 5A bytes and host HOST-001.
VECTORS = {
    "CS2": (
        "386359DB601A2F323669923FE8F61A050105853C2720BBCDBA8320D9A43EF028"
        "6C54D1017BDEF9C53F03093F6039578BE9F930732E3C39D33F84568F4EC9C125"
    ),
    "CS7": (
        "6078FA79AE59B2ACD6E8F71285D86558844097CDA3035F6939D64582A627AD2A"
        "14BEFA003579533AB27B148D350D44E28CBA650E288E3E1D799463BD3B55E945"
        "64D4C3961D85F8EFC2EF07AF1AAEB2E2E2D35A5FE0DC6AAF586D320124D6BBC4"
        "98BC0D50FB3119127D6F27120CE935FB3FB4CD0F315D0E61B0891AC181020537"
    ),
}


@pytest.mark.parametrize("suite", [CS2, CS7], ids=["CS2", "CS7"])
def test_the_session_keys_are_those_that_openssl_derives(suite: CipherSuite) -> None:
    known = SUITES[suite.identifier.name]
    static = ec.derive_private_key(2, known.curve)
    point = (
        ec.derive_private_key(3, known.curve)
        .public_key()
        .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    state = CardState(Personality.PIV, card_verifiable_certificate=b"C")
    stored: StoredKey = store_key(suite.curve, static)
    state.keys[0x04] = stored
    template = {0x81: b"\0HOST-001" + point, 0x82: b""}
    answer, keys = establish(state, suite, template, lambda size: b"\x5a" * size)
    expected = bytes.fromhex(VECTORS[suite.identifier.name])
    size = known.key
    parts = [expected[at : at + size] for at in range(0, 4 * size, size)]
    assert [keys.mac, keys.encryption, keys.answer_mac] == parts[1:]
    card_id = hashlib.sha256(b"C").digest()[:8]
    confirmation = cmac(parts[0], b"KC_1_V" + card_id + b"HOST-001" + point[1:])
    shown = b"\0" + b"\x5a" * known.nonce + confirmation + b"C"
    assert value(value(answer, "7C"), "82") == shown
    secret = static.exchange(ec.ECDH(), ec.derive_private_key(3, known.curve).public_key())
    info = other_info(
        known, b"HOST-001", b"\0", point[1:], card_id=card_id, nonce=b"\x5a" * known.nonce
    )
    assert derive(known, secret, info) == parts
