# SPDX-License-Identifier: Apache-2.0
"""The command tree. Each command's module is imported when it runs, so that --help is fast."""

import sys
import traceback

import click

from .exit_codes import ExitCode
from .lazy_group import LazyGroup

_EPILOG = "Exit codes: " + ", ".join(
    f"{code.value} {code.name.lower().replace('_', ' ')}" for code in ExitCode
)


@click.group(
    cls=LazyGroup,
    lazy={
        "up": ("up", "Keep a stage running: CA, card management and Spine on loopback."),
        "card": ("card", "Make, show and change card images, and put them into readers."),
        "trace": ("trace", "Record, show, replay and export what is said to a card."),
        "reader": ("reader", "Keep readers for PC/SC programs running."),
        "ca": ("ca", "Keep a CA running by itself; issue, revoke, show, export and lint."),
        "services": ("services", "Keep card management, Spine and mail running by themselves."),
        "portal": (
            "portal",
            "Serve the portal with faults in place of its pages, or by another clock.",
        ),
        "campaign": (
            "campaign",
            "Play everything that can go wrong, everywhere, and see that nothing is lost.",
        ),
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
        # What a command ended its context with comes back as the result.
        ending = program.main(standalone_mode=False)
        if ending:
            sys.exit(ending)
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
