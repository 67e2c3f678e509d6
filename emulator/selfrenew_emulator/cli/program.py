# SPDX-License-Identifier: Apache-2.0
"""The command tree. Each command's module is imported when it runs, so that --help is fast."""

import importlib
import sys
import traceback

import click

from .exit_codes import ExitCode

_EPILOG = "Exit codes: " + ", ".join(
    f"{code.value} {code.name.lower().replace('_', ' ')}" for code in ExitCode
)


class LazyGroup(click.Group):
    """A group whose commands are named by module and summary until one is run."""

    lazy: dict[str, tuple[str, str]]

    def __init__(self, *args: object, lazy: dict[str, tuple[str, str]], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Name the commands."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in self.lazy:
            return None
        module = importlib.import_module(f".{self.lazy[cmd_name][0]}", __package__)
        command = getattr(module, cmd_name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.lazy.items()])


@click.group(
    cls=LazyGroup,
    lazy={
        "up": ("up", "Keep a stage running: CA, card management and Spine on loopback."),
        "card": ("card", "Make, show and change card images, and put them into readers."),
        "reader": ("reader", "Keep readers for PC/SC programs running."),
    },
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="smartcard-selfrenew")
def program() -> None:
    """\b
    selfrenew-emulator up --state bench
    selfrenew-emulator card make bench/bob.card --name 'Bob Brown'

    The world a smartcard renewal is tested in. Not for production.
    """  # noqa: D205, D301, D400  help opens with two examples


def main() -> None:
    """Run the program and exit with a documented code."""
    try:
        program.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        sys.stderr.close()
        sys.exit(ExitCode.DONE)
    except Exception as error:  # noqa: BLE001  the one edge: a bug is printed whole below
        from .failures import ending_of  # noqa: PLC0415  heavy, and only now needed

        ending = ending_of(error)
        if ending is None:
            traceback.print_exc()
            sys.exit(ExitCode.BUG)
        click.echo(f"Error: {error}", err=True)
        sys.exit(ending)
