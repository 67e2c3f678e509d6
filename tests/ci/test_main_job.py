# SPDX-License-Identifier: Apache-2.0
"""The demo: each of its endings, with the exit code that is documented for it."""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def main() -> Callable[[list[str]], int]:
    specification = importlib.util.spec_from_file_location("main_job", ROOT / "ci" / "main_job.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    found: Callable[[list[str]], int] = module.main
    return found


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("SELFRENEW_PASSCODE", raising=False)


def test_the_story_ends_with_success(
    main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 0
    told = capsys.readouterr().out
    assert "Success: certificate renewed for smartcard" in told
    serials = dict(re.findall(r"(old|new) authentication\s*│\s*([0-9a-f]+)", told))
    signed_in = re.findall(r"Certificate ([0-9a-f]+) signed in", told)
    assert signed_in == [serials["old"], serials["new"]]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--days-left", "91"], 3, "not due"),
        (["--days-left", "-1"], 4, "Registration Authority"),
        (["--wrong-passcode", "3"], 6, "locked"),
        (["--wrong-passcode", "2"], 0, "1 remaining try"),
        (["--days-left", "90", "--key-type", "p384"], 0, "Success"),
    ],
)
def test_each_ending_has_its_code(
    main: Callable[[list[str]], int],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    text: str,
) -> None:
    assert main(arguments) == code
    assert text in capsys.readouterr().out


def test_what_is_not_due_is_not_told_to_be_renewed(
    main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--days-left", "91"])
    assert "are renewed" not in capsys.readouterr().out


def test_a_certificate_in_its_last_second_has_not_expired(
    main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--days-left", "0"]) == 0
    assert "expired" not in capsys.readouterr().out


def test_a_seed_repeats_a_run(
    main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for _ in range(2):
        main(["--seed", "again"])
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    main(["--seed", "other"])
    assert capsys.readouterr().out != told[0]


def test_the_passcode_comes_from_the_environment_and_goes_nowhere(
    main: Callable[[list[str]], int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SELFRENEW_PASSCODE", "24681357")
    assert main(["-v"]) == 0
    said = capsys.readouterr()
    assert "VERIFY" in said.err
    for form in ("24681357", b"24681357".hex()):
        assert form not in said.out + said.err


def test_a_passcode_of_the_wrong_form_is_told(
    main: Callable[[list[str]], int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SELFRENEW_PASSCODE", "12ab")
    assert main([]) == 5
    said = capsys.readouterr().out
    assert "6 to 8 digits" in said
    assert "12ab" not in said


@pytest.mark.parametrize("days_left", ["-3001", "1000000000", "soon"])
def test_days_that_no_certificate_has_are_a_matter_of_usage(
    main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str], days_left: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--days-left={days_left}"])
    assert ended.value.code == 2
    assert "-3000 to 3000" in capsys.readouterr().err


def test_an_unknown_stage_lists_the_known(
    main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--stage", "moon"])
    assert ended.value.code == 2
    assert "embedded" in capsys.readouterr().err
