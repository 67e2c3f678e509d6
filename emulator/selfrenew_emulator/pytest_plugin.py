# SPDX-License-Identifier: Apache-2.0
"""Fixtures for tests of anything that talks to a smartcard, a CMP CA or the Spine.

Each has function scope.

| fixture            | type             | what it is                                             |
|--------------------|------------------|--------------------------------------------------------|
| `selfrenew_clock`  | `SettableClock`  | stands still at `DEFAULT_NOW`; every service reads it  |
| `selfrenew_stage`  | `EmbeddedStage`  | CA, card management and Spine on ephemeral ports       |
| `selfrenew_person` | `Person`         | Alice Archer, known to the Spine with two roles        |
| `selfrenew_card`   | `Card`           | her P-256 card, 30 days left, passcode 123456          |
| `selfrenew_reader` | `EmbeddedReader` | the stage's reader with that card in it                |

Without pytest the same is `with EmbeddedStage() as stage:`. Nothing heavy is imported until a
fixture is used.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from selfrenew_emulator.card import Card
    from selfrenew_emulator.clock import SettableClock
    from selfrenew_emulator.reader import EmbeddedReader
    from selfrenew_emulator.spine import Person
    from selfrenew_emulator.stage import EmbeddedStage

__all__ = [
    "selfrenew_card",
    "selfrenew_clock",
    "selfrenew_person",
    "selfrenew_reader",
    "selfrenew_stage",
]


@pytest.fixture
def selfrenew_clock() -> "SettableClock":
    """Give the clock of the stage, to be moved by the test."""
    from selfrenew_emulator.clock import SettableClock  # noqa: PLC0415
    from selfrenew_emulator.stage import DEFAULT_NOW  # noqa: PLC0415

    return SettableClock(DEFAULT_NOW)


@pytest.fixture
def selfrenew_stage(selfrenew_clock: "SettableClock") -> Iterator["EmbeddedStage"]:
    """Give a running stage."""
    from selfrenew_emulator.stage import EmbeddedStage  # noqa: PLC0415

    with EmbeddedStage(clock=selfrenew_clock) as stage:
        yield stage


@pytest.fixture
def selfrenew_person(selfrenew_stage: "EmbeddedStage") -> "Person":
    """Give a person the Spine knows."""
    return selfrenew_stage.make_person()


@pytest.fixture
def selfrenew_card(selfrenew_stage: "EmbeddedStage", selfrenew_person: "Person") -> "Card":
    """Give the person's card."""
    return selfrenew_stage.make_card(selfrenew_person)


@pytest.fixture
def selfrenew_reader(selfrenew_stage: "EmbeddedStage", selfrenew_card: "Card") -> "EmbeddedReader":
    """Give the stage's reader, the card in it."""
    selfrenew_stage.reader.insert(selfrenew_card)
    return selfrenew_stage.reader
