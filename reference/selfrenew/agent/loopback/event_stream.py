# SPDX-License-Identifier: Apache-2.0
"""Server-sent events (HTML Living Standard, 9.2) out of an event log, from wherever a page was."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import StreamingResponse

from selfrenew.agent.event_log import EventLog

HEARTBEAT_SECONDS = 10.0
_NUMBER_DIGITS_MAX = 15
_Entry = TypeVar("_Entry")


def last_event(request: Request) -> int:
    """Read which event a page has seen last; 0 for none, or for what no stream gave."""
    text = request.headers.get("last-event-id", "")
    valid = text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS_MAX
    return int(text) if valid else 0


def stream(
    name: str,
    log: EventLog[_Entry],
    *,
    after: int,
    view: Callable[[_Entry], Mapping[str, Any]],
    ends: Callable[[_Entry], bool],
    closing: asyncio.Event,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
) -> StreamingResponse:
    """Send what is in a log after a number and what comes, until an entry that ends it.

    `closing` ends it too, when the agent does.
    """

    async def parts() -> AsyncIterator[bytes]:
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        unsubscribe = log.subscribe(lambda: _wake(loop, news))
        ended = asyncio.ensure_future(closing.wait())
        waiting = asyncio.ensure_future(news.wait())
        seen = after
        try:
            yield b": connected\n\n"
            while True:
                news.clear()
                # Asked first: how an operation ended with the agent is in the log before that.
                ending = closing.is_set()
                for each in log.after(seen):
                    seen = each.number
                    yield _event(name, each.number, view(each.entry))
                    if ends(each.entry):
                        return
                if ending:
                    return
                if waiting.done():
                    waiting = asyncio.ensure_future(news.wait())
                done, _ = await asyncio.wait(
                    {waiting, ended},
                    timeout=heartbeat_seconds,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not done:
                    yield b": still here\n\n"
        finally:
            unsubscribe()
            # A page that left ends this in the middle of waiting.
            ended.cancel()
            waiting.cancel()

    return StreamingResponse(parts(), media_type="text/event-stream")


def _wake(loop: asyncio.AbstractEventLoop, news: asyncio.Event) -> None:
    try:
        loop.call_soon_threadsafe(news.set)
    except RuntimeError:
        # The server has ended; the log goes on without this page.
        return


def _event(name: str, number: int, data: Mapping[str, Any]) -> bytes:
    # json escapes line breaks, so the data is one line.
    return f"event: {name}\nid: {number}\ndata: {json.dumps(data)}\n\n".encode()
