# SPDX-License-Identifier: Apache-2.0
"""The symmetric card authentication key (SP 800-73-4 Part 1, 5.1; Part 2, 3.2.4, A.1 and A.2)."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, Interface, Interfaces, StoredKey, read_image, write_image
from selfrenew_emulator.card.keys import store_key
from selfrenew_emulator.card.vendor import VendorAlgorithm

from .conftest import Terminal, make_terminal, tlv, value

SIZES = {Algorithm.AES128: 16, Algorithm.AES192: 24, Algorithm.AES256: 32, Algorithm.TDES: 24}
EACH = pytest.mark.parametrize("algorithm", SIZES, ids=lambda algorithm: algorithm.name)


def key(algorithm: Algorithm) -> bytes:
    return bytes(range(100, 100 + SIZES[algorithm]))


def card_with(algorithm: Algorithm = Algorithm.AES128, **options: Any) -> Terminal:
    return make_terminal(
        allow_tdes=algorithm is Algorithm.TDES,
        symmetric_card_authentication_key=StoredKey(algorithm, key(algorithm)),
        **options,
    )


def crypt(algorithm: Algorithm, block: bytes, *, decrypt: bool = False) -> bytes:
    cipher = (TripleDES if algorithm is Algorithm.TDES else algorithms.AES)(key(algorithm))
    ecb = Cipher(cipher, modes.ECB())  # noqa: S305  the standard's own
    context = ecb.decryptor() if decrypt else ecb.encryptor()
    return context.update(block) + context.finalize()


def block(algorithm: Algorithm, first: int = 0) -> bytes:
    return bytes(range(first, first + (8 if algorithm is Algorithm.TDES else 16)))


@EACH
@pytest.mark.parametrize("interface", list(Interface))
def test_the_card_shows_itself_without_a_pin(algorithm: Algorithm, interface: Interface) -> None:
    terminal = card_with(algorithm, interfaces=Interfaces.DUAL)
    terminal.card.power_on(interface)
    template = tlv("7C", tlv("81", block(algorithm)) + tlv("82", b""))
    answer, sw = terminal.send(f"0087{algorithm:02X}9E", template)
    assert sw == "9000"
    assert value(value(answer, "7C"), "82") == crypt(algorithm, block(algorithm))


@EACH
def test_a_host_shows_itself_and_may_manage_nothing_by_that(algorithm: Algorithm) -> None:
    terminal = card_with(algorithm)
    header = f"0087{algorithm:02X}9E"
    answer, _ = terminal.send(header, bytes.fromhex("7C028100"))
    response = crypt(algorithm, value(value(answer, "7C"), "81"))
    assert terminal.send(header, tlv("7C", tlv("82", response))) == (b"", "9000")
    assert terminal.put("5FC102", b"x") == "6982"
    terminal.send(header, bytes.fromhex("7C028100"))
    assert terminal.send(header, tlv("7C", tlv("82", response)))[1] == "6982"


@EACH
def test_both_show_themselves(algorithm: Algorithm) -> None:
    terminal = card_with(algorithm)
    header = f"0087{algorithm:02X}9E"
    answer, _ = terminal.send(header, bytes.fromhex("7C028000"))
    witness = crypt(algorithm, value(value(answer, "7C"), "80"), decrypt=True)
    challenge = block(algorithm, 50)
    shown = tlv("7C", tlv("80", witness) + tlv("81", challenge) + tlv("82", b""))
    answer, sw = terminal.send(header, shown)
    assert (value(value(answer, "7C"), "82"), sw) == (crypt(algorithm, challenge), "9000")


def test_a_key_pair_of_the_same_reference_is_told_apart_by_its_algorithm() -> None:
    terminal = card_with()
    assert terminal.authenticate() == "9000"
    assert terminal.generate("9E", Algorithm.P256)[1] == "9000"
    template = tlv("7C", tlv("81", bytes(16)) + tlv("82", b""))
    signature, sw = terminal.send("0087119E", template)
    assert (signature[:2].hex(), sw) == ("7c" + signature[1:2].hex(), "9000")
    assert value(value(terminal.send("0087089E", template)[0], "7C"), "82") == crypt(
        Algorithm.AES128, bytes(16)
    )
    for other in ("0A", "0C", "03", "00", "14"):
        assert terminal.send(f"0087{other}9E", template)[1] == "6A86"


@pytest.mark.parametrize("reference", ["9A", "9C", "9D", "82"])
def test_no_other_key_reference_has_one(reference: str) -> None:
    template = tlv("7C", tlv("81", bytes(16)) + tlv("82", b""))
    assert card_with().send(f"008708{reference}", template)[1] == "6A86"


@pytest.mark.parametrize(
    ("template", "sw"),
    [
        (tlv("81", bytes(15)) + tlv("82", b""), "6A80"),
        (tlv("81", bytes(32)) + tlv("82", b""), "6A80"),
        (tlv("81", bytes(16)), "6A80"),
        (tlv("82", b"") + tlv("85", bytes(16)), "6A80"),
        (tlv("82", bytes(16)), "6982"),
        (tlv("80", bytes(16)) + tlv("81", bytes(16)), "6982"),
    ],
    ids=range(6),
)
def test_a_step_of_no_protocol_is_refused(template: bytes, sw: str) -> None:
    assert card_with().send("0087089E", tlv("7C", template))[1] == sw


# Both keys' steps are drawn from one card: what one asked must not be answered under the other.
@pytest.mark.parametrize("asked", ["81", "80"])
def test_a_proof_for_one_key_is_none_for_another(asked: str) -> None:
    terminal = card_with(Algorithm.AES192)
    answer, _ = terminal.send("00870A9E", bytes.fromhex("7C02" + asked + "00"))
    given = value(value(answer, "7C"), asked)
    if asked == "81":
        shown = tlv("82", terminal.encrypt(given))
    else:
        witness = crypt(Algorithm.AES192, given, decrypt=True)
        shown = tlv("80", witness) + tlv("81", bytes(16))
    assert terminal.send("00870A9B", tlv("7C", shown))[1] == "6982"
    assert terminal.put("5FC102", b"x") == "6982"


def test_asking_for_a_proof_twice_leaves_the_later_one() -> None:
    terminal = card_with()
    first, _ = terminal.send("0087089E", bytes.fromhex("7C028100"))
    terminal.send("00870A9B", bytes.fromhex("7C028100"))
    response = crypt(Algorithm.AES128, value(value(first, "7C"), "81"))
    assert terminal.send("0087089E", tlv("7C", tlv("82", response)))[1] == "6982"


def test_the_key_is_in_the_image(tmp_path: Path) -> None:
    card = card_with(Algorithm.AES256).card
    write_image(tmp_path / "a.card", card.state)
    assert read_image(tmp_path / "a.card") == card.state
    template = tlv("7C", tlv("81", bytes(16)) + tlv("82", b""))
    with_image = Terminal(Card.open(tmp_path / "a.card"), bytes(24))
    assert with_image.send("00870C9E", template)[1] == "9000"
    with_image.card.close()


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (StoredKey(Algorithm.AES128, bytes(15)), "16 bytes"),
        (StoredKey(Algorithm.P256, bytes(16)), "P256"),
        (StoredKey(Algorithm.TDES, bytes(24)), "allow_tdes"),
    ],
)
def test_a_key_of_another_form_makes_no_card(made: StoredKey, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_terminal(symmetric_card_authentication_key=made)


# SP 800-78-5, table 10, leaves RSA 1024 to keys that were retired with it.
def test_a_retired_key_may_be_as_old_as_rsa_1024(tmp_path: Path) -> None:
    terminal = make_terminal()
    old = rsa.generate_private_key(65537, 1024)  # noqa: S505  what the test is about
    terminal.card.state.keys[0x82] = store_key(VendorAlgorithm.RSA1024, old)
    write_image(tmp_path / "a.card", terminal.card.state)
    assert read_image(tmp_path / "a.card") == terminal.card.state
    number = int.from_bytes(b"\x02" + bytes(100), "big")
    wrapped = pow(number, 65537, old.public_key().public_numbers().n).to_bytes(128, "big")
    template = tlv("7C", tlv("82", b"") + tlv("81", wrapped))
    assert terminal.send("00870682", template)[1] == "6982"
    terminal.verify()
    answer, sw = terminal.send("00870682", template)
    assert (int.from_bytes(value(value(answer, "7C"), "82"), "big"), sw) == (number, "9000")
    terminal.authenticate()
    assert terminal.send("0047009E", bytes.fromhex("AC03800106"))[1] == "6A80"
