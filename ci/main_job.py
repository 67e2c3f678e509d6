# SPDX-License-Identifier: Apache-2.0
"""The main job told as a story: a card about to expire is renewed, on a stage of its own."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta

from cryptography import x509
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table

from selfrenew import messages
from selfrenew.cli import ExitCode
from selfrenew.cli.failures import ending_of, text_of
from selfrenew.cli.log import logging_to_stderr
from selfrenew.cli.progress import show_progress
from selfrenew.cli.renew import KEY_TYPES
from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.piv.errors import PasscodeBlockedError
from selfrenew.piv.reference_data import check_new_passcode
from selfrenew.renewal import RenewalOutcome
from selfrenew.secret import Secret
from selfrenew_emulator.reader import PrivatePcscd
from selfrenew_emulator.stage import TEST_PASSCODE, EmbeddedStage, PcscStage, Stage, StageError

STAGES = ("embedded", "pcsc", "containers")
_WRONG = Secret("00000000")
_NO_STAGE = 13
_DAYS_MOST = 3000


class Story:
    """One run: a person, her card, and what happens to it."""

    def __init__(self, stage: Stage, passcode: Secret, console: Console) -> None:
        self._stage = stage
        self._passcode = passcode
        self._console = console

    def run(self, *, days_left: int, key_type: str, wrong_passcodes: int) -> None:
        """Tell it to its end. Raise what ends it early."""
        stage, name = self._stage, "Alice Archer"
        self._chapter("The card")
        card = stage.make_card(
            stage.make_person(name),
            days_left=days_left,
            passcode=self._passcode.reveal(),
            algorithm=KEY_TYPES[key_type],
        )
        stage.reader.insert(card)
        expires = stage.clock() + timedelta(days=days_left)
        self._tell(f"{name}'s smartcard is in the reader '{stage.reader.name}'.")
        verb = "expire" if days_left >= 0 else "expired"
        self._tell(f"Today is {stage.clock():%d %B %Y}.")
        self._tell(f"Her two {key_type} certificates {verb} on {expires:%d %B %Y}.")
        configuration = load_configuration(stage.config_file)
        with assemble(configuration, reader=stage.direct_reader, clock=stage.clock) as reference:
            for _ in range(wrong_passcodes):
                self._enter_wrong_passcode(reference)
            self._sign_in(reference, "She signs in")
            outcome = self._renew(reference)
            self._chapter("The card out and in again")
            stage.reader.remove()
            stage.reader.insert(card)
            self._sign_in(reference, "She signs in with the new certificate")
        self._compare(outcome)

    def _enter_wrong_passcode(self, reference: Reference) -> None:
        self._chapter("A wrong passcode")
        session = reference.session()
        try:
            session.sign_in(_WRONG, lambda roles: roles[0])
        except PasscodeBlockedError:
            raise
        except Exception as error:
            if ending_of(error) is not ExitCode.WRONG_PASSCODE:
                raise
            self._tell(str(error))
        finally:
            session.end()

    def _sign_in(self, reference: Reference, title: str) -> None:
        self._chapter(title)
        session = reference.session()
        try:
            login = session.sign_in(self._passcode, lambda roles: roles[-1])
        finally:
            session.end()
        role = login.role
        self._tell(
            f"The Spine knows her as {login.spine.name}; of her {len(login.spine.roles)} roles she "
            f"takes {role.name if role else 'none'}."
        )
        self._tell(f"Certificate {login.certificate_serial:x} signed in.")
        if login.notice is not None:
            self._console.print(
                Panel(f"{login.notice.text}\n\n[b]Yes[/b]   No", title="Notice", width=78)
            )

    def _renew(self, reference: Reference) -> RenewalOutcome:
        self._chapter("She enters her passcode, to have both certificates renewed")
        with show_progress(self._console) as observe:
            outcome = reference.renew(self._passcode, observe=observe)
        self._console.print(Panel(f"[b green]{messages.SUCCESS}[/]", width=78))
        self._tell(messages.SUCCESS_NEXT)
        return outcome

    def _compare(self, outcome: RenewalOutcome) -> None:
        table = Table(title="What changed", width=78)
        table.add_column()
        # As long as RFC 5280, 4.1.2.2 lets it be, since it is to be copied.
        table.add_column("serial", min_width=40)
        table.add_column("until", overflow="fold")
        for key, new in outcome.new.items():
            name = messages.SLOT_NAMES[key]
            old = outcome.old[key]
            if old is not None:
                table.add_row(f"old {name}", *_cells(old), style="dim")
            table.add_row(f"new {name}", *_cells(new), style="bold", end_section=True)
        self._console.print(table)

    def _chapter(self, title: str) -> None:
        self._console.print(f"\n[b]{title}[/b]")

    def _tell(self, text: str) -> None:
        self._console.print(Padding(text, (0, 0, 0, 2)))


def _cells(certificate: x509.Certificate) -> tuple[str, str]:
    return f"{certificate.serial_number:x}", f"{certificate.not_valid_after_utc:%d %b %Y}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Tell the story; return a documented exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    console = Console(highlight=False)
    with logging_to_stderr(verbose=options.verbose):
        try:
            code, text = ExitCode.DONE, _tell_story(options, console)
        except KeyboardInterrupt:
            code, text = ExitCode.CANCELLED, messages.CANCELLED
        except StageError as error:
            # As ci/demo ends where something that the stage needs is not there.
            console.print(str(error))
            return _NO_STAGE
        except Exception as error:
            ending = ending_of(error)
            if ending is None:
                raise
            code, text = ending, text_of(error)
    if code is not ExitCode.DONE:
        title = code.name.replace("_", " ").lower()
        console.print(Panel(text, title=title, width=78))
        console.print(f"\nThis ends with exit code {code.value}.")
    repeat = given if "--seed" in given else [*given, "--seed", options.seed]
    console.print(f"\nThe same run again: ci/demo {shlex.join(repeat)}")
    return code


def _tell_story(options: argparse.Namespace, console: Console) -> str:
    passcode = Secret(os.environ.get("SELFRENEW_PASSCODE") or TEST_PASSCODE)
    check_new_passcode(passcode)
    with ExitStack() as stack:
        stage = _open_stage(options, stack)
        Story(stage, passcode, console).run(
            days_left=options.days_left,
            key_type=options.key_type,
            wrong_passcodes=options.wrong_passcode,
        )
    return messages.SUCCESS


def _open_stage(options: argparse.Namespace, stack: ExitStack) -> Stage:
    if options.stage == "embedded":
        return stack.enter_context(EmbeddedStage(seed=options.seed))
    if options.stage == "containers":
        # Docker's client is an extra, which no other stage needs.
        from selfrenew_emulator.stage.containers import ContainersStage  # noqa: PLC0415

        return stack.enter_context(ContainersStage())
    pcscd = stack.enter_context(PrivatePcscd())
    return stack.enter_context(PcscStage(pcscd, seed=options.seed))


def _days(text: str) -> int:
    try:
        days = int(text)
    except ValueError:
        days = _DAYS_MOST + 1
    # As far as the emulator's own programs go.
    if abs(days) > _DAYS_MOST:
        problem = f"'{text}' is none of -{_DAYS_MOST} to {_DAYS_MOST}"
        raise argparse.ArgumentTypeError(problem)
    return days


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ci/demo",
        description=__doc__,
        epilog="SELFRENEW_PASSCODE sets the card's passcode. Exit codes: docs/command-line.md.",
    )
    parser.add_argument(
        "--days-left", type=_days, default=30, metavar="N", help="until the card expires (30)"
    )
    parser.add_argument(
        "--wrong-passcode",
        type=int,
        default=0,
        metavar="N",
        help="enter a wrong passcode N times first; three lock the card",
    )
    parser.add_argument("--key-type", choices=list(KEY_TYPES), default="p256")
    parser.add_argument("--stage", choices=STAGES, default="embedded")
    parser.add_argument("--seed", default="0", help="of the emulator's randomness (0)")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="log every APDU and message, secrets masked"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
