# SPDX-License-Identifier: Apache-2.0
"""The program as a person or a script runs it, on one stage; each test has a card of its own."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509

from selfrenew.cli import ExitCode, main
from selfrenew.cmp.message import Message, ReceivedMessage, decode_message
from selfrenew.cmp.protection import PrivateKeySigner, protect
from selfrenew.cmp.structures import BodyType
from selfrenew.piv.objects import CertificateObject, DataObject
from selfrenew.piv.references import KeyReference, ReferenceDataQualifier
from selfrenew_emulator.card import CardState, read_image
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import DEFAULT_NOW, TEST_PASSCODE, EmbeddedStage, mail_address

PASSCODE = TEST_PASSCODE.decode()
NOW = DEFAULT_NOW.isoformat()
CMP = "application/pkixcmp"


@dataclass(frozen=True)
class Ended:
    """What a run of the program left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def failure(self) -> str:
        """The one line that tells a failure."""
        last = self.err.splitlines()[-1]
        assert last.startswith("Error: ")
        return last.removeprefix("Error: ")


@dataclass(frozen=True)
class CardFile:
    """A card in its image, as the test sees it."""

    path: Path
    holder: Person

    @property
    def raw(self) -> bytes:
        return self.path.read_bytes()

    @property
    def state(self) -> CardState:
        return read_image(self.path)

    @property
    def tries_left(self) -> int:
        return self.state.references[ReferenceDataQualifier.APPLICATION_PIN].tries

    def certificate(self, key: KeyReference) -> x509.Certificate:
        content = self.state.objects[DataObject.certificate_of(key).tag]
        der = CertificateObject.from_bytes(content).certificate_der
        return x509.load_der_x509_certificate(der)

    def code(self, stage: EmbeddedStage) -> str:
        """Read the code in the newest mail to the card's holder."""
        mail = stage.outbox.messages_to(mail_address(self.holder))[-1]
        found = re.search(r"Your code is (\d+)", mail.get_content())
        assert found is not None
        return found[1]

    @property
    def certificates(self) -> list[x509.Certificate]:
        return [
            self.certificate(key)
            for key in (KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE)
        ]


@pytest.fixture(scope="session")
def shared_stage() -> Iterator[EmbeddedStage]:
    """A stage whose clock nobody moves."""
    with EmbeddedStage(clock=SettableClock(DEFAULT_NOW)) as stage:
        yield stage


MakeCard = Callable[..., CardFile]


@pytest.fixture
def make_card(shared_stage: EmbeddedStage, tmp_path: Path) -> MakeCard:
    """Make a person's card in an image of its own."""

    def make(name: str = "alice.card", **options: Any) -> CardFile:
        path = tmp_path / name
        person = shared_stage.make_person(options.pop("holder", "Alice Archer"))
        shared_stage.write_card(path, shared_stage.make_card(person, **options))
        return CardFile(path, person)

    return make


@pytest.fixture
def card(make_card: MakeCard) -> CardFile:
    """Alice's card, 30 days left."""
    return make_card()


Run = Callable[..., Ended]


@pytest.fixture
def run(
    shared_stage: EmbeddedStage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run the program on `alice.card`, the passcode in the environment; None takes a value out."""

    def act(*arguments: object, **environ: str | Path | None) -> Ended:
        given: dict[str, str | Path | None] = {
            "SELFRENEW_CONFIG": shared_stage.config_file,
            "SELFRENEW_READER_LOCATION": tmp_path / "alice.card",
            "SELFRENEW_PASSCODE": PASSCODE,
            **environ,
        }
        with monkeypatch.context() as patch:
            for name, value in given.items():
                if value is None:
                    patch.delenv(name, raising=False)
                else:
                    patch.setenv(name, str(value))
            capsys.readouterr()
            with pytest.raises(SystemExit) as ending:
                main(["--now", NOW, *map(str, arguments)])
        code = ending.value.code
        assert isinstance(code, int)
        assert code in set(ExitCode)
        seen = capsys.readouterr()
        secret = given["SELFRENEW_PASSCODE"]
        if isinstance(secret, str) and secret.strip():
            assert secret not in seen.out + seen.err
        assert "Traceback" not in seen.out + seen.err or "-v" in arguments
        return Ended(code, seen.out, seen.err)

    return act


Change = Callable[[ReceivedMessage, bytes], bytes | tuple[str, bytes]]


@dataclass
class Between:
    """A server that stands before the CA and changes answers by the type of their request.

    A change gets the request and the CA's own answer, and gives CMP bytes, or a content type with
    a body.
    """

    stage: EmbeddedStage
    url: str
    answered: Callable[..., bytes]
    change: dict[BodyType, Change] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def respond(self, request: Any) -> bytes:
        message = decode_message(request.body)
        self.asked.append(message.body_type.standard_name)
        answer = httpx.post(
            self.stage.urls.cmp_http + request.target,
            content=request.body,
            headers={"content-type": CMP},
            trust_env=False,
        ).content
        change = self.change.get(message.body_type)
        changed = answer if change is None else change(message, answer)
        kind, body = (CMP, changed) if isinstance(changed, bytes) else changed
        return self.answered(body, content_type=kind)

    def signed(self, answer: ReceivedMessage, content: bytes | None = None) -> bytes:
        """Sign an answer, whose header may have been changed, anew in the CA's own name."""
        return protect(
            Message(
                answer.header,
                answer.body_type,
                answer.content if content is None else content,
                None,
                answer.extra_certs,
            ),
            PrivateKeySigner(self.stage.ca.authority.cmp_signer.key),
        )


@pytest.fixture
def between(shared_stage: EmbeddedStage, loopback: Any, answered: Callable[..., bytes]) -> Between:
    server = Between(shared_stage, loopback.url, answered)
    loopback.respond = server.respond
    return server


_TRANSPORTS = """
import contextlib

class Connection:
    atr = bytes.fromhex("3B00")
    def transmit(self, command):
        return bytes.fromhex("6A82")
    def exclusive(self):
        return contextlib.nullcontext()
    def reset(self): pass
    def close(self): pass

class Reader:
    name, card_present = "odd reader", True
    def __init__(self, connect): self.connect = connect

def foreign(location, folder):
    return Reader(Connection)

def broken(location, folder):
    def connect(): raise RuntimeError("what only a developer wants to read")
    return Reader(connect)
"""


@pytest.fixture
def odd_transports(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Install the transports `foreign`, with a card that is not PIV, and `broken`."""
    folder = tmp_path_factory.mktemp("installed")
    info = folder / "odd_transports-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-transports\nVersion: 1\n")
    points = "[selfrenew.transports]\nforeign = odd_transports:foreign\n"
    (info / "entry_points.txt").write_text(points + "broken = odd_transports:broken\n")
    (folder / "odd_transports.py").write_text(_TRANSPORTS)
    monkeypatch.syspath_prepend(folder)
    yield
    sys.modules.pop("odd_transports", None)


def fails(ended: Any, code: ExitCode, *words: str) -> None:
    assert ended.code == code, ended
    assert ended.out == ""
    assert ended.err.count("\n") == 1, ended.err
    for word in words:
        assert word in ended.failure
