# SPDX-License-Identifier: Apache-2.0
"""What is recorded, of which reader, and that no secret is in it anywhere."""

import json
import logging
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfrenew.agent import change_passcode, finish_unlock, start_unlock
from selfrenew.config import assemble, load_configuration
from selfrenew.piv.client import PivClient
from selfrenew.piv.references import KeyReference
from selfrenew.secret import Secret
from selfrenew.transport import (
    CardRemovedError,
    MonitoredReader,
    NoCardError,
    TransportError,
)
from selfrenew_emulator.card import Card
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage, mail_address
from selfrenew_emulator.trace import (
    EventKind,
    RecordedCard,
    RecordedReader,
    TraceExistsError,
    TraceRecorder,
    TraceWriteError,
    decode,
    read_trace,
    to_json,
    to_lines,
    to_pcapng,
)

from .conftest import SELECT, TRIES, VERIFY, Record

OLD, NEW, UNLOCKED = "19283746", "91827364", "55667788"


def test_each_line_is_one_thing_that_happened(record: Record) -> None:
    trace = record(SELECT, VERIFY)
    assert [event.kind for event in trace.events] == [
        EventKind.POWER_UP,
        EventKind.COMMAND,
        EventKind.ANSWER,
        EventKind.COMMAND,
        EventKind.ANSWER,
        EventKind.POWER_DOWN,
    ]
    assert [event.at for event in trace.events] == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5]
    assert [event.line for event in trace.events] == [2, 3, 4, 5, 6, 7]
    assert (trace.header.reader, trace.header.time) == ("Desk", DEFAULT_NOW)
    lines = trace.path.read_text("ascii").splitlines()
    assert json.loads(lines[4]) == {"at": 1.0, "event": "command", "apdu": "0020008008" + "**" * 8}


def test_a_command_is_in_the_file_before_it_is_answered(tmp_path: Path, card: Card) -> None:
    recorder = TraceRecorder(tmp_path / "desk.trace", "Desk")
    recorder.power_up(card.atr)
    seen: list[EventKind] = []

    def exchange(command: bytes) -> bytes:
        seen.extend(event.kind for event in read_trace(recorder.path).events)
        return card.transmit(command)

    recorder(bytes.fromhex(TRIES), exchange)
    assert seen == [EventKind.POWER_UP, EventKind.COMMAND]


