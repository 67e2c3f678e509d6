# SPDX-License-Identifier: Apache-2.0
"""`selfrenew agent`: watch the reader, sign people in, show the notice, serve the page."""

import os

import click

from selfrenew import messages

from .failures import text_of
from .settings import Settings, common_options
from .signals import ended_by_signals


@click.command()
@click.option("--terminal", is_flag=True, help="Ask at the terminal, though there is a display.")
@common_options
@click.pass_obj
def agent(settings: Settings, *, terminal: bool) -> None:
    """\b
    selfrenew agent
    selfrenew agent --config selfrenew.toml --terminal

    Watch the reader until Ctrl-C, SIGTERM or the terminal's end. Whoever puts a card in is asked
    for the passcode, signed in to the Spine and told when the card expires soon; the page in the
    browser reaches the card through the agent. With --json one line says where, once it is ready.
    """  # noqa: D205, D301, D400  help opens with two examples
    # Heavy, not for --help.
    from selfrenew.agent.dialogs import open_dialogs  # noqa: PLC0415
    from selfrenew.agent.single_instance import SingleInstance  # noqa: PLC0415

    configuration = settings.load()
    with SingleInstance(os.environ):
        dialogs = open_dialogs(os.environ, windows=not terminal)
        with (
            settings.open() as reference,
            reference.agent(
                dialogs,
                environ=os.environ,
                describe=lambda error: text_of(error, configuration.contacts),
            ) as running,
            ended_by_signals(running.stop),
        ):
            settings.give({"port": running.port, "launch": running.launch.identifier})
            settings.tell(messages.AGENT_READY)
            running.run()
