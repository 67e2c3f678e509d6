# SPDX-License-Identifier: Apache-2.0
"""The command tree, and the one edge where a failure becomes a line and an exit code.

Each command's module is imported when it runs, so that --help is fast.
"""

import importlib
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from selfrenew import messages
from selfrenew.messages import language_of, speak_by_default

from .exit_codes import ExitCode
from .log import logging_to_stderr
from .settings import Settings, common_options, passcode_option

_COMMANDS = {
    "status": ("status", "status", "Tell both certificates, days left and tries left."),
    "login": ("login", "login", "Sign in to the Spine; shows the notice of expiry."),
    "renew": ("renew", "renew", "Renew both certificates on the card."),
    "change-passcode": ("passcode", "change_passcode", "Replace the passcode."),
    "unlock": ("passcode", "unlock", "Set a new passcode with a code from the mail."),
    "agent": ("agent", "agent", "Watch the reader, sign people in and serve the page."),
    "portal": ("portal", "portal", "Serve the page of the Smartcard Service."),
}
_EPILOG = "Exit codes: " + ", ".join(
    f"{code.value} {code.name.lower().replace('_', ' ')}" for code in ExitCode
)


class LazyGroup(click.Group):
    """A group whose commands are known by module and summary until one is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Name the commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f".{module}", __package__), name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (*_, summary) in _COMMANDS.items()])


@click.group(
    cls=LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@common_options
@passcode_option
@click.version_option(package_name="smartcard-selfrenew")
def program() -> None:
    """\b
    selfrenew --config bench/selfrenew.toml status
    selfrenew --config bench/selfrenew.toml renew

    Renews the certificates on your smartcard. Options may stand before or behind the command. The
    passcode is never an argument: it comes by prompt, --passcode-file or SELFRENEW_PASSCODE.
    """  # noqa: D205, D301, D400  help opens with two examples


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and exit with a documented code."""
    _leave_no_core_file()
    given = sys.argv[1:] if arguments is None else list(arguments)
    # Looked for here too, since of a command line that cannot be read has to be told as well.
    settings = Settings(as_json="--json" in given)
    verbose = not {"-v", "--verbose"}.isdisjoint(given)
    with logging_to_stderr(verbose=verbose), speak_by_default(language_of(os.environ)):
        code = _run(given, settings)
    sys.exit(code)


def _leave_no_core_file() -> None:
    """See to it that a crash writes no memory to a disk: a passcode may be in it."""
    with suppress(ImportError):  # where there is no such limit, as on Windows
        import resource  # noqa: PLC0415  not on every platform

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run(arguments: list[str], settings: Settings) -> ExitCode:
    try:
        program.main(arguments, prog_name="selfrenew", standalone_mode=False, obj=settings)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return ExitCode.USAGE
    except click.ClickException as error:
        return _fail(settings, ExitCode.USAGE, _usage(error))
    except Exception as error:  # noqa: BLE001  the one edge
        return _judge(settings, error)
    return ExitCode.DONE


def _judge(settings: Settings, error: Exception) -> ExitCode:
    from .errors import StoppedError  # noqa: PLC0415  heavy, and only now needed
    from .failures import ending_of, text_of  # noqa: PLC0415  the same

    if isinstance(error, StoppedError):
        return _fail(settings, ExitCode.CANCELLED, str(error))
    if isinstance(error, click.exceptions.Abort):
        return _fail(settings, ExitCode.CANCELLED, messages.STOPPED)
    code = ending_of(error)
    if code is None:
        logging.getLogger("selfrenew").debug("the fault in full", exc_info=error)
        return _fail(settings, ExitCode.BUG, messages.BUG.format(kind=type(error).__name__))
    contacts = None if settings.configuration is None else settings.configuration.contacts
    return _fail(settings, code, text_of(error, contacts))


def _usage(error: click.ClickException) -> str:
    text = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    path = "selfrenew" if context is None else context.command_path
    return messages.SEE_HELP.format(text=text, path=path)


def _fail(settings: Settings, code: ExitCode, text: str) -> ExitCode:
    failure: dict[str, object] = {"error": code.name, "message": text, "exit_code": code.value}
    if settings.watch is not None and settings.watch.changed:
        failure["unfinished"] = settings.watch.unfinished
    settings.give(failure)
    settings.tell(f"Error: {text}")
    return code
