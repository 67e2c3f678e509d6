# SPDX-License-Identifier: Apache-2.0
"""The stage a scenario is run on, and the reference put together for it."""

import re
import ssl
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import httpx
import pytest

from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.http import TIMEOUT_SECONDS
from selfrenew.transport import Reader
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import FaultBoard
from selfrenew_emulator.reader import PrivatePcscd
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage, LocalStage, PcscStage, Stage
from selfrenew_emulator.stage.key_making import HeldKeyMaking, KeyMaking
from selfrenew_emulator.stage.remote import RemoteFaults, RemoteStage

# Where the programs are others than the test's, by what they are started.
_APART = {
    "programs": ("selfrenew_emulator.stage.programs", "run_programs"),
    "containers": ("selfrenew_emulator.stage.containers", "ContainersStage"),
}
STAGES = ("embedded", "pcsc", *_APART)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stage", choices=STAGES, default="embedded", help="where features are run")
    parser.addoption(
        "--stage-logs",
        type=Path,
        default=Path("build/containers/logs"),
        help="the folder that takes the containers' logs of a test that failed",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    apart = getattr(item, "funcargs", {}).get("apart")
    if report.failed and isinstance(apart, RemoteStage):
        # Names hold what a scenario's examples hold.
        name = re.sub(r"[^\w.-]+", "-", item.name)
        apart.collect_logs(item.config.getoption("--stage-logs") / name)
    return report


def runs_apart(config: pytest.Config) -> bool:
    """Whether card and services are in other processes, all tests' in one process the same."""
    return config.getoption("--stage") in _APART


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest) -> Iterator[RemoteStage]:
    """One for the process, since each is slow to start."""
    module, name = _APART[request.config.getoption("--stage")]
    with getattr(import_module(module), name)() as running:
        yield running


@pytest.fixture
def apart(request: pytest.FixtureRequest) -> RemoteStage | None:
    """Give the stage of other processes, as if nothing had been done with it; None for others."""
    if not runs_apart(request.config):
        return None
    programs: RemoteStage = request.getfixturevalue("programs")
    programs.begin()
    return programs


@pytest.fixture
def clock(apart: RemoteStage | None) -> SettableClock:
    return SettableClock(DEFAULT_NOW) if apart is None else apart.clock


@pytest.fixture(scope="session")
def pcscd() -> Iterator[PrivatePcscd]:
    """One for the process: its PC/SC library cannot be pointed to another afterwards."""
    with PrivatePcscd() as running:
        yield running


@pytest.fixture
def key_making(apart: RemoteStage | None) -> Iterator[HeldKeyMaking]:
    making: HeldKeyMaking = KeyMaking() if apart is None else apart.key_making
    yield making
    making.go_on()


@pytest.fixture
def make_stage(
    request: pytest.FixtureRequest, key_making: HeldKeyMaking
) -> Callable[[SettableClock], LocalStage]:
    assert isinstance(key_making, KeyMaking), "the stage is another process's"
    if request.config.getoption("--stage") == "embedded":
        return lambda clock: EmbeddedStage(clock=clock, key_source=key_making)
    pcscd: PrivatePcscd = request.getfixturevalue("pcscd")
    return lambda clock: PcscStage(pcscd, clock=clock, key_source=key_making)


@pytest.fixture
def stage(
    request: pytest.FixtureRequest,
    clock: SettableClock,
    apart: RemoteStage | None,
    selfrenew_faults: FaultBoard,
) -> Iterator[Stage]:
    if apart is not None:
        yield apart
        return
    make_stage: Callable[[SettableClock], LocalStage] = request.getfixturevalue("make_stage")
    with make_stage(clock) as running:
        running.suffer(selfrenew_faults)
        yield running


@pytest.fixture
def card_faults(
    stage: Stage, apart: RemoteStage | None, selfrenew_faults: FaultBoard
) -> FaultBoard | RemoteFaults:
    """What is armed to happen to the card in the stage's reader."""
    return selfrenew_faults if apart is None else apart.faults


@pytest.fixture
def ca_faults(
    stage: Stage, apart: RemoteStage | None, selfrenew_faults: FaultBoard
) -> FaultBoard | RemoteFaults:
    """What is armed to happen at the stage's CA."""
    return selfrenew_faults if apart is None else apart.ca_faults


@pytest.fixture
def mail_faults(
    stage: Stage, apart: RemoteStage | None, selfrenew_faults: FaultBoard
) -> FaultBoard | RemoteFaults:
    """What is armed to happen to the stage's mail."""
    return selfrenew_faults if apart is None else apart.mail_faults


@pytest.fixture
def reference(
    stage: Stage, selfrenew_faults: FaultBoard, clock: SettableClock
) -> Iterator[Reference]:
    """It waits for a CA by moving the stage's clock."""
    with assemble(
        load_configuration(stage.config_file),
        reader=stage.direct_reader,
        clock=stage.clock,
        http=line_to(stage, selfrenew_faults),
        sleep=lambda seconds: clock.advance(timedelta(seconds=seconds)),
    ) as assembled:
        yield assembled


def line_to(stage: Stage, faults: FaultBoard) -> httpx.Client:
    """Open a client of the stage's services as the reference does, on a line that may be cut."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=stage.root_file)
    urls = {stage.urls.management: "management", stage.urls.spine: "spine"}

    def service_of(url: httpx.URL) -> str:
        issuer = url.path.rpartition("/p/")[2]
        if issuer in {"signing", "authentication"}:
            return issuer
        return next((name for each, name in urls.items() if str(url).startswith(each)), "")

    line = faults.before_services(httpx.HTTPTransport(verify=context), service_of)
    return httpx.Client(transport=line, timeout=TIMEOUT_SECONDS, trust_env=False)


@pytest.fixture
def card_reader(reference: Reference) -> Reader:
    """The reader as programs see it, where `stage.reader` is the slot that a hand reaches."""
    return reference.reader
