# SPDX-License-Identifier: Apache-2.0
"""Card management and the Spine, as they say no, or take one card's keys for another's.

They are played on the line to them (`FaultyLine`): the service has done what was asked or, where it
says no, has heard nothing of it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from .fault import Fault, FaultTarget
from .moment import number_of

_AT, _REASON = "at", "reason"
_MANAGEMENT, _SPINE = FaultTarget.MANAGEMENT, FaultTarget.SPINE
_FORBIDDEN = 403
# What card management answers by a key of the card's.
_OF_A_KEY = ("/management-authentication", "/keys")


@dataclass(frozen=True, slots=True)
class ServiceRefusal:
    """The service says no, by a reason that programs read, and does nothing."""

    service: str
    number: int
    reason: str

    @classmethod
    def reading(cls, service: FaultTarget) -> Callable[[Mapping[str, str]], "ServiceRefusal"]:
        """Give what reads an order's parameters; it raises ValueError."""
        return lambda parameters: cls(
            service.value, number_of(parameters, _AT), parameters.get(_REASON, "suspended")
        )

    def fits(self, service: str, path: str) -> bool:
        """Tell whether it waits for such a request."""
        return service == self.service and path != ""

    def play(self, request: httpx.Request, _: Callable[[], httpx.Response]) -> httpx.Response:
        """Answer in the service's place."""
        # A web framework comes with it, and most programs that know the faults serve nothing.
        from selfrenew_emulator.problem import CONTENT_TYPE, Problem  # noqa: PLC0415

        problem = Problem(
            title="Refused",
            status=_FORBIDDEN,
            detail="the service does nothing for this card",
            reason=self.reason,
        )
        return httpx.Response(
            _FORBIDDEN,
            headers={"content-type": CONTENT_TYPE},
            stream=httpx.ByteStream(problem.model_dump_json().encode()),
            request=request,
        )


@dataclass(frozen=True, slots=True)
class WrongKey:
    """Card management answers by the keys of another card."""

    number: int

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "WrongKey":
        """Read an order's parameters. Raise ValueError."""
        return cls(number_of(parameters, _AT))

    def fits(self, service: str, path: str) -> bool:
        """Tell whether it waits for such a request."""
        return service == _MANAGEMENT.value and path.endswith(_OF_A_KEY)

    def play(self, request: httpx.Request, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """Have the service answer, and make another key's of it."""
        answer = ask()
        answer.read()
        if not answer.is_success:
            return answer
        body = answer.json()
        if "response" in body:
            body["response"] = _another_block(body["response"])
        if "candidates" in body:
            body["candidates"] = [_another_puk(each) for each in body["candidates"]]
        return httpx.Response(
            answer.status_code,
            headers={"content-type": "application/json"},
            stream=httpx.ByteStream(json.dumps(body).encode()),
            request=request,
        )


def _another_block(text: str) -> str:
    block = bytes.fromhex(text)
    return (block[:-1] + bytes([block[-1] ^ 1])).hex()


def _another_puk(text: str) -> str:
    return str((int(text[0]) + 1) % 10) + text[1:]


def _refuses(target: FaultTarget, name: str) -> Fault:
    return Fault(
        f"{target.value}.refuses",
        target,
        f"{name} knows the holder as suspended, or the card as lost, and says so by a reason of "
        "its own.",
        "Says which service refused and by which reason; does not take it for an outage, and tells "
        "what is half done, if anything is.",
        ServiceRefusal.reading(target),
        (_AT, _REASON),
        times=1,
        trigger="a request to it, by its number",
    )


SERVICE_FAULTS = (
    _refuses(_MANAGEMENT, "Card management"),
    Fault(
        "management.wrong-key",
        _MANAGEMENT,
        "Card management has another card's keys for this one: after a mix-up, or from a backup. "
        "The card refuses its management key, or its unlocking key, which costs a try.",
        "Says that the card refused, changes nothing without the right key, and does not present "
        "an unlocking key again that was refused.",
        WrongKey.read,
        (_AT,),
        times=1,
        trigger="an answer that is made by a key of the card's, by its number",
    ),
    _refuses(_SPINE, "The Spine"),
)
