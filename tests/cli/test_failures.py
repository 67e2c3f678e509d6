# SPDX-License-Identifier: Apache-2.0
"""A wrong command line, a wrong configuration and a fault of the program itself."""

from pathlib import Path
from typing import Any

import pytest

from selfrenew.cli import ExitCode

from .conftest import fails


@pytest.mark.usefixtures("odd_transports")
def test_a_fault_of_the_program_is_one_line_and_its_traceback_is_for_v(run: Any) -> None:
    ended = run("status", SELFRENEW_READER_TRANSPORT="broken")
    fails(ended, ExitCode.BUG, "RuntimeError", "-v")
    assert "developer" not in ended.err
    detailed = run("status", "-v", SELFRENEW_READER_TRANSPORT="broken")
    assert detailed.code == ExitCode.BUG
    assert "what only a developer wants to read" in detailed.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("frobnicate",), "frobnicate"),
        (("renew", "--passcode", "123456"), "--passcode"),
        (("renew", "extra"), "extra"),
        (("login", "--role", "R0"), "You do not have the role 'R0'. Your roles are: R8000"),
        (("status", "--now", "tomorrow"), "'tomorrow' is no moment"),
        (("status", "--now", "0001-01-01T00:00+14:00"), "is no moment"),
        (("renew", "--passcode-file", "/nowhere/passcode"), "No such file"),
        (("renew", "--passcode-file", "/"), "Is a directory"),
    ],
)
def test_a_wrong_command_line_is_one_line(
    run: Any, card: Any, arguments: tuple[str, ...], words: str
) -> None:
    before = card.raw
    ended = run(*arguments, SELFRENEW_PASSCODE="654321" if "123456" in arguments else "123456")
    fails(ended, ExitCode.USAGE, words)
    assert card.raw == before


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SELFRENEW_CONFIG": None}, "--config"),
        ({"SELFRENEW_CONFIG": "/nowhere/selfrenew.toml"}, "/nowhere/selfrenew.toml"),
        ({"SELFRENEW_SPINE_URL": "http://spine"}, "https"),
        ({"SELFRENEW_TLS_TRUST_ANCHORS": "/nowhere/root.pem"}, "/nowhere/root.pem"),
        ({"SELFRENEW_CA_TRUST_ANCHORS": "/nowhere/root.pem"}, "/nowhere/root.pem"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_one_line(
    run: Any, card: Any, environ: dict[str, str | None], words: str
) -> None:
    before = card.raw
    fails(run("renew", **environ), ExitCode.CONFIGURATION, words)
    assert card.raw == before


@pytest.mark.parametrize("position", ["before", "behind"])
def test_with_json_a_failure_is_one_object_and_nothing_else(run: Any, position: str) -> None:
    words = ("--json", "status") if position == "before" else ("status", "--json")
    ended = run(*words, SELFRENEW_READER_TRANSPORT="telepathy")
    assert ended.err == ""
    assert set(ended.json) == {"error", "message", "exit_code"}
    assert ended.json["error"] == "CONFIGURATION"
    assert ended.json["exit_code"] == ended.code == ExitCode.CONFIGURATION


def test_with_json_a_wrong_command_line_is_one_object_too(run: Any) -> None:
    ended = run("frobnicate", "--json")
    assert ended.err == ""
    assert ended.json["error"] == "USAGE"


# Whom to turn to.


@pytest.mark.usefixtures("card")
def test_the_configured_contact_is_named_where_somebody_has_to_help(
    run: Any, make_card: Any, tls_loopback: Any
) -> None:
    contacts = {
        "SELFRENEW_CONTACTS_REGISTRATION_AUTHORITY": "ext 4666",
        "SELFRENEW_CONTACTS_IT": "ext 5499",
    }
    untrusted = run("renew", SELFRENEW_CA_URL=tls_loopback.url, **contacts)
    assert untrusted.failure.endswith("IT service desk: ext 5499.")
    location = Path(make_card("old.card", days_left=-1).path)
    expired = run("renew", SELFRENEW_READER_LOCATION=location, **contacts)
    assert expired.failure.endswith("Registration Authority: ext 4666.")
    wrong = run("renew", SELFRENEW_PASSCODE="999999", **contacts)
    assert "ext" not in wrong.failure
