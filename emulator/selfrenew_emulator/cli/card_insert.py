# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator card insert`: a card image into a PC/SC reader."""

import signal
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from selfrenew_emulator.card import Card, Interface, NoSuchInterfaceError

from .image_argument import IMAGE, file_errors
from .serving import fault_option, say_struck

if TYPE_CHECKING:
    from selfrenew_emulator.faults import Tap

_ENDING = frozenset({signal.SIGINT, signal.SIGTERM})
VPCD_PORT = 0x8C7B
"""Where vsmartcard's driver listens as it is installed."""


class _Held:
    """The card whose memory faults reach, whatever it is in on its way to the reader."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.tap: Tap | None = None


@click.command(short_help="Put a card into a PC/SC reader until Ctrl-C.")
@click.argument("image", type=IMAGE)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=VPCD_PORT,
    show_default=True,
    help="Where vpcd listens for the slot.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--interface",
    type=click.Choice([each.value for each in Interface]),
    help="What kind of reader it is; for a dual card.  [default: contact, where the card has it]",
)
@click.option(
    "--timing",
    type=click.Choice(["instant", "contact", "contactless"]),
    default="instant",
    show_default=True,
    help="How long the card takes for each command.",
)
@fault_option("CARD", example="card.removed:after=GENERATE,slot=9c")
def insert(
    *,
    image: Path,
    port: int,
    host: str,
    interface: str | None,
    timing: str,
    faults: tuple[str, ...],
) -> None:
    """\b
    selfrenew-emulator card insert alice.card
    selfrenew-emulator card insert full.card --port 35964 --interface contactless
    selfrenew-emulator card insert alice.card --fault card.removed:after=GENERATE,slot=9c

    Put a card image into a PC/SC reader of vsmartcard's driver, and leave it there until Ctrl-C or
    SIGTERM takes it out. What is done to the card is in the image at once. By --fault it goes
    wrong at a command, and at the end it is told what struck.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew_emulator.faults import (  # noqa: PLC0415
        TIMINGS,
        FaultBoard,
        Surroundings,
        blank_card,
    )
    from selfrenew_emulator.reader import (  # noqa: PLC0415  heavy, not for --help
        CardOverInterface,
        LinkedCard,
        TimedCard,
        VpcdReader,
    )

    with file_errors(image), closing(Card.open(image)) as card:
        # Before the link's thread starts, so that only sigwait sees them.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        at_reader: LinkedCard = card
        if interface is not None:
            try:
                at_reader = CardOverInterface(card, Interface(interface))
            except NoSuchInterfaceError as error:
                raise click.UsageError(str(error)) from error
        pace = TIMINGS[timing]
        if pace is not None:
            at_reader = TimedCard(at_reader, pace)
        held, board = _Held(card), FaultBoard(Surroundings(other_card=blank_card))
        board.attach_reader(held)
        for order in faults:
            board.arm(order)
        reader: VpcdReader[LinkedCard] = VpcdReader(f"{host}:{port}", port, host=host)
        reader.tap = held.tap
        try:
            reader.insert(at_reader)
            # So that who waits for the line may go on at once.
            reader.settle()
            click.echo(f"{image} is in the reader at {host}:{port}. Ctrl-C takes it out.")
            signal.sigwait(_ENDING)
        finally:
            reader.close()
        if faults:
            say_struck(board.history)
