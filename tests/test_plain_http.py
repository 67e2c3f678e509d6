# SPDX-License-Identifier: Apache-2.0
"""Connections that are kept: one for many questions, and never an answer to another one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from selfrenew_emulator.plain_http import Answer, PlainHttp, PlainHttpError
from selfrenew_emulator.stage.server import bind, url_of

YES = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"
NO = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nyes"


@dataclass
class Seen:
    """A server by its address, and what came to it.

    `answers` are given one a request; for an empty one it hangs up.
    """

    url: str
    answers: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    hang_up_after: int | None = None
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.idle.clear()
        answered = 0
        try:
            while answered != self.hang_up_after:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(b"what?"))
                self.heads.append(head)
                answer = self.answers.pop(0)
                if not answer:
                    break
                writer.write(answer)
                answered += 1
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()
            self.open -= 1
            self.idle.set()


async def ask(http: PlainHttp, seen: Seen) -> Answer:
    return await http.post(seen.url, b"what?", "text/plain", max_bytes=100, timeout_seconds=5.0)


@asynccontextmanager
async def serving(*answers: bytes) -> AsyncIterator[Seen]:
    with bind() as listener:
        seen = Seen(url_of(listener), list(answers))
        async with await asyncio.start_server(seen.serve, sock=listener):
            yield seen


@asynccontextmanager
async def keeping() -> AsyncIterator[PlainHttp]:
    http = PlainHttp()
    await http.start()
    try:
        yield http
    finally:
        await http.stop()
        await asyncio.sleep(0)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await test()

    asyncio.run(whole())


def test_many_questions_take_one_connection_which_is_closed_at_the_end() -> None:
    async def test() -> None:
        async with serving(YES, NO, YES) as seen:
            async with keeping() as http:
                answers = [await ask(http, seen) for _ in range(3)]
                assert [each.body for each in answers] == [b"yes", b"no", b"yes"]
                assert (seen.connections, seen.open) == (1, 1)
                assert not any(b"close" in head.lower() for head in seen.heads)
            await seen.idle.wait()
            assert seen.open == 0

    run(test)


def test_questions_at_once_take_one_each() -> None:
    async def test() -> None:
        async with serving(YES, YES, NO, NO) as seen, keeping() as http:
            await asyncio.gather(ask(http, seen), ask(http, seen))
            assert seen.connections == 2
            await asyncio.gather(ask(http, seen), ask(http, seen))
            assert seen.connections == 2

    run(test)


def test_nothing_is_kept_before_the_start_nor_after_the_stop() -> None:
    async def test() -> None:
        http = PlainHttp()
        async with serving(YES, YES, YES) as seen:
            await ask(http, seen)
            await ask(http, seen)
            await http.start()
            await http.stop()
            await ask(http, seen)
            await seen.idle.wait()
            assert (seen.connections, seen.open) == (3, 0)
            assert all(b"connection: close" in head.lower() for head in seen.heads)

    run(test)


def test_what_one_event_loop_keeps_no_other_one_uses() -> None:
    http = PlainHttp()

    async def elsewhere(url: str) -> bytes:
        return (await ask(http, Seen(url))).body

    async def test() -> None:
        async with serving(YES, NO) as seen:
            await http.start()
            await ask(http, seen)
            assert await asyncio.to_thread(lambda: asyncio.run(elsewhere(seen.url))) == b"no"
            assert seen.connections == 2
            await http.stop()
            await asyncio.sleep(0)

    run(test)


def test_a_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    async def test() -> None:
        async with serving(YES, NO) as seen, keeping() as http:
            seen.hang_up_after = 1
            assert (await ask(http, seen)).body == b"yes"
            # The server closes now, or while it is asked again; either has to be got over.
            assert (await ask(http, seen)).body == b"no"
            assert seen.connections == 2

    run(test)


def test_a_server_that_closes_each_connection_is_asked_on_a_new_one() -> None:
    async def test() -> None:
        async with serving(CLOSING, CLOSING) as seen, keeping() as http:
            assert (await ask(http, seen)).body == b"yes"
            assert (await ask(http, seen)).body == b"yes"
            assert seen.connections == 2

    run(test)


def test_what_nobody_asked_for_is_not_the_next_answer() -> None:
    async def test() -> None:
        async with serving(YES + NO, YES) as seen, keeping() as http:
            assert (await ask(http, seen)).body == b"yes"
            assert (await ask(http, seen)).body == b"yes"
            assert seen.connections == 2

    run(test)


def test_what_comes_unasked_later_is_not_the_next_answer_either() -> None:
    async def test() -> None:
        unasked, refused = asyncio.Event(), asyncio.Event()

        async def blurt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"what?")
            writer.write(YES)
            await unasked.wait()
            if not refused.is_set():
                writer.write(NO)
                await reader.read()
                refused.set()
            writer.close()

        with bind() as listener:
            async with await asyncio.start_server(blurt, sock=listener), keeping() as http:
                seen = Seen(url_of(listener))
                assert (await ask(http, seen)).body == b"yes"
                unasked.set()
                await refused.wait()
                assert (await ask(http, seen)).body == b"yes"

    run(test)


def test_a_server_that_hangs_up_each_time_is_not_asked_without_end() -> None:
    async def test() -> None:
        async with serving(YES, b"", b"", YES) as seen, keeping() as http:
            await ask(http, seen)
            with pytest.raises(PlainHttpError, match="nothing came"):
                await ask(http, seen)
            assert seen.answers == [YES]

    run(test)
