# SPDX-License-Identifier: Apache-2.0
"""The fixtures of a stage in the test's process: its services, people, cards and reader."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from .factories import MakeCard, MakePerson, MakeStage
from .settings import settings_of

if TYPE_CHECKING:
    from typing import Unpack

    from selfrenew_emulator.card import Card
    from selfrenew_emulator.clock import SettableClock
    from selfrenew_emulator.faults import FaultBoard
    from selfrenew_emulator.reader import EmbeddedReader
    from selfrenew_emulator.spine import Person
    from selfrenew_emulator.stage import CardOptions, EmbeddedStage
    from selfrenew_emulator.stage.local import StageOptions


@pytest.fixture
def selfrenew_clock(pytestconfig: pytest.Config) -> "SettableClock":
    """Give the clock of card, CA and services, to be moved by the test.

    Default: stands still at 2026-03-02T09:00Z, or at `selfrenew_now`.
    """
    from selfrenew_emulator.clock import SettableClock  # noqa: PLC0415
    from selfrenew_emulator.stage import DEFAULT_NOW  # noqa: PLC0415

    return SettableClock(settings_of(pytestconfig).now or DEFAULT_NOW)


@pytest.fixture
def selfrenew_make_stage(
    pytestconfig: pytest.Config, selfrenew_clock: "SettableClock", selfrenew_faults: "FaultBoard"
) -> Iterator[MakeStage]:
    """Give a function that starts a stage; the test's end stops it.

    Default: the test's clock and faults, free ports, nothing kept.
    """
    from selfrenew_emulator.stage import EmbeddedStage  # noqa: PLC0415

    with ExitStack() as stack:

        def make_stage(**options: "Unpack[StageOptions]") -> "EmbeddedStage":
            options.setdefault("clock", selfrenew_clock)
            options.setdefault("seed", settings_of(pytestconfig).seed)
            stage = stack.enter_context(EmbeddedStage(**options))
            stage.suffer(selfrenew_faults)
            return stage

        yield make_stage


@pytest.fixture
def selfrenew_stage(selfrenew_make_stage: MakeStage) -> "EmbeddedStage":
    """Give a running stage: CA, card management, Spine, mail server and an empty reader.

    Default: what `selfrenew_make_stage` makes.
    """
    return selfrenew_make_stage()


@pytest.fixture
def selfrenew_make_person(selfrenew_stage: "EmbeddedStage") -> MakePerson:
    """Give a function that makes somebody up and lets the Spine know them.

    Default: `Alice Archer`, with two roles.
    """
    return selfrenew_stage.make_person


@pytest.fixture
def selfrenew_person(selfrenew_make_person: MakePerson) -> "Person":
    """Give a person the Spine knows.

    Default: what `selfrenew_make_person` makes.
    """
    return selfrenew_make_person()


@pytest.fixture
def selfrenew_make_card(
    selfrenew_stage: "EmbeddedStage", selfrenew_make_person: MakePerson
) -> MakeCard:
    """Give a function that makes a person's card, not yet in a reader.

    Default: a new person's, P-256 keys, 30 days left, passcode 123456.
    """

    def make_card(person: "Person | None" = None, **options: "Unpack[CardOptions]") -> "Card":
        return selfrenew_stage.make_card(person or selfrenew_make_person(), **options)

    return make_card


@pytest.fixture
def selfrenew_card(selfrenew_make_card: MakeCard, selfrenew_person: "Person") -> "Card":
    """Give the card of `selfrenew_person`.

    Default: what `selfrenew_make_card` makes.
    """
    return selfrenew_make_card(selfrenew_person)


@pytest.fixture
def selfrenew_reader(selfrenew_stage: "EmbeddedStage", selfrenew_card: "Card") -> "EmbeddedReader":
    """Give the stage's reader, in the test's process.

    Default: `selfrenew_card` is in it.
    """
    selfrenew_stage.reader.insert(selfrenew_card)
    return selfrenew_stage.reader


@pytest.fixture
def selfrenew_portal(
    selfrenew_stage: "EmbeddedStage", selfrenew_faults: "FaultBoard"
) -> Iterator[str]:
    """Give the address of a portal beside the stage, which the extra `portal` brings.

    Default: a free port of loopback, TLS under the stage's root.
    """
    from selfrenew_emulator.applications import (  # noqa: PLC0415
        ApplicationUnavailableError,
        open_application,
    )
    from selfrenew_emulator.stage import Endpoint, Servers, bind  # noqa: PLC0415
    from selfrenew_emulator.stage.tls import server_context  # noqa: PLC0415

    url = selfrenew_stage.add_portal()
    missing = ""
    with ExitStack() as stack:
        try:
            config = selfrenew_stage.folder.portal_config_file
            opened = stack.enter_context(open_application("portal", config, {}))
        except ApplicationUnavailableError as error:
            missing = str(error)
        if missing:
            pytest.fail(missing, pytrace=False)
        tls = server_context(selfrenew_stage.ca)
        served = selfrenew_faults.before_portal(opened.application)
        stack.enter_context(Servers([Endpoint(served, bind(urlsplit(url).port or 0), tls)]))
        yield url
