# SPDX-License-Identifier: Apache-2.0
"""What a process of a campaign does: it keeps one world, and plays one case after another in it."""

import logging
import os
import threading
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NoReturn

from .case import Case
from .client import find_client
from .kills import KILLED, Kill, play_kill
from .result import Result, Run, Verdict
from .scenarios import play
from .world import World

# What services keep of a case in memory, unlocks and sessions, is let go with their stage.
_CASES_A_WORLD = 400
_lock = threading.Lock()


class _Kept:
    """The world of this process."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.world: World | None = None
        self.key: tuple[str, str] | None = None

    def get(self, client: str, seed: str) -> World:
        """Give the world for a program under test, a new one now and then."""
        world, key = self.world, (client, seed)
        if world is None or self.key != key or world.cases >= _CASES_A_WORLD:
            self.close()
            world = self.stack.enter_context(World(find_client(client), seed))
            self.world, self.key = world, key
        return world

    def close(self) -> None:
        """Let the world go."""
        self.stack.close()
        self.world = None


_kept = _Kept()


def be_quiet() -> None:
    """Keep what the services warn of, which is what the faults are about, off the terminal."""
    logging.getLogger("selfrenew").setLevel(logging.CRITICAL)
    logging.getLogger("selfrenew_emulator").setLevel(logging.CRITICAL)


def play_lines(client: str, seed: str, lines: Sequence[str]) -> list[dict[str, Any]]:
    """Play cases and give their results, as what every kind of worker can send."""
    be_quiet()
    with _lock:
        return [_play_line(client, seed, line).as_json() for line in lines]


def end() -> None:
    """Let this process's world go."""
    with _lock:
        _kept.close()


def end_process() -> NoReturn:
    """End this process behind the cases that it plays, and its world with it."""
    with _lock:
        _kept.close()
        # Still locked, so that no other case begins.
        os._exit(1)


def _play_line(client: str, seed: str, line: str) -> Result:
    try:
        if line.startswith(KILLED):
            return play_kill(_kept.get(client, seed), Kill.read(line), client)
        return play(_kept.get(client, seed), Case.read(line))
    except Exception as error:  # noqa: BLE001  a fault of the campaign must not end it unseen
        _kept.close()
        said = traceback.format_exc()
        wrong = f"the campaign itself failed: {type(error).__name__}: {error}"
        return Result(line, Verdict.FAILED, (wrong,), (), "", (Run(None, said),))
