# SPDX-License-Identifier: Apache-2.0
"""A renewal whose CA goes in the middle, whichever way, is finished by the next one."""

from datetime import timedelta

import pytest

from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import Event, RenewalInterruptedError, events
from selfrenew.services import ServiceBusyError
from selfrenew_emulator.clock import FileClock, SettableClock
from selfrenew_emulator.stage.containers import ContainersStage

from .nothing_lost import MOMENT_NAMES, MOMENTS, PASSCODE, SIGNING, Holder, once


@pytest.mark.parametrize(("moment", "slot"), MOMENTS, ids=MOMENT_NAMES)
def test_a_ca_off_the_network_in_the_middle_costs_a_second_run(
    containers: ContainersStage,
    reference: Reference,
    alice: Holder,
    moment: type[Event],
    slot: KeyReference,
) -> None:
    ca = containers.fleet["ca"]
    with pytest.raises(RenewalInterruptedError):
        reference.renew(PASSCODE, observe=once(moment, slot, ca.disconnect))
    ca.connect()
    alice.assert_a_key_counts()
    reference.renew(PASSCODE)
    alice.assert_renewed_and_nothing_else_counts()


@pytest.mark.parametrize("moment", [events.KeyGenerated, events.CertificateWritten])
def test_a_ca_killed_in_the_middle_has_forgotten_nothing(
    containers: ContainersStage, reference: Reference, alice: Holder, moment: type[Event]
) -> None:
    ca = containers.fleet["ca"]
    with pytest.raises(RenewalInterruptedError):
        reference.renew(PASSCODE, observe=once(moment, SIGNING, ca.kill))
    ca.start()
    reference.renew(PASSCODE)
    alice.assert_renewed_and_nothing_else_counts()


def test_a_ca_that_stands_still_is_given_up_and_can_go_on(
    containers: ContainersStage, reference: Reference, alice: Holder
) -> None:
    ca = containers.fleet["ca"]
    with pytest.raises(RenewalInterruptedError):
        reference.renew(PASSCODE, observe=once(events.KeyGenerated, SIGNING, ca.pause))
    ca.go_on()
    ca.wait_ready()
    reference.renew(PASSCODE)
    alice.assert_renewed_and_nothing_else_counts()


@pytest.mark.parametrize("days", [-400, 400], ids=["behind", "ahead"])
def test_a_ca_whose_clock_is_off_costs_no_key(
    containers: ContainersStage, alice: Holder, days: int
) -> None:
    clock, right = FileClock(containers.folder.clock_file("ca")), SettableClock(containers.clock())
    with assemble(load_configuration(containers.config_file), clock=right) as reference:
        clock.advance(timedelta(days=days))
        # Card management believes no word of the CA's on a certificate that is not of its time.
        with pytest.raises(ServiceBusyError, match="cannot be told"):
            reference.renew(PASSCODE)
        alice.assert_untouched()
        clock.set(right())
        reference.renew(PASSCODE)
    alice.assert_renewed_and_nothing_else_counts()
