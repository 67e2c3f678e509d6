# SPDX-License-Identifier: Apache-2.0
"""What each command does and prints when all is well."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from selfrenew import messages
from selfrenew.cli import ExitCode
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.card import Card, Personality
from selfrenew_emulator.card.vendor import KeyOrigin
from selfrenew_emulator.cli.card_changes import change_image
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage
from selfrenew_steps.passcode import make_global_pin_primary
from selfrenew_steps.trouble import put_certificate_of_unknown_kind

AUTHENTICATION, SIGNING = KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE
SLOTS = {"authentication": AUTHENTICATION, "signing": SIGNING}
URL = "https://portal.test/urswebapp/?operation=selfRenewSmartcard"


def serial(certificate: Any) -> str:
    return f"{certificate.serial_number:X}"


# status


def test_status_tells_both_certificates_without_the_passcode(run: Any, card: Any) -> None:
    before = card.raw
    ended = run("status", "--json", SELFRENEW_PASSCODE=None)
    assert (ended.code, ended.err) == (ExitCode.DONE, "")
    told = ended.json
    expires = DEFAULT_NOW + timedelta(days=30)
    assert told["passcode_tries_left"] == 3
    assert (told["renewal"], told["days_left"]) == ("due", 30)
    assert told["expires"] == expires.isoformat()
    assert told["due_from"] == (expires - timedelta(days=90)).isoformat()
    for name, key in SLOTS.items():
        slot = told["certificates"][name]
        assert slot["slot"] == f"{key:02X}"
        assert slot["state"] == "due"
        assert slot["serial"] == serial(card.certificate(key))
        assert slot["not_after"] == expires.isoformat()
        assert slot["days_left"] == 30
    assert card.raw == before


@pytest.mark.parametrize(
    ("days_left", "word", "left"),
    [
        (91, "not_due", 91),
        (90, "due", 90),
        (1, "due", 1),
        (0.5, "due", 0),
        (0, "due", 0),
        (-1, "registration_authority", 0),
    ],
)
def test_status_is_no_failure_however_the_card_stands(
    run: Any, make_card: Any, days_left: float, word: str, left: int
) -> None:
    make_card(days_left=days_left)
    ended = run("status", "--json")
    assert ended.code == ExitCode.DONE
    assert (ended.json["renewal"], ended.json["days_left"]) == (word, left)


def test_the_earlier_certificate_drives_the_status(run: Any, make_card: Any) -> None:
    make_card(days_left=300, signing_days_left=5)
    told = run("status", "--json").json
    assert (told["renewal"], told["days_left"]) == ("due", 5)
    assert told["certificates"]["authentication"]["state"] == "valid"


def test_status_for_people_has_a_line_for_each_certificate(run: Any, card: Any) -> None:
    ended = run("status")
    assert ended.err == ""
    number = serial(card.certificate(SIGNING))
    when = "30 days left, until 01 April 2026, 09:00 UTC"
    assert f"Signing certificate (9C): due, {when}, serial {number}" in ended.out
    assert "Authentication certificate (9A): due" in ended.out
    assert "Passcode: 3 tries left" in ended.out
    assert "Run 'selfrenew renew'" in ended.out


def test_status_tells_a_locked_card(run: Any, card: Any) -> None:
    opened = Card.open(card.path)
    change_image(opened, locked=True)
    opened.close()
    assert run("status", "--json").json["passcode_tries_left"] == 0
    assert "Passcode: locked. Unlock your smartcard with 'selfrenew unlock'" in run("status").out


def test_status_tells_a_card_without_certificates(run: Any, card: Any) -> None:
    opened = Card.open(card.path)
    change_image(opened, clear=SIGNING)
    change_image(opened, clear=AUTHENTICATION)
    opened.close()
    told = run("status", "--json").json
    assert (told["renewal"], told["expires"], told["days_left"]) == (
        "registration_authority",
        None,
        None,
    )
    assert "missing" in run("status").out


def test_status_says_what_of_an_interrupted_renewal_is_left(run: Any, card: Any) -> None:
    opened = Card.open(card.path)
    change_image(opened, clear=SIGNING)
    opened.close()
    assert (
        "A renewal was interrupted; the signing and authentication certificates still have to be "
        "renewed. Run 'selfrenew renew'" in run("status").out
    )


def test_status_and_login_tell_what_cannot_be_renewed_here(run: Any, card: Any) -> None:
    opened = Card.open(card.path)
    put_certificate_of_unknown_kind(opened, "signing")
    opened.close()
    ended = run("status")
    assert "Signing certificate (9C): unsupported, 30 days left" in ended.out
    assert "a certificate on it is of a kind that is not known here. Visit your" in ended.out
    assert "no longer" not in ended.out
    assert run("status", "--json").json["renewal"] == "registration_authority"
    signed_in = run("login").out
    assert "They cannot be renewed by self-service" in signed_in
    assert URL not in signed_in


# login


def test_login_tells_name_roles_certificate_and_notice(run: Any, card: Any) -> None:
    told = run("login", "--json").json
    assert told["name"] == "Alice Archer"
    assert told["ticket_valid"] is True
    assert told["role"] in told["roles"]
    assert len(told["roles"]) == 2
    assert told["certificate_serial"] == serial(card.certificate(AUTHENTICATION))
    notice = told["notice"]
    assert (notice["days_left"], notice["url"]) == (30, URL)
    assert notice["text"].startswith("Your smartcard's certificates expire in 30 days")
    assert "ticket" not in told


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("number", [0, 1])
def test_a_role_is_chosen_by_id_or_name(run: Any, number: int) -> None:
    role = run("login", "--json").json["roles"][number]
    for wanted in (role["id"], role["name"]):
        assert run("login", "--json", "--role", wanted).json["role"] == role


@pytest.mark.usefixtures("card")
def test_login_for_people_shows_the_notice_and_its_link(run: Any) -> None:
    ended = run("login")
    assert ended.code == ExitCode.DONE
    assert "Signed in to the Spine as Alice Archer." in ended.out
    assert "Do you want to renew them now?" in ended.out
    assert ended.out.rstrip().endswith(URL)


def test_login_without_a_notice_says_nothing_of_it(run: Any, make_card: Any) -> None:
    make_card(days_left=91)
    assert run("login", "--json").json["notice"] is None
    assert "renew" not in run("login").out


@pytest.mark.usefixtures("card")
def test_the_session_ends_with_the_command(run: Any) -> None:
    log = run("login", "-v").err
    assert "the Spine: POST /tickets/validation -> 200" in log
    assert "the Spine: DELETE /session -> 204" in log


# renew


def test_a_renewal_ends_with_success_and_both_certificates_replaced(run: Any, card: Any) -> None:
    old = {name: card.certificate(key) for name, key in SLOTS.items()}
    ended = run("renew", "--json")
    assert (ended.code, ended.err) == (ExitCode.DONE, "")
    told = ended.json
    assert told["message"] == "Success: certificate renewed for smartcard"
    assert told["resumed"] is False
    assert list(told["renewed"]) == ["signing", "authentication"]
    for name, key in SLOTS.items():
        new, view = card.certificate(key), told["renewed"][name]
        assert view["slot"] == f"{key:02X}"
        assert view["old"]["serial"] == serial(old[name])
        assert view["old"]["not_after"] == old[name].not_valid_after_utc.isoformat()
        assert view["new"]["serial"] == serial(new)
        assert view["new"]["not_after"] == new.not_valid_after_utc.isoformat()
        assert new.not_valid_after_utc > old[name].not_valid_after_utc
    assert told["signed_in_serial"] == told["renewed"]["authentication"]["new"]["serial"]


def test_a_renewal_for_people_tells_each_step_and_ends_with_success(run: Any, card: Any) -> None:
    old = serial(card.certificate(SIGNING))
    ended = run("renew")
    assert ended.out.splitlines()[-1] == messages.SUCCESS
    assert f"old: {old}, 01 April 2026" in ended.out
    assert f"new: {serial(card.certificate(SIGNING))}, 01 March 2028" in ended.out
    steps = ended.err.splitlines()
    assert messages.DO_NOT_REMOVE in steps[0]
    assert [step for step in steps if "made a new" in step] == [
        "The card made a new signing key.",
        "The card made a new authentication key.",
    ]
    assert messages.SUCCESS_NEXT in steps


def test_a_renewal_may_change_the_kind_of_keys(run: Any, card: Any) -> None:
    assert run("renew", "--key-type", "P384").code == ExitCode.DONE
    for key in SLOTS.values():
        assert card.state.keys[key].algorithm is Algorithm.P384


def test_the_passcode_may_come_from_a_file(run: Any, card: Any, tmp_path: Path) -> None:
    file = tmp_path / "passcode"
    file.write_bytes(b"123456\r\nanything")
    ended = run("renew", "--passcode-file", file, SELFRENEW_PASSCODE="999999")
    assert ended.code == ExitCode.DONE
    assert card.tries_left == 3


def test_a_shorter_passcode_of_old_still_renews(run: Any, make_card: Any) -> None:
    make_card(passcode=b"4711")
    assert run("renew", SELFRENEW_PASSCODE="4711").code == ExitCode.DONE


@pytest.mark.parametrize("kind", ["P256", "P384"])
def test_a_yubikey_is_renewed_as_any_card(run: Any, make_card: Any, kind: str) -> None:
    card = make_card(personality=Personality.YUBIKEY)
    assert run("status").code == ExitCode.DONE
    assert run("renew", "--key-type", kind).code == ExitCode.DONE
    for key in SLOTS.values():
        assert card.state.keys[key].algorithm is Algorithm[kind]
        assert card.state.keys[key].origin is KeyOrigin.GENERATED
    assert card.state.serial is not None


def test_an_option_may_stand_before_the_command(
    run: Any, card: Any, shared_stage: EmbeddedStage, tmp_path: Path
) -> None:
    file = tmp_path / "passcode"
    file.write_text("123456\n")
    ended = run(
        "--config",
        shared_stage.config_file,
        "--json",
        "--passcode-file",
        file,
        "renew",
        SELFRENEW_CONFIG=None,
        SELFRENEW_PASSCODE=None,
    )
    assert ended.code == ExitCode.DONE
    assert ended.json["message"] == messages.SUCCESS
    assert card.certificate(SIGNING).not_valid_before_utc == DEFAULT_NOW


# -v


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("where", ["before", "behind"])
def test_v_logs_every_command_and_message_and_no_secret(run: Any, where: str) -> None:
    ended = run("-v", "renew") if where == "before" else run("renew", "--verbose")
    assert ended.code == ExitCode.DONE
    for line in (
        "GET DATA of the authentication certificate",
        "VERIFY 00 20 00 80 [8 bytes masked] -> 9000 (success)",
        "GENERATE ASYMMETRIC KEY PAIR as the DIGITAL SIGNATURE key (9C), P256",
        "-> cr (transaction ",
        "<- cp (transaction ",
        "<- accepted, certificate ",
        "-> certConf (transaction ",
        "card management: POST /sessions -> 201",
        "assertion=***",
        "session=***",
    ):
        assert line in ended.err, line
    assert b"123456".hex() not in ended.err
    assert not re.search(r"[0-9a-f]{64}", ended.err.partition("session=")[2].splitlines()[0])


@pytest.mark.usefixtures("card")
def test_without_v_nothing_is_logged(run: Any) -> None:
    ended = run("renew")
    assert "9000" not in ended.err
    assert "transaction" not in ended.err


# change-passcode and unlock


def test_a_changed_passcode_replaces_the_old_one(run: Any, card: Any) -> None:
    ended = run("change-passcode", SELFRENEW_NEW_PASSCODE="24681357")
    assert (ended.code, ended.out) == (ExitCode.DONE, messages.PASSCODE_CHANGED + "\n")
    assert "24681357" not in ended.err
    assert run("login").code == ExitCode.WRONG_PASSCODE
    assert run("login", SELFRENEW_PASSCODE="24681357").code == ExitCode.DONE
    assert card.tries_left == 3


def test_both_passcodes_may_come_from_files(run: Any, card: Any, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("123456\n")
    new.write_text("24681357\n")
    ended = run("change-passcode", "--passcode-file", old, "--new-passcode-file", new, "--json")
    assert ended.json == {"message": messages.PASSCODE_CHANGED}
    assert run("login", SELFRENEW_PASSCODE="24681357").code == ExitCode.DONE


def test_a_locked_card_that_no_code_unlocks_is_told_so_by_every_command(
    run: Any, make_card: Any
) -> None:
    card = make_card(global_pin=b"123456")
    opened = Card.open(card.path)
    make_global_pin_primary(opened)
    opened.close()
    for _ in range(3):
        refused = run("login", SELFRENEW_PASSCODE="999999")
    for ended in (refused, run("renew"), run("unlock")):
        assert ended.code == ExitCode.LOCKED
        assert "cannot be unlocked by self-service" in ended.failure
        assert "egistration Authority" in ended.failure
        assert "selfrenew unlock" not in ended.failure
    told = run("status").out
    assert "Passcode: locked. It is shared with other applications" in told
    assert "selfrenew unlock" not in told


@pytest.fixture
def locked(card: Any) -> Any:
    opened = Card.open(card.path)
    change_image(opened, locked=True)
    opened.close()
    return card


def test_a_locked_card_is_unlocked_in_two_runs(
    run: Any, locked: Any, shared_stage: EmbeddedStage
) -> None:
    started = run("unlock", "--start", "--json")
    assert started.code == ExitCode.DONE
    ended = run(
        "unlock",
        "--continue",
        started.json["unlock"],
        SELFRENEW_UNLOCK_CODE=locked.code(shared_stage),
        SELFRENEW_NEW_PASSCODE="24681357",
    )
    assert (ended.code, ended.out) == (ExitCode.DONE, messages.UNLOCKED + "\n")
    assert locked.tries_left == 3
    assert run("renew", SELFRENEW_PASSCODE="24681357").code == ExitCode.DONE


@pytest.mark.usefixtures("card")
def test_without_a_terminal_an_unlock_says_how_it_goes_on(run: Any) -> None:
    ended = run("unlock")
    assert ended.code == ExitCode.DONE
    assert messages.UNLOCK_STARTED in ended.err
    assert re.search(r"selfrenew unlock --continue [0-9a-f]{32}", ended.out)


def test_a_wrong_code_leaves_the_card_locked(run: Any, locked: Any) -> None:
    before = locked.raw
    started = run("unlock", "--start", "--json").json["unlock"]
    given = {"SELFRENEW_UNLOCK_CODE": "000000000", "SELFRENEW_NEW_PASSCODE": "24681357"}
    ended = run("unlock", "--continue", started, **given)
    assert ended.code == ExitCode.REFUSED
    assert re.search(r"the code is not valid, \d tries are left", ended.failure)
    assert ended.failure.endswith("Enter the code of the latest email.")
    assert "000000000" not in ended.err
    assert locked.raw == before


def test_an_unknown_unlock_is_to_be_started_again(run: Any, locked: Any) -> None:
    given = {"SELFRENEW_UNLOCK_CODE": "000000000", "SELFRENEW_NEW_PASSCODE": "24681357"}
    ended = run("unlock", "--continue", "ab" * 16, **given)
    assert ended.code == ExitCode.REFUSED
    assert "selfrenew unlock" in ended.failure


@pytest.mark.parametrize("passcode", ["12345", "123456789", "12345a"])
def test_a_new_passcode_of_the_wrong_form_does_not_use_the_code_up(
    run: Any, locked: Any, shared_stage: EmbeddedStage, passcode: str
) -> None:
    started = run("unlock", "--start", "--json").json["unlock"]
    code = locked.code(shared_stage)
    given = {"SELFRENEW_UNLOCK_CODE": code, "SELFRENEW_NEW_PASSCODE": passcode}
    assert run("unlock", "--continue", started, **given).code == ExitCode.WRONG_PASSCODE
    given["SELFRENEW_NEW_PASSCODE"] = "24681357"
    assert run("unlock", "--continue", started, **given).code == ExitCode.DONE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--start", "--continue", "ab"), "give one"),
        ((), "Name that one with --continue"),
    ],
)
def test_a_code_needs_the_unlock_it_belongs_to(
    run: Any, locked: Any, arguments: tuple[str, ...], words: str
) -> None:
    before = locked.raw
    ended = run("unlock", *arguments, SELFRENEW_UNLOCK_CODE="000000000")
    assert ended.code == ExitCode.USAGE
    assert words in ended.failure
    assert locked.raw == before
