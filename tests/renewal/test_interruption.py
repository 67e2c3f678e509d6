# SPDX-License-Identifier: Apache-2.0
"""A renewal that breaks off at any command or request loses nothing; another one finishes it.

The oracle reads the card with raw commands, judges with `cryptography`, and asks the CA itself.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest

from selfrenew.cmp.errors import CmpError
from selfrenew.cmp.message import decode_message
from selfrenew.cmp.structures import BodyType
from selfrenew.renewal import NotDueError, RenewalError
from selfrenew.services import ServiceError
from selfrenew.transport import CardConnection, CardRemovedError, TransportError
from selfrenew_emulator.card import Card
from selfrenew_emulator.stage import EmbeddedStage
from selfrenew_steps.card_contents import tries_left

from .conftest import PASSCODE, Bench, MakeBench

# The boundaries are dealt out, so that they can be tested side by side.
_SHARES = 8
BROKEN_OFF = (RenewalError, TransportError, CmpError, ServiceError)


class KilledError(BaseException):
    """Stands for the end of the process: nothing may run on it, and nothing is told to anybody."""


class CountedConnection:
    """Counts the exchanges with the card, and has one of them fail.

    `before` and `after` take the card out, before or after the card did what it was told; `killed`
    leaves it in the reader, with power and all that was authenticated to it.
    """

    def __init__(self, stage: EmbeddedStage, *, at: int | None = None, how: str = "") -> None:
        self._inner: CardConnection = stage.reader.connect()
        self._stage = stage
        self._at = at
        self._how = how
        self.count = 0

    @property
    def atr(self) -> bytes:
        return self._inner.atr

    def transmit(self, command: bytes) -> bytes:
        with self._counted():
            return self._inner.transmit(command)

    def reset(self) -> None:
        with self._counted():
            self._inner.reset()

    def exclusive(self) -> AbstractContextManager[object]:
        return self._inner.exclusive()

    def close(self) -> None:
        self._inner.close()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.count += 1
        if self._how == "killed" and self._at is not None and self.count >= self._at:
            raise KilledError
        failing = self.count == self._at
        if failing and self._how == "before":
            self._stage.reader.remove()
            raise CardRemovedError(self._stage.reader.name)
        yield
        if failing:
            self._stage.reader.remove()
            raise CardRemovedError(self._stage.reader.name)


class CountedRequests:
    """Counts the requests, and loses one, or the answer to it."""

    def __init__(
        self, http: httpx.Client, *, at: int | None = None, answered: bool = False
    ) -> None:
        self.count = 0
        self.last_path = ""
        self.lost: BodyType | None = None
        self._at = at
        self._answered = answered
        http.event_hooks = {"request": [self._request], "response": [self._response]}

    def _request(self, request: httpx.Request) -> None:
        self.count += 1
        self.last_path = f"{request.method} {request.url.path}"
        if self.count == self._at and not self._answered:
            raise httpx.ConnectError("the line was cut", request=request)

    def _response(self, response: httpx.Response) -> None:
        if self.count == self._at and self._answered:
            response.read()
            if response.request.headers.get("content-type") == "application/pkixcmp":
                self.lost = decode_message(response.request.content).body_type
            raise httpx.ReadError("the line was cut", request=response.request)


def count_exchanges(make_bench: MakeBench) -> int:
    bench = make_bench()
    connection = CountedConnection(bench.stage)
    with bench.reference() as reference:
        bench.renewal(reference, connection).run()
    return connection.count


def count_requests(make_bench: MakeBench) -> CountedRequests:
    bench = make_bench()
    with bench.reference() as reference:
        requests = CountedRequests(reference.http)
        bench.renewal(reference).run()
    return requests


def assert_is_for_people(error: Exception) -> None:
    assert PASSCODE not in str(error)
    assert str(error).endswith(".")


def finish(bench: Bench) -> None:
    """Find a pair that counts, renew with nothing but card, passcode and services, and sign in."""
    bench.put_back()
    assert bench.counting_slots()
    assert tries_left(bench.stage.reader) == 3
    try:
        bench.renew()
    except NotDueError:
        # It had been finished, only the end of it was not seen.
        assert bench.counting_slots() == {"authentication", "signing"}
    bench.assert_renewed_and_nothing_else_counts()
    bench.assert_signs_in()


@pytest.mark.parametrize("how", ["before", "after", "killed"])
@pytest.mark.parametrize("share", range(_SHARES))
def test_a_renewal_ended_at_any_command_loses_nothing(
    make_bench: MakeBench, share: int, how: str
) -> None:
    exchanges = count_exchanges(make_bench)
    assert exchanges > 4 * _SHARES
    for at in range(1 + share, exchanges, _SHARES):
        bench = make_bench()
        connection = CountedConnection(bench.stage, at=at, how=how)
        with bench.reference() as reference:
            try:
                bench.renewal(reference, connection).run()
            except KilledError:
                assert how == "killed"
            except BROKEN_OFF as error:
                assert how != "killed"
                assert_is_for_people(error)
            else:
                # Certificates vary in length, so this renewal may have had fewer commands than the
                # one that was counted; the last command only makes the card forget.
                assert connection.count <= at
        finish(bench)


@pytest.mark.parametrize("answered", [False, True], ids=["request", "answer"])
@pytest.mark.parametrize("share", range(2))
def test_a_request_or_answer_lost_anywhere_loses_nothing(
    make_bench: MakeBench, share: int, answered: bool
) -> None:
    counted = count_requests(make_bench)
    assert counted.count > 8
    assert counted.last_path == "DELETE /session"
    for at in range(1 + share, counted.count, 2):
        bench = make_bench()
        with bench.reference() as reference:
            requests = CountedRequests(reference.http, at=at, answered=answered)
            renewal = bench.renewal(reference)
            try:
                renewal.run()
            except BROKEN_OFF as error:
                assert_is_for_people(error)
                repeated = False
            else:
                repeated = True
        # A lost answer of the CA's is asked for again once a key was given up; nothing else is.
        assert repeated is (answered and requests.lost in {BodyType.CR, BodyType.CERTCONF})
        finish(bench)


@pytest.mark.parametrize("answered", [False, True], ids=["request", "answer"])
def test_a_log_out_that_is_lost_does_not_spoil_the_proof(
    make_bench: MakeBench, answered: bool
) -> None:
    last = count_requests(make_bench).count
    bench = make_bench()
    with bench.reference() as reference:
        CountedRequests(reference.http, at=last, answered=answered)
        outcome = bench.renewal(reference).run()
    assert len(outcome.new) == 2
    bench.assert_renewed_and_nothing_else_counts()


@pytest.mark.parametrize("instruction", [0x47, 0xDB], ids=["GENERATE", "PUT DATA"])
@pytest.mark.parametrize("slot", [1, 2])
def test_a_renewal_goes_on_from_what_the_card_image_holds(
    make_bench: MakeBench, tmp_path: Path, instruction: int, slot: int
) -> None:
    bench = make_bench()
    path = tmp_path / "card.json"
    bench.stage.write_card(path, bench.card)
    bench.stage.reader.remove()
    card = Card.open(path)
    bench.stage.reader.insert(card)

    class Killed(CountedConnection):
        def transmit(self, command: bytes) -> bytes:
            answer = super().transmit(command)
            whole = not command[0] & 0x10
            self.commands = getattr(self, "commands", 0) + (command[1] == instruction and whole)
            if self.commands == slot:
                raise KilledError
            return answer

    with bench.reference() as reference, pytest.raises(KilledError):
        bench.renewal(reference, Killed(bench.stage)).run()
    bench.stage.reader.remove()
    card.close()
    reopened = Card.open(path)
    bench.stage.reader.insert(reopened)
    finish(bench)
    reopened.close()
