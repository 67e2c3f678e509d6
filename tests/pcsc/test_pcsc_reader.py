# SPDX-License-Identifier: Apache-2.0
"""The reference's PC/SC transport: readers and cards chosen, held, lost and told apart."""

import os
import signal
import sys
import threading
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from smartcard import scard

from selfrenew.config import ConfigurationError
from selfrenew.config.pcsc_reader import open_pcsc_reader
from selfrenew.piv.objects import CardholderUniqueIdentifier, DataObject
from selfrenew.transport import (
    CardConnection,
    CardRemovedError,
    MonitoredReader,
    NoCardError,
    NoReaderError,
    Reader,
    ReaderBusyError,
    TransportError,
)
from selfrenew.transport.pcsc import (
    AmbiguousCardError,
    AmbiguousReaderError,
    CardResetError,
    NoServiceError,
    NoSuchCardError,
    PcscReader,
    connection,
)
from selfrenew.transport.pcsc.errors import MuteCardError
from selfrenew_emulator.card import Card
from selfrenew_emulator.personalisation.card_identity import FASC_N
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import LinkedCard, PrivatePcscd, VpcdReader

from .conftest import MANAGEMENT_KEY, PIN, PUK, Run, until

TRIES = bytes.fromhex("00200080")
VERIFY = bytes.fromhex("0020008008313233343536FFFF")
HERE = Path()
Slots = list[VpcdReader[LinkedCard]]


class OtherCard:
    """A card of another kind: it refuses every command."""

    atr = bytes.fromhex("3B00")

    def power_on(self) -> bytes:
        return self.atr

    def power_off(self) -> None: ...

    def reset(self) -> None: ...

    def transmit(self, command: bytes) -> bytes:
        del command
        return b"\x6d\x00"


def card_with(guid: bytes) -> Card:
    card = Card.blank(pin=PIN, puk=PUK, management_key=MANAGEMENT_KEY, randomness=seeded(guid[0]))
    chuid = CardholderUniqueIdentifier(FASC_N, guid, date(2030, 1, 1))
    card.store.put_object(DataObject.CHUID.tag, bytes(chuid))
    card.store.commit()
    return card


def test_the_contract_of_readers_and_connections_is_met(slots: Slots, blank_card: Card) -> None:
    slots[0].insert(blank_card)
    reader = PcscReader(slots[0].name)
    opened = reader.connect()
    assert isinstance(reader, Reader)
    assert isinstance(reader, MonitoredReader)
    assert isinstance(opened, CardConnection)
    assert opened.atr == blank_card.atr
    opened.close()
    opened.close()
    with pytest.raises(TransportError, match="closed"):
        opened.transmit(TRIES)


def test_part_of_a_name_finds_the_one_reader_that_has_it(slots: Slots, blank_card: Card) -> None:
    slots[1].insert(blank_card)
    reader = PcscReader(slots[1].name[-5:])
    assert reader.wait_for_card(10)
    assert reader.card_present
    with pytest.raises(AmbiguousReaderError, match="fits 2 readers"):
        _ = PcscReader(slots[1].name[:5]).card_present
    with pytest.raises(NoReaderError, match="'no such'"):
        PcscReader("no such").connect()


def test_an_empty_reader_is_named(slots: Slots) -> None:
    with pytest.raises(NoCardError, match=f"reader '{slots[0].name}'. Insert"):
        PcscReader(slots[0].name).connect()


def test_a_card_is_waited_for(slots: Slots, blank_card: Card) -> None:
    reader = PcscReader(slots[0].name)
    inserting = threading.Thread(target=slots[0].insert, args=(blank_card,))
    inserting.start()
    assert reader.wait_for_card(10)
    inserting.join()


def test_the_card_that_is_wanted_is_found_in_whichever_reader(slots: Slots) -> None:
    slots[0].insert(OtherCard())
    slots[1].insert(card_with(bytes.fromhex("AA" * 16)))
    for location in ("", "guid:" + "aa" * 16):
        finder = open_pcsc_reader(location, HERE)
        opened = finder.connect()
        assert opened.reader == finder.name == slots[1].name
        opened.close()
    with pytest.raises(NoSuchCardError, match=r"None of the 2 .* holds the smartcard BB"):
        open_pcsc_reader("guid:" + "bb" * 16, HERE).connect()


def test_of_two_cards_that_could_be_meant_none_is_used(slots: Slots) -> None:
    slots[0].insert(card_with(bytes.fromhex("AA" * 16)))
    slots[1].insert(card_with(bytes.fromhex("BB" * 16)))
    with pytest.raises(AmbiguousCardError, match="2 readers hold"):
        open_pcsc_reader("", HERE).connect()
    opened = open_pcsc_reader("guid:" + "bb" * 16, HERE).connect()
    assert opened.reader == slots[1].name
    opened.close()


def test_a_guid_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="32 hexadecimal digits"):
        open_pcsc_reader("guid:12", HERE)


def test_a_card_taken_out_is_gone_for_good(slots: Slots, blank_card: Card) -> None:
    slots[0].insert(blank_card)
    opened = PcscReader(slots[0].name).connect()
    slots[0].remove()
    with pytest.raises(CardRemovedError):
        opened.transmit(TRIES)
    slots[0].insert(blank_card)
    for use in (lambda: opened.transmit(TRIES), opened.reset):
        with pytest.raises(CardRemovedError):
            use()
    opened.close()


