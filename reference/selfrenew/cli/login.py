# SPDX-License-Identifier: Apache-2.0
"""`selfrenew login`: sign in to the Spine, and hear whether the card expires soon."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import click

from selfrenew import messages
from selfrenew.agent import ExpiryNotice, Login, NoSuchRoleError
from selfrenew.services import Role, TicketStatus

from .errors import TicketRefusedError
from .passcode_input import read_passcode
from .settings import Settings, common_options, passcode_option


@click.command()
@click.option("--role", metavar="ROLE", help="The role to work in, by ID or name.")
@common_options
@passcode_option
@click.pass_obj
def login(settings: Settings, *, role: str | None) -> None:
    """\b
    selfrenew login
    selfrenew login --role 'Clinic nurse' --passcode-file passcode.txt

    Sign in to the Spine with the card, choose a role, have the ticket validated, and show the
    notice of expiry where one is due. The session ends with the command.
    """  # noqa: D205, D301, D400  help opens with two examples
    with settings.open() as reference:
        session = reference.session()
        try:
            signed_in = session.sign_in(read_passcode(settings), _chooser(settings, role))
            ticket = reference.services.spine.validate(signed_in.spine.ticket)
            if not ticket.valid:
                raise TicketRefusedError(ticket.reason)
            settings.give(_view(signed_in, ticket))
            _show(settings, signed_in)
        finally:
            session.end()


def _chooser(settings: Settings, wanted: str | None) -> Callable[[Sequence[Role]], Role]:
    def choose(roles: Sequence[Role]) -> Role:
        if wanted is not None:
            return _named(wanted, roles)
        if len(roles) == 1:
            return roles[0]
        if not settings.interactive:
            settings.tell(messages.ROLE_OF_SEVERAL.format(number=len(roles)))
            return roles[0]
        for number, role in enumerate(roles, 1):
            settings.tell(f"  {number}  {_in_words(role)}")
        choice = click.IntRange(1, len(roles))
        number = click.prompt(messages.CHOOSE_ROLE, type=choice, err=True)
        return roles[int(number) - 1]

    return choose


def _named(wanted: str, roles: Sequence[Role]) -> Role:
    for role in roles:
        if wanted in {role.id, role.name}:
            return role
    raise NoSuchRoleError(wanted, roles)


def _in_words(role: Role) -> str:
    return f"{role.name}, {role.organisation}"


def _view(signed_in: Login, ticket: TicketStatus) -> dict[str, object]:
    spine, notice = signed_in.spine, signed_in.notice
    return {
        "name": spine.name,
        "user_id": spine.user_id,
        "role": None if signed_in.role is None else asdict(signed_in.role),
        "roles": [asdict(role) for role in spine.roles],
        "certificate_serial": f"{signed_in.certificate_serial:X}",
        "ticket_valid": ticket.valid,
        "notice": None
        if notice is None
        else {
            "days_left": notice.days_left,
            "expires": notice.certificate.not_valid_after_utc.isoformat(),
            "text": notice.text,
            "url": notice.url,
        },
    }


def _show(settings: Settings, signed_in: Login) -> None:
    settings.say(messages.SIGNED_IN.format(name=signed_in.spine.name))
    roles = signed_in.spine.roles
    for role in roles:
        chosen = "*" if role == signed_in.role else " "
        settings.say(f"  {chosen} {role.id}  {_in_words(role)}")
    if not roles:
        settings.say(messages.NO_ROLES)
    settings.say(messages.CERTIFICATE_USED.format(serial=f"{signed_in.certificate_serial:X}"))
    if signed_in.notice is not None and not settings.as_json:
        _show_notice(settings, signed_in.notice)


def _show_notice(settings: Settings, notice: ExpiryNotice) -> None:
    if not notice.renewable:
        settings.say(notice.text)
        return
    if settings.interactive and click.confirm(notice.text, default=False, err=True):
        settings.say(messages.NOTICE_NOW.format(url=notice.url))
        return
    if not settings.interactive:
        settings.say(notice.text)
    settings.say(notice.later)
