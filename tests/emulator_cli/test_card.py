# SPDX-License-Identifier: Apache-2.0
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfrenew.iso7816 import CommandApdu, Instruction
from selfrenew.piv.references import Algorithm, KeyReference, ReferenceDataQualifier
from selfrenew_emulator.card import Card, CardImage
from selfrenew_emulator.cli import ExitCode, main
from selfrenew_emulator.personalisation import CardOffice
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import EmbeddedStage

KEY = bytes(range(24))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    card = Card.blank(pin=b"123456", puk=b"87654321", management_key=KEY, randomness=seeded("card"))
    office = CardOffice(card.transmit)
    office.select()
    office.authenticate(KEY, Algorithm.AES192)
    office.generate(KeyReference.PIV_AUTHENTICATION, Algorithm.P256)
    path = tmp_path / "alice.card"
    CardImage.create(path, card.state)
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator["Runner"]:
    return Runner(monkeypatch, capsys)


class Runner:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        self._monkeypatch.setattr("sys.argv", ["selfrenew-emulator", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as ending:
            code = int(ending.code or 0)
        output = self._capsys.readouterr()
        return code, output.out, output.err


def verify(path: Path, passcode: bytes) -> bytes:
    card = Card.open(path)
    command = CommandApdu(
        0,
        Instruction.VERIFY,
        0,
        ReferenceDataQualifier.APPLICATION_PIN,
        passcode.ljust(8, b"\xff"),
    )
    try:
        return card.transmit(bytes(command))
    finally:
        card.close()


def test_show_tells_keys_and_tries_as_json(run: Runner, image: Path) -> None:
    code, out, _ = run("card", "show", image, "--json")
    view = json.loads(out)
    assert code == ExitCode.DONE
    assert view["passcode_tries_left"] == 3
    assert view["slots"]["9A"] == {"algorithm": "P256", "certificate": None}
    assert view["slots"]["9C"] == {"algorithm": None, "certificate": None}


def test_show_prints_no_key_and_no_passcode(run: Runner, image: Path) -> None:
    _, out, _ = run("card", "show", image)
    assert "P256" in out
    assert "123456" not in out
    assert KEY.hex() not in out.lower()


def test_set_locked_locks_the_card(run: Runner, image: Path) -> None:
    assert run("card", "set", image, "--locked")[0] == ExitCode.DONE
    assert verify(image, b"123456") == b"\x69\x83"


def test_set_new_passcode_takes_it_from_the_environment(
    run: Runner, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFRENEW_NEW_PASSCODE", "4711")
    assert run("card", "set", image, "--new-passcode")[0] == ExitCode.DONE
    assert verify(image, b"4711") == b"\x90\x00"


def test_set_tear_replaces_the_key_alone(run: Runner, image: Path) -> None:
    before = json.loads(image.read_text())["card"]
    assert run("card", "set", image, "--tear", "9A")[0] == ExitCode.DONE
    after = json.loads(image.read_text())["card"]
    assert after["keys"]["9A"] != before["keys"]["9A"]
    assert after["objects"] == before["objects"]


def test_set_without_a_change_is_a_usage_error(run: Runner, image: Path) -> None:
    code, _, err = run("card", "set", image)
    assert code == ExitCode.USAGE
    assert "Say what to change" in err


@pytest.mark.parametrize("content", ["", "{}", '{"format": "selfrenew-card-image"', "\x00\xff"])
def test_a_damaged_image_is_one_line(run: Runner, tmp_path: Path, content: str) -> None:
    path = tmp_path / "damaged.card"
    path.write_text(content)
    code, _, err = run("card", "show", path)
    assert code == ExitCode.IMAGE_UNUSABLE
    assert err.count("\n") == 1
    assert "damaged" in err


def test_a_missing_image_is_one_line(run: Runner, tmp_path: Path) -> None:
    code, _, err = run("card", "show", tmp_path / "none.card")
    assert code == ExitCode.IMAGE_UNUSABLE
    assert err.count("\n") == 1


def test_make_leaves_an_image_that_is_there_alone(run: Runner, image: Path) -> None:
    before = image.read_bytes()
    code, _, err = run("card", "make", image)
    assert code == ExitCode.IMAGE_EXISTS
    assert "--force" in err
    assert image.read_bytes() == before


def test_make_without_a_stage_says_how_to_start_one(run: Runner, tmp_path: Path) -> None:
    code, _, err = run("card", "make", tmp_path / "bob.card")
    assert code == ExitCode.STATE_UNUSABLE
    assert f"selfrenew-emulator up --state {tmp_path}" in err


def test_make_refuses_a_passcode_of_the_wrong_form_without_repeating_it(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFRENEW_PASSCODE", "12345x")
    code, _, err = run("card", "make", tmp_path / "bob.card")
    assert code == ExitCode.USAGE
    assert "4 to 8 digits" in err
    assert "12345x" not in err


def test_make_complete_tells_the_pairing_code_and_show_lists_everything(
    run: Runner, tmp_path: Path, selfrenew_stage: EmbeddedStage
) -> None:
    path, state = tmp_path / "full.card", selfrenew_stage.folder.path
    options = ("--state", state, "--complete", "--interfaces", "dual")
    code, out, _ = run("card", "make", path, *options)
    assert code == ExitCode.DONE
    first, second = out.splitlines()
    assert first.endswith("30 days left")
    assert re.fullmatch(r"pairing code \d{8}", second)
    view = json.loads(run("card", "show", path, "--json")[1])
    retired = {f"{key:02X}" for key in range(0x82, 0x96)}
    assert set(view["slots"]) == {"04", "9A", "9C", "9D", "9E"} | retired
    assert all(view["slots"][key]["certificate"]["matches_key"] for key in retired)
    assert view["interfaces"] == "dual"
    assert view["pin_usage_policy"] == {
        "global_pin": False,
        "virtual_contact": True,
        "pairing_code_required": True,
    }
    names = {each["tag"]: each["name"] for each in view["objects"]}
    assert len(names) == 34
    assert names["5FC106"] == "security object"
    _, text, _ = run("card", "show", path)
    assert "security object" in text
    assert view["slots"]["9A"]["certificate"]["serial"] in text
    assert second.removeprefix("pairing code ") not in text


def test_make_waives_the_pairing_code(
    run: Runner, tmp_path: Path, selfrenew_stage: EmbeddedStage
) -> None:
    path, state = tmp_path / "full.card", selfrenew_stage.folder.path
    options = ("--state", state, "--complete", "--interfaces", "contactless", "--no-pairing-code")
    assert run("card", "make", path, *options)[0] == ExitCode.DONE
    view = json.loads(run("card", "show", path, "--json")[1])
    assert view["interfaces"] == "contactless"
    assert view["pin_usage_policy"]["virtual_contact"]
    assert not view["pin_usage_policy"]["pairing_code_required"]


def test_make_says_what_does_not_go_together(
    run: Runner, tmp_path: Path, selfrenew_stage: EmbeddedStage
) -> None:
    path, state = tmp_path / "none.card", selfrenew_stage.folder.path
    code, _, err = run("card", "make", path, "--state", state, "--no-pairing-code")
    assert code != ExitCode.DONE
    assert "a pairing code is waived on a complete card" in err
    assert err.count("\n") == 1
    assert not path.exists()


def test_show_lists_nothing_that_is_not_there(run: Runner, image: Path) -> None:
    view = json.loads(run("card", "show", image, "--json")[1])
    assert set(view["slots"]) == {"9A", "9C"}
    assert [each["name"] for each in view["objects"]] == ["discovery object"]
    assert view["global_pin_tries_left"] is None
