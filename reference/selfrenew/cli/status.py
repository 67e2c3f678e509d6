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
    Due,
    ExpiredError,
    Inspection,
    NotDueError,
    NothingVouchesError,
    Slot,
    inspect,
    judge_window,
    plan_renewal,
)
from selfrenew.renewal.window import OPEN_FOR

from .certificate_view import certificate_view, serial
from .progress import slot_name
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
        tries = client.tries_left()
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
            "days_left": None if expires is None else _days_left(expires, now),
            "due_from": None if expires is None else (expires - OPEN_FOR).isoformat(),
            "certificates": {
                slot_name(key): _slot_view(slot, now) for key, slot in inspection.slots.items()
            },
        }
    )
    settings.say(f"Card {inspection.guid.hex()} in {reader.name}")
    for slot in inspection.slots.values():
        settings.say(f"  {_slot_line(slot, now)}")
    settings.say(f"  Passcode: {tries} {'try' if tries == 1 else 'tries'} left")
    settings.say(f"  Renewal: {standing.text}")


def judge(inspection: Inspection, now: datetime) -> Standing:
    """Say how the card stands: not_due, due, interrupted or registration_authority."""
    try:
        plan = plan_renewal(inspection, now)
    except NotDueError as error:
        return Standing("not_due", messages.STATUS_NOT_DUE.format(due_from=error.due_from))
    except (ExpiredError, NothingVouchesError):
        return Standing("registration_authority", messages.STATUS_REGISTRATION_AUTHORITY)
    if plan.resumed:
        slots = " and the ".join(slot_name(step.slot) for step in plan.steps)
        return Standing("interrupted", messages.STATUS_INTERRUPTED.format(slots=slots))
    ends = (certificate.not_valid_after_utc for certificate in inspection.certificates)
    return Standing("due", messages.STATUS_DUE.format(due_from=min(ends) - OPEN_FOR))


def _days_left(expires: datetime, now: datetime) -> int:
    """Count whole days, 0 where it has expired."""
    window = judge_window([expires], now)
    return window.days_left if isinstance(window, Due) else max(0, (expires - now).days)


def _slot_view(slot: Slot, now: datetime) -> dict[str, object]:
    view: dict[str, object] = {"slot": f"{slot.key:02X}", "state": slot.state.value}
    if slot.certificate is not None:
        view |= certificate_view(slot.certificate)
        view["days_left"] = _days_left(slot.certificate.not_valid_after_utc, now)
    return view


def _slot_line(slot: Slot, now: datetime) -> str:
    name = f"{slot_name(slot.key).capitalize()} certificate ({slot.key:02X})"
    certificate = slot.certificate
    if certificate is None:
        return f"{name}: {slot.state.value}"
    expires = certificate.not_valid_after_utc
    days = _days_left(expires, now)
    return (
        f"{name}: {slot.state.value}, {days} {'day' if days == 1 else 'days'} left, until "
        f"{expires:%d %B %Y, %H:%M} UTC, serial {serial(certificate)}"
    )
