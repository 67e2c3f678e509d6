# SPDX-License-Identifier: Apache-2.0
"""Services and readers that end in the middle come back with all they knew."""

import pytest

from selfrenew.config import Reference
from selfrenew.renewal import NotProvenError, RenewalInterruptedError, events
from selfrenew_emulator.stage.containers import ContainersStage

from .nothing_lost import AUTHENTICATION, PASSCODE, SIGNING, Holder, once


def test_killed_services_know_the_person_when_they_are_back(
    containers: ContainersStage, reference: Reference, alice: Holder
) -> None:
    services = containers.fleet["services"]
    with pytest.raises(NotProvenError):
        reference.renew(
            PASSCODE, observe=once(events.CertificateWritten, AUTHENTICATION, services.kill)
        )
    services.start()
    login = reference.session().sign_in(PASSCODE, lambda roles: roles[0])
    assert login.spine.name == alice.person.name
    alice.assert_renewed_and_nothing_else_counts()


def test_a_killed_reader_gives_the_card_back_as_it_was(
    containers: ContainersStage, reference: Reference, alice: Holder
) -> None:
    reader = containers.fleet["reader"]
    with pytest.raises(RenewalInterruptedError):
        reference.renew(PASSCODE, observe=once(events.KeyGenerated, SIGNING, reader.kill))
    reader.start()
    reference.renew(PASSCODE)
    alice.assert_renewed_and_nothing_else_counts()
