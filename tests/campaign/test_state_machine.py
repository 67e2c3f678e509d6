# SPDX-License-Identifier: Apache-2.0
"""A holder who renews, again and again, while whatever likes to goes wrong, one after another."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from selfrenew.secret import Secret
from selfrenew_emulator.campaign.case import KEY_TYPES, Scenario, Setting
from selfrenew_emulator.campaign.client import REFERENCE, find_client
from selfrenew_emulator.campaign.codes import Code
from selfrenew_emulator.campaign.evidence import PASSCODE
from selfrenew_emulator.campaign.judging import (
    is_renewed,
    judge_end_of_renewal,
    judge_renewal,
)
from selfrenew_emulator.campaign.world import World
from selfrenew_emulator.card import Personality

# None of them damages what a renewal has left, so that each has to be recovered from.
FAULTS = st.one_of(
    st.builds(
        "card.removed:at={},phase={}".format,
        st.integers(1, 46),
        st.sampled_from(("before", "during", "after")),
    ),
    st.builds(
        "card.torn:during={},kind={}".format,
        st.sampled_from(("GENERATE", "PUT DATA")),
        st.sampled_from(("old", "empty", "half", "garbage")),
    ),
    st.builds(
        "card.status:at={},phase={},sw=6F00".format,
        st.integers(1, 46),
        st.sampled_from(("before", "after")),
    ),
    st.builds("card.mute:at={}".format, st.integers(1, 46)),
    st.builds("card.reset:at={}".format, st.integers(1, 46)),
    st.builds("world.killed:at={}".format, st.integers(1, 46)),
    st.builds("network.request-lost:at={}".format, st.integers(1, 13)),
    st.builds("network.answer-lost:at={}".format, st.integers(1, 13)),
)


class Renewals(RuleBasedStateMachine):
    """Runs of a renewal with a fault each; the last one has none."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.case: Any = None

    @initialize(personality=st.sampled_from(list(Personality)))
    def begin(self, personality: Personality) -> None:
        setting = Setting(Scenario.RENEWAL, KEY_TYPES[0], personality)
        self.case = self.world.begin(setting)
        self.desk = self.case.__enter__()
        self.begun = self.desk.find()

    @rule(fault=FAULTS)
    def renew(self, fault: str) -> None:
        note(fault)
        self.desk.put_right()
        self.desk.board.arm(fault)
        run = self.desk.run(lambda client: client.renew(Secret(PASSCODE)))
        self.desk.board.clear()
        assert list(judge_renewal(run, self.begun, set())) == []

    @invariant()
    def a_key_counts(self) -> None:
        if self.case is not None:
            assert self.desk.find().usable

    def teardown(self) -> None:
        if self.case is None:
            return
        try:
            self.desk.put_right()
            run = self.desk.run(lambda client: client.renew(Secret(PASSCODE)))
            assert list(judge_end_of_renewal(run, self.begun)) == []
            assert run.code in {Code.DONE, Code.NOT_DUE}
            assert is_renewed(run.after, self.begun)
        finally:
            self.case.__exit__(None, None, None)


def test_no_run_of_faults_loses_a_card(request: pytest.FixtureRequest) -> None:
    with World(find_client(REFERENCE), "state machine") as world:
        machine = type("Running", (Renewals,), {"world": world})
        run = machine.TestCase
        run.settings = settings(
            max_examples=25,
            stateful_step_count=5,
            deadline=None,
            derandomize=True,
            # A failure has its faults in its notes; to look for fewer takes many renewals.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        run("runTest").debug()
