# SPDX-License-Identifier: Apache-2.0
"""The marker: a fault strikes in its test alone, and a test whose fault did not strike fails."""

from .conftest import RunPytest

_STRIKING = """
from selfrenew.transport import CardRemovedError

VERIFY = bytes.fromhex("00200080")

@pytest.mark.selfrenew_fault("card.removed:before=VERIFY")
def test_card_goes(selfrenew_reader, selfrenew_faults):
    with pytest.raises(CardRemovedError):
        selfrenew_reader.connect().transmit(VERIFY)
    assert selfrenew_faults.history == ["card.removed"]

def test_card_stays(selfrenew_reader, selfrenew_faults):
    assert selfrenew_reader.connect().transmit(VERIFY) == b"\\x63\\xc3"
    assert selfrenew_faults.armed == ()
"""
_STRIKING_THE_CA = """
import socket
from urllib.parse import urlsplit

import httpx

_HEADERS = {"content-type": "application/pkixcmp"}

def ask(stage):
    asked = httpx.post(stage.urls.cmp_http, headers=_HEADERS, content=b"", trust_env=False)
    return asked.status_code

@pytest.mark.selfrenew_fault("ca.unreachable")
def test_ca_is_down(selfrenew_card, selfrenew_stage, selfrenew_faults):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(selfrenew_stage.urls.cmp_http).port))
    assert selfrenew_faults.history == ["ca.unreachable"]

@pytest.mark.selfrenew_fault("ca.unavailable:after=1,times=1")
def test_ca_is_busy(selfrenew_card, selfrenew_stage):
    assert [ask(selfrenew_stage) for _ in range(3)] == [400, 503, 400]
"""
_NOT_STRIKING = """
@pytest.mark.selfrenew_fault("card.removed:before=VERIFY")
def test_unstruck(selfrenew_reader):
    pass

@pytest.mark.selfrenew_fault("portal.blank-page")
def test_no_portal(selfrenew_stage):
    pass

@pytest.mark.selfrenew_fault("mail.refused")
def test_no_stage():
    pass

@pytest.mark.selfrenew_fault("spine.refuses")
def test_no_line(selfrenew_stage):
    pass

@pytest.mark.selfrenew_fault("mail.eaten")
def test_unknown(selfrenew_stage):
    pass

@pytest.mark.selfrenew_fault("card.removed:after=SIGN")
def test_no_order(selfrenew_stage):
    pass

@pytest.mark.selfrenew_fault(name="mail.refused")
def test_no_marker(selfrenew_stage):
    pass

# As pytest-bdd makes a tag of a feature into a marker.
@getattr(pytest.mark, 'selfrenew_fault("mail.refused")')
def test_tag(selfrenew_stage):
    pass
"""


def test_a_marked_test_meets_its_fault_and_no_other_does(run_pytest: RunPytest) -> None:
    ended = run_pytest(_STRIKING, "--strict-markers")
    assert ended.counts == {"passed": 2}, ended.text


def test_a_fault_of_the_ca_waits_until_the_card_is_made(run_pytest: RunPytest) -> None:
    ended = run_pytest(_STRIKING_THE_CA)
    assert ended.counts == {"passed": 2}, ended.text


def test_a_test_that_did_not_meet_its_fault_fails_and_says_why(run_pytest: RunPytest) -> None:
    ended = run_pytest(_NOT_STRIKING, "-rA", "-W", "ignore::pytest.PytestUnknownMarkWarning")
    assert ended.counts == {"failed": 4, "errors": 4}, ended.text
    for said in (
        "The fault 'card.removed:before=VERIFY' never struck",
        "The fault 'portal.blank-page' had no portal to strike. Ask for a fixture",
        "The fault 'mail.refused' had no mail to strike. Ask for a fixture",
        "had no spine to strike. Have your program ask the services through selfrenew_faults.",
        "There is no fault named 'mail.eaten'. Known: ca.unreachable, ca.unavailable",
        "Arming the fault 'card.removed:after=SIGN' failed: 'SIGN' is no command",
        "The marker selfrenew_fault takes one order, such as",
        "The tag 'selfrenew_fault(\"mail.refused\")' arms nothing, as a tag takes no order.",
    ):
        assert said in ended.text
