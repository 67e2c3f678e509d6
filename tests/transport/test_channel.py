# SPDX-License-Identifier: Apache-2.0
"""Commands and answers of any size over a link that takes short APDUs, from a scripted card."""

import logging
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.iso7816 import CommandApdu, ResponseApdu
from selfrenew.transport import CardConnection, CardRemovedError, TransportError
from selfrenew.transport.channel import open_channel


@dataclass
class Script:
    """Gives its answers in order, the last one for ever, and keeps what it was sent."""

    answers: list[str]
    sent: list[str] = field(default_factory=list)
    atr: bytes = b"\x3b\x00"

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command.hex().upper())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "removed":
            raise CardRemovedError("Desk")
        return bytes.fromhex(answer)

    def reset(self) -> None:
        pass

    def exclusive(self) -> AbstractContextManager[object]:
        return nullcontext()

    def close(self) -> None:
        pass


def send(command: CommandApdu, *answers: str) -> tuple[ResponseApdu, list[str]]:
    script = Script(list(answers))
    assert isinstance(script, CardConnection)
    return open_channel(script).send(command), script.sent


READ = CommandApdu(0, 0xCB, 0x3F, 0xFF, b"\x5c\x01\x7e", 256)


def test_a_short_command_goes_as_it_is() -> None:
    response, sent = send(READ, "7E009000")
    assert response == ResponseApdu(b"\x7e\x00", 0x9000)
    assert sent == ["00CB3FFF035C017E00"]


def test_long_data_goes_in_a_chain() -> None:
    command = CommandApdu(0, 0xDB, 0x3F, 0xFF, bytes(255) + 256 * b"\x01")
    response, sent = send(command, "9000")
    assert response.sw == 0x9000
    assert sent == [
        "10DB3FFFFF" + 255 * "00",
        "10DB3FFFFF" + 255 * "01",
        "00DB3FFF01" + "01",
    ]


def test_exactly_255_bytes_are_no_chain() -> None:
    assert send(CommandApdu(0, 0xDB, 0x3F, 0xFF, bytes(255)), "9000")[1] == [
        "00DB3FFFFF" + 255 * "00"
    ]


def test_a_refusal_inside_a_chain_ends_it() -> None:
    command = CommandApdu(0, 0xDB, 0x3F, 0xFF, bytes(700))
    response, sent = send(command, "9000", "6A84", "9000")
    assert response == ResponseApdu(b"", 0x6A84)
    assert len(sent) == 2


def test_le_over_256_is_asked_for_in_portions() -> None:
    response, sent = send(CommandApdu(0, 0xCB, 0x3F, 0xFF, b"\x5c", 65536), "AA6101", "BB9000")
    assert response.data == b"\xaa\xbb"
    assert sent == ["00CB3FFF015C00", "00C0000001"]


def test_an_answer_in_portions_is_put_together() -> None:
    response, sent = send(READ, "AA6100", "BB6102", "CCDD9000")
    assert response == ResponseApdu(b"\xaa\xbb\xcc\xdd", 0x9000)
    assert sent[1:] == ["00C0000000", "00C0000002"]


# The protocol T=0 answers 61xx without data first.
def test_data_that_is_only_announced_is_fetched() -> None:
    assert send(READ, "6102", "AABB9000")[0] == ResponseApdu(b"\xaa\xbb", 0x9000)


def test_a_refusal_while_fetching_is_the_answers() -> None:
    assert send(READ, "AA6100", "6F00")[0] == ResponseApdu(b"\xaa", 0x6F00)


@pytest.mark.parametrize(("sw", "le"), [("6C08", "08"), ("6C00", "00"), ("6CFF", "FF")])
def test_a_wrong_le_is_corrected_once(sw: str, le: str) -> None:
    response, sent = send(READ, sw, "AA9000")
    assert response == ResponseApdu(b"\xaa", 0x9000)
    assert sent[1] == "00CB3FFF035C017E" + le
    assert send(READ, sw)[0].sw == int(sw, 16)


def test_a_wrong_le_of_get_response_is_corrected_too() -> None:
    response, sent = send(READ, "6100", "6C02", "AABB6100", "6C01", "CC9000")
    assert response == ResponseApdu(b"\xaa\xbb\xcc", 0x9000)
    assert sent[1:] == ["00C0000000", "00C0000002", "00C0000000", "00C0000001"]
    assert send(READ, "AA6100", "6C02")[0] == ResponseApdu(b"\xaa", 0x6C02)


@pytest.mark.parametrize(("answer", "length"), [("", "0 bytes"), ("90", "1 byte")])
def test_less_than_a_status_word_is_no_answer(answer: str, length: str) -> None:
    with pytest.raises(TransportError, match=f"answered {length} where.*Take the card"):
        send(READ, answer)


def test_an_answer_that_never_ends_is_given_up() -> None:
    with pytest.raises(TransportError, match="does not end"):
        send(READ, 256 * "AA" + "6100")
    with pytest.raises(TransportError, match="does not end"):
        send(READ, "AA6100")
    with pytest.raises(TransportError, match="gives none"):
        send(READ, "6101")


def test_a_removal_is_told_as_it_is() -> None:
    with pytest.raises(CardRemovedError, match="'Desk'"):
        send(READ, "AA6100", "removed")


@given(data=st.binary(max_size=1000), answer=st.binary(max_size=1000))
@settings(max_examples=50)
def test_data_of_any_length_comes_through_both_ways(data: bytes, answer: bytes) -> None:
    received, rest = bytearray(), [answer]

    class Card(Script):
        def transmit(self, command: bytes) -> bytes:
            apdu = CommandApdu.from_bytes(command)
            assert len(command) <= 261
            if apdu.ins != 0xC0:
                received.extend(apdu.data)
                if apdu.cla:
                    return b"\x90\x00"
            assert apdu.le is not None
            portion, rest[0] = rest[0][: apdu.le], rest[0][apdu.le :]
            status = b"\x61" + bytes([min(len(rest[0]), 256) & 0xFF]) if rest[0] else b"\x90\x00"
            return portion + status

    response = open_channel(Card([])).send(CommandApdu(0, 0x87, 7, 0x9A, data, 256))
    assert bytes(received) == data
    assert response == ResponseApdu(answer, 0x9000)


# FE and FF import keys into a YubiKey; 42 is nobody's.
@pytest.mark.parametrize("ins", [0x20, 0x24, 0x2C, 0xFE, 0xFF, 0x42])
def test_the_log_shows_no_pin_puk_or_unknown_data(
    ins: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        send(CommandApdu(0, ins, 0, 0x80, b"13572468" * 40), "9000")
    assert "9000 (success)" in caplog.text
    assert "[255 bytes masked]" in caplog.text
    assert b"1357".hex() not in caplog.text
    assert "1357" not in caplog.text


def test_the_log_shows_everything_else(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        send(READ, "AABB6A82")
        send(CommandApdu(0, 0xFD, 0, 0), "6D00")
    assert "GET DATA 00 CB 3F FF 5c017e -> aabb 6A82 (data object or app" in caplog.text
    assert "INS FD 00 FD 00 00 -> 6D00 (instruction not supported)" in caplog.text


def test_nothing_is_described_unless_somebody_reads_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def described(_: object) -> str:
        raise AssertionError("described for nobody")

    monkeypatch.setattr("selfrenew.transport.channel._describe", described)
    with caplog.at_level(logging.INFO):
        assert send(READ, "9000")[0].sw == 0x9000
