# SPDX-License-Identifier: Apache-2.0
import threading
from collections.abc import Callable

import pytest

from selfrenew.transport import (
    CardConnection,
    CardRemovedError,
    NoCardError,
    Reader,
    ReaderBusyError,
    TransportError,
)
from selfrenew_emulator.card import Card, Interface, Interfaces, NoSuchInterfaceError
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import EmbeddedReader

ASK = bytes.fromhex("00200080")
PIN = bytes.fromhex("0020008008313233343536FFFF")


def make_card(interfaces: Interfaces = Interfaces.CONTACT) -> Card:
    return Card.blank(
        pin=b"123456",
        puk=b"87654321",
        management_key=bytes(24),
        interfaces=interfaces,
        randomness=seeded(1),
    )


@pytest.fixture
def reader() -> EmbeddedReader:
    reader = EmbeddedReader("Desk")
    reader.insert(make_card())
    return reader


def test_reader_and_connection_keep_the_protocols(reader: EmbeddedReader) -> None:
    assert isinstance(reader, Reader)
    assert isinstance(reader.connect(), CardConnection)
    assert reader.name == "Desk"


def test_a_command_goes_to_the_card_and_back(reader: EmbeddedReader) -> None:
    connection = reader.connect()
    assert connection.transmit(ASK).hex() == "63c3"
    assert connection.atr[:1] == b"\x3b"


def test_an_empty_reader_is_named() -> None:
    reader = EmbeddedReader("Desk")
    assert not reader.card_present
    for attempt in (reader.connect, reader.remove):
        with pytest.raises(NoCardError, match="'Desk'"):
            attempt()


def test_a_reader_holds_one_card(reader: EmbeddedReader) -> None:
    with pytest.raises(TransportError, match="remove it"):
        reader.insert(make_card())
    card = reader.remove()
    assert not reader.card_present
    reader.insert(card)
    assert reader.card_present


def test_all_connections_share_the_card(reader: EmbeddedReader) -> None:
    first, second = reader.connect(), reader.connect()
    assert first.transmit(PIN).hex() == "9000"
    assert second.transmit(ASK).hex() == "9000"
    second.reset()
    assert first.transmit(ASK).hex() == "63c3"


def test_a_card_taken_out_forgets_its_pin(reader: EmbeddedReader) -> None:
    reader.connect().transmit(PIN)
    reader.insert(reader.remove())
    assert reader.connect().transmit(ASK).hex() == "63c3"


USES: list[Callable[[CardConnection], object]] = [
    lambda connection: connection.transmit(ASK),
    lambda connection: connection.reset(),
    lambda connection: connection.exclusive().__enter__(),
]


@pytest.mark.parametrize("use", USES, ids=["transmit", "reset", "exclusive"])
def test_a_connection_ends_with_the_cards_stay(
    reader: EmbeddedReader, use: Callable[[CardConnection], object]
) -> None:
    connection = reader.connect()
    card = reader.remove()
    with pytest.raises(CardRemovedError, match="'Desk'"):
        use(connection)
    reader.insert(card)
    with pytest.raises(CardRemovedError, match="'Desk'"):
        use(connection)


@pytest.mark.parametrize("use", USES, ids=["transmit", "reset", "exclusive"])
def test_a_closed_connection_is_closed(
    reader: EmbeddedReader, use: Callable[[CardConnection], object]
) -> None:
    connection = reader.connect()
    connection.close()
    connection.close()
    with pytest.raises(TransportError, match=r"closed\. Connect again") as caught:
        use(connection)
    assert not isinstance(caught.value, CardRemovedError)


@pytest.mark.parametrize("use", USES, ids=["transmit", "reset", "exclusive"])
def test_others_are_kept_off_a_card_that_is_held(
    reader: EmbeddedReader, use: Callable[[CardConnection], object]
) -> None:
    holder, other = reader.connect(), reader.connect()
    with holder.exclusive():
        assert holder.transmit(ASK).hex() == "63c3"
        with pytest.raises(ReaderBusyError, match="'Desk'"):
            use(other)
        with pytest.raises(ReaderBusyError, match="'Desk'"):
            reader.connect()
        with holder.exclusive():
            pass
        with pytest.raises(ReaderBusyError, match="'Desk'"):
            use(other)
    use(other)


def test_a_hold_ends_with_an_error_inside_it(reader: EmbeddedReader) -> None:
    holder = reader.connect()
    with pytest.raises(KeyError), holder.exclusive():
        raise KeyError
    assert reader.connect().transmit(ASK).hex() == "63c3"


def test_a_hold_ends_with_the_cards_stay(reader: EmbeddedReader) -> None:
    holder = reader.connect()
    with holder.exclusive():
        reader.insert(reader.remove())
        other = reader.connect()
        with other.exclusive(), pytest.raises(CardRemovedError):
            holder.transmit(ASK)
    with other.exclusive():
        assert other.transmit(ASK).hex() == "63c3"


def test_the_old_holders_end_leaves_the_new_hold_alone(reader: EmbeddedReader) -> None:
    old = reader.connect()
    hold = old.exclusive()
    hold.__enter__()
    reader.insert(reader.remove())
    new = reader.connect()
    with new.exclusive():
        hold.__exit__(None, None, None)
        with pytest.raises(ReaderBusyError):
            reader.connect()


def test_removal_is_told_to_those_who_asked_until_they_asked_no_more(
    reader: EmbeddedReader,
) -> None:
    told: list[str] = []
    end = reader.on_removal(lambda: told.append("one"))
    reader.on_removal(lambda: told.append("two"))
    reader.insert(reader.remove())
    end()
    end()
    reader.remove()
    assert told == ["one", "two", "two"]


def test_an_observer_may_end_itself_and_use_the_reader(reader: EmbeddedReader) -> None:
    told: list[bool] = []

    def observe() -> None:
        told.append(reader.card_present)
        end()

    end = reader.on_removal(observe)
    reader.insert(reader.remove())
    reader.remove()
    assert told == [False]


def test_a_card_is_taken_out_between_commands_and_never_inside_one() -> None:
    inside, go_on = threading.Event(), threading.Event()
    card = make_card()
    transmit = card.transmit

    def slow(command: bytes) -> bytes:
        inside.set()
        assert go_on.wait(60)
        return transmit(command)

    card.transmit = slow  # type: ignore[method-assign]  this one card dawdles
    reader = EmbeddedReader("Desk")
    reader.insert(card)
    connection = reader.connect()
    answers: list[bytes] = []
    using = threading.Thread(target=lambda: answers.append(connection.transmit(PIN)))
    using.start()
    assert inside.wait(60)
    removed = threading.Event()

    def remove() -> None:
        reader.remove()
        removed.set()

    removing = threading.Thread(target=remove)
    removing.start()
    assert not removed.wait(0.02)
    go_on.set()
    using.join(60)
    removing.join(60)
    assert removed.is_set()
    assert answers == [b"\x90\x00"]
    assert transmit(ASK).hex() == "63c3"


def test_a_reader_powers_a_card_through_the_interface_it_offers() -> None:
    card = make_card(interfaces=Interfaces.DUAL)
    reader = EmbeddedReader(interface=Interface.CONTACTLESS)
    reader.insert(card)
    connection = reader.connect()
    assert connection.atr[:4] == bytes.fromhex("3B8A8001")
    connection.reset()
    assert connection.transmit(bytes.fromhex("0020008000")) == b"\x69\x82"
    reader.remove()
    with pytest.raises(NoSuchInterfaceError):
        reader.insert(make_card())
    assert not reader.card_present
