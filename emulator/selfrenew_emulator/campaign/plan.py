# SPDX-License-Identifier: Apache-2.0
"""Which cases a campaign has: every place of a scenario with every fault, and pairs of them."""

import random
from collections.abc import Iterable, Iterator, Sequence

from selfrenew_emulator.card import Personality

from .case import KEY_TYPES, Case, Scenario, Setting
from .places import Places
from .scenarios import rehearse
from .variants import (
    orders_at_commands,
    orders_at_messages,
    orders_at_once,
    orders_at_requests,
    orders_at_services,
)
from .world import World


def settings(
    scenarios: Iterable[Scenario] = tuple(Scenario),
    key_types: Iterable[str] = KEY_TYPES,
    personalities: Iterable[Personality] = tuple(Personality),
) -> list[Setting]:
    """Combine scenarios, kinds of keys and personalities."""
    kinds, cards = list(key_types), list(personalities)
    return [
        Setting(scenario, key_type, personality)
        for scenario in scenarios
        for key_type in kinds
        for personality in cards
    ]


def survey(world: World, setting: Setting) -> Places:
    """Run a scenario without a fault, and tell its places."""
    timeline = rehearse(world, setting)
    return Places(setting, tuple(timeline.boundaries), tuple(timeline.requests))


def sweep(places: Places) -> Iterator[Case]:
    """Give every single fault at every place of a scenario where it applies."""
    scenario = places.setting.scenario
    for boundary in places.boundaries:
        for order in orders_at_commands(scenario, boundary):
            yield Case(places.setting, order)
    for number in range(1, len(places.requests) + 1):
        for order in orders_at_requests(scenario, number):
            yield Case(places.setting, order)
    for order in orders_at_services(scenario, places.requests):
        yield Case(places.setting, order)
    for order in orders_at_messages(scenario, places.requests):
        yield Case(places.setting, order)
    for order in orders_at_once(scenario):
        yield Case(places.setting, order)


def sample(cases: Sequence[Case], number: int, seed: str) -> list[Case]:
    """Draw cases of a sweep, each once at most."""
    if number >= len(cases):
        return list(cases)
    return random.Random(seed).sample(cases, number)  # noqa: S311  repeatable on purpose


def pairs(swept: Sequence[Case], number: int, seed: str) -> list[Case]:
    """Draw pairs: a fault, and another one while it is recovered from.

    A recovery has not the places of the first run; a number behind its last one strikes nothing.
    """
    draw = random.Random(seed)  # noqa: S311  repeatable on purpose
    by_setting: dict[Setting, list[str]] = {}
    for case in swept:
        by_setting.setdefault(case.setting, []).append(case.fault)
    drawn: dict[Case, None] = {}
    possible = sum(len(faults) ** 2 for faults in by_setting.values())
    while len(drawn) < min(number, possible):
        first = draw.choice(swept)
        drawn[Case(first.setting, first.fault, draw.choice(by_setting[first.setting]))] = None
    return list(drawn)
