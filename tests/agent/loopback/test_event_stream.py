# SPDX-License-Identifier: Apache-2.0
"""Streams of events: what comes last, and what is left behind by a page that goes."""

import asyncio
from collections.abc import AsyncIterator

from selfrenew.agent.event_log import EventLog
from selfrenew.agent.loopback.event_stream import stream


def opened(log: EventLog[str], closing: asyncio.Event) -> AsyncIterator[bytes]:
    response = stream(
        "word",
        log,
        after=0,
        view=lambda word: {"word": word},
        ends=lambda _: False,
        closing=closing,
    )
    return response.body_iterator  # type: ignore[return-value]


def test_what_came_before_the_agent_ended_is_sent_before_the_stream_ends() -> None:
    async def follow() -> list[bytes]:
        log, closing = EventLog[str](), asyncio.Event()
        parts = opened(log, closing)
        seen = [await anext(parts)]
        log.append("last")
        closing.set()
        return seen + [part async for part in parts]

    assert b'{"word": "last"}' in asyncio.run(follow())[-1]


def test_a_page_that_leaves_has_nothing_wait_for_it() -> None:
    async def leave() -> int:
        parts = opened(EventLog[str](), asyncio.Event())
        await anext(parts)
        waiting = asyncio.ensure_future(anext(parts))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        await asyncio.sleep(0)
        return len(asyncio.all_tasks()) - 1

    assert asyncio.run(leave()) == 0
