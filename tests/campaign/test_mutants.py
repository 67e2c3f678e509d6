# SPDX-License-Identifier: Apache-2.0
"""A workflow that is broken on purpose is caught: tests of the oracle, not of the workflow."""

import pytest

from selfrenew_emulator.campaign.case import Case
from selfrenew_emulator.campaign.client import REFERENCE, OpenClient, find_client
from selfrenew_emulator.campaign.result import Result, Verdict
from selfrenew_emulator.campaign.scenarios import play
from selfrenew_emulator.campaign.world import World

from .mutants import (
    by_the_wall_clock,
    confirmed_early,
    misleading,
    newest_reader,
    persistent,
    silent,
    talkative,
    without_voucher,
)

RENEWAL = "renewal p256 piv"
NOT_KEPT = f"{RENEWAL} | card.status:before=PUT DATA,slot=9c,sw=9000"
MISTYPED = f"{RENEWAL} | card.wrong-passcode"
TWO = f"{RENEWAL} | reader.two-at-once"
CARRIED = f"{RENEWAL} | world.time-zone:before=GENERATE,slot=9c"
TURNED = f"{RENEWAL} | world.summer-time:before=GENERATE,slot=9a,turn=ends"
PULLED = f"{RENEWAL} | card.removed:after=GENERATE,slot=9c"
EXPIRED = f"{RENEWAL} | world.clock-jumps:at=1,by=400d"
STRIPPED = f"{PULLED} | card.certificate:at=1,of=9a,kind=missing"


def played(client: OpenClient, line: str) -> Result:
    with World(client, 1) as world:
        return play(world, Case.read(line))


@pytest.mark.parametrize(
    ("mutant", "line", "found"),
    [
        (without_voucher, RENEWAL, "no key had a certificate that counts after"),
        (confirmed_early, NOT_KEPT, "the CA counts a new signing certificate that is on no card"),
        (persistent, MISTYPED, "presented again after the card had refused it"),
        (silent, PULLED, "it was told to be done, and is not"),
        (misleading, EXPIRED, "it gave up, and not because of signing: expired"),
        (misleading, STRIPPED, "it gave up, and not because of signing: mismatched"),
        (talkative, PULLED, "a secret is in what was told"),
        (newest_reader, TWO, "another person's card was changed"),
        (by_the_wall_clock, CARRIED, "nothing but local time was another one"),
        (by_the_wall_clock, TURNED, "nothing but local time was another one"),
    ],
    ids=[
        "9A first without a voucher",
        "certConf before read-back",
        "PIN retried",
        "lies",
        "names another reason",
        "names another state",
        "leaks",
        "the newest reader",
        "local time for UTC",
        "summer time for UTC",
    ],
)
def test_a_broken_workflow_is_caught(mutant: OpenClient, line: str, found: str) -> None:
    result = played(mutant, line)
    assert result.verdict is Verdict.FAILED
    assert any(found in each for each in result.violations), result.violations


@pytest.mark.parametrize(
    "line", [RENEWAL, NOT_KEPT, MISTYPED, PULLED, EXPIRED, STRIPPED, TWO, CARRIED, TURNED]
)
def test_the_reference_passes_where_a_mutant_is_caught(line: str) -> None:
    result = played(find_client(REFERENCE), line)
    assert result.violations == ()
    assert result.struck or line == RENEWAL
