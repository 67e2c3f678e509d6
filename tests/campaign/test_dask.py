# SPDX-License-Identifier: Apache-2.0
"""Campaigns over a Dask cluster: a scheduler and workers in processes of their own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from selfrenew_emulator.campaign.campaign import Order, run_campaign
from selfrenew_emulator.campaign.case import Scenario
from selfrenew_emulator.campaign.plan import settings
from selfrenew_emulator.campaign.running import SchedulerUnreachableError, dask
from selfrenew_emulator.card import Personality

CHANGES = settings([Scenario.CHANGE_PASSCODE], ["p256"], [Personality.PIV])
TIMEOUT_SECONDS = 60


def start(stack: ExitStack, *arguments: str, folder: Path) -> "subprocess.Popen[str]":
    process = stack.enter_context(
        subprocess.Popen(  # noqa: S603  the test's own arguments
            [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
            cwd=folder,
            env={**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "30s"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    )
    stack.callback(process.kill)
    return process


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """Give the address of a scheduler with two workers."""
    with ExitStack() as stack:
        file = tmp_path / "scheduler.json"
        start(
            stack,
            "scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--scheduler-file",
            str(file),
            folder=tmp_path,
        )
        for _ in range(2):
            start(
                stack,
                "worker",
                "--scheduler-file",
                str(file),
                "--host",
                "127.0.0.1",
                "--nthreads",
                "1",
                "--no-nanny",
                "--no-dashboard",
                folder=tmp_path,
            )
        from distributed import Client  # noqa: PLC0415

        with Client(scheduler_file=str(file), timeout=TIMEOUT_SECONDS) as client:
            client.wait_for_workers(2, timeout=TIMEOUT_SECONDS)
            address = client.scheduler.address
        yield address


def test_a_cluster_finds_what_one_machine_finds(cluster: str) -> None:
    order = Order(settings=CHANGES, sample=30, pairs=10, kills=1, workers=1)
    alone = run_campaign(order)
    together = run_campaign(
        Order(settings=CHANGES, sample=30, pairs=10, kills=1, workers=1, scheduler=cluster)
    )
    assert [each.violations for each in (*alone.failures, *together.failures)] == []
    found = [{each.case: each.verdict for each in outcome.results} for outcome in (alone, together)]
    assert found[0] == found[1]
    assert len(found[0]) == 41


def test_where_nobody_schedules_it_is_said_how_to_start_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
    with (
        pytest.raises(SchedulerUnreachableError, match="dask scheduler"),
        dask(address, connect_seconds=1),
    ):
        pass
