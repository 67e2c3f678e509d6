# SPDX-License-Identifier: Apache-2.0
"""The faults of another process, armed and cleared by its control API."""

from selfrenew_emulator.faults import CaRecord

from .client import ControlClient
from .fault_models import CaRecordView, FaultForm, FaultView


class RemoteFault:
    """A fault that was armed there."""

    def __init__(self, control: ControlClient, number: int) -> None:
        self._control = control
        self._number = number

    @property
    def strikes(self) -> int:
        """How often it has struck."""
        return self._control.ask(list[FaultView], "GET", "/faults")[self._number].strikes


class RemoteFaults:
    """The faults in force on what is in that process."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def arm(self, order: str) -> RemoteFault:
        """Arm a fault by an order. Raise ControlRefusedError where it is none."""
        self._control.call("POST", "/faults", FaultForm(order=order))
        armed = self._control.ask(list[FaultView], "GET", "/faults")
        return RemoteFault(self._control, len(armed) - 1)

    def clear(self) -> None:
        """Let everything be well again."""
        self._control.call("DELETE", "/faults")


class RemoteCaFront:
    """What was asked of another process's CA."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    @property
    def history(self) -> tuple[CaRecord, ...]:
        """The requests that came, oldest first; of very many the latest."""
        views = self._control.ask(list[CaRecordView], "GET", "/exchanges")
        return tuple(view.record() for view in views)
