# SPDX-License-Identifier: Apache-2.0
"""The private pcscd, and cards in its readers as PC/SC programs see them."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from selfrenew.transport.pcsc import PcscReader, list_readers
from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import (
    LinkedCard,
    NamespacesRefusedError,
    PcscdFailedError,
    PcscdMissingError,
    PcscdTooOldError,
    PrivatePcscd,
    ReaderFolderError,
    ReaderPortTakenError,
    VpcdReader,
)

TRIES = bytes.fromhex("00200080")


def test_its_readers_are_all_that_programs_see(
    slots: list[VpcdReader[LinkedCard]], pcscd: PrivatePcscd
) -> None:
    assert list_readers() == pcscd.reader_names == [slot.name for slot in slots]


def test_its_socket_lies_in_a_folder_of_its_own(pcscd: PrivatePcscd) -> None:
    assert pcscd.socket_file.is_socket()
    assert Path("/run") not in pcscd.socket_file.parents


def test_its_ports_are_on_loopback_alone(pcscd: PrivatePcscd) -> None:
    listening = {
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
        if line.split()[3] == "0A"
    }
    for port in pcscd.ports:
        assert f"0100007F:{port:04X}" in listening
        assert f"00000000:{port:04X}" not in listening


def test_a_card_that_is_in_is_there_again_after_a_restart(
    slots: list[VpcdReader[LinkedCard]], blank_card: Card, pcscd: PrivatePcscd
) -> None:
    slots[0].insert(blank_card)
    old = pcscd.pid
    assert old is not None
    os.kill(old, signal.SIGKILL)
    reader, deadline = PcscReader(slots[0].name), time.monotonic() + 20
    while pcscd.pid in {old, None} and time.monotonic() < deadline:
        pass
    connection = None
    while connection is None and time.monotonic() < deadline:
        try:
            connection = reader.connect()
        except Exception as error:  # noqa: BLE001  told if it lasts
            last = error
    assert connection is not None, last
    assert connection.transmit(TRIES) == b"\x63\xc3"
    connection.close()


def test_names_and_ports_are_ones_own() -> None:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    free = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    with PrivatePcscd(3, names=["Ward 3"], ports=free) as other:
        assert other.ports == free
        assert other.reader_names == ["Ward 3 00 00", "Ward 3 00 01", "Ward 3 2 00 00"]


def test_it_leaves_nothing_behind_but_its_log(tmp_path: Path) -> None:
    with PrivatePcscd(folder=tmp_path) as other:
        pid = other.pid
        assert Path(f"/proc/{pid}").exists()
    assert not Path(f"/proc/{pid}").exists()
    assert [path.name for path in tmp_path.rglob("*")] == ["pcscd.log"]


@pytest.mark.parametrize("name", ["file/x", "x" * 120])
def test_a_folder_that_cannot_hold_the_socket_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ReaderFolderError, match="Name another folder"):
        PrivatePcscd(folder=tmp_path / name).__enter__()


def test_namespaces_that_are_refused_are_told_with_the_way_around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path, "unshare", "echo unshare: unshare failed: Not permitted >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(NamespacesRefusedError, match=r"Not permitted.*or use the system's pcscd"):
        PrivatePcscd().__enter__()


def test_a_pcscd_that_ends_at_once_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = "[ $1 != --version ] || { echo pcsc-lite version 1.9.9.; exit; }"
    _program(tmp_path, "pcscd", f"{version}\necho out of luck; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(PcscdFailedError, match="out of luck"):
        PrivatePcscd().__enter__()


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ReaderPortTakenError, match=f"127.0.0.1:{port} for a card failed"):
            PrivatePcscd(1, ports=[port]).__enter__()


def _program(folder: Path, name: str, text: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def test_a_pcscd_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, "pcscd", "echo pcsc-lite version 1.8.26.")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(PcscdTooOldError, match=r"pcscd 1\.8\.26 is installed"):
        PrivatePcscd().__enter__()


def test_a_pcscd_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfrenew_emulator.reader.pcscd.shutil.which", lambda *_, **__: None)
    with pytest.raises(PcscdMissingError, match="needs pcscd, which is not installed"):
        PrivatePcscd().__enter__()


def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfrenew_emulator.reader.pcscd._DRIVERS", ())
    with pytest.raises(PcscdMissingError, match="apt install pcscd vsmartcard-vpcd"):
        PrivatePcscd().__enter__()


@pytest.mark.parametrize("name", ["", ' "', "a\nb", "x" * 101, " a"])
def test_a_name_no_reader_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="names no reader"):
        PrivatePcscd(names=[name])
