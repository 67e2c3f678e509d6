# SPDX-License-Identifier: Apache-2.0
"""Which kinds of each fault are played at a command, and where it applies at all."""

from collections.abc import Callable, Iterator, Sequence

from selfrenew.iso7816 import Instruction
from selfrenew_emulator.faults import CATALOGUE, Fault, FaultTarget

from .case import Scenario
from .places import to_a_service, to_the_ca
from .timeline import Boundary, Request

Applies = Callable[[Boundary], bool]
_SLOTS = ("9a", "9c")
_CERTIFICATES = ("corrupt", "missing", "too-large", "anothers")
_GARBLED = ("garbage", "truncated", "empty")
_JUMPS = ("1h", "-30m", "400d", "-400d")
# As far ahead as any, and as far back.
_ZONES = ("Pacific/Kiritimati", "Pacific/Pago_Pago")
# Within the time that a code counts, and beyond it.
_DELAYS = ("5m", "20m")


def _anywhere(_: Boundary) -> bool:
    return True


def _writing(boundary: Boundary) -> bool:
    return boundary.writes


def _verifying(boundary: Boundary) -> bool:
    return boundary.instruction == Instruction.VERIFY and boundary.filled


def _generating(boundary: Boundary) -> bool:
    return boundary.instruction == Instruction.GENERATE_ASYMMETRIC_KEY_PAIR


def _putting(boundary: Boundary) -> bool:
    return boundary.instruction == Instruction.PUT_DATA and boundary.whole


def _whole(boundary: Boundary) -> bool:
    return boundary.whole and boundary.instruction != Instruction.GET_RESPONSE


def _first(boundary: Boundary) -> bool:
    return boundary.number == 1


AT_A_COMMAND: dict[str, Sequence[tuple[str, Applies]]] = {
    "card.removed": (
        ("phase=before", _anywhere),
        ("phase=during", _whole),
        ("phase=after", _anywhere),
    ),
    "card.torn": tuple((f"kind={kind}", _writing) for kind in ("empty", "half", "garbage")),
    "card.reset": (("phase=before", _anywhere),),
    "card.swapped": (("phase=before", _anywhere), ("phase=after", _anywhere)),
    "card.status": (
        ("phase=before,sw=6F00", _anywhere),
        ("phase=before,sw=6982", _anywhere),
        ("phase=after,sw=6F00", _anywhere),
        # A card that says yes and does nothing.
        ("phase=before,sw=9000", _writing),
        ("phase=before,sw=63C1", _verifying),
        ("phase=before,sw=6983", _verifying),
    ),
    "card.memory-failure": (("phase=before", _writing), ("phase=after", _writing)),
    "card.full": (("phase=before", _putting),),
    "card.mute": (("phase=before", _anywhere), ("phase=after", _anywhere)),
    "card.garbled": tuple(
        (f"kind={kind}", _anywhere) for kind in ("garbage", "truncated", "empty")
    ),
    "card.slow": (("profile=contact", _first), ("profile=contactless", _first)),
    "card.wrong-passcode": (("", _verifying),),
    "card.pin-blocked": (("", _anywhere),),
    "card.puk-blocked": (("", _anywhere),),
    "card.certificate": tuple(
        (f"of={slot},kind={kind}", _whole) for slot in _SLOTS for kind in _CERTIFICATES
    ),
    "card.mismatched": tuple((f"of={slot}", _whole) for slot in _SLOTS),
    "card.generation-failed": (("key=gone", _generating), ("key=kept", _generating)),
    "reader.unplugged": (("phase=before", _anywhere), ("phase=after", _anywhere)),
    "reader.two-at-once": (("phase=before", _anywhere), ("phase=after", _anywhere)),
    "world.clock-jumps": tuple((f"by={jump}", _whole) for jump in _JUMPS),
    "world.time-zone": tuple((f"zone={zone}", _whole) for zone in _ZONES),
    "world.summer-time": tuple((f"turn={turn}", _whole) for turn in ("begins", "ends")),
    "world.killed": (("phase=before", _anywhere), ("phase=after", _anywhere)),
}
"""What is behind `at=NUMBER` in the orders of each fault that waits for a command."""
AT_A_MESSAGE: dict[str, Sequence[str]] = {
    "ca.unavailable": ("", "retry-after=30"),
    "ca.rejects": ("", "fail-info=badPOP", "fail-info=systemFailure"),
    "ca.issuer-down": ("issuer=signing", "issuer=authentication"),
    # Within a client's patience, and beyond it.
    "ca.waiting": ("seconds=20", "seconds=600"),
}
"""What else is in the orders of the CA's faults, where more than one kind is played."""
AT_ONCE: dict[str, Sequence[str]] = {
    "reader.two-at-once": ("",),
    "reader.late": ("",),
    "reader.stopped": ("",),
    "mail.refused": ("",),
    "mail.lost": ("",),
    "mail.late": tuple(f"by={delay}" for delay in _DELAYS),
}
"""What else is in the orders of the faults that are played without waiting for a command."""
_AT_ANY_REQUEST = frozenset({FaultTarget.NETWORK})
_AT_THE_CARD = frozenset({FaultTarget.CARD, FaultTarget.READER, FaultTarget.WORLD})
# They change what the scenarios are about before they begin, or have no part in them.
_NOT_OF: dict[Scenario, frozenset[str]] = {
    Scenario.RENEWAL: frozenset({"card.puk-blocked"}),
    Scenario.UNLOCK: frozenset({"card.pin-blocked", "card.certificate", "card.mismatched"}),
    Scenario.CHANGE_PASSCODE: frozenset(
        {"card.puk-blocked", "card.certificate", "card.mismatched"}
    ),
    Scenario.PERSONALISATION: frozenset(
        {
            "card.certificate",
            "card.mismatched",
            "card.pin-blocked",
            "card.puk-blocked",
            "card.swapped",
            "reader.two-at-once",
        }
    ),
}


