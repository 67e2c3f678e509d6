# SPDX-License-Identifier: Apache-2.0
"""A passcode, a card and a reader that are not right: exit code, one line, the card afterwards."""

from pathlib import Path
from typing import Any

import pytest

from selfrenew.cli import ExitCode
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import KeyReference
from selfrenew_emulator.card import Card
from selfrenew_emulator.cli.card_changes import change_image
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage

from .conftest import fails

AUTHENTICATION, SIGNING = KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE
COMMANDS = ("status", "login", "renew", "change-passcode", "unlock")


def edit(path: Path, tag: int, content: bytes) -> None:
    card = Card.open(path)
    card.store.put_object(tag, content)
    card.store.commit()
    card.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_reader_is_named(run: Any, tmp_path: Path, command: str) -> None:
    location = tmp_path / "nobody.card"
    ended = run(command, SELFRENEW_READER_LOCATION=location, SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.NO_CARD, str(location), "Insert your smartcard")
    assert not location.exists()


def test_an_unknown_reader_is_named(run: Any, tmp_path: Path) -> None:
    location = tmp_path / "no such folder" / "alice.card"
    ended = run("renew", SELFRENEW_READER_LOCATION=location)
    fails(ended, ExitCode.NO_CARD, "no smartcard reader", str(location))


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_transport_is_named_beside_the_known_ones(run: Any, command: str) -> None:
    ended = run(command, SELFRENEW_READER_TRANSPORT="telepathy")
    fails(ended, ExitCode.CONFIGURATION, "'telepathy'", "image")


@pytest.mark.usefixtures("odd_transports")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_foreign_card_is_told_from_a_smartcard_that_can_be_renewed(
    run: Any, command: str
) -> None:
    ended = run(command, SELFRENEW_READER_TRANSPORT="foreign", SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.FOREIGN_CARD, "6A82", "not an NHS smartcard", "Registration Authority")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("keep", [0, 1, 100, -2])
def test_a_damaged_image_is_named_and_left_as_it_is(
    run: Any, card: Any, command: str, keep: int
) -> None:
    damaged = card.raw[:keep]
    card.path.write_bytes(damaged)
    ended = run(command, SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.FOREIGN_CARD, str(card.path), "damaged")
    assert card.raw == damaged


def test_a_card_in_use_by_another_program_is_named(run: Any, card: Any) -> None:
    elsewhere = Card.open(card.path)
    try:
        fails(run("renew"), ExitCode.NO_CARD, "Another program is using the card")
    finally:
        elsewhere.close()


def test_a_card_without_an_identity_is_named(run: Any, card: Any) -> None:
    edit(card.path, DataObject.CHUID.tag, b"\x30\x05junk")
    before = card.raw
    fails(run("renew"), ExitCode.FOREIGN_CARD, "CHUID")
    assert card.raw == before


@pytest.mark.parametrize("content", [b"", b"junk", b"\x70\x03abc\x71\x01\x00\xfe\x00"])
@pytest.mark.parametrize("key", [AUTHENTICATION, SIGNING])
def test_a_half_written_card_is_told_and_finished(
    run: Any, card: Any, key: KeyReference, content: bytes
) -> None:
    edit(card.path, DataObject.certificate_of(key).tag, content)
    told = run("status", "--json").json
    assert told["renewal"] == "interrupted"
    finished = run("renew", "--json")
    assert finished.code == ExitCode.DONE
    assert finished.json["resumed"] is True
    assert all(each.not_valid_before_utc == DEFAULT_NOW for each in card.certificates)


def test_a_card_torn_between_key_and_certificate_is_finished(run: Any, card: Any) -> None:
    opened = Card.open(card.path)
    change_image(opened, tear=SIGNING)
    opened.close()
    ended = run("renew")
    assert ended.code == ExitCode.DONE
    assert "A previous renewal was interrupted" in ended.err


