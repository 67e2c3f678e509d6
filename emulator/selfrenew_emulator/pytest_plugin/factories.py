# SPDX-License-Identifier: Apache-2.0
"""What the factories among the fixtures are called with, for who annotates tests."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import Unpack

    from selfrenew_emulator.card import Card
    from selfrenew_emulator.spine import Person, Role
    from selfrenew_emulator.stage import CardOptions, EmbeddedStage
    from selfrenew_emulator.stage.local import StageOptions


class MakePerson(Protocol):
    """Makes somebody up whom the Spine knows."""

    def __call__(self, name: str = ..., roles: "tuple[Role, ...]" = ...) -> "Person":
        """Make a person; the arguments are those of `Stage.make_person`."""


class MakeCard(Protocol):
    """Makes a card, not yet in a reader."""

    def __call__(self, person: "Person | None" = None, **options: "Unpack[CardOptions]") -> "Card":
        """Make a person's card, or a new person's; the options are those of `CardMaker.make`."""


class MakeStage(Protocol):
    """Starts a stage that is stopped when the test ends."""

    def __call__(self, **options: "Unpack[StageOptions]") -> "EmbeddedStage":
        """Start a stage; the options are those of `Stage`."""
