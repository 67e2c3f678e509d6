# SPDX-License-Identifier: Apache-2.0
"""The faults of a CA that is a program, armed by its control API, and what it tells of them."""

import json
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew_emulator.ca import person_name
from selfrenew_emulator.personalisation import EnrolmentFailedError, EnrolmentOffice
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW, ControlRefusedError
from selfrenew_emulator.stage.remote import RemoteCaFront, RemoteFaults
from selfrenew_emulator.stage.remote.ca import RemoteAuthority
from selfrenew_emulator.stage.remote.client import ControlClient

ALICE = person_name("123456789012")


def enrol(authority: RemoteAuthority, addresses: dict[str, str]) -> None:
    enrolment = authority.enrol(subject=ALICE, profiles=["authentication"])
    with httpx.Client(trust_env=False, timeout=60) as http:
        office = EnrolmentOffice(
            addresses["cmp"],
            enrolment,
            clock=lambda: DEFAULT_NOW,
            randomness=seeded(enrolment.reference),
            http=http,
        )
        key = PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))
        office.enrol("authentication", ALICE, key)


@pytest.fixture
def control(world: Any, served_ca: dict[str, str]) -> ControlClient:
    client: ControlClient = world.client(served_ca["control"])
    return client


def test_a_fault_is_armed_strikes_heals_and_is_told_without_what_was_secret(
    authority: RemoteAuthority, served_ca: dict[str, str], control: ControlClient
) -> None:
    faults, front = RemoteFaults(control), RemoteCaFront(control)
    armed = faults.arm("ca.unavailable:at=ir,retry-after=7,times=1")
    assert armed.strikes == 0
    with pytest.raises(EnrolmentFailedError, match="503"):
        enrol(authority, served_ca)
    assert armed.strikes == 1
    enrol(authority, served_ca)
    told = [(each.request, each.fault, each.status, each.answer) for each in front.history]
    assert told == [
        ("ir", "ca.unavailable", None, None),
        ("ir", None, 200, "ip"),
        ("certConf", None, 200, "pkiconf"),
    ]
    refused, issued, confirmed = (each.transaction_id for each in front.history)
    assert issued == confirmed != refused
    keys = {key for each in json.loads(control.call("GET", "/exchanges")) for key in each}
    assert keys == {"request", "transaction_id", "fault", "status", "answer"}


def test_what_is_armed_is_listed_until_it_is_cleared(control: ControlClient) -> None:
    faults = RemoteFaults(control)
    faults.arm("ca.error:at=genm")
    faults.arm("ca.hang:after=3")
    assert json.loads(control.call("GET", "/faults")) == [
        {"order": "ca.error:at=genm", "strikes": 0},
        {"order": "ca.hang:after=3", "strikes": 0},
    ]
    faults.clear()
    assert json.loads(control.call("GET", "/faults")) == []


def test_a_fault_that_is_none_or_not_the_cas_is_refused(control: ControlClient) -> None:
    faults = RemoteFaults(control)
    with pytest.raises(ControlRefusedError, match=r"Known: ca\.unreachable, ca\.unavailable"):
        faults.arm("ca.on-fire")
    with pytest.raises(ControlRefusedError, match="befalls the card, not the CA"):
        faults.arm("card.removed:before=VERIFY")
    with pytest.raises(ControlRefusedError, match="'soon' is no message to a CA"):
        faults.arm("ca.error:at=soon")


def test_an_unreachable_ca_is_still_told_to_be_well_again(
    served_ca: dict[str, str], control: ControlClient
) -> None:
    faults = RemoteFaults(control)
    armed = faults.arm("ca.unreachable")
    assert armed.strikes == 1
    with httpx.Client(trust_env=False, timeout=60) as http:
        with pytest.raises(httpx.ConnectError, match="refused"):
            http.get(served_ca["cmp"])
        faults.clear()
        assert http.get(served_ca["cmp"]).status_code == 405


def test_the_faults_are_the_tokens_alone(served_ca: dict[str, str]) -> None:
    with httpx.Client(base_url=served_ca["control"], trust_env=False, timeout=60) as http:
        assert http.post("/faults", json={"order": "ca.error"}).status_code == 401
        assert http.get("/exchanges").status_code == 401
