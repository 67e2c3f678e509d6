# SPDX-License-Identifier: Apache-2.0
"""opensc-tool: what it says of the card, and raw commands."""

import re
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.iso7816 import Tlv
from selfrenew.piv.references import Algorithm
from selfrenew.piv.signatures import signature_input
from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import LinkedCard, VpcdReader

from .conftest import Insert, Printed, Run
from .issued_card import AUTHENTICATION, CARD_AUTHENTICATION, GUID, SIGNATURE, four_keys

pytestmark = pytest.mark.interop

SELECT = "00:A4:04:00:05:A0:00:00:03:08:00"
VERIFY = "00:20:00:80:08:31:32:33:34:35:36:FF:FF"
TRIES = "00:20:00:80"


def raw(*commands: str) -> list[str]:
    """Send commands by the driver that adds none of its own, as the PIV driver does."""
    sent = [part for command in commands for part in ("--send-apdu", command)]
    return ["opensc-tool", "--card-driver", "default", *sent]


def colons(command: bytes) -> str:
    return command.hex(":").upper()


def general_authenticate(key: int, algorithm: Algorithm, block: bytes) -> list[str]:
    """Ask for a signature, chained where one command is too short for it."""
    inner = bytes(Tlv(0x82, b"")) + bytes(Tlv(0x81, block))
    data = bytes(Tlv(0x7C, inner))
    commands = []
    while len(data) > 255:
        commands.append(colons(bytes((0x10, 0x87, algorithm, key, 255)) + data[:255]))
        data = data[255:]
    return [*commands, colons(bytes((0, 0x87, algorithm, key, len(data))) + data + b"\0")]


def status_words(said: str) -> list[str]:
    return ["".join(pair) for pair in re.findall(r"SW1=0x(..), SW2=0x(..)", said)]


def last_data(said: str) -> bytes:
    """The data of the last answer, out of its dump with text beside."""
    lines = said[said.rindex("SW2=") :].splitlines()[1:]
    return bytes.fromhex("".join(re.findall(r"^(?:[0-9A-F]{2} )+", "\n".join(lines), re.MULTILINE)))


def test_it_sees_the_card(slots: list[VpcdReader[LinkedCard]], blank_card: Card, run: Run) -> None:
    slots[0].insert(blank_card)
    atr = run("opensc-tool", "--reader", slots[0].name, "--atr")
    assert atr.stdout.strip().replace(":", "") == blank_card.atr.hex()
    name = run("opensc-tool", "--reader", slots[0].name, "--name")
    assert name.stdout.strip() == "Personal Identity Verification Card"


def test_its_serial_number_is_the_guid(insert: Insert, printed: Printed) -> None:
    insert(four_keys(Algorithm.P256))
    assert printed("opensc-tool", "--serial").startswith(GUID.hex(" ").upper())


def test_it_waits_for_a_card(
    slots: list[VpcdReader[LinkedCard]],
    blank_card: Card,
    outside: dict[str, str],
) -> None:
    waiting = subprocess.Popen(
        ["opensc-tool", "--wait", "--name", "--verbose"],  # noqa: S607  as anybody runs it
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=outside,
    )
    with waiting:
        try:
            assert waiting.stderr is not None
            said = waiting.stderr.readline()
            assert "Waiting for a card to be inserted" in said
            slots[1].insert(blank_card)
            assert "Personal Identity Verification Card" in waiting.communicate(timeout=30)[0]
        finally:
            waiting.kill()


def test_both_readers_are_listed_and_which_has_a_card(
    insert: Insert, printed: Printed, slots: list[VpcdReader[LinkedCard]]
) -> None:
    insert(four_keys(Algorithm.P256), 1)
    lines = printed("opensc-tool", "--list-readers").splitlines()[2:]
    assert [line.split()[1] for line in lines] == ["No", "Yes"]
    assert [line.endswith(slot.name) for line, slot in zip(lines, slots, strict=True)] == [True] * 2


def test_a_verified_pin_is_forgotten_by_a_reset(insert: Insert, printed: Printed) -> None:
    insert(four_keys(Algorithm.P256))
    said = printed(*raw(SELECT, TRIES, VERIFY, TRIES))
    assert status_words(said) == ["9000", "63C3", "9000", "9000"]
    printed("opensc-tool", "--reset=warm", "--atr")
    assert status_words(printed(*raw(TRIES))) == ["63C3"]


def test_a_chained_command_signs(insert: Insert, printed: Printed) -> None:
    issued = insert(four_keys(Algorithm.RSA2048))
    block = signature_input(Algorithm.RSA2048, b"message", hashes.SHA256())
    commands = general_authenticate(AUTHENTICATION, Algorithm.RSA2048, block)
    said = printed(*raw(SELECT, VERIFY, *commands))
    assert status_words(said) == ["9000", "9000", "9000", "9000"]
    signature = last_data(said)[8:]
    public_key = issued.certificates[AUTHENTICATION].public_key()
    public_key.verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())


def test_the_signature_key_wants_the_pin_each_time(insert: Insert, printed: Printed) -> None:
    insert(four_keys(Algorithm.P256))
    digest = bytes(32)
    (signature,) = general_authenticate(SIGNATURE, Algorithm.P256, digest)
    said = printed(*raw(SELECT, VERIFY, signature, signature, VERIFY, signature))
    assert status_words(said) == ["9000", "9000", "9000", "6982", "9000", "9000"]
    (signature,) = general_authenticate(AUTHENTICATION, Algorithm.P256, digest)
    said = printed(*raw(SELECT, VERIFY, signature, signature))
    assert status_words(said) == ["9000"] * 4


def test_the_card_authentication_key_alone_signs_without_the_pin(
    insert: Insert, printed: Printed
) -> None:
    insert(four_keys(Algorithm.P256))
    commands = [
        command
        for key in (AUTHENTICATION, SIGNATURE, CARD_AUTHENTICATION)
        for command in general_authenticate(key, Algorithm.P256, bytes(32))
    ]
    said = printed(*raw(SELECT, *commands))
    assert status_words(said) == ["9000", "6982", "6982", "9000"]


def test_an_answer_longer_than_one_response_is_fetched(insert: Insert, printed: Printed) -> None:
    issued = insert(four_keys(Algorithm.RSA2048))
    said = printed(*raw(SELECT, "00:CB:3F:FF:05:5C:03:5F:C1:05:00"))
    assert status_words(said) == ["9000", "9000"]
    assert issued.certificates[AUTHENTICATION].public_bytes(Encoding.DER) in last_data(said)


def test_foreign_applications_are_refused_and_leave_piv_selected(
    insert: Insert, printed: Printed
) -> None:
    insert(four_keys(Algorithm.P256))
    foreign = [
        "00:A4:04:00:08:76:27:60:1F:F0:00:00:00",
        "00:A4:00:0C:02:3F:00",
        "00:A4:04:0C:06:A0:00:00:00:01:01",
    ]
    assert status_words(printed(*raw(SELECT, *foreign, TRIES))) == [
        "9000",
        "6A82",
        "6A86",
        "6A82",
        "63C3",
    ]
