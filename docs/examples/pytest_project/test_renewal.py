# SPDX-License-Identifier: Apache-2.0
"""A whole renewal with the reference, and one that broke off."""

from datetime import timedelta

import pytest

from selfrenew.config import assemble, load_configuration
from selfrenew.renewal import NotDueError, RenewalInterruptedError
from selfrenew.secret import Secret

PASSCODE = Secret("123456")


@pytest.fixture
def reference(selfrenew_stage):
    configuration = load_configuration(selfrenew_stage.config_file)
    with assemble(
        configuration, reader=selfrenew_stage.reader, clock=selfrenew_stage.clock
    ) as assembled:
        yield assembled


def test_a_card_is_renewed_once_it_is_due(
    reference, selfrenew_stage, selfrenew_make_card, selfrenew_clock
):
    selfrenew_stage.reader.insert(selfrenew_make_card(days_left=120))
    with pytest.raises(NotDueError):
        reference.renew(PASSCODE)
    selfrenew_clock.advance(timedelta(days=31))
    assert len(reference.renew(PASSCODE).new) == 2


@pytest.mark.selfrenew_fault("card.removed:after=GENERATE,slot=9a")
def test_a_renewal_that_broke_off_is_finished_by_another(
    reference, selfrenew_reader, selfrenew_card
):
    with pytest.raises(RenewalInterruptedError):
        reference.renew(PASSCODE)
    selfrenew_reader.insert(selfrenew_card)
    # The signing certificate had been renewed before.
    assert len(reference.renew(PASSCODE).new) == 1
