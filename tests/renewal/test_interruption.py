# SPDX-License-Identifier: Apache-2.0
"""A renewal that breaks off at any command or request loses nothing; another one finishes it.

The oracle reads the card with raw commands, judges with `cryptography`, and asks the CA itself.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

import httpx
import pytest

from selfrenew.renewal import NotDueError
from selfrenew.transport import CardConnection, CardRemovedError
from selfrenew_emulator.stage import EmbeddedStage
from steps.card_contents import tries_left

from .conftest import Bench, MakeBench

# The boundaries are dealt out, so that they can be tested side by side.
_SHARES = 8


class CountedConnection:
    """Counts the commands, and takes the card out at one: before it, or after it was done."""

    def __init__(self, stage: EmbeddedStage, *, at: int | None = None, done: bool = False) -> None:
        self._inner: CardConnection = stage.reader.connect()
        self._stage = stage
        self._at = at
        self._done = done
        self.count = 0

    @property
    def atr(self) -> bytes:
        return self._inner.atr

    def transmit(self, command: bytes) -> bytes:
        self.count += 1
        if self.count != self._at:
            return self._inner.transmit(command)
        if self._done:
            self._inner.transmit(command)
        self._stage.reader.remove()
        raise CardRemovedError(self._stage.reader.name)

    def reset(self) -> None:
        self._inner.reset()

    def exclusive(self) -> AbstractContextManager[object]:
        return self._inner.exclusive()

    def close(self) -> None:
        self._inner.close()


class CountedRequests:
    """Counts the requests, and loses one, or the answer to it."""

    def __init__(
        self, http: httpx.Client, *, at: int | None = None, answered: bool = False
    ) -> None:
        self.count = 0
        self._at = at
        self._answered = answered
        http.event_hooks = {"request": [self._request], "response": [self._response]}

    def _request(self, request: httpx.Request) -> None:
        self.count += 1
        if self.count == self._at and not self._answered:
            raise httpx.ConnectError("the line was cut", request=request)

    def _response(self, response: httpx.Response) -> None:
        if self.count == self._at and self._answered:
            response.read()
            raise httpx.ReadError("the line was cut", request=response.request)


def count_commands(make_bench: MakeBench) -> int:
    bench = make_bench()
    connection = CountedConnection(bench.stage)
    with bench.reference() as reference:
        bench.renewal(reference, connection).run()
    return connection.count


def count_requests(make_bench: MakeBench) -> int:
    bench = make_bench()
    with bench.reference() as reference:
        requests = CountedRequests(reference.http)
        bench.renewal(reference).run()
    return requests.count


def break_off(bench: Bench, run: Callable[[], object]) -> None:
    """Run what breaks off, and check what is left; then finish it."""
    with pytest.raises(Exception, match=r"\w") as broken:
        run()
    assert "123456" not in str(broken.value)
    bench.put_back()
    assert bench.counting_slots()
    assert tries_left(bench.stage.reader) == 3
    # Where it had been finished, only the end of it was not seen.
    with suppress(NotDueError):
        bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("share", range(_SHARES))
def test_a_card_pulled_out_at_any_command_loses_nothing(
    make_bench: MakeBench, share: int, done: bool
) -> None:
    commands = count_commands(make_bench)
    assert commands > 2 * _SHARES
    for at in range(1 + share, commands + 1, _SHARES):
        bench = make_bench()
        connection = CountedConnection(bench.stage, at=at, done=done)
        with bench.reference() as reference:
            break_off(bench, bench.renewal(reference, connection).run)


@pytest.mark.parametrize("answered", [False, True], ids=["request", "answer"])
@pytest.mark.parametrize("share", range(2))
def test_a_request_or_answer_lost_anywhere_loses_nothing(
    make_bench: MakeBench, share: int, answered: bool
) -> None:
    requests = count_requests(make_bench)
    assert requests > 8
    for at in range(1 + share, requests + 1, 2):
        bench = make_bench()
        with bench.reference() as reference:
            CountedRequests(reference.http, at=at, answered=answered)
            break_off(bench, bench.renewal(reference).run)
