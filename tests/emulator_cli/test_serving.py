# SPDX-License-Identifier: Apache-2.0
"""The programs of a stage as processes: what they say, how they end, and what a kill costs."""

import json
import re
import signal
import ssl
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509

from selfrenew_emulator.cli import ExitCode
from selfrenew_emulator.stage import bind

TIMEOUT_SECONDS = 60
Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def ready(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    said: dict[str, Any] = json.loads(process.stdout.readline())
    return said


def ca_arguments(path: Path) -> list[str]:
    return ["ca", "serve", "--state", f"{path}/ca", "--shared", f"{path}/shared", "--json"]


def services_arguments(path: Path, ca_url: str) -> list[str]:
    kept = ["--state", f"{path}/services", "--shared", f"{path}/shared"]
    return ["services", "serve", *kept, "--ca", ca_url, "--json"]


def test_services_wait_for_the_ca_and_both_end_when_they_are_told(
    start_program: Start, tmp_path: Path
) -> None:
    with bind() as listener:
        port = listener.getsockname()[1]
    services = start_program(*services_arguments(tmp_path, f"http://127.0.0.1:{port}"))
    ca = start_program(*ca_arguments(tmp_path), "--control-port", port)
    ready(ca)
    said = ready(services)
    assert set(said) == {"management", "spine", "control", "mail"}
    assert httpx.get(f"{said['control']}/health", trust_env=False).json() == {"status": "ok"}
    for process, number in ((services, signal.SIGTERM), (ca, signal.SIGINT)):
        process.send_signal(number)
        rest, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        assert (process.returncode, rest, errors) == (ExitCode.DONE, "", "")


def test_a_killed_ca_has_lost_nothing(start_program: Start, tmp_path: Path) -> None:
    first = start_program(*ca_arguments(tmp_path))
    token = {}
    records = []
    for process in (first, None):
        running = process or start_program(*ca_arguments(tmp_path))
        said = ready(running)
        token = {
            "authorization": f"Bearer {(tmp_path / 'shared/control.token').read_text().strip()}"
        }
        with httpx.Client(
            base_url=said["control"], headers=token, trust_env=False, timeout=60
        ) as http:
            if process is not None:
                form = {"reference": "desk-7", "profiles": ["general"]}
                assert http.post("/enrolments", json=form).status_code == 201
            records.append(
                (http.get("/enrolments/desk-7").json(), http.get("/authority").json()["root"])
            )
        running.kill()
        running.wait(TIMEOUT_SECONDS)
    assert records[0] == records[1]


@pytest.mark.parametrize("kept", [False, True])
def test_a_ca_says_in_one_line_where_everything_is_and_takes_its_files_along(
    start_program: Start, tmp_path: Path, *, kept: bool
) -> None:
    folder = ["--state", tmp_path / "kept"] if kept else []
    process = start_program("ca", "serve", "--json", *folder)
    said = ready(process)
    secret, root = Path(said["enrolment"]["secret_file"]), Path(said["root"])
    assert said["enrolment"]["reference"]
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_text().strip() not in json.dumps(said)
    assert secret.read_text().count("\n") == 1
    context = ssl.create_default_context(cafile=root)
    basic = (said["enrolment"]["reference"], secret.read_text().strip())
    token = {"authorization": f"Bearer {Path(said['control_token_file']).read_text().strip()}"}
    with httpx.Client(verify=context, trust_env=False) as http:
        assert http.get(said["cmp"]).status_code == 405
        crl = x509.load_der_x509_crl(http.get(said["crl"]).content)
        assert "TEST" in crl.issuer.rfc4514_string()
        assert http.post(said["ocsp"], content=b"").status_code == 415
        assert http.get(said["est"] + "/cacerts").status_code == 200
        refused = http.post(said["est"] + "/simpleenroll", auth=basic, content=b"")
        assert refused.status_code == 415
        assert http.get(said["control"] + "/exchanges", headers=token).json()
    process.send_signal(signal.SIGTERM)
    rest, errors = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, rest, errors) == (ExitCode.DONE, "", "")
    assert secret.exists() == root.exists() == kept


