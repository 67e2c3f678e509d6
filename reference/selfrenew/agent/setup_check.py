# SPDX-License-Identifier: Apache-2.0
"""Whether everything that a renewal needs is there, seen from where the person sits.

Nothing of this names a person or a card.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass
from enum import StrEnum, unique

from selfrenew import messages
from selfrenew.renewal.workflow import Services
from selfrenew.transport.connection import NoReaderError, Reader, TransportError

from .card_view import read_guid
from .failures import FailureReason, reason_of
from .outcome import failed
from .portal_client import PortalClient
from .worker import CardWorker

CARD_SECONDS = 5.0


@unique
class CheckName(StrEnum):
    """What is checked; public names."""

    READER = "reader"
    CARD = "card"
    CA = "ca"
    MANAGEMENT = "management"
    SPINE = "spine"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found; `error` None where all is well."""

    check: CheckName
    error: BaseException | None = None

    @property
    def view(self) -> dict[str, object]:
        """The check for programs."""
        return {"check": self.check.value, "ok": self.error is None, "message": self._message}

    @property
    def _message(self) -> str:
        if self.error is None:
            return messages.CHECKS_PASSED[self.check.value]
        # The reason's own words, since an error may name a card.
        reason = reason_of(self.error) or FailureReason.FAULT
        return f"{messages.FAILURES[reason]} {messages.FAILURE_REMEDIES[reason]}"


def check_setup(worker: CardWorker, services: Services, portal: PortalClient) -> list[Checked]:
    """Ask everybody, all at once, and wait for the slowest."""
    probes: dict[CheckName, Callable[[], object]] = {
        CheckName.READER: lambda: _on_card(worker, _find_reader),
        CheckName.CARD: lambda: _on_card(worker, read_guid),
        CheckName.CA: lambda: _probe_cas(services),
        CheckName.MANAGEMENT: services.management.probe,
        CheckName.SPINE: services.spine.probe,
        CheckName.PORTAL: portal.probe,
    }
    with ThreadPoolExecutor(len(probes), thread_name_prefix="setup-check") as threads:
        return list(threads.map(lambda probe: _check(*probe), probes.items()))


def _probe_cas(services: Services) -> None:
    for ca in services.ca.values():
        ca.probe()


def _check(name: CheckName, probe: Callable[[], object]) -> Checked:
    try:
        probe()
    except Exception as error:  # noqa: BLE001  told as what it is, or logged as a fault
        return Checked(name, failed(error).error)
    return Checked(name)


def _on_card(worker: CardWorker, work: Callable[[Reader], object]) -> None:
    """Have the card's own thread look; where that is at work, reader and card are there."""
    future = worker.submit("check", work)
    try:
        future.result(CARD_SECONDS)
    except LateError:
        future.cancel()


def _find_reader(reader: Reader) -> None:
    try:
        _ = reader.card_present
    except NoReaderError:
        raise
    except TransportError as error:
        raise NoReaderError(reader.name) from error
