# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator trace`: record, show, replay and export a card's conversation."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from .exit_codes import ExitCode
from .trace_seat import SeatOptions, seat_options, slot_for, use_seat

_TRACE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def trace() -> None:
    """\b
    selfrenew-emulator trace record desk.trace --reader 'Desk reader' -- pkcs11-tool -O
    selfrenew-emulator trace show desk.trace

    Record a card's conversation without its secrets, show it, play it again, export it.
    """  # noqa: D205, D301, D400  help opens with two examples


@trace.command(short_help="Record what a program says to a card.")
@click.argument("file", type=_TRACE)
@click.option("--reader", help="A PC/SC reader with the card: its name, or a part no other has.")
@click.option("--image", type=_TRACE, help="A card image, in place of a card in a reader.")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@seat_options
def record(
    *,
    file: Path,
    reader: str | None,
    image: Path | None,
    force: bool,
    host: str,
    port: int | None,
    program: tuple[str, ...],
) -> None:
    """\b
    selfrenew-emulator trace record desk.trace --reader 'Desk reader' -- pkcs11-tool -O
    selfrenew-emulator trace record alice.trace --image alice.card --port 40981

    Relay a card into a reader of vsmartcard's driver and record what is said there, each line as it
    comes and secrets masked: while a COMMAND runs, which finds the reader by PCSCLITE_CSOCK_NAME in
    a pcscd of its own, or else until Ctrl-C or SIGTERM. Ends as the COMMAND does.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew.transport.connection import TransportError  # noqa: PLC0415  not for --help
    from selfrenew_emulator.trace import (  # noqa: PLC0415  heavy
        Seat,
        TraceRecorder,
        open_reader,
        relayed_cards,
    )

    if (reader is None) == (image is None):
        raise click.UsageError("Say whose card: either --reader NAME or --image IMAGE.")
    options = SeatOptions(host, port, program)
    try:
        source = (
            open_reader("pcsc", reader, Path())
            if reader is not None
            else open_reader("image", str(image), Path())
        )
        recorder = TraceRecorder(file, source.name, overwrite=force)
        with slot_for(options, source.name) as (at, number, environ):
            seat = Seat(relayed_cards(source, recorder), at, number)
            ready = f"The card of {source.name} is in the reader at {at}:{number}, and recorded."
            code = use_seat(seat, program, environ, f"{ready} Ctrl-C takes it out.")
    except TransportError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(ExitCode.READER_UNAVAILABLE)
    if recorder.failure is not None:
        raise recorder.failure
    sys.exit(code)


@trace.command(short_help="Show a trace decoded.")
@click.argument("file", type=_TRACE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON with stable keys.")
def show(*, file: Path, as_json: bool) -> None:
    """\b
    selfrenew-emulator trace show desk.trace
    selfrenew-emulator trace show desk.trace --json

    Show each command by its name, key and object, answers with their status in words, and BER-TLV
    as a tree.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew_emulator.trace import read_trace, to_json, to_lines  # noqa: PLC0415  heavy

    with _file_errors(file):
        read = read_trace(file)
    if as_json:
        click.echo(json.dumps(to_json(read)))
    else:
        for line in to_lines(read):
            click.echo(line)


@trace.command(short_help="Play a trace as a card in a PC/SC reader.")
@click.argument("file", type=_TRACE)
@click.option("--tolerant", is_flag=True, help="Answer commands in any order.")
@seat_options
def replay(
    *, file: Path, tolerant: bool, host: str, port: int | None, program: tuple[str, ...]
) -> None:
    """\b
    selfrenew-emulator trace replay desk.trace -- pkcs11-tool -O
    selfrenew-emulator trace replay desk.trace --tolerant --port 40981

    Put a card into a reader of vsmartcard's driver that answers as the recorded one did, while a
    COMMAND runs, or until Ctrl-C or SIGTERM. The first difference is printed, and ends this with an
    exit code of its own; otherwise it ends as the COMMAND does.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew_emulator.trace import (  # noqa: PLC0415  heavy
        ScriptedCard,
        Seat,
        played_cards,
        read_trace,
    )

    with _file_errors(file):
        read = read_trace(file)
    # Whoever waits for Ctrl-C sees a difference at once, a COMMAND's own words come first.
    tell: Callable[[str], None] = (lambda _: None) if program else _tell
    card = ScriptedCard(read, tolerant=tolerant, on_difference=tell)
    options = SeatOptions(host, port, program)
    with slot_for(options, read.header.reader) as (at, number, environ):
        ready = f"{file} is played in the reader at {at}:{number}. Ctrl-C takes it out."
        code = use_seat(Seat(played_cards(card), at, number), program, environ, ready)
    if card.difference is not None and not program:
        sys.exit(ExitCode.DIVERGED)
    card.verify()
    sys.exit(code)


@trace.command(short_help="Export a trace for Wireshark.")
@click.argument("file", type=_TRACE)
@click.argument("pcapng", type=_TRACE)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def export(*, file: Path, pcapng: Path, force: bool) -> None:
    """\b
    selfrenew-emulator trace export desk.trace desk.pcapng
    tshark -r desk.pcapng -V

    Write a pcapng file that Wireshark opens with its own dissectors of ISO 7816.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew_emulator.trace import (  # noqa: PLC0415  heavy
        read_trace,
        to_pcapng,
        write_whole,
    )

    with _file_errors(file):
        read = read_trace(file)
    write_whole(pcapng, to_pcapng(read), overwrite=force)
    click.echo(f"{pcapng}: {len(read.events)} packets")


def _tell(difference: str) -> None:
    click.echo(f"Error: {difference}", err=True)


@contextmanager
def _file_errors(file: Path) -> Iterator[None]:
    """Turn the system's errors about the file into one of usage."""
    try:
        yield
    except OSError as error:
        raise click.UsageError(
            f"Reading the trace {file} failed: {error.strerror}. Check path and permissions."
        ) from error
