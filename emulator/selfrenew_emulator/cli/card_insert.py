# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator card insert`: a card image into a PC/SC reader."""

import signal
from contextlib import closing
from pathlib import Path

import click

from selfrenew_emulator.card import Card

from .image_argument import IMAGE, file_errors

_ENDING = frozenset({signal.SIGINT, signal.SIGTERM})
VPCD_PORT = 0x8C7B
"""Where vsmartcard's driver listens as it is installed."""


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
def insert(*, image: Path, port: int, host: str) -> None:
    """\b
    selfrenew-emulator card insert alice.card
    selfrenew-emulator card insert bench/alice.card --port 35964

    Put a card image into a PC/SC reader of vsmartcard's driver, and leave it there until Ctrl-C or
    SIGTERM takes it out. What is done to the card is in the image at once.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew_emulator.reader import VpcdLink  # noqa: PLC0415  heavy, not for --help

    with file_errors(image), closing(Card.open(image)) as card:
        # Before the link's thread starts, so that only sigwait sees them.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        link = VpcdLink(card, port, host=host)
        link.start()
        try:
            click.echo(f"{image} is in the reader at {host}:{port}. Ctrl-C takes it out.")
            signal.sigwait(_ENDING)
        finally:
            link.close()
