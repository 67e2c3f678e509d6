# SPDX-License-Identifier: Apache-2.0
"""One case of a campaign, and the line that repeats it alone.

A line is scenario, kind of keys and personality, and behind bars the fault of the run and the one
of its repetition: `renewal p256 piv | card.removed:at=7,phase=after | card.status:at=3,sw=6F00`.
"""

from dataclasses import dataclass
from enum import Enum, unique

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Personality
from selfrenew_emulator.faults import read_order

_BAR = "|"
_ALGORITHMS = {"p256": Algorithm.P256, "rsa2048": Algorithm.RSA2048}
KEY_TYPES = tuple(_ALGORITHMS)


class CaseFormatError(ValueError):
    """A line names no case."""

    def __init__(self, line: str, reason: str) -> None:
        super().__init__(
            f"'{line}' is no case of a campaign: {reason}. A case is like 'renewal p256 piv | "
            "card.removed:after=GENERATE,slot=9c'."
        )


@unique
class Scenario(Enum):
    """What is done while the faults strike."""

    RENEWAL = "renewal"
    UNLOCK = "unlock"
    CHANGE_PASSCODE = "change-passcode"
    PERSONALISATION = "personalisation"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is done, and with which card."""

    scenario: Scenario
    key_type: str
    personality: Personality

    def __str__(self) -> str:
        return f"{self.scenario.value} {self.key_type} {self.personality.value}"

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of the card's keys."""
        return _ALGORITHMS[self.key_type]


@dataclass(frozen=True, slots=True)
class Case:
    """A setting with the fault of its run, and the one of the run that repeats it."""

    setting: Setting
    fault: str = ""
    second: str = ""

    def __str__(self) -> str:
        parts = [str(self.setting), self.fault]
        if self.second:
            parts.append(self.second)
        return f" {_BAR} ".join(parts).rstrip(f" {_BAR}")

    @classmethod
    def read(cls, line: str) -> "Case":
        """Read a line. Raise CaseFormatError, UnknownFaultError or FaultOrderError."""
        first, *orders = (part.strip() for part in line.split(_BAR))
        words = first.split()
        if len(words) != 3 or len(orders) > 2:
            raise CaseFormatError(line, "it has not the parts of one")
        try:
            setting = Setting(Scenario(words[0]), words[1], Personality(words[2]))
            setting.algorithm  # noqa: B018  looks it up
        except (ValueError, KeyError) as error:
            known = [
                *(each.value for each in Scenario),
                *KEY_TYPES,
                *(each.value for each in Personality),
            ]
            raise CaseFormatError(line, f"known are {', '.join(known)}") from error
        for order in orders:
            if order:
                read_order(order)
        return cls(setting, *orders)
