# SPDX-License-Identifier: Apache-2.0
"""`selfrenew change-passcode`: replace a passcode that is known."""

import os

import click

from selfrenew import messages
from selfrenew.agent import change_passcode
from selfrenew.config import load_configuration, open_reader
from selfrenew.piv.client import PivClient

from .secret_input import read_new_passcode, read_passcode
from .settings import common_options, settings_of


@click.command("change-passcode")
@common_options
@click.pass_context
def command(context: click.Context) -> None:
    """Replace the passcode; the new one comes from SELFRENEW_NEW_PASSCODE or the terminal."""
    settings = settings_of(context)
    settings.begin()
    connection = open_reader(load_configuration(settings.config, os.environ)).connect()
    try:
        client = PivClient(connection)
        client.select()
        change_passcode(client, read_passcode(settings.passcode_file), read_new_passcode())
    finally:
        connection.close()
    settings.tell(messages.PASSCODE_CHANGED, {"message": messages.PASSCODE_CHANGED})
