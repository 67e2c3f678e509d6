# SPDX-License-Identifier: Apache-2.0
"""The program as a process: its start, its terminal, its signals, its exit codes."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from selfrenew import messages
from selfrenew.agent.failures import FailureReason
from selfrenew.cli import ExitCode
from selfrenew.cli.failures import EXIT_CODES, ending_of
from selfrenew.cli.progress import RenewalWatch
from selfrenew.cmp.message import ReceivedMessage
from selfrenew.cmp.structures import BodyType
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import NotProvenError, RenewalInterruptedError
from selfrenew.services import ServiceRefusedError
from selfrenew_emulator.card import CardImage
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage

COMMAND = (sys.executable, "-c", "from selfrenew.cli import main; main()")
TIMEOUT_SECONDS = 60
HEARD_SECONDS = 30
ROOT = Path(__file__).parent.parent.parent


def environment(stage: EmbeddedStage, card: Any, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "SELFRENEW_CONFIG": str(stage.config_file),
        "SELFRENEW_READER_LOCATION": str(card.path),
        **more,
    }


@contextmanager
def at_a_terminal(
    stage: EmbeddedStage, card: Any, *arguments: str, **environ: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the program on a terminal; give its process and the terminal's other end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603  the test's own arguments
        [*COMMAND, "--now", DEFAULT_NOW.isoformat(), *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(stage, card, TERM="xterm", **environ),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        with process:
            try:
                yield process, ours
            finally:
                process.kill()
    finally:
        os.close(ours)


def read_until(terminal: int, words: str) -> str:
    """Read what appears on a terminal, up to some words or its end."""
    seen = ""
    while words not in seen:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            return seen
        if not part:
            return seen
        seen += part.decode("utf-8", "replace")
    return seen


def read_rest(terminal: int) -> str:
    return read_until(terminal, "\0")


def interrupt(process: "subprocess.Popen[bytes]", terminal: int) -> None:
    """Press Ctrl-C, and once more where it is not heard.

    Python looks for signals before it waits: one that comes just after that is seen with the next.
    """
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        if select.select([terminal], [], [], HEARD_SECONDS)[0]:
            return
    pytest.fail("Ctrl-C was not heard")


def test_help_opens_with_examples_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from selfrenew.cli import program; "
        "program.main(['--help'], standalone_mode=False); "
        "print({'cryptography', 'httpx', 'rich', 'selfrenew.config'} & set(sys.modules))"
    )
    ended = subprocess.run(  # noqa: S603  the test's own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ended.stdout.index("selfrenew --config") < ended.stdout.index("Options:")
    assert ended.stdout.endswith("set()\n")


def test_the_portals_help_names_its_own_variable() -> None:
    ended = subprocess.run(  # noqa: S603  the test's own arguments
        [*COMMAND, "portal", "--help"], capture_output=True, text=True, check=True
    )
    assert "what SELFRENEW_PORTAL_CONFIG names" in " ".join(ended.stdout.split())
    assert "SELFRENEW_CONFIG" not in ended.stdout


@pytest.mark.parametrize("command", ["status", "login", "renew", "change-passcode", "unlock"])
def test_each_command_has_help_that_opens_with_examples(command: str) -> None:
    ended = subprocess.run(  # noqa: S603  the test's own arguments
        [*COMMAND, command, "--help"], capture_output=True, text=True, check=True
    )
    assert f"selfrenew {command}" in ended.stdout.partition("Options:")[0]
    assert "--config FILE" in ended.stdout


def test_the_passcode_is_asked_for_at_a_terminal_and_not_shown(
    shared_stage: EmbeddedStage, card: Any
) -> None:
    with at_a_terminal(shared_stage, card, "renew") as (process, terminal):
        asked = read_until(terminal, "Passcode: ")
        os.write(terminal, b"123456\n")
        seen = read_rest(terminal)
        assert process.wait(TIMEOUT_SECONDS) == ExitCode.DONE
    assert messages.SUCCESS in seen
    assert "made a new signing key" in seen
    assert "123456" not in asked + seen


def test_a_role_and_the_answer_to_the_notice_are_asked_for(
    shared_stage: EmbeddedStage, card: Any
) -> None:
    for answer, words in ((b"n\n", "any time until then: "), (b"y\n", "Renew here: ")):
        with at_a_terminal(shared_stage, card, "login", SELFRENEW_PASSCODE="123456") as (
            process,
            terminal,
        ):
            read_until(terminal, "work in")
            os.write(terminal, b"2\n")
            asked = read_until(terminal, "[y/N]")
            os.write(terminal, answer)
            seen = read_rest(terminal)
            assert process.wait(TIMEOUT_SECONDS) == ExitCode.DONE
        assert "* R8003" in asked
        assert words + "https://portal.test/" in seen


def test_a_new_passcode_is_typed_twice_alike(shared_stage: EmbeddedStage, card: Any) -> None:
    before = card.raw
    with at_a_terminal(shared_stage, card, "change-passcode", SELFRENEW_PASSCODE="123456") as (
        process,
        terminal,
    ):
        read_until(terminal, "digits): ")
        os.write(terminal, b"24681357\n")
        read_until(terminal, "again: ")
        os.write(terminal, b"24681358\n")
        seen = read_rest(terminal)
        assert process.wait(TIMEOUT_SECONDS) == ExitCode.WRONG_PASSCODE
    assert messages.PASSCODES_DIFFER in seen
    assert card.raw == before


def test_an_unlock_at_a_terminal_asks_for_the_code_of_the_mail(
    shared_stage: EmbeddedStage, card: Any
) -> None:
    with at_a_terminal(shared_stage, card, "unlock") as (process, terminal):
        read_until(terminal, "digits): ")
        os.write(terminal, b"24681357\n")
        read_until(terminal, "again: ")
        os.write(terminal, b"24681357\n")
        read_until(terminal, "email: ")
        code = card.code(shared_stage)
        os.write(terminal, code.encode() + b"\n")
        seen = read_rest(terminal)
        assert process.wait(TIMEOUT_SECONDS) == ExitCode.DONE
    assert messages.UNLOCKED in seen
    assert code not in seen


@pytest.mark.parametrize("command", ["change-passcode", "unlock"])
def test_other_programs_have_the_card_while_a_person_types(
    shared_stage: EmbeddedStage, card: Any, command: str
) -> None:
    with at_a_terminal(shared_stage, card, command, SELFRENEW_PASSCODE="123456") as (_, terminal):
        read_until(terminal, "digits): ")
        other = subprocess.run(  # noqa: S603  the test's own arguments
            [*COMMAND, "--now", DEFAULT_NOW.isoformat(), "status"],
            env=environment(shared_stage, card),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert other.returncode == ExitCode.DONE, other.stderr


def test_a_card_put_in_for_another_while_a_person_types_is_left_alone(
    shared_stage: EmbeddedStage, card: Any
) -> None:
    bob = shared_stage.make_card(shared_stage.make_person("Bob Brown"), days_left=30)
    with at_a_terminal(shared_stage, card, "change-passcode", SELFRENEW_PASSCODE="123456") as (
        process,
        terminal,
    ):
        read_until(terminal, "digits): ")
        CardImage.create(card.path, bob.state, overwrite=True)
        before = card.raw
        os.write(terminal, b"24681357\n")
        read_until(terminal, "again: ")
        os.write(terminal, b"24681357\n")
        read_rest(terminal)
        assert process.wait(TIMEOUT_SECONDS) == ExitCode.FOREIGN_CARD
    assert card.raw == before


def stopped(
    stage: EmbeddedStage, card: Any, between: Any, at: BodyType, arguments: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Send Ctrl-C while the CA thinks about a message."""
    running: list[subprocess.Popen[str]] = []
    ended = threading.Event()

    def interrupt(_: ReceivedMessage, answer: bytes) -> bytes:
        running[0].send_signal(signal.SIGINT)
        ended.wait(TIMEOUT_SECONDS)
        return answer

    with subprocess.Popen(  # noqa: S603  the test's own arguments
        [*COMMAND, "--now", DEFAULT_NOW.isoformat(), "renew", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(stage, card, SELFRENEW_PASSCODE="123456", SELFRENEW_CA_URL=between.url),
    ) as process:
        running.append(process)
        between.change[at] = interrupt
        try:
            out, err = process.communicate(timeout=TIMEOUT_SECONDS)
        finally:
            ended.set()
            process.kill()
    between.change.clear()
    return subprocess.CompletedProcess([], process.returncode, out, err)


def test_ctrl_c_before_the_first_write_says_that_nothing_was_changed(
    shared_stage: EmbeddedStage, card: Any, between: Any
) -> None:
    before = card.raw
    ended = stopped(shared_stage, card, between, BodyType.GENM)
    assert ended.returncode == ExitCode.CANCELLED
    assert ended.stderr.splitlines()[-1] == f"Error: {messages.STOPPED_BEFORE}"
    assert card.raw == before


def test_ctrl_c_within_a_slot_says_what_is_to_be_done_again(
    shared_stage: EmbeddedStage, card: Any, between: Any, run: Any
) -> None:
    ended = stopped(shared_stage, card, between, BodyType.CR)
    assert ended.returncode == ExitCode.CANCELLED
    last = ended.stderr.splitlines()[-1]
    assert "The signing certificate was being replaced" in last
    assert "the authentication certificate still works" in last
    assert "Traceback" not in ended.stderr
    assert run("renew").code == ExitCode.DONE


def test_ctrl_c_with_json_is_one_object(
    shared_stage: EmbeddedStage, card: Any, between: Any
) -> None:
    ended = stopped(shared_stage, card, between, BodyType.CR, ("--json",))
    assert ended.stderr == ""
    assert '"error": "CANCELLED"' in ended.stdout
    assert '"unfinished": ["signing", "authentication"]' in ended.stdout


def test_ctrl_c_at_a_prompt_ends_it(shared_stage: EmbeddedStage, card: Any) -> None:
    with at_a_terminal(shared_stage, card, "renew") as (process, terminal):
        read_until(terminal, "Passcode: ")
        interrupt(process, terminal)
        seen = read_rest(terminal)
        assert process.wait(TIMEOUT_SECONDS) == ExitCode.CANCELLED
    assert messages.STOPPED_BEFORE in seen or messages.STOPPED in seen
    assert "Traceback" not in seen


def test_a_reader_of_the_output_that_goes_away_stops_no_renewal(
    shared_stage: EmbeddedStage, card: Any
) -> None:
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(  # noqa: S603  the test's own arguments
        [*COMMAND, "--now", DEFAULT_NOW.isoformat(), "renew"],
        stdin=subprocess.DEVNULL,
        stdout=write,
        stderr=write,
        env=environment(shared_stage, card, SELFRENEW_PASSCODE="123456"),
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    os.close(write)
    assert ended.returncode == ExitCode.DONE
    key = KeyReference.PIV_AUTHENTICATION
    assert card.certificate(key).not_valid_before_utc == DEFAULT_NOW


def test_the_documented_exit_codes_are_the_programs() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    ours, _, _ = text.partition("# The emulator's")
    documented = re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", ours, re.MULTILINE)
    assert [(int(number), name) for number, name in documented] == [
        (code.value, code.name) for code in ExitCode
    ]


def all_below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for each in kind.__subclasses__():
        yield each
        yield from all_below(each)


def test_every_error_of_the_reference_has_an_ending() -> None:
    """No error class may be forgotten, whichever package adds one."""
    # Turned into errors of their own by the layer above, or into an answer to a page, or ended by
    # the program itself.
    inner = (
        "selfrenew.agent.loopback",
        "selfrenew.http",
        "selfrenew.iso7816",
        "selfrenew.certificates",
        "selfrenew.cli.errors",
        "selfrenew.portal",
        "selfrenew.operation_ticket",
    )
    wrappers = (RenewalInterruptedError, NotProvenError, ServiceRefusedError, ValueError)
    forgotten = [
        kind
        for kind in all_below(Exception)
        if kind.__module__.startswith("selfrenew.")
        and not kind.__module__.startswith(inner)
        and not issubclass(kind, wrappers)
        and ending_of(kind.__new__(kind)) is None
    ]
    assert forgotten == []


def test_a_watch_knows_how_the_card_stands_before_anything_happened() -> None:
    watch = RenewalWatch()
    assert (watch.standing, watch.changed, watch.unfinished) == (
        messages.STOPPED_BEFORE,
        False,
        [],
    )


def test_every_reason_of_a_failure_has_an_exit_code() -> None:
    assert set(EXIT_CODES) == set(FailureReason)


def test_a_crash_leaves_no_core_file() -> None:
    script = """
import atexit, resource, sys
from selfrenew.cli import main
atexit.register(lambda: print(resource.getrlimit(resource.RLIMIT_CORE), file=sys.stderr))
main(["--help"])
"""
    ran = subprocess.run(  # noqa: S603  the test's own script
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    assert ran.stderr == "(0, 0)\n"