def test_a_card_swapped_after_the_passcode_is_not_written_to(slots: Slots) -> None:
    first, second = card_with(bytes.fromhex("AA" * 16)), card_with(bytes.fromhex("BB" * 16))
    slots[0].insert(first)
    opened = PcscReader(slots[0].name).connect()
    assert opened.transmit(VERIFY) == b"\x90\x00"
    slots[0].remove()
    slots[0].insert(second)
    with pytest.raises(CardRemovedError):
        opened.reset()
    with pytest.raises(CardRemovedError):
        opened.transmit(TRIES)
    opened.close()


def test_a_removal_is_told_at_once(slots: Slots, blank_card: Card) -> None:
    slots[0].insert(blank_card)
    told = threading.Event()
    reader = PcscReader(slots[0].name)
    assert reader.wait_for_card(10)
    end = reader.on_removal(told.set)
    slots[0].remove()
    assert told.wait(60)
    end()
    end()


def test_a_held_card_is_kept_from_others(
    slots: Slots, blank_card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_BUSY_SECONDS", 0.2)
    slots[0].insert(blank_card)
    first, second = (PcscReader(slots[0].name).connect() for _ in range(2))
    with first.exclusive():
        assert first.transmit(VERIFY) == b"\x90\x00"
        with pytest.raises(ReaderBusyError, match="Another program is using"), second.exclusive():
            pass
    second.close()
    first.close()


def test_threads_connect_one_at_a_time(
    slots: Slots, blank_card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots[0].insert(blank_card)
    assert PcscReader(slots[0].name).wait_for_card(10)
    connect, connecting, together = scard.SCardConnect, threading.Semaphore(1), []

    def counted(*arguments: object) -> object:
        together.append(connecting.acquire(blocking=False))
        try:
            return connect(*arguments)
        finally:
            if together[-1]:
                connecting.release()

    monkeypatch.setattr(scard, "SCardConnect", counted)

    def come_and_go() -> None:
        # Who connects while the card is being reset for another may find it without power.
        with suppress(MuteCardError):
            connection.PcscConnection(slots[0].name).close()

    threads = [threading.Thread(target=come_and_go) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [True] * 16


def test_who_waits_for_another_programs_transaction_keeps_nobody_waiting(
    slots: Slots, blank_card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_OVERTAKING_SECONDS", 0.05)
    slots[0].insert(blank_card)
    slots[1].insert(OtherCard())
    holder = PcscReader(slots[0].name).connect()
    connect, connecting = scard.SCardConnect, threading.Event()

    def told(*arguments: object) -> object:
        connecting.set()
        return connect(*arguments)

    monkeypatch.setattr(scard, "SCardConnect", told)
    waiting = threading.Thread(target=lambda: PcscReader(slots[0].name).connect().close())
    with holder.exclusive():
        waiting.start()
        assert connecting.wait(60)
        PcscReader(slots[1].name).connect().close()
        assert waiting.is_alive()
    waiting.join()
    holder.close()


def test_a_card_that_another_program_keeps_for_itself_is_told(
    slots: Slots, blank_card: Card
) -> None:
    slots[0].insert(blank_card)
    reader = PcscReader(slots[0].name)
    assert reader.wait_for_card(10)
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    handles = []

    def connected() -> bool:
        # A thread that waited for a card in another test may still be letting go of the reader.
        code, handle, _ = scard.SCardConnect(
            context, slots[0].name, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T1
        )
        handles.append(handle)
        return bool(code == scard.SCARD_S_SUCCESS)

    until(connected, "the card could not be kept by one program")
    with pytest.raises(ReaderBusyError, match="Another program is using the card"):
        reader.connect()
    scard.SCardDisconnect(handles[-1], scard.SCARD_LEAVE_CARD)
    scard.SCardReleaseContext(context)
    reader.connect().close()


def test_a_reset_by_another_program_is_told(slots: Slots, blank_card: Card) -> None:
    slots[0].insert(blank_card)
    first, second = (PcscReader(slots[0].name).connect() for _ in range(2))
    second.reset()
    with pytest.raises(CardResetError, match="Another program reset"):
        first.transmit(TRIES)
    first.reset()
    assert first.transmit(TRIES) == b"\x63\xc3"
    first.close()
    second.close()


def test_the_passcode_is_not_left_verified(slots: Slots, blank_card: Card) -> None:
    slots[0].insert(blank_card)
    first = PcscReader(slots[0].name).connect()
    assert first.transmit(VERIFY) == b"\x90\x00"
    first.close()
    second = PcscReader(slots[0].name).connect()
    assert second.transmit(TRIES) == b"\x63\xc3"
    second.close()


def test_a_service_that_does_not_run_is_named(run: Run, tmp_path: Path) -> None:
    program = (
        "from selfrenew.transport.pcsc import list_readers, NoServiceError\n"
        "try: list_readers()\n"
        "except NoServiceError as error: print(error)\n"
    )
    told = run(sys.executable, "-c", program, PCSCLITE_CSOCK_NAME=str(tmp_path / "none"))
    assert told.stdout.strip() == str(NoServiceError())


def test_who_watches_hears_of_a_card_put_in_and_of_one_after_the_service_was_gone(
    slots: list[VpcdReader[LinkedCard]], blank_card: Card, pcscd: PrivatePcscd
) -> None:
    told = threading.Event()
    end = PcscReader(slots[0].name).on_insertion(told.set)
    slots[0].insert(blank_card)
    assert told.wait(60)
    slots[0].remove()
    told.clear()
    pid = pcscd.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    slots[0].insert(blank_card)
    assert told.wait(60)
    end()
    end()
