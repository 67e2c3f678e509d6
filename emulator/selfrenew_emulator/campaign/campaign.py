# SPDX-License-Identifier: Apache-2.0
"""A campaign from its plan to its summary."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .book import Book
from .case import Setting
from .client import REFERENCE, SEED, find_client
from .kills import draw_kills
from .places import Places
from .plan import pairs, sample, settings, survey, sweep
from .result import Result, Verdict
from .running import dask, play_all, processes
from .working import be_quiet
from .world import World


@dataclass(frozen=True, slots=True)
class Order:
    """What a campaign is to do. `sample` None is the whole sweep; `scheduler` None this machine."""

    settings: Sequence[Setting] = field(default_factory=settings)
    sample: int | None = None
    pairs: int = 0
    kills: int = 0
    seed: str = SEED
    client: str = REFERENCE
    workers: int = 1
    scheduler: str | None = None
    book: Path | None = None


@dataclass(slots=True)
class Outcome:
    """What a campaign found; `played` is how many cases were played now and in which time."""

    order: Order
    places: list[Places]
    results: list[Result]
    played: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def verdicts(self) -> Counter[Verdict]:
        """How many cases ended in which way."""
        return Counter(result.verdict for result in self.results)

    @property
    def failures(self) -> list[Result]:
        """The cases that broke an invariant."""
        return [result for result in self.results if result.verdict is Verdict.FAILED]

    @property
    def per_second(self) -> float:
        """Cases per second."""
        return self.played / self.seconds if self.seconds else 0.0

    def summary(self) -> dict[str, Any]:
        """Give the counts, with stable names."""
        kinds: Counter[str] = Counter(kind_of(result) for result in self.results)
        return {
            "cases": len(self.results),
            "kinds": dict(sorted(kinds.items())),
            "verdicts": {each.value: self.verdicts.get(each, 0) for each in Verdict},
            "not_struck": sum(not result.struck for result in self.results),
            "played": self.played,
            "seconds": round(self.seconds, 1),
            "per_second": round(self.per_second, 1),
            "interrupted": self.interrupted,
            "seed": self.order.seed,
        }


def run_campaign(
    order: Order,
    report: Callable[[Result], None] = lambda _: None,
    begin: Callable[[int, int], None] = lambda _played, _planned: None,
) -> Outcome:
    """Run a campaign; Ctrl-C ends it with what it has.

    `begin` is told how many cases there are, and how many of them a file has already. Raise
    NoClientError, BookError, RehearsalError, NoDaskError or SchedulerUnreachableError.
    """
    be_quiet()
    with Book(order.book, client=order.client, seed=order.seed) as book:
        with World(find_client(order.client), order.seed) as world:
            places = [survey(world, each) for each in order.settings]
        swept = [case for each in places for case in sweep(each)]
        single = swept if order.sample is None else sample(swept, order.sample, order.seed)
        remote = [str(case) for case in (*single, *pairs(swept, order.pairs, order.seed))]
        local = [str(kill) for kill in draw_kills(order.kills, order.seed)]
        outcome = Outcome(order, places, book.results)
        planned = [*remote, *local]
        todo = book.missing(planned)
        begin(len(planned), len(planned) - len(todo))
        known = len(book.results)

        def take(found: dict[str, Any]) -> None:
            report(book.add(found))

        began = time.perf_counter()
        try:
            with ExitStack() as stack:
                if order.scheduler is None:
                    remote, local = planned, []
                else:
                    workers = stack.enter_context(dask(order.scheduler))
                    play_all(workers, order.client, order.seed, book.missing(remote), take)
                    remote = local
                if remote:
                    # A scheduler's workers may have no processes of their own, which kills take.
                    workers = stack.enter_context(processes(order.workers))
                    play_all(workers, order.client, order.seed, book.missing(remote), take)
        except KeyboardInterrupt:
            outcome.interrupted = True
        outcome.seconds = time.perf_counter() - began
        outcome.played = len(book.results) - known
        wanted = set(planned)
        outcome.results = [result for result in book.results if result.case in wanted]
        return outcome


def kind_of(result: Result) -> str:
    """Name the kind of a case: a fault of the sweep by its scenario, a pair, or a kill."""
    parts = result.case.split("|")
    if len(parts) > 2:
        return "pairs"
    return parts[0].split()[0]
