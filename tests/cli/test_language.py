# SPDX-License-Identifier: Apache-2.0
"""What a person reads is in the person's language: while accents are spoken, no text is without.

What is left in plain letters is named by each test: names of people, services' own words, names as
the standards and the command line have them.
"""

from pathlib import Path
from typing import Any

import pytest

from selfrenew.cli import ExitCode
from selfrenew.messages import translations
from selfrenew_emulator.stage import EmbeddedStage
from tests.pseudo_translation import NAME, accent, plain_words, write_catalogue

ROLES = plain_words("Clinical Practitioner, Hill Surgery, Healthcare Assistant, Vale Hospital TEST")
LINK = plain_words("https://portal.test/urswebapp/?operation=selfRenewSmartcard")
CONTACT = plain_words("your Registration Authority (test stage)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("locale")
    write_catalogue(path)
    return path


@pytest.fixture
def spoken(run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the program as somebody who speaks in accents."""
    monkeypatch.setattr(translations, "FOLDER", folder)
    monkeypatch.setenv("LANG", NAME.replace("-", "_") + ".UTF-8")
    for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    return run


def test_the_standing_of_a_card(spoken: Any, card: Any, tmp_path: Path) -> None:
    ended = spoken("status")
    assert ended.code == ExitCode.DONE
    assert accent("expired") not in ended.out
    assert accent("April") in ended.out
    assert plain_words(ended.out) <= plain_words(str(card.path))


def test_a_sign_in_with_its_notice(spoken: Any, card: Any) -> None:
    ended = spoken("login")
    assert ended.code == ExitCode.DONE
    assert accent("Do you want to renew them now?") in ended.out
    assert plain_words(ended.out + ended.err) <= {"Alice", "Archer"} | ROLES | LINK


def test_a_renewal(spoken: Any, card: Any) -> None:
    ended = spoken("renew")
    assert ended.code == ExitCode.DONE
    assert ended.out.splitlines()[-1] == accent("Success: certificate renewed for smartcard")
    assert plain_words(ended.out + ended.err) == set()


def test_words_for_programs_stay_as_they_are(spoken: Any, card: Any) -> None:
    told = spoken("status", "--json").json
    assert set(told["certificates"]) == {"authentication", "signing"}
    assert {slot["state"] for slot in told["certificates"].values()} == {"due"}
    renewed = spoken("renew", "--json").json
    assert set(renewed["renewed"]) == {"authentication", "signing"}
    assert renewed["message"] == accent("Success: certificate renewed for smartcard")


def test_an_unlock(spoken: Any, card: Any) -> None:
    ended = spoken("unlock")
    assert ended.code == ExitCode.DONE
    assert plain_words(ended.out + ended.err) == set()


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "plain"),
    [
        (["renew"], {"SELFRENEW_PASSCODE": "999999"}, ExitCode.WRONG_PASSCODE, ""),
        (["renew"], {"SELFRENEW_PASSCODE": "123456789"}, ExitCode.WRONG_PASSCODE, ""),
        (["change-passcode"], {"SELFRENEW_NEW_PASSCODE": "12"}, ExitCode.WRONG_PASSCODE, ""),
        (["renew"], {"SELFRENEW_PASSCODE": None}, ExitCode.USAGE, "selfrenew renew"),
        (["login", "--role", "Nurse"], {}, ExitCode.USAGE, "Nurse"),
        (["renew"], {"SELFRENEW_CA_URL": "ftp://ca"}, ExitCode.CONFIGURATION, "ftp http https"),
        (["renew"], {"SELFRENEW_CONFIG": ""}, ExitCode.CONFIGURATION, ""),
        (
            ["renew"],
            {"SELFRENEW_CA_URL": "http://127.0.0.1:1"},
            ExitCode.UNREACHABLE,
            "http genm Errno Connection refused",
        ),
        (
            ["unlock", "--continue", "ab" * 16],
            {"SELFRENEW_UNLOCK_CODE": "1", "SELFRENEW_NEW_PASSCODE": "24681357"},
            ExitCode.REFUSED,
            "there such unlock start again unknown",
        ),
    ],
)
@pytest.mark.usefixtures("card")
def test_a_failure(
    spoken: Any,
    arguments: list[str],
    environment: dict[str, str | None],
    code: ExitCode,
    plain: str,
) -> None:
    ended = spoken(*arguments, **environment)
    assert ended.code == code, ended
    assert plain_words(ended.failure) <= plain_words(plain) | ROLES


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"days_left": 300}, ExitCode.NOT_DUE),
        ({"days_left": -3}, ExitCode.SEE_REGISTRATION_AUTHORITY),
    ],
)
def test_a_card_that_is_not_renewed(
    spoken: Any, make_card: Any, options: dict[str, int], code: ExitCode
) -> None:
    make_card(**options)
    ended = spoken("renew")
    assert ended.code == code
    assert plain_words(ended.failure) <= CONTACT


def test_mail_that_does_not_go_out(spoken: Any, card: Any, shared_stage: EmbeddedStage) -> None:
    shared_stage.mail.refusal = "421 4.3.2 Service shutting down"
    try:
        ended = spoken("unlock", "--start")
    finally:
        shared_stage.mail.refusal = None
    assert ended.code == ExitCode.UNREACHABLE
    detail = plain_words("no mail goes out, so there is no code")
    assert plain_words(ended.failure) <= detail | CONTACT


def test_whom_to_turn_to_is_found_in_any_language(spoken: Any, make_card: Any) -> None:
    make_card(days_left=-3)
    assert "your Registration Authority (test stage)" in spoken("renew").failure