def test_a_card_with_nothing_left_that_vouches_is_sent_to_the_registration_authority(
    run: Any, card: Any
) -> None:
    opened = Card.open(card.path)
    change_image(opened, tear=SIGNING)
    change_image(opened, clear=AUTHENTICATION)
    opened.close()
    before = card.raw
    ended = run("renew")
    fails(ended, ExitCode.SEE_REGISTRATION_AUTHORITY, "signing: mismatched", "test stage")
    assert card.raw == before


def test_a_card_of_another_world_is_sent_to_the_registration_authority(
    run: Any, tmp_path: Path, selfrenew_stage: EmbeddedStage
) -> None:
    person = selfrenew_stage.make_person()
    path = tmp_path / "alice.card"
    selfrenew_stage.write_card(path, selfrenew_stage.make_card(person))
    before = path.read_bytes()
    fails(run("renew"), ExitCode.SEE_REGISTRATION_AUTHORITY, "not accepted")
    assert path.read_bytes() == before


# The window.


@pytest.mark.parametrize("days", [91, 400])
def test_a_renewal_that_is_not_due_says_from_when_it_is(
    run: Any, make_card: Any, days: int
) -> None:
    card = make_card(days_left=days)
    before = card.raw
    fails(run("renew"), ExitCode.NOT_DUE, "You can renew them from")
    assert card.raw == before


def test_an_expired_card_is_sent_to_the_registration_authority(run: Any, make_card: Any) -> None:
    card = make_card(days_left=-1)
    before = card.raw
    fails(run("renew"), ExitCode.SEE_REGISTRATION_AUTHORITY, "expired on 01 March 2026")
    fails(run("login"), ExitCode.SEE_REGISTRATION_AUTHORITY, "expired", "Registration Authority")
    assert card.raw == before


# The passcode.


@pytest.mark.parametrize("command", ["login", "renew", "change-passcode"])
@pytest.mark.parametrize("passcode", ["123456789", "päßword", "1" * 5000])
def test_a_passcode_no_card_takes_does_not_reach_it(
    run: Any, card: Any, command: str, passcode: str
) -> None:
    before = card.raw
    ended = run(command, SELFRENEW_PASSCODE=passcode, SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.WRONG_PASSCODE, "at most 8 characters")
    assert card.raw == before


@pytest.mark.parametrize("passcode", ["12345", "123456789", "12345a", "١٢٣٤٥٦", "\udcff23456"])
def test_a_new_passcode_of_the_wrong_form_does_not_reach_the_card(
    run: Any, card: Any, passcode: str
) -> None:
    before = card.raw
    ended = run("change-passcode", SELFRENEW_NEW_PASSCODE=passcode)
    fails(ended, ExitCode.WRONG_PASSCODE, "6 to 8 digits")
    assert passcode not in ended.err
    assert card.raw == before


@pytest.mark.parametrize("command", ["login", "renew", "change-passcode"])
def test_a_missing_passcode_says_how_to_give_one(run: Any, card: Any, command: str) -> None:
    before = card.raw
    ended = run(command, SELFRENEW_PASSCODE=None, SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.USAGE, "--passcode-file or SELFRENEW_PASSCODE")
    assert card.raw == before


@pytest.mark.parametrize("command", ["login", "renew", "change-passcode"])
def test_a_wrong_passcode_tells_the_tries_left_and_asks_nothing_of_the_ca(
    run: Any, card: Any, shared_stage: EmbeddedStage, command: str
) -> None:
    asked = len(shared_stage.ca.audit())
    for left in ("2 remaining tries", "1 remaining try"):
        ended = run(command, SELFRENEW_PASSCODE="999999", SELFRENEW_NEW_PASSCODE="24681357")
        fails(ended, ExitCode.WRONG_PASSCODE, left)
    ended = run(command, SELFRENEW_PASSCODE="999999", SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.LOCKED, "locked", "selfrenew unlock")
    fails(run(command, SELFRENEW_NEW_PASSCODE="24681357"), ExitCode.LOCKED, "selfrenew unlock")
    assert len(shared_stage.ca.audit()) == asked
    assert card.tries_left == 0
