# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator card`: make, show, change and insert card images."""

import json
import os
from contextlib import closing
from pathlib import Path

import click

from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.card import CardImage, Interfaces, Personality, read_image
from selfrenew_emulator.card.virtual_contact import pairing_code

from .card_changes import change_image
from .card_insert import insert
from .card_view import describe, tables
from .image_argument import IMAGE, file_errors
from .passcode import passcode_from

_ALGORITHMS = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm.P256,
        Algorithm.P384,
        Algorithm.RSA2048,
        Algorithm.RSA3072,
        Algorithm.RSA4096,
    )
}
_SLOTS = {
    "9A": KeyReference.PIV_AUTHENTICATION,
    "9C": KeyReference.DIGITAL_SIGNATURE,
}


@click.group()
def card() -> None:
    """\b
    selfrenew-emulator card make bench/bob.card --name 'Bob Brown' --days-left 5
    selfrenew-emulator card show bench/bob.card

    Make, show and change card images, and put them into readers.
    """  # noqa: D205, D301, D400  help opens with two examples


@card.command(short_help="Make a person's card and write its image.")
@click.argument("image", type=IMAGE)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SELFRENEW_STATE",
    help="The state folder of a running stage.  [default: what SELFRENEW_STATE names, or the "
    "image's folder]",
)
@click.option("--name", default="Alice Archer", show_default=True, help="The holder's name.")
@click.option(
    "--days-left",
    type=click.IntRange(-3000, 3000),
    default=30,
    show_default=True,
    help="Days until its certificates expire, from now on: a moment later whole days are one less.",
)
@click.option(
    "--algorithm",
    type=click.Choice(list(_ALGORITHMS), case_sensitive=False),
    default="P256",
    show_default="p256",
    help="Of its keys.",
)
@click.option(
    "--personality",
    type=click.Choice([each.value for each in Personality]),
    default=Personality.PIV.value,
    show_default=True,
)
@click.option(
    "--interfaces",
    type=click.Choice([each.value for each in Interfaces]),
    default=Interfaces.CONTACT.value,
    show_default=True,
)
@click.option("--complete", is_flag=True, help="Give it every data object and every key.")
@click.option(
    "--no-pairing-code",
    is_flag=True,
    help="Let readers nearby go on without it, on a complete card with a contactless interface.",
)
@click.option("--force", is_flag=True, help="Overwrite an image that is there.")
def make(
    *,
    image: Path,
    state: Path | None,
    name: str,
    days_left: int,
    algorithm: str,
    personality: str,
    interfaces: str,
    complete: bool,
    no_pairing_code: bool,
    force: bool,
) -> None:
    """\b
    selfrenew-emulator card make bench/bob.card --name 'Bob Brown'
    selfrenew-emulator card make full.card --state bench --complete --interfaces dual

    Make a card with its first pair from a running stage's CA, known to its card management. The
    passcode is taken from SELFRENEW_PASSCODE; without it, it is the test value 123456. The pairing
    code of a card that has one is printed, as its holder is told it.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew_emulator.card import CardImageExistsError  # noqa: PLC0415
    from selfrenew_emulator.stage.card_order import CardOrder  # noqa: PLC0415
    from selfrenew_emulator.stage.desk_client import order_card  # noqa: PLC0415
    from selfrenew_emulator.stage.folder import StageFolder  # noqa: PLC0415

    passcode = passcode_from(os.environ)
    if image.exists() and not force:
        raise CardImageExistsError(image)
    folder = StageFolder((state or image.absolute().parent).absolute())
    if not image.absolute().parent.is_dir():
        raise click.UsageError(f"There is no folder {image.absolute().parent} for the image.")
    order = CardOrder(
        name,
        days_left,
        _ALGORITHMS[algorithm.upper()],
        Personality(personality),
        Interfaces(interfaces),
        complete=complete,
        pairing_code_required=not no_pairing_code,
    )
    made = order_card(folder, order)
    change_image(made, passcode=passcode)
    with file_errors(image):
        CardImage.create(image, made.state, overwrite=force)
    click.echo(f"{image}: {name}, {days_left} days left")
    code = pairing_code(made.state)
    if code is not None:
        click.echo(f"pairing code {code.decode('ascii')}")


@card.command(short_help="Show what is on a card; no secrets.")
@click.argument("image", type=IMAGE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON with stable keys.")
def show(image: Path, *, as_json: bool) -> None:
    """\b
    selfrenew-emulator card show bench/alice.card
    selfrenew-emulator card show bench/alice.card --json

    Show what is on a card: holder, keys, certificates, data objects, tries left. No secrets.
    """  # noqa: D205, D301, D400  help opens with two examples
    with file_errors(image):
        view = describe(read_image(image))
    if as_json:
        click.echo(json.dumps(view))
    else:
        from rich.console import Console  # noqa: PLC0415  heavy, and only for people

        # What another program reads has no edge at which a serial number is to be broken.
        console = Console(width=None if Console().is_terminal else 160)
        console.print(*tables(view, str(image)))


@card.command("set", short_help="Change a card as mishaps would.")
@click.argument("image", type=IMAGE)
@click.option("--locked", is_flag=True, help="Use up the passcode's tries.")
@click.option(
    "--new-passcode", is_flag=True, help="Set the passcode given in SELFRENEW_NEW_PASSCODE."
)
@click.option(
    "--tear", type=click.Choice(list(_SLOTS)), help="Replace the key and keep its certificate."
)
@click.option("--clear", type=click.Choice(list(_SLOTS)), help="Remove the certificate.")
def set_(
    image: Path, *, locked: bool, new_passcode: bool, tear: str | None, clear: str | None
) -> None:
    """\b
    selfrenew-emulator card set bench/alice.card --locked
    selfrenew-emulator card set bench/alice.card --tear 9C

    Change a card as mishaps would: lock it, tear a renewal, lose a certificate.
    """  # noqa: D205, D301, D400  help opens with two examples
    if not (locked or new_passcode or tear or clear):
        raise click.UsageError("Say what to change: --locked, --new-passcode, --tear or --clear.")
    if new_passcode and "SELFRENEW_NEW_PASSCODE" not in os.environ:
        raise click.UsageError("SELFRENEW_NEW_PASSCODE is not set.")
    from selfrenew_emulator.card import Card  # noqa: PLC0415

    passcode = passcode_from(os.environ, "SELFRENEW_NEW_PASSCODE") if new_passcode else None
    with file_errors(image), closing(Card.open(image)) as opened:
        change_image(
            opened,
            passcode=passcode,
            locked=locked,
            tear=_SLOTS[tear] if tear else None,
            clear=_SLOTS[clear] if clear else None,
        )
    click.echo(f"{image}: changed")


card.add_command(insert)
