# SPDX-License-Identifier: Apache-2.0
"""Passcode and PUK reach the card and nothing else: every output and every file is searched."""

import logging
from pathlib import Path

import pytest

from selfrenew.agent import change_passcode, finish_unlock, start_unlock
from selfrenew.config import assemble, load_configuration
from selfrenew.piv.client import PivClient
from selfrenew.secret import Secret
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage, mail_address

PASSCODES = ("19283746", "91827364", "55667788")


def forms(secret: str) -> tuple[bytes, ...]:
    """Give the forms in which a secret could lie about: text, hex, padded as the card takes it."""
    raw = secret.encode()
    return raw, raw.hex().encode(), raw.hex().upper().encode(), raw.ljust(8, b"\xff")


def test_no_output_and_no_file_holds_passcode_or_puk(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    first, changed, unlocked = PASSCODES
    state = tmp_path / "stage"
    puks = []
    with (
        caplog.at_level(logging.DEBUG),
        EmbeddedStage(clock=SettableClock(DEFAULT_NOW), state=state) as stage,
        assemble(
            load_configuration(stage.config_file), reader=stage.reader, clock=stage.clock
        ) as reference,
    ):
        person = stage.make_person()
        card = stage.make_card(person, passcode=first.encode())
        stage.write_card(tmp_path / "alice.card", card)
        stage.reader.insert(card)
        reference.session().sign_in(Secret(first), lambda roles: roles[0])
        reference.renew(Secret(first))
        client = PivClient(stage.reader.connect())
        client.select()
        change_passcode(client, Secret(first), Secret(changed))
        management = reference.services.management
        unlock = start_unlock(client, management)
        mail = stage.outbox.messages_to(mail_address(person))[-1].get_content()
        code = next(word for word in mail.split() if word.isdigit() and len(word) > 4)
        handed_out = management.unlock_keys

        def remember(identifier: str, authorisation: Secret) -> object:
            keys = handed_out(identifier, authorisation)
            puks.extend([*keys.candidates, keys.next])
            return keys

        management.unlock_keys = remember  # type: ignore[method-assign,assignment]
        finish_unlock(client, management, unlock, Secret(code), Secret(unlocked))
        client.verify(Secret(unlocked))
    assert len(puks) == 2
    said = capfd.readouterr()
    outputs = {
        "log": caplog.text.encode(),
        "stdout": said.out.encode(),
        "stderr": said.err.encode(),
        # Card management keeps PUKs in escrow: that is its task, and its file is its own.
        **{
            str(path): path.read_bytes()
            for path in tmp_path.rglob("*")
            if path.is_file() and not path.name.startswith("management.sqlite")
        },
    }
    assert caplog.text
    for secret in (*PASSCODES, *(puk.reveal().decode() for puk in puks)):
        for form in forms(secret):
            assert [name for name, raw in outputs.items() if form in raw] == []
