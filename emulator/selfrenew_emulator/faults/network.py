# SPDX-License-Identifier: Apache-2.0
"""The line between a client and the services: requests and answers that are lost, and outages.

It stands between an httpx client and its transport, so that no service has to know of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, unique

import httpx

from .fault import ArmedFault, Fault, FaultTarget
from .moment import number_of
from .scene import Surroundings
from .services import ServiceRefusal, WrongKey

_AT, _SERVICE = "at", "service"
_SLOW_SECONDS = 20.0
_ANY = ""


@unique
class LineTrouble(Enum):
    """What becomes of a request."""

    REQUEST_LOST = "request lost"
    ANSWER_LOST = "answer lost"
    REFUSED = "refused"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class LineFault:
    """Strikes from the request of a number on, to one service or to any."""

    trouble: LineTrouble
    number: int
    service: str

    @classmethod
    def reading(cls, trouble: LineTrouble) -> Callable[[Mapping[str, str]], "LineFault"]:
        """Give what reads an order's parameters; it raises ValueError."""
        return lambda parameters: cls(
            trouble, number_of(parameters, _AT), parameters.get(_SERVICE, _ANY)
        )

    def fits(self, service: str, _: str) -> bool:
        """Tell whether it waits for a request to such a service."""
        return self.service in {_ANY, service}


def _fault(name: str, trouble: LineTrouble, reason: str, client: str) -> Fault:
    return Fault(
        name,
        FaultTarget.NETWORK,
        reason,
        client,
        LineFault.reading(trouble),
        (_AT, _SERVICE),
        times=1,
        trigger="a request, by its number, to any service or to one",
    )


NETWORK_FAULTS = (
    _fault(
        "network.request-lost",
        LineTrouble.REQUEST_LOST,
        "A line is cut, or a service is down, before it has heard anything.",
        "Says what was attempted and to try later; nothing is half done at the service.",
    ),
    _fault(
        "network.answer-lost",
        LineTrouble.ANSWER_LOST,
        "A line is cut when the service has done what was asked: a certificate is issued that "
        "nobody got.",
        "Asks again, and ends with one certificate that counts.",
    ),
    _fault(
        "network.refused",
        LineTrouble.REFUSED,
        "Renewals were once down for three days while signing in worked; at peak a service answers "
        "503.",
        "Says to try later and how long there is still time, before anything is written.",
    ),
    _fault(
        "network.slow",
        LineTrouble.SLOW,
        "At peak an answer takes longer than anybody waits.",
        "Gives up after a while, says so, and can be run again.",
    ),
)


class FaultyLine(httpx.BaseTransport):
    """A transport before another one; `service_of` names the service of an address."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        armed: Sequence[ArmedFault],
        service_of: Callable[[httpx.URL], str],
        surroundings: Surroundings,
    ) -> None:
        self._inner = inner
        self._armed = armed
        self._service_of = service_of
        self._surroundings = surroundings

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or fail as lines and services do. Raise httpx.TransportError."""
        what = self._striking(self._service_of(request.url), request.url.path)
        if isinstance(what, ServiceRefusal | WrongKey):
            return what.play(request, lambda: self._inner.handle_request(request))
        trouble = None if what is None else what.trouble
        if trouble is LineTrouble.REQUEST_LOST:
            raise httpx.ConnectError("the line was cut", request=request)
        if trouble is LineTrouble.REFUSED:
            return httpx.Response(503, headers={"retry-after": "60"}, request=request)
        response = self._inner.handle_request(request)
        if trouble is None:
            return response
        response.read()
        response.close()
        if trouble is LineTrouble.SLOW:
            self._surroundings.sleep(_SLOW_SECONDS)
            raise httpx.ReadTimeout("the answer took too long", request=request)
        raise httpx.ReadError("the line was cut", request=request)

    def close(self) -> None:
        """Close the inner transport."""
        self._inner.close()

    def _striking(self, service: str, path: str) -> LineFault | ServiceRefusal | WrongKey | None:
        for armed in self._armed:
            fault = armed.order.what
            if not isinstance(fault, LineFault | ServiceRefusal | WrongKey) or not armed.active:
                continue
            if not fault.fits(service, path):
                continue
            armed.seen += 1
            if armed.seen >= fault.number:
                armed.strike()
                return fault
        return None
