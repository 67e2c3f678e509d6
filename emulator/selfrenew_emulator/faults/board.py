# SPDX-License-Identifier: Apache-2.0
"""The faults in force on a stage: armed by orders, played where they are attached."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol, runtime_checkable

import httpx

from selfrenew_emulator.card import Card
from selfrenew_emulator.mail import MailHandling

from .ca_front import CaFront
from .catalogue import read_order
from .errors import FaultError
from .fault import ArmedFault, FaultTarget
from .mail import MailFaults
from .network import FaultyLine
from .portal import Application, PortalFaults
from .reader import Absence, ReaderAbsent, ReaderFaults, ReaderService, SecondReader
from .scene import Beside, Surroundings, Tap
from .tap import CardFaults


class TappedReader(Protocol):
    """A reader that lets something stand between itself and its card."""

    tap: Tap | None


@runtime_checkable
class HoldingReader(Protocol):
    """A reader whose card is in this process, so that faults reach its memory."""

    @property
    def card(self) -> Card | None:
        """The card that is in it."""


@runtime_checkable
class DoubtingReader(Protocol):
    """A reader that asks before somebody connects to it."""

    doubt: Callable[[], Absence | None] | None


@runtime_checkable
class ServedReader(Protocol):
    """A reader of a service that can be gone."""

    service: ReaderService | None


class DoubtingMail(Protocol):
    """A mail server that asks what is to become of a message."""

    doubt: Callable[[], MailHandling | None] | None


class FaultBoard:
    """Attach it to what is to misbehave, and arm faults, in any order."""

    def __init__(self, surroundings: Surroundings | None = None) -> None:
        self.surroundings = surroundings or Surroundings()
        self._armed: list[ArmedFault] = []
        self._fronts: list[CaFront] = []
        self._services: list[ReaderService] = []
        self.attached: set[FaultTarget] = set()
        """What is there to misbehave."""
        self.history: list[str] = []
        """The names of the faults that struck, in order."""

    @property
    def armed(self) -> tuple[ArmedFault, ...]:
        """What was armed and not cleared, healed or not."""
        return tuple(self._armed)

    def arm(self, order: str) -> ArmedFault:
        """Arm a fault. Raise UnknownFaultError, FaultOrderError or NoDoorError."""
        armed = ArmedFault(read_order(order), self.history)
        self._armed.append(armed)
        try:
            self._refresh()
        except FaultError:
            self._armed.remove(armed)
            raise
        return armed

    def clear(self) -> None:
        """Let everything be well again."""
        self._armed.clear()
        self.put_right()
        self._refresh()

    def put_right(self) -> None:
        """Undo what faults have done to this process and its readers, whatever is armed."""
        self.surroundings.zone.restore()
        for service in self._services:
            service.come_back()
        if self.surroundings.beside is not None:
            self.surroundings.beside.stand_alone()

    def attach_reader(self, reader: TappedReader) -> None:
        """Play the card's faults on what is in a reader."""
        reader.tap = CardFaults(
            self._armed,
            self.surroundings,
            partial(_card_in, reader),
        )
        self.attached |= {FaultTarget.CARD, FaultTarget.WORLD}
        if isinstance(reader, DoubtingReader):
            reader.doubt = ReaderFaults(self._armed)
            self.attached.add(FaultTarget.READER)
        if isinstance(reader, ServedReader) and reader.service is not None:
            self._services.append(reader.service)
            self.attached.add(FaultTarget.READER)
            self._make_absent()
        if self.surroundings.beside is None and isinstance(reader, Beside):
            self.surroundings.beside = reader
            self._join()

    def attach_mail(self, mail: DoubtingMail) -> None:
        """Play the mail's faults on a server."""
        mail.doubt = MailFaults(self._armed)
        self.attached.add(FaultTarget.MAIL)

    def attach_ca(self, front: CaFront) -> None:
        """Play the CA's faults at what stands before a CA, such as a stage's `ca_front`."""
        front.play(self._armed)
        self._fronts.append(front)
        self.attached.add(FaultTarget.CA)

    def before_ca(
        self, application: Application, issuers: Mapping[str, str] | None = None
    ) -> CaFront:
        """Put the CA's faults before an application; `issuers` are those of its profiles."""
        front = CaFront(application, issuers)
        self.attach_ca(front)
        return front

    def before_services(
        self, transport: httpx.BaseTransport, service_of: Callable[[httpx.URL], str]
    ) -> FaultyLine:
        """Put the line's faults between a client of the services and its transport."""
        self.attached |= {FaultTarget.NETWORK, FaultTarget.MANAGEMENT, FaultTarget.SPINE}
        return FaultyLine(transport, self._armed, service_of, self.surroundings)

    def before_portal(self, application: Application) -> PortalFaults:
        """Put the portal's faults before an application."""
        self.attached.add(FaultTarget.PORTAL)
        return PortalFaults(application, self._armed)

    def _refresh(self) -> None:
        for front in self._fronts:
            front.refresh()
        self._make_absent()
        if self.surroundings.beside is not None:
            self._join()

    def _make_absent(self) -> None:
        """Have the services of readers go whose clients nobody sees."""
        for armed in self._armed if self._services else ():
            what = armed.order.what
            if isinstance(what, ReaderAbsent) and armed.active:
                for service in self._services:
                    service.vanish(what.absence)
                armed.strike()

    def _join(self) -> None:
        """Have the second readers appear that wait for no command."""
        for armed in self._armed:
            what = armed.order.what
            if isinstance(what, SecondReader) and what.moment is None and armed.active:
                what.appear(self.surroundings)
                armed.strike()


def _card_in(reader: object) -> Card | None:
    return reader.card if isinstance(reader, HoldingReader) else None
