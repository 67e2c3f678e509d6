# SPDX-License-Identifier: Apache-2.0
"""`selfrenew change-passcode` and `selfrenew unlock`."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from selfrenew import messages
from selfrenew.agent import change_passcode as change
from selfrenew.agent import finish_unlock, start_unlock
from selfrenew.config import open_reader
from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import UnreadableObjectError
from selfrenew.renewal import CardSwappedError
from selfrenew.transport.connection import Reader

from .passcode_input import UNLOCK_CODE, read_new_passcode, read_passcode, read_unlock_code
from .settings import Settings, common_options, passcode_option

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _new_passcode_option(command: _Command) -> _Command:
    return click.option(
        "--new-passcode-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read the new one from there.  [default: SELFRENEW_NEW_PASSCODE, or a prompt]",
    )(command)


@click.command("change-passcode")
@common_options
@passcode_option
@_new_passcode_option
@click.pass_obj
def change_passcode(settings: Settings, *, new_passcode_file: Path | None) -> None:
    """\b
    selfrenew change-passcode
    selfrenew change-passcode --passcode-file old.txt --new-passcode-file new.txt

    Replace the passcode. A new one has 6 to 8 digits.
    """  # noqa: D205, D301, D400  help opens with two examples
    reader = open_reader(settings.load())
    with _held(reader) as client:
        card = _identity(client)
    old = read_passcode(settings)
    new = read_new_passcode(settings, new_passcode_file)
    with _held(reader) as client:
        _require(client, card)
        change(client, old, new)
    settings.give({"message": messages.PASSCODE_CHANGED})
    settings.say(messages.PASSCODE_CHANGED)


@click.command()
@click.option("--start", is_flag=True, help="Only have the code sent, and print the unlock's ID.")
@click.option("--continue", "unlock_id", metavar="ID", help="Go on with the code of this unlock.")
@common_options
@_new_passcode_option
@click.pass_obj
def unlock(
    settings: Settings, *, start: bool, unlock_id: str | None, new_passcode_file: Path | None
) -> None:
    """\b
    selfrenew unlock
    SELFRENEW_UNLOCK_CODE=... selfrenew unlock --continue ID --new-passcode-file new.txt

    Give a card whose passcode is locked or forgotten a new one, with a code that is sent to its
    holder's email address. Without a terminal it takes two runs: --start, then --continue.
    """  # noqa: D205, D301, D400  help opens with two examples
    if start and unlock_id is not None:
        raise click.UsageError(messages.UNLOCK_START_OR_CONTINUE)
    if unlock_id is None and os.environ.get(UNLOCK_CODE):
        raise click.UsageError(messages.UNLOCK_CODE_EARLY.format(variable=UNLOCK_CODE))
    with settings.open() as reference:
        management = reference.services.management
        with _held(reference.reader) as client:
            card = _identity(client)
            if unlock_id is None:
                unlock_id = start_unlock(client, management)
                settings.tell(messages.UNLOCK_STARTED)
                if start or not settings.interactive:
                    settings.give({"unlock": unlock_id, "message": messages.UNLOCK_STARTED})
                    settings.say(messages.UNLOCK_GO_ON.format(unlock=unlock_id))
                    return
        new = read_new_passcode(settings, new_passcode_file)
        code = read_unlock_code(settings)
        with _held(reference.reader) as client:
            _require(client, card)
            finish_unlock(client, management, unlock_id, code, new)
    settings.give({"message": messages.UNLOCKED})
    settings.say(messages.UNLOCKED)


@contextmanager
def _held(reader: Reader) -> Iterator[PivClient]:
    """Hold the card while it is spoken to, and not while a person types or looks for a mail."""
    with closing(reader.connect()) as connection, connection.exclusive():
        client = PivClient(connection)
        client.select()
        yield client


def _identity(client: PivClient) -> bytes | None:
    try:
        return client.guid()
    except UnreadableObjectError:
        return None


def _require(client: PivClient, card: bytes | None) -> None:
    """Require the card that was in before. Raise CardSwappedError."""
    if _identity(client) != card:
        raise CardSwappedError
