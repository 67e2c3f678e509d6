# SPDX-License-Identifier: Apache-2.0
"""When a fault strikes: at which command to the card, and before, within or after it.

An order says it by the command's name, `after=GENERATE,slot=9c`, of which `count=2` takes the
second one, or by its number from the arming on, `at=7,phase=during`. From there it strikes as
often as its `times` say.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, unique

from selfrenew.iso7816 import CommandApdu, Instruction, TlvFormatError, find
from selfrenew.piv import DataObject, KeyReference

_TAG_LIST = 0x5C
_IN_P2 = frozenset({Instruction.GENERATE_ASYMMETRIC_KEY_PAIR, Instruction.GENERAL_AUTHENTICATE})
_IN_TAG_LIST = frozenset({Instruction.GET_DATA, Instruction.PUT_DATA})
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AT, _PHASE, _SLOT, _COUNT = "at", "phase", "slot", "count"


@unique
class Phase(Enum):
    """Where in a command: the card has not seen it, works on it, or has carried it out."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


ALL_PHASES = tuple(Phase)
AT_A_COMMAND = "a command to the card, by name or by number"


@dataclass(frozen=True, slots=True)
class Moment:
    """A phase of a command; `instruction` None is any command, `number` counts those that fit.

    A `key` asks for the command about that key, or about the object with its certificate.
    """

    phase: Phase
    instruction: Instruction | None = None
    key: KeyReference | None = None
    number: int = 1
    filled: bool = False
    """Whether the command has to have data; a VERIFY without is a question."""

    @classmethod
    def read(
        cls,
        parameters: Mapping[str, str],
        phases: Collection[Phase] = ALL_PHASES,
        usual: "Moment | None" = None,
    ) -> "Moment":
        """Take the moment out of an order's parameters. Raise ValueError.

        The usual one is taken where the order names none.
        """
        named = [phase for phase in phases if phase.value in parameters]
        if len(named) + (_AT in parameters) != 1:
            if usual is not None and not named and _AT not in parameters:
                return usual
            ways = ", ".join(f"{phase.value}=COMMAND" for phase in phases)
            raise ValueError(f"it needs one of {ways} and at=NUMBER")
        if named:
            return _named(parameters, named[0])
        for name in (_SLOT, _COUNT):
            if name in parameters:
                raise ValueError(f"'{name}' goes with a command's name, not with its number")
        return cls(_phase(parameters, phases), number=number_of(parameters, _AT))

    def fits(self, whole: CommandApdu | None) -> bool:
        """Tell whether it is this kind of command; of a chain that is known at its end."""
        if self.filled and (whole is None or not whole.data):
            return False
        if self.instruction is None:
            return True
        if whole is None or whole.ins != self.instruction:
            return False
        return self.key is None or self.key is key_of(whole)


def moment_parameters(*phases: Phase) -> tuple[str, ...]:
    """Name the parameters that say when, for a fault that has these phases."""
    named = tuple(phase.value for phase in phases or ALL_PHASES)
    more = (_PHASE,) if len(named) > 1 else ()
    return (*named, _AT, *more, _SLOT, _COUNT)


def key_of(whole: CommandApdu) -> KeyReference | None:
    """Name the key that a command is about, itself or by its certificate's object."""
    if whole.ins in _IN_P2:
        return KeyReference(whole.p2) if whole.p2 in set(KeyReference) else None
    if whole.ins not in _IN_TAG_LIST:
        return None
    try:
        tag = find(whole.data, _TAG_LIST)
    except TlvFormatError:
        return None
    for key in KeyReference:
        try:
            wanted = DataObject.certificate_of(key).tag
        except KeyError:
            continue
        if tag is not None and int.from_bytes(tag, "big") == wanted:
            return key
    return None


def title(instruction: int) -> str:
    """Name a command as the standard does; one that is not its by the number."""
    if instruction in set(Instruction):
        return Instruction(instruction).name.replace("_", " ")
    return f"INS {instruction:02X}"


def slot_of(text: str) -> KeyReference:
    """Read a slot. Raise ValueError."""
    try:
        return KeyReference(int(text, 16))
    except ValueError as error:
        raise ValueError(f"'{text}' is no slot; slots are named like 9a, 9c or 82") from error


def number_of(parameters: Mapping[str, str], name: str, default: int = 1) -> int:
    """Read a number from 1 on. Raise ValueError."""
    text = parameters.get(name, str(default))
    # int() would take signs, blanks and underscores.
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ValueError(f"'{name}' is a number from 1 on, not '{text}'")
    return int(text)


def span_of(parameters: Mapping[str, str], name: str, default: str) -> timedelta:
    """Read a span of time, forth or back. Raise ValueError."""
    text = parameters.get(name, default)
    sign, digits, unit = text[:1], text[1:-1], text[-1:]
    if sign not in {"+", "-"}:
        sign, digits = "+", text[:-1]
    if unit not in _UNITS or not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"'{name}' is a span such as 1h, -30m or 400d, not '{text}'")
    span = timedelta(**{_UNITS[unit]: int(digits)})
    return -span if sign == "-" else span


def one_of(parameters: Mapping[str, str], name: str, known: Collection[str], default: str) -> str:
    """Read a word of a closed vocabulary. Raise ValueError."""
    word = parameters.get(name, default)
    if word not in known:
        raise ValueError(f"'{word}' is no {name}; there are {', '.join(known)}")
    return word


def _named(parameters: Mapping[str, str], phase: Phase) -> Moment:
    if _PHASE in parameters:
        raise ValueError(f"'{_PHASE}' goes with at=NUMBER")
    instruction = _instruction(parameters[phase.value])
    key = slot_of(parameters[_SLOT]) if _SLOT in parameters else None
    if key is not None and instruction not in _IN_P2 | _IN_TAG_LIST:
        raise ValueError(f"a {title(instruction)} is not about a slot")
    return Moment(phase, instruction, key, number_of(parameters, _COUNT))


def _phase(parameters: Mapping[str, str], phases: Collection[Phase]) -> Phase:
    first = next(iter(phases))
    return Phase(one_of(parameters, _PHASE, [each.value for each in phases], first.value))


def _instruction(text: str) -> Instruction:
    """Find a command by its name, or by the beginning that no other has."""
    wanted = text.upper().replace("_", " ").replace("-", " ").strip()
    found = [each for each in Instruction if title(each) == wanted]
    found = found or [each for each in Instruction if wanted and title(each).startswith(wanted)]
    if len(found) != 1:
        known = ", ".join(title(each) for each in found or Instruction)
        raise ValueError(f"'{text}' is no command, or several; there are {known}")
    return found[0]
