# SPDX-License-Identifier: Apache-2.0
"""`selfrenew unlock`: a new passcode on a locked card, or in place of a forgotten one."""

import os

import click

from selfrenew import messages
from selfrenew.agent import finish_unlock, start_unlock
from selfrenew.config import assemble, load_configuration
from selfrenew.piv.client import PivClient

from .secret_input import read_new_passcode, read_unlock_code
from .settings import common_options, settings_of


@click.command("unlock")
@click.option("--continue", "unlock", metavar="ID", help="Go on with an unlock begun before.")
@common_options
@click.pass_context
def command(context: click.Context, unlock: str | None) -> None:
    """Set a new passcode with a code from the mail.

    A code is sent to the address known to card management. At a terminal it is asked for at once;
    without one the command ends after printing the unlock's ID, and goes on with --continue ID and
    SELFRENEW_UNLOCK_CODE.
    """
    settings = settings_of(context)
    settings.begin()
    configuration = load_configuration(settings.config, os.environ)
    with assemble(configuration, clock=settings.clock) as reference:
        connection = reference.reader.connect()
        try:
            client = PivClient(connection)
            client.select()
            management = reference.services.management
            begun = unlock is not None
            if unlock is None:
                unlock = start_unlock(client, management)
                click.echo(messages.UNLOCK_STARTED, err=True)
            # A code that is already set cannot be the one that was sent just now.
            code = read_unlock_code(given=begun)
            if code is None:
                settings.tell(messages.UNLOCK_CONTINUE.format(unlock=unlock), {"unlock": unlock})
                return
            finish_unlock(client, management, unlock, code, read_new_passcode())
        finally:
            connection.close()
    settings.tell(messages.UNLOCKED, {"message": messages.UNLOCKED})
