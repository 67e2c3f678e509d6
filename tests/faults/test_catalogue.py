# SPDX-License-Identifier: Apache-2.0
"""The catalogue, and the orders that name what is in it."""

import pytest

from selfrenew.iso7816 import Instruction
from selfrenew.piv import KeyReference
from selfrenew_emulator.faults import (
    CATALOGUE,
    CardRemoval,
    FaultOrderError,
    Moment,
    Phase,
    UnknownFaultError,
    read_order,
)

ONE_MOMENT = "it needs one of before=COMMAND, during=COMMAND, after=COMMAND and at=NUMBER"


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_fault_says_where_it_is_met_and_what_a_correct_client_does(name: str) -> None:
    fault = CATALOGUE[name]
    assert name == fault.name
    assert name.partition(".")[0] == fault.target.value
    assert fault.reason.endswith(".")
    assert fault.client.endswith(".")


def test_an_order_says_what_and_how_often() -> None:
    order = read_order("card.removed:after=put data, slot=9C, times=3")
    moment = Moment(Phase.AFTER, Instruction.PUT_DATA, KeyReference.DIGITAL_SIGNATURE)
    assert order.what == CardRemoval(moment)
    assert order.times == 3
    assert read_order("card.removed:before=VERIFY").times == 1
    assert read_order("mail.refused").times is None


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownFaultError) as unknown:
        read_order("card.nonsense:after=VERIFY")
    known = ", ".join(CATALOGUE)
    assert str(unknown.value) == f"There is no fault named 'card.nonsense'. Known: {known}."
    assert {"ca.waiting", "card.removed", "mail.refused", "portal.blank-page"} <= set(CATALOGUE)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (
            "card.removed",
            ONE_MOMENT,
        ),
        (
            "card.removed:before=VERIFY,after=VERIFY",
            ONE_MOMENT,
        ),
        ("card.removed:after=GE", "GENERATE ASYMMETRIC KEY PAIR, GENERAL AUTHENTICATE"),
        ("card.removed:after=SIGN", "'SIGN' is no command"),
        ("card.removed:after=GENERATE,slot=signing", "'signing' is no slot"),
        ("card.removed:after=GENERATE,slot=9f", "'9f' is no slot"),
        ("card.removed:after=VERIFY,slot=9c", "a VERIFY is not about a slot"),
        (
            "card.removed:after=VERIFY,colour=red",
            "but before, during, after, at",
        ),
        ("card.removed:after=VERIFY,after=VERIFY", "'after' is there twice"),
        ("card.removed:after", "'after' is not like NAME=VALUE"),
        ("card.removed:at=0", "'at' is a number from 1 on, not '0'"),
        ("card.removed:at=3,slot=9c", "'slot' goes with a command's name, not with its number"),
        ("card.removed:after=VERIFY,phase=before", "'phase' goes with at=NUMBER"),
        ("card.removed:at=3,phase=within", "'within' is no phase; there are before, during, after"),
        ("card.torn:before=PUT DATA", "it has no parameter 'before'"),
        ("card.torn:during=PUT DATA,kind=most", "there are old, empty, half, garbage"),
        ("card.status:before=VERIFY", "'sw' is a status word from 6000 to 9FFF, not ''"),
        ("card.status:before=VERIFY,sw=1234", "a status word from 6000 to 9FFF, not '1234'"),
        ("card.certificate:of=9e", "'9e' is no of; there are 9a, 9c"),
        ("world.clock-jumps:at=1,by=soon", "'by' is a span such as 1h, -30m or 400d, not 'soon'"),
        ("mail.refused:", None),
        ("mail.refused:reply=250 OK", "a refusal is like '421 4.3.2 Service shutting down'"),
        ("mail.late:by=-5m", "'by' is a time to wait, not '-5m'"),
        ("mail.refused:times=0", "a number from 1 on, not '0'"),
        ("mail.refused:times=-1", "a number from 1 on, not '-1'"),
        ("ca.error:at=cp", "'cp' is no message to a CA; there are ir, cr, p10cr, kur, certConf"),
        ("ca.error:issuer=moon", "'moon' is no issuer; there are authentication, signing"),
        ("ca.error:after=-1", "'after' is a number up to 1000000, not '-1'"),
        ("ca.unavailable:retry-after=soon", "'retry-after' is a number up to 86400, not 'soon'"),
        ("ca.rejects:fail-info=badMood", "'badMood' is no PKIFailureInfo; there are badAlg"),
        ("ca.issuer-down", "it needs issuer=authentication or issuer=signing"),
        ("ca.answer-lost:at=genm", "it strikes at cr, ir, kur, p10cr, not at genm"),
        ("ca.content-type:type=web", "'web' is no content type"),
        ("ca.unreachable:times=2", "it has no parameter 'times', but at, issuer, after"),
        ("portal.blank-page:colour=red", "it has no parameter 'colour', but times"),
    ],
)
def test_an_order_that_cannot_be_played_is_refused_with_the_reason(
    order: str, reason: str | None
) -> None:
    if reason is None:
        assert read_order(order).times is None
        return
    with pytest.raises(FaultOrderError) as refused:
        read_order(order)
    assert str(refused.value).startswith(f"Arming the fault '{order}' failed: ")
    assert reason in str(refused.value)