def orders_at_commands(scenario: Scenario, boundary: Boundary) -> Iterator[str]:
    """Give the orders of every fault that applies to a command."""
    for fault in _of(scenario, _AT_THE_CARD):
        for more, applies in AT_A_COMMAND.get(fault.name, ()):
            if applies(boundary):
                yield f"{fault.name}:at={boundary.number}" + (f",{more}" if more else "")


def orders_at_requests(scenario: Scenario, number: int) -> Iterator[str]:
    """Give the orders of every fault that applies to a request."""
    for fault in _of(scenario, _AT_ANY_REQUEST):
        yield f"{fault.name}:at={number}"


def orders_at_services(scenario: Scenario, requests: Sequence[Request]) -> Iterator[str]:
    """Give the orders of card management's faults and the Spine's at every request they fit."""
    for fault in _of(scenario, frozenset({FaultTarget.MANAGEMENT, FaultTarget.SPINE})):
        for number in range(1, len(to_a_service(fault.name, requests)) + 1):
            yield f"{fault.name}:at={number}"


def orders_at_messages(scenario: Scenario, requests: Sequence[Request]) -> Iterator[str]:
    """Give the orders of the CA's faults at every message that they fit.

    Each strikes at that message alone, and from it on until it is cleared: a client that asks once
    more is helped by it in the first case only.
    """
    for fault in _of(scenario, frozenset({FaultTarget.CA})):
        for more in AT_A_MESSAGE.get(fault.name, ("",)):
            whole = f"{fault.name}:{more}" if more else fault.name
            for passed in range(len(to_the_ca(whole, requests))):
                order = f"{whole}{',' if more else ':'}after={passed}"
                if fault.counted:
                    yield f"{order},times=1"
                yield order


def orders_at_once(scenario: Scenario) -> Iterator[str]:
    """Give the orders of the faults that wait for no command, as a reader's do, or the mail's."""
    targets = _AT_THE_CARD | {FaultTarget.MAIL} if scenario is Scenario.UNLOCK else _AT_THE_CARD
    for fault in _of(scenario, targets):
        for more in AT_ONCE.get(fault.name, ()):
            yield f"{fault.name}:{more}{',' if more else ''}times=1"


def _of(scenario: Scenario, targets: frozenset[FaultTarget]) -> Iterator[Fault]:
    for fault in CATALOGUE.values():
        if fault.target in targets and fault.name not in _NOT_OF[scenario]:
            yield fault
