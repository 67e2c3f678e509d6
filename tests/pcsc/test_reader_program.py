# SPDX-License-Identifier: Apache-2.0
"""The readers as a program: cards go in as images, and come back with what happened to them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from selfrenew.transport import NoCardError, TransportError
from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import PrivatePcscd
from selfrenew_emulator.reader.pcscd import _unshare
from selfrenew_emulator.stage import ControlRefusedError
from selfrenew_emulator.stage.folder import StageFolder
from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE
from selfrenew_emulator.stage.remote.client import ControlClient
from selfrenew_emulator.stage.remote.faults import RemoteFaults
from selfrenew_emulator.stage.remote.reader import RemoteKeyMaking, RemoteReader
from selfrenew_emulator.stage.serving.reader import serve_readers

from .conftest import until

_SELECT = "00A4040009A00000030800001000"
_WRONG = "0020008008393939393939FFFF"


@contextmanager
def readers(path: Path, slots: int = 1) -> Iterator[tuple[ControlClient, PrivatePcscd]]:
    with ExitStack() as stack:
        pcscd = PrivatePcscd(slots)
        said = stack.enter_context(
            serve_readers(path / "reader", path / "shared", pcscd, "127.0.0.1")
        )
        token = StageFolder(path / "shared").read_control_token()
        yield stack.enter_context(closing(ControlClient(str(said["control"]), token))), pcscd


def in_pcsc(socket_file: Path, code: str) -> str:
    """Run code in a PC/SC program of its own, since this one is pointed to another daemon."""
    ended = subprocess.run(  # noqa: S603  the test's own code
        [sys.executable, "-c", f"from smartcard.System import readers\n{code}"],
        env={**os.environ, SOCKET_VARIABLE: str(socket_file)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ended.stdout.strip()


def verify_wrongly(socket_file: Path, name: str) -> None:
    sent = [list(bytes.fromhex(each)) for each in (_SELECT, _WRONG)]
    code = (
        f"reader = next(each for each in readers() if str(each) == {name!r})\n"
        f"connection = reader.createConnection()\nconnection.connect()\n"
        f"[connection.transmit(each) for each in {sent}]"
    )
    in_pcsc(socket_file, code)


def tries(card: Card) -> int:
    return card.state.references[0x80].tries


def test_a_card_goes_in_and_comes_back_itself(tmp_path: Path, blank_card: Card) -> None:
    with readers(tmp_path) as (client, _):
        reader = RemoteReader(client)
        assert (reader.name, reader.card_present) == ("selfrenew 00 00", False)
        reader.insert(blank_card)
        assert reader.card_present
        with pytest.raises(TransportError, match="holds a card already"):
            reader.insert(blank_card)
        assert reader.remove() is blank_card
        with pytest.raises(NoCardError):
            reader.remove()


def test_a_card_comes_back_with_what_happened_to_it(tmp_path: Path, blank_card: Card) -> None:
    with readers(tmp_path) as (client, pcscd):
        reader = RemoteReader(client)
        reader.insert(blank_card)
        verify_wrongly(pcscd.socket_file, reader.name)
        assert tries(blank_card) == 3
        reader.look_at(blank_card)
        assert tries(blank_card) == 2
        verify_wrongly(pcscd.socket_file, reader.name)
        assert tries(reader.remove()) == 1


# A port that the kernel gave to somebody else before, as it may give vpcd's own.
@pytest.mark.parametrize("taken", [0, 35963])
def test_readers_run_without_namespaces_where_they_have_some_already(
    tmp_path: Path, taken: int
) -> None:
    sockets = tmp_path / "run"
    sockets.mkdir()
    # What a daemon that was killed leaves, with a number that a living process has.
    (sockets / "pcscd.comm").touch()
    (sockets / "pcscd.pid").write_text("1\n")
    plan = {"over": "/run/pcscd", "sockets": str(sockets)}
    code = (
        "import socket; from selfrenew_emulator.reader import pcscd_namespace as inside; "
        f"inside._prepare({plan}); other = socket.create_server(('127.0.0.1', {taken})); "
        "from selfrenew_emulator.cli import main; main()"
    )
    command = [*_unshare(), sys.executable, "-c", code, "reader", "serve", "--no-namespaces"]
    kept = ["--state", str(tmp_path / "reader"), "--shared", str(tmp_path / "shared"), "--json"]
    with subprocess.Popen(  # noqa: S603  our own program
        [*command, *kept], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        said = json.loads(program.stdout.readline())
        seen = in_pcsc(sockets / "pcscd.comm", "print([str(each) for each in readers()])")
        program.terminate()
    assert said["socket"] == "/run/pcscd/pcscd.comm"
    assert seen == str(said["readers"])
    assert program.returncode == 0


def test_a_card_stays_in_over_a_restart_of_the_readers(tmp_path: Path, blank_card: Card) -> None:
    with readers(tmp_path) as (client, _):
        RemoteReader(client).insert(blank_card)
    with readers(tmp_path) as (client, _):
        back = RemoteReader(client).remove()
    assert back.state == blank_card.state


def test_what_is_no_card_or_no_slot_is_refused(tmp_path: Path) -> None:
    with readers(tmp_path) as (client, _):
        with pytest.raises(ControlRefusedError, match="it is no card image"):
            client.call("PUT", "/slots/0/card", b"{}")
        with pytest.raises(ControlRefusedError, match="the slots are 0 to 0"):
            client.call("GET", "/slots/1/card")
        with pytest.raises(ControlRefusedError, match="422"):
            client.call("PUT", "/slots/0/card", b"no JSON")
        assert not RemoteReader(client).card_present


def test_key_making_is_held_and_let_go(tmp_path: Path) -> None:
    with readers(tmp_path) as (client, _):
        making = RemoteKeyMaking(client)
        making.hold()
        assert json.loads(client.call("GET", "/key-making")) == {"held": True}
        making.go_on()
        assert json.loads(client.call("GET", "/key-making")) == {"held": False}


def test_a_card_that_a_fault_pulls_out_goes_back_in_as_it_was_then(
    tmp_path: Path, blank_card: Card
) -> None:
    with readers(tmp_path) as (client, pcscd):
        reader, faults = RemoteReader(client), RemoteFaults(client)
        reader.insert(blank_card)
        pulled = faults.arm("card.removed:after=VERIFY")
        assert pulled.strikes == 0
        with pytest.raises(subprocess.CalledProcessError):
            verify_wrongly(pcscd.socket_file, reader.name)
        assert pulled.strikes == 1
        assert not reader.card_present
        reader.insert(blank_card)
        assert tries(reader.remove()) == 2


def test_a_fault_that_is_none_or_not_the_cards_is_refused(tmp_path: Path) -> None:
    with readers(tmp_path) as (client, _):
        faults = RemoteFaults(client)
        with pytest.raises(ControlRefusedError, match=r"card\.removed"):
            faults.arm("card.on-fire")
        with pytest.raises(ControlRefusedError, match="befalls the mail"):
            faults.arm("mail.refused")
        faults.arm("card.removed:before=GENERATE,slot=9c")
        faults.clear()
        assert json.loads(client.call("GET", "/faults")) == []


def test_another_card_comes_by_the_control_api_and_goes_when_that_is_cleared(
    tmp_path: Path, blank_card: Card
) -> None:
    with readers(tmp_path, 2) as (client, pcscd):
        reader, beside, faults = RemoteReader(client), RemoteReader(client, 1), RemoteFaults(client)
        reader.insert(blank_card)
        faults.arm("reader.two-at-once:after=VERIFY")
        verify_wrongly(pcscd.socket_file, reader.name)
        assert beside.card_present
        assert tries(beside.remove()) == 3
        faults.arm("reader.two-at-once")
        assert beside.card_present
        faults.clear()
        assert not beside.card_present
        faults.arm("card.swapped:after=VERIFY")
        with pytest.raises(subprocess.CalledProcessError):
            verify_wrongly(pcscd.socket_file, reader.name)
        until(lambda: reader.card_present, "the other card did not come")
        assert tries(reader.remove()) == 1


def test_readers_are_gone_by_the_control_api_until_that_is_cleared(tmp_path: Path) -> None:
    with readers(tmp_path) as (client, pcscd):
        faults = RemoteFaults(client)
        faults.arm("reader.late")
        assert in_pcsc(pcscd.socket_file, "print(readers())").strip() == "[]"
        faults.clear()
        assert "selfrenew 00 00" in in_pcsc(pcscd.socket_file, "print(readers())")