def test_a_kept_ca_is_reached_where_it_was_and_by_the_same_secret(
    start_program: Start, tmp_path: Path
) -> None:
    told = []
    for _ in range(2):
        process = start_program("ca", "serve", "--json", "--state", tmp_path, "--seed", "same")
        said = ready(process)
        told.append((said, Path(said["enrolment"]["secret_file"]).read_text()))
        process.kill()
        process.wait(TIMEOUT_SECONDS)
    assert told[0] == told[1]


def test_people_are_told_the_addresses(start_program: Start, tmp_path: Path) -> None:
    arguments = [each for each in ca_arguments(tmp_path) if each != "--json"]
    process = start_program(*arguments)
    assert process.stdout is not None
    text = ""
    while "Ctrl-C stops it." not in text:
        line = process.stdout.readline()
        assert line, "it ended early"
        text += line
    assert re.search(r"^  cmp_https +https://127\.0\.0\.1:", text, re.MULTILINE)
    assert re.search(r"^  enrolment secret_file +/.*/shared/enrolment\.secret$", text, re.MULTILINE)


def test_what_cannot_be_served_is_one_line_with_its_exit_code(
    run_program: Run, tmp_path: Path
) -> None:
    with bind() as taken:
        port = run_program(*ca_arguments(tmp_path), "--port", taken.getsockname()[1])
    clock = run_program(*ca_arguments(tmp_path), "--clock", tmp_path / "no clock")
    reader = run_program(
        *("reader", "serve", "--state", tmp_path / "r", "--shared", tmp_path / "shared"),
        *("--reader-name", 'a"b'),
    )
    assert (port.returncode, clock.returncode) == (ExitCode.PORT_TAKEN, ExitCode.STATE_UNUSABLE)
    assert (port.stderr.count("\n"), clock.stderr.count("\n")) == (1, 1)
    assert reader.returncode == ExitCode.USAGE
    assert "names no reader" in reader.stderr


def test_a_fault_that_is_to_strike_so_often_is_named(run_program: Run) -> None:
    ended = run_program("portal", "--times", "2")
    assert ended.returncode == ExitCode.USAGE
    assert "Name the --fault" in ended.stderr


def test_a_ca_is_started_with_its_faults_and_not_with_others(
    start_program: Start, run_program: Run, tmp_path: Path
) -> None:
    process = start_program(*ca_arguments(tmp_path), "--fault", "ca.error:times=1")
    address = ready(process)["cmp"]
    headers = {"content-type": "application/pkixcmp"}
    with httpx.Client(trust_env=False, timeout=60) as http:
        statuses = [http.post(address, content=b"", headers=headers).status_code for _ in range(2)]
    assert statuses == [500, 400]
    for order, words in (
        ("ca.on-fire", "Known: ca.unreachable, ca.unavailable"),
        ("mail.refused", "befalls the mail, not the CA"),
    ):
        refused = run_program(*ca_arguments(tmp_path / "other"), "--fault", order)
        assert refused.returncode == ExitCode.USAGE
        assert words in refused.stderr
        assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("program", "order", "words"),
    [
        ("services", "card.mute:at=1", "befalls the card, not the mail"),
        ("reader", "mail.lost", "befalls the mail, not the card or the reader"),
        ("reader", "reader.eaten", "Known: ca.unreachable"),
    ],
)
def test_services_and_readers_are_not_started_with_what_does_not_befall_them(
    run_program: Run, tmp_path: Path, program: str, order: str, words: str
) -> None:
    folders = ("--state", tmp_path / "state", "--shared", tmp_path / "shared")
    more = ("--ca", "http://127.0.0.1:9") if program == "services" else ()
    refused = run_program(program, "serve", *folders, *more, "--fault", order)
    assert refused.returncode == ExitCode.USAGE
    assert words in " ".join(refused.stderr.split())
    assert not (tmp_path / "state").exists()
