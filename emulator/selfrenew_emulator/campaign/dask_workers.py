# SPDX-License-Identifier: Apache-2.0
"""Workers of a Dask cluster; the module needs the extra `campaign`."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from distributed import Client

from .working import play_lines


class DaskWorkers:
    """The workers of a scheduler, which come and go as they like. Raise OSError."""

    def __init__(self, address: str, connect_seconds: float) -> None:
        self._client = Client(address, timeout=connect_seconds, set_as_default=False)
        self._futures: dict[Any, Future[Any]] = {}

    @property
    def width(self) -> int:
        """How many threads there are, each of a process of its own at best."""
        return max(1, sum(int(each) for each in self._client.nthreads().values()))

    def submit(self, client: str, seed: str, lines: Sequence[str]) -> "Future[Any]":
        """Begin to play cases somewhere."""
        # Not pure: the same lines are played again where they are asked for again.
        remote = self._client.submit(play_lines, client, seed, list(lines), pure=False)
        local: Future[Any] = Future()
        local.set_running_or_notify_cancel()
        self._futures[remote] = local

        def finish(done: Any) -> None:
            self._futures.pop(done, None)
            error = done.exception()
            if error is None:
                local.set_result(done.result())
            else:
                local.set_exception(error)

        remote.add_done_callback(finish)
        return local

    def close(self) -> None:
        """Drop what was not played, and let the cluster go on without us."""
        self._client.cancel(list(self._futures))
        self._client.close()
