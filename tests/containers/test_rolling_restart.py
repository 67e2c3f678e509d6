# SPDX-License-Identifier: Apache-2.0
"""A hundred renewals while CA and services are restarted in turn, in the middle of one."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from queue import Queue

from selfrenew.cmp.errors import CmpError
from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.renewal import Event, NotDueError, NotProvenError, RenewalError
from selfrenew.services import ServiceError
from selfrenew_emulator.stage.containers import ContainersStage, ServiceContainer
from selfrenew_emulator.stage.containers.container import READY_SECONDS
from selfrenew_emulator.stage.remote.client import wait_for

from .nothing_lost import MOMENTS, PASSCODE, hand_out_beside, once

RENEWALS = 100
EVERY = 10
RUNS_MAX = 50


@contextmanager
def restarting() -> Iterator[Queue[ServiceContainer | None]]:
    """Restart what is put into the queue, beside what goes on here."""
    wanted: Queue[ServiceContainer | None] = Queue()
    with ThreadPoolExecutor(1) as pool:
        restarter = pool.submit(lambda: [each.restart() for each in iter(wanted.get, None)])
        try:
            yield wanted
        finally:
            wanted.put(None)
        assert len(restarter.result()) == RENEWALS // EVERY


def renew(reference: Reference, controls: list[str], observe: Callable[[Event], None]) -> None:
    """Renew, again where a service was away."""
    for _ in range(RUNS_MAX):
        try:
            reference.renew(PASSCODE, observe=observe)
        except (NotDueError, NotProvenError):
            return
        except (RenewalError, CmpError, ServiceError):
            for url in controls:
                wait_for(url, READY_SECONDS)
        else:
            return
    raise AssertionError(f"not renewed in {RUNS_MAX} runs")


def test_a_hundred_renewals_outlive_restarts_in_turn(containers: ContainersStage) -> None:
    services = [containers.fleet[name] for name in ("ca", "services")]
    controls = [service.url("control") for service in services]
    holders = [hand_out_beside(containers, f"Person {number}") for number in range(RENEWALS)]
    configuration = load_configuration(containers.config_file)
    with restarting() as wanted:
        for number, holder in enumerate(holders):
            turn, between = divmod(number, EVERY)
            moment, slot = MOMENTS[turn % len(MOMENTS)]
            restart = partial(wanted.put, services[turn % len(services)])
            observe = once(moment, slot, restart if between == 0 else lambda: None)
            with assemble(configuration, reader=holder.reader, clock=containers.clock) as reference:
                renew(reference, controls, observe)
    for url in controls:
        wait_for(url, READY_SECONDS)
    for holder in holders:
        holder.assert_renewed_and_nothing_else_counts()
