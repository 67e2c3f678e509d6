# SPDX-License-Identifier: Apache-2.0
"""`selfrenew status`: what is on the card, asked without the passcode."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import click

from selfrenew import messages
from selfrenew.config import open_reader
from selfrenew.piv.client import PivClient
from selfrenew.renewal import (
    Inspection,
    RenewalState,
    Slot,
    inspect,
    judge_standing,
    slot_name,
    slot_names,
    whole_days_left,
)
from selfrenew.renewal.inspection import SLOT_WORDS
from selfrenew.renewal.window import OPEN_FOR

from .certificate_view import certificate_view, serial
from .settings import Settings, common_options


@dataclass(frozen=True, slots=True)
class Standing:
    """How the card stands to a renewal: a word for programs, a sentence for people."""

    word: str
    text: str


@click.command()
@common_options
@click.pass_obj
def status(settings: Settings) -> None:
    """\b
    selfrenew status
    selfrenew --config bench/selfrenew.toml status --json

    Tell both certificates, the days left, from when they can be renewed, and the passcode's tries
    left. Nothing is asked of a service, and no passcode is needed. What is told is no failure: the
    exit code is 0 for an expired card too.
    """  # noqa: D205, D301, D400  help opens with two examples
    reader = open_reader(settings.load())
    now = settings.clock()
    with closing(reader.connect()) as connection, connection.exclusive():
        client = PivClient(connection)
        client.select()
        inspection = inspect(client, now)
        tries, unlockable = client.tries_left(), client.unlockable()
    standing = judge(inspection, now)
    ends = [certificate.not_valid_after_utc for certificate in inspection.certificates]
    expires = min(ends, default=None)
    settings.give(
        {
            "reader": reader.name,
            "guid": inspection.guid.hex(),
            "passcode_tries_left": tries,
            "renewal": standing.word,
            "message": standing.text,
            "expires": None if expires is None else expires.isoformat(),
            "days_left": None if expires is None else whole_days_left(expires, now),
            "due_from": None if expires is None else (expires - OPEN_FOR).isoformat(),
            "certificates": {
                SLOT_WORDS[key]: _slot_view(slot, now) for key, slot in inspection.slots.items()
            },
        }
    )
    settings.say(messages.STATUS_CARD.format(guid=inspection.guid.hex(), reader=reader.name))
    for slot in inspection.slots.values():
        settings.say(f"  {_slot_line(slot, now)}")
    settings.say(f"  {_passcode_line(tries, unlockable=unlockable)}")
    settings.say(f"  {messages.STATUS_RENEWAL.format(standing=standing.text)}")


def judge(inspection: Inspection, now: datetime) -> Standing:
    """Say how the card stands: not_due, due, interrupted or registration_authority."""
    standing = judge_standing(inspection, now)
    due_from = standing.due_from
    match standing.state:
        case RenewalState.NOT_DUE if due_from is not None:
            text = messages.STATUS_NOT_DUE.format(due_from=due_from)
        case RenewalState.DUE if due_from is not None:
            text = messages.STATUS_DUE.format(due_from=due_from)
        case RenewalState.INTERRUPTED:
            slots, number = slot_names(standing.slots), len(standing.slots)
            text = messages.STATUS_INTERRUPTED.format(slots=slots, number=number)
        case RenewalState.UNSUPPORTED:
            return Standing("registration_authority", messages.STATUS_UNSUPPORTED)
        case _:
            return Standing("registration_authority", messages.STATUS_REGISTRATION_AUTHORITY)
    return Standing(standing.state.value, text)


def _slot_view(slot: Slot, now: datetime) -> dict[str, object]:
    view: dict[str, object] = {"slot": f"{slot.key:02X}", "state": slot.state.value}
    if slot.certificate is not None:
        view |= certificate_view(slot.certificate)
        view["days_left"] = whole_days_left(slot.certificate.not_valid_after_utc, now)
    return view


def _passcode_line(tries: int, *, unlockable: bool) -> str:
    if tries > 0:
        return messages.STATUS_TRIES.format(tries=tries)
    return messages.STATUS_LOCKED if unlockable else messages.STATUS_LOCKED_FOR_GOOD


def _slot_line(slot: Slot, now: datetime) -> str:
    name, state = slot_name(slot.key).capitalize(), messages.SLOT_STATES[slot.state.value]
    certificate = slot.certificate
    if certificate is None:
        return messages.STATUS_NO_CERTIFICATE.format(
            name=name, reference=f"{slot.key:02X}", state=state
        )
    expires = certificate.not_valid_after_utc
    return messages.STATUS_CERTIFICATE.format(
        name=name,
        reference=f"{slot.key:02X}",
        state=state,
        days=whole_days_left(expires, now),
        expires=expires,
        serial=serial(certificate),
    )
