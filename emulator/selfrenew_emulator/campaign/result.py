# SPDX-License-Identifier: Apache-2.0
"""What came of a case, as a line of JSON."""

from dataclasses import asdict, dataclass, field
from enum import Enum, unique
from typing import Any


@unique
class Verdict(Enum):
    """How a case ended."""

    UNAFFECTED = "unaffected"
    """The fault struck and was coped with at once, or never struck."""
    RECOVERED = "recovered"
    """It stopped, and running it again finished it."""
    DIAGNOSED = "diagnosed"
    """It cannot be finished here, and that is what its holder was told."""
    FAILED = "failed"
    """An invariant is broken."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a case: how it ended and what went by. `code` None is a killed program."""

    code: int | None
    text: str
    timeline: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A case with its verdict; `boundary` names the command or request at which it struck."""

    case: str
    verdict: Verdict
    violations: tuple[str, ...]
    struck: tuple[str, ...]
    boundary: str
    runs: tuple[Run, ...]
    milliseconds: float = field(default=0.0, compare=False)

    def as_json(self) -> dict[str, Any]:
        """Give JSON's own types."""
        return {**asdict(self), "verdict": self.verdict.value}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Result":
        """Read what `as_json` gave. Raise KeyError, TypeError or ValueError."""
        runs = tuple(Run(run["code"], run["text"], tuple(run["timeline"])) for run in found["runs"])
        return cls(
            found["case"],
            Verdict(found["verdict"]),
            tuple(found["violations"]),
            tuple(found["struck"]),
            found["boundary"],
            runs,
            float(found["milliseconds"]),
        )