def test_a_card_that_is_taken_out_is_told_from_a_reader_that_fails(
    reader: RecordedReader, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = reader.connect()

    def fail(_: bytes) -> bytes:
        raise TransportError("whatever it says")

    with monkeypatch.context() as failing:
        failing.setattr(card, "transmit", fail)
        with pytest.raises(TransportError):
            connection.transmit(bytes.fromhex(TRIES))
    reader._reader.remove()  # type: ignore[attr-defined]  # noqa: SLF001
    with pytest.raises(CardRemovedError):
        connection.transmit(bytes.fromhex(TRIES))
    events = read_trace(reader.recorder.path).events
    assert [event.kind.value for event in events[1:]] == [
        "command",
        "no-answer",
        "command",
        "removal",
    ]
    assert events[2].reason == "TransportError"


def test_a_card_is_recorded_at_its_readers_end(card: Card, tmp_path: Path) -> None:
    recorder = TraceRecorder(tmp_path / "desk.trace", "Desk")
    recorded = RecordedCard(card, recorder)
    assert not recorder.path.exists()
    assert recorded.power_on() == recorded.atr == card.atr
    recorded.transmit(bytes.fromhex(VERIFY))
    recorded.reset()
    assert recorded.transmit(bytes.fromhex(TRIES)) == b"\x63\xc3"
    recorded.power_off()
    recorded.power_off()
    kinds = [event.kind.value for event in read_trace(recorder.path).events]
    assert kinds == [
        "power-up",
        "command",
        "answer",
        "reset",
        "command",
        "answer",
        "power-down",
    ]


def test_a_recorded_reader_is_the_reader_it_records(reader: RecordedReader, card: Card) -> None:
    assert isinstance(reader, MonitoredReader)
    assert (reader.name, reader.card_present, reader.wait_for_card(0)) == ("Desk", True, True)
    told: list[str] = []
    reader.on_removal(lambda: told.append("out"))
    reader.on_insertion(lambda: told.append("in"))
    inner = reader._reader  # noqa: SLF001
    assert isinstance(inner, EmbeddedReader)
    inner.insert(inner.remove())
    assert told == ["out", "in"]
    connection = reader.connect()
    assert connection.atr == card.atr
    with connection.exclusive():
        connection.reset()


def test_without_a_card_there_is_no_file(tmp_path: Path) -> None:
    recorder = TraceRecorder(tmp_path / "desk.trace", "Desk")
    with pytest.raises(NoCardError):
        RecordedReader(EmbeddedReader(), recorder).connect()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_overwritten_only_when_told(tmp_path: Path, card: Card) -> None:
    path = tmp_path / "desk.trace"
    path.write_text("mine")
    with pytest.raises(TraceExistsError, match="--force"):
        TraceRecorder(path, "Desk")
    recorder = TraceRecorder(path, "Desk", overwrite=True)
    assert path.read_text() == "mine"
    recorder.power_up(card.atr)
    assert len(read_trace(path).events) == 1


def test_a_trace_is_its_owners_alone(record: Record) -> None:
    assert stat.S_IMODE(record(SELECT).path.stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(TraceWriteError, match="no such folder"):
        TraceRecorder(tmp_path / "none" / "desk.trace", "Desk")


def test_a_file_that_can_no_longer_be_written_does_not_stop_the_conversation(
    reader: RecordedReader, caplog: pytest.LogCaptureFixture
) -> None:
    connection = reader.connect()
    reader.recorder.path.unlink()
    for _ in range(2):
        assert connection.transmit(bytes.fromhex(VERIFY)) == b"\x90\x00"
    assert isinstance(reader.recorder.failure, TraceWriteError)
    assert caplog.text.count("The conversation goes on") == 1


@pytest.fixture
def stage() -> Iterator[EmbeddedStage]:
    with EmbeddedStage(clock=SettableClock(DEFAULT_NOW)) as stage:
        yield stage


def forms(secret: bytes) -> set[bytes]:
    return {secret, secret.hex().encode(), secret.hex().upper().encode()}


def test_no_secret_of_a_persons_whole_journey_is_in_a_trace_or_what_is_made_of_it(
    stage: EmbeddedStage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    person = stage.make_person()
    card = stage.make_card(person, days_left=30, passcode=OLD.encode())
    stage.reader.insert(card)
    recorder = TraceRecorder(tmp_path / "desk.trace", stage.reader.name)
    reader = RecordedReader(stage.reader, recorder)
    answers: list[bytes] = []
    send = PivClient.answer_management_challenge

    def overhear(client: PivClient, algorithm: object, answer: bytes) -> None:
        answers.append(answer)
        send(client, algorithm, answer)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PivClient, "answer_management_challenge", overhear)
        with assemble(
            load_configuration(stage.config_file), reader=reader, clock=stage.clock
        ) as reference:
            assert len(reference.renew(Secret(OLD)).new) == 2
            client = PivClient(reader.connect())
            client.select()
            change_passcode(client, Secret(OLD), Secret(NEW))
            management = reference.services.management
            identifier = start_unlock(client, management)
            text = stage.outbox.messages_to(mail_address(person))[-1].get_content()
            code = re.search(r"^Your code is (\d+)$", text, re.MULTILINE)
            assert code is not None
            finish_unlock(client, management, identifier, Secret(code[1]), Secret(UNLOCKED))
    trace = read_trace(recorder.path)
    assert recorder.failure is None
    assert answers
    assert not trace.cut_off
    secrets = [OLD.encode(), NEW.encode(), UNLOCKED.encode(), *answers]
    secrets.append(card.state.keys[KeyReference.MANAGEMENT].material)
    logged = [each for each in caplog.records if each.name.startswith("selfrenew_emulator")]
    made = {
        "the file": recorder.path.read_bytes(),
        "what is shown": "\n".join(to_lines(trace)).encode(),
        "its JSON": json.dumps(to_json(trace)).encode(),
        "its pcapng": to_pcapng(trace),
        "what is held": repr((trace, vars(recorder), list(decode(trace)))).encode(),
        "the log": "\n".join(each.getMessage() for each in logged).encode(),
    }
    for secret in secrets:
        for form in forms(secret):
            assert [name for name, content in made.items() if form in content] == []
    shown = made["what is shown"].decode()
    assert "VERIFY of the APPLICATION PIN" in shown
    assert "RESET RETRY COUNTER of the APPLICATION PIN" in shown
    assert "PUT DATA of the signing certificate" in shown
