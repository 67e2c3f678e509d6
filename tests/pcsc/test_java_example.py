# SPDX-License-Identifier: Apache-2.0
"""docs/examples/java_card: a Java program signs with the card, told by its environment alone.

The reader and the card are put up as somebody without Python would: by the command line.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.stage import EmbeddedStage
from tests.java_program import JavaProgram

EMULATOR = Path(sys.executable).with_name("selfrenew-emulator")


@dataclass(frozen=True)
class Java:
    """The program, and the slots of a reader."""

    program: JavaProgram
    ports: list[int]
    socket: str

    def run(
        self, reader: str = "selfrenew 00 00", **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        return self.program.run(self.socket, reader, **variables)


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Java]:
    program = JavaProgram(tmp_path_factory.mktemp("java"))
    with ExitStack() as stack:
        up = json.loads(first_line(started(stack, "reader", "up", "--json")))
        yield Java(program, up["ports"], up["socket"])


def started(stack: ExitStack, *arguments: str) -> "subprocess.Popen[str]":
    """Start the emulator's program; it is ended with the stack."""
    process = subprocess.Popen(  # noqa: S603  our own command
        [EMULATOR, *arguments], stdout=subprocess.PIPE, text=True
    )

    def end() -> None:
        process.terminate()
        process.communicate(timeout=30)

    stack.callback(end)
    return process


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P384, Algorithm.RSA2048])
def test_it_reads_the_card_and_its_signature_is_that_of_the_certificate(
    java: Java, selfrenew_stage: EmbeddedStage, tmp_path: Path, algorithm: Algorithm
) -> None:
    person = selfrenew_stage.make_person()
    card = selfrenew_stage.make_card(person, algorithm=algorithm)
    image = tmp_path / "alice.card"
    selfrenew_stage.write_card(image, card)
    with ExitStack() as stack:
        inserted = started(stack, "card", "insert", str(image), "--port", str(java.ports[0]))
        assert "is in the reader" in first_line(inserted)
        done = java.run()
        assert done.returncode == 0, done.stderr
        assert re.search(r"^guid: [0-9a-f]{32}$", done.stdout, re.MULTILINE)
        assert f"holder: CN={person.user_id}," in done.stdout
        assert re.search(
            r"^signed: 9A, (EC|RSA), as its certificate says$", done.stdout, re.MULTILINE
        )


def test_what_is_wrong_is_one_line_without_a_trace(
    java: Java, selfrenew_stage: EmbeddedStage, tmp_path: Path
) -> None:
    image = tmp_path / "alice.card"
    selfrenew_stage.write_card(image, selfrenew_stage.make_card(selfrenew_stage.make_person()))
    with ExitStack() as stack:
        inserted = started(stack, "card", "insert", str(image), "--port", str(java.ports[0]))
        assert "is in the reader" in first_line(inserted)
        for variables, told in (
            ({"PIV_PASSCODE": "99999999"}, "VERIFY was refused with 63C2: wrong, 2 tries left"),
            ({"reader": "nobody's"}, "no reader's name has 'nobody's' in it; there are:"),
            ({"PIV_PASSCODE": ""}, "the environment has no PIV_PASSCODE; set it"),
        ):
            done = java.run(**variables)
            assert done.returncode == 1
            assert done.stderr.startswith("PivCheck: ")
            assert told in done.stderr
            assert done.stderr.count("\n") == 1
            assert "99999999" not in done.stdout + done.stderr
