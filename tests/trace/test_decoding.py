# SPDX-License-Identifier: Apache-2.0
"""Traces in words, in JSON and in Wireshark's own."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from selfrenew.iso7816 import Tlv
from selfrenew.piv import CertificateObject, DataObject
from selfrenew_emulator.card import Card
from selfrenew_emulator.trace import (
    Trace,
    TraceRecorder,
    read_trace,
    to_json,
    to_lines,
    to_pcapng,
)

from .conftest import READ, SELECT, TRIES, VERIFY, Record


@pytest.fixture
def worn(card: Card, odd_certificates: dict[str, bytes]) -> Card:
    """A card with something in place of its certificate."""
    content = bytes(CertificateObject(odd_certificates["empty"]))
    card.store.put_object(DataObject.PIV_AUTHENTICATION_CERTIFICATE.tag, content)
    card.store.commit()
    return card


def shown(trace: Trace) -> str:
    return "\n".join(line[18:] if line[:5].strip() else line.strip() for line in to_lines(trace))


def test_commands_objects_keys_and_statuses_are_named(worn: Card, record: Record) -> None:
    assert worn is not None
    said = shown(record(SELECT, TRIES, VERIFY, READ, "0047009A05AC0380011100", "00F7009A00"))
    assert "-> SELECT of the application A000000308" in said
    assert "<- 63C3 (verification failed, 3 left)" in said
    assert "-> VERIFY of the APPLICATION PIN" in said
    assert f"0020008008{'**' * 8}" in said
    assert "-> GET DATA of the authentication certificate" in said
    assert "5C (3) 5FC105" in said
    assert "53 (9) no certificate: the certificate cannot be read" in said
    assert "70 (2) 3000" in said
    assert "-> GENERATE ASYMMETRIC KEY PAIR as the PIV AUTHENTICATION key (9A), P256" in said
    assert "<- 6982 (security status not satisfied)" in said
    assert "-> GET METADATA" in said
    assert said.endswith("-- power down")


def test_a_chain_and_a_long_answer_are_put_together(tmp_path: Path, card: Card) -> None:
    recorder = TraceRecorder(tmp_path / "desk.trace", "Desk")
    recorder.power_up(card.atr)
    inner = bytes(Tlv(0x70, bytes(3)))
    answer = bytes(Tlv(0x53, inner))
    script = {
        "10DB3FFF085C035FC105530770": "9000",
        "00DB3FFF0205": "9000",
        READ: answer[:3].hex() + "6104",
        "00C0000004": answer[3:].hex() + "9000",
    }
    script["00DB3FFF0605" + "00" * 5] = script.pop("00DB3FFF0205")
    for command in ("10DB3FFF085C035FC105530770", "00DB3FFF0605" + "00" * 5, READ, "00C0000004"):
        recorder(bytes.fromhex(command), lambda _, said=script[command]: bytes.fromhex(said))
    trace = read_trace(recorder.path)
    said = shown(trace)
    assert "-> PUT DATA, a part of a chain: 8 bytes so far" in said
    assert "-> PUT DATA of the authentication certificate" in said
    assert "70 (5) 0000000000" in said
    assert "<- 3 bytes, 6104 (4 more bytes)" in said
    assert "<- 7 bytes, 9000 (success)" in said
    events = to_json(trace)["events"]
    assert events[-1]["tlv"][0]["tag"] == "53"
    assert events[-1]["tlv"][0]["tlv"] == [{"tag": "70", "length": 3, "value": "000000"}]


def test_hidden_values_stay_hidden_in_a_tree(tmp_path: Path, card: Card) -> None:
    recorder = TraceRecorder(tmp_path / "desk.trace", "Desk")
    recorder.power_up(card.atr)
    challenge = bytes.fromhex("7C0A8108") + b"challeng" + b"\x90\x00"
    recorder(bytes.fromhex("00870A9B047C02810000"), lambda _: challenge)
    trace = read_trace(recorder.path)
    assert f"81 (8) {'**' * 8}" in shown(trace)
    assert "the MANAGEMENT key (9B), AES192" in shown(trace)


def test_json_has_stable_keys(record: Record) -> None:
    said = to_json(record(SELECT, VERIFY))
    assert json.loads(json.dumps(said)) == said
    assert set(said) == {"atr", "cut_off", "events", "program", "reader", "time"}
    assert said["events"][3] == {
        "line": 5,
        "at": 1.0,
        "event": "command",
        "words": "VERIFY of the APPLICATION PIN",
        "bytes": "0020008008" + "**" * 8,
    }


TSHARK = shutil.which("tshark")


@pytest.mark.interop
@pytest.mark.skipif(TSHARK is None, reason="the tshark command is not here")
def test_wireshark_knows_each_command_and_answer_by_itself(record: Record, tmp_path: Path) -> None:
    trace = record(SELECT, VERIFY, READ)
    file = tmp_path / "desk.pcapng"
    file.write_bytes(to_pcapng(trace))
    fields = (
        "frame.protocols",
        "iso7816.atr.historical_bytes",
        "iso7816.apdu.ins",
        "iso7816.apdu.sw1",
        "frame.comment",
    )
    asked = [part for field in fields for part in ("-e", field)]
    ended = subprocess.run(  # noqa: S603  the program under test
        [str(TSHARK), "-n", "-r", str(file), "-T", "fields", "-E", "separator=|", *asked],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        # No settings of whoever runs the tests.
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert ended.returncode == 0, ended.stderr
    rows = [line.split("|") for line in ended.stdout.splitlines()]
    protocols = [row[0].removeprefix("exported_pdu").removeprefix(":") for row in rows]
    # The dissector of an ATR does not name itself.
    assert protocols == ["", *["iso7816"] * 6, "data-text-lines"]
    assert bytes.fromhex(rows[0][1]) == b"SR-PIV-01\0"
    assert [row[2] for row in rows[1:7:2]] == ["0xa4", "0x20", "0xcb"]
    assert [row[3] for row in rows[2:7:2]] == ["0x90", "0x90", "0x6a"]
    assert rows[3][4] == "VERIFY of the APPLICATION PIN; 8 bytes are masked, and zeros here"
