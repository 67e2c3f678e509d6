# SPDX-License-Identifier: Apache-2.0
"""Every fault of the CA in the middle of a renewal: what is told, what is left, and that it heals.

The oracle reads the card with raw commands, judges with `cryptography`, and asks the CA itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from selfrenew.cmp import (
    CaAnswerLostError,
    CaBusyError,
    CaDownError,
    CaRejectedError,
    CaUnreachableError,
    CaWaitingError,
    CmpError,
    NotCmpError,
    UntrustedAnswerError,
    WrongCertificateError,
    WrongTransactionError,
)
from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import NotDueError, RenewalInterruptedError
from selfrenew_emulator.ca import person_name
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import CA_FAULTS, FaultBoard
from selfrenew_emulator.stage import EmbeddedStage
from selfrenew_steps.card_contents import read_contents, tries_left

from .conftest import PASSCODE, Bench, MakeBench

# A CA that says nothing is waited for until the client's own time is over.
_SILENCE_SECONDS = 2.0
_SILENT = frozenset({"ca.hang", "ca.slow"})


@dataclass(frozen=True)
class Met:
    """What a fault at a certain message comes to; `error` None is a renewal that is done anyway."""

    error: type[CmpError] | None
    told: str = ""
    at: str = "cr"
    parameters: str = ""
    sent: tuple[str, ...] = ()
    """The messages from the one that is struck on."""


ENDED = ("cr", "error")
REJECTED = ("cr", "certConf")
UNUSED = "It was not used."
NOT_WRITTEN = "It was rejected and not written."
MET = {
    "ca.unreachable": Met(CaUnreachableError, "run the renewal again", sent=("cr",)),
    "ca.unavailable": Met(CaBusyError, "the service is busy", sent=("cr",)),
    "ca.error": Met(CaBusyError, "HTTP 500. Try again later", sent=("cr",)),
    "ca.hang": Met(CaAnswerLostError, "no whole answer in time", sent=("cr", "cr")),
    "ca.reset": Met(CaAnswerLostError, "Check the network", sent=("cr", "cr")),
    "ca.slow": Met(CaAnswerLostError, "no whole answer in time", sent=("cr", "cr")),
    "ca.truncated": Met(NotCmpError, "bytes that are not a CMP message", sent=ENDED),
    "ca.content-type": Met(NotCmpError, "text/html, which is not CMP", sent=ENDED),
    "ca.answer-lost": Met(CaAnswerLostError, "Check the network", sent=("cr", "cr")),
    "ca.pkiconf-lost": Met(CaAnswerLostError, "certConf", "certConf", "", ("certConf", "certConf")),
    "ca.duplicate-answer": Met(
        WrongTransactionError, UNUSED, "certConf", "", ("certConf", "certConf")
    ),
    "ca.rejects": Met(CaRejectedError, "badPOP", parameters="fail-info=badPOP", sent=("cr",)),
    "ca.issuer-down": Met(CaDownError, "systemUnavail", parameters="issuer=signing", sent=("cr",)),
    "ca.waiting": Met(
        CaWaitingError,
        "The CA has not decided yet",
        parameters="seconds=1000,check-after=100",
        sent=("cr", "pollReq", "pollReq", "error"),
    ),
    "ca.transaction": Met(WrongTransactionError, UNUSED, sent=ENDED),
    "ca.nonce": Met(WrongTransactionError, UNUSED, sent=ENDED),
    "ca.protection-wrong": Met(UntrustedAnswerError, UNUSED, sent=ENDED),
    "ca.protection-missing": Met(UntrustedAnswerError, UNUSED, sent=ENDED),
    "ca.signer-expired": Met(UntrustedAnswerError, UNUSED, sent=ENDED),
    "ca.signer-unknown": Met(UntrustedAnswerError, UNUSED, sent=ENDED),
    "ca.certificate-key": Met(WrongCertificateError, NOT_WRITTEN, sent=REJECTED),
    "ca.certificate-subject": Met(WrongCertificateError, NOT_WRITTEN, sent=REJECTED),
    "ca.certificate-expired": Met(WrongCertificateError, NOT_WRITTEN, sent=REJECTED),
    "ca.certificate-not-yet-valid": Met(WrongCertificateError, NOT_WRITTEN, sent=REJECTED),
    "ca.certificate-ca": Met(WrongCertificateError, NOT_WRITTEN, sent=REJECTED),
    "ca.certificate-issuer": Met(WrongCertificateError, NOT_WRITTEN, sent=REJECTED),
    "ca.indefinite-length": Met(NotCmpError, "not a CMP message", sent=ENDED),
    "ca.trailing-data": Met(NotCmpError, "not a CMP message", sent=ENDED),
    "ca.huge-length": Met(NotCmpError, "not a CMP message", sent=ENDED),
    "ca.deep-nesting": Met(NotCmpError, "not a CMP message", sent=ENDED),
}
# What a fault that strikes once costs nothing but a message more.
HEALED_BY_ITSELF = {
    "ca.unavailable": ("retry-after=9", ("cr", "cr")),
    "ca.hang": ("", ("cr", "cr")),
    "ca.reset": ("", ("cr", "cr")),
    "ca.slow": ("", ("cr", "cr")),
    "ca.answer-lost": ("", ("cr", "cr")),
    "ca.pkiconf-lost": ("", ("certConf", "certConf")),
    "ca.duplicate-answer": ("", ("certConf", "certConf")),
    "ca.waiting": ("seconds=60,check-after=20", ("cr", "pollReq", "pollReq", "pollReq", "pollReq")),
}


@pytest.fixture
def board(module_stage: EmbeddedStage) -> Iterator[FaultBoard]:
    board = FaultBoard()
    board.attach_ca(module_stage.ca_front)
    yield board
    board.clear()


def reference(bench: Bench, name: str) -> Reference:
    """Put the reference together; it waits by moving the stage's clock."""
    clock = bench.stage.clock
    assert isinstance(clock, SettableClock)
    made = assemble(
        load_configuration(bench.stage.config_file),
        reader=bench.stage.reader,
        clock=clock,
        sleep=lambda seconds: clock.advance(timedelta(seconds=seconds)),
    )
    if name in _SILENT:
        # Of the CA alone: the other services are not silent, only at times slow on a busy machine.
        made.http.event_hooks = {"request": [wait_briefly_for_the_ca]}
    return made


def wait_briefly_for_the_ca(request: httpx.Request) -> None:
    if request.headers.get("content-type") == "application/pkixcmp":
        request.extensions["timeout"] = httpx.Timeout(_SILENCE_SECONDS).as_dict()


def sent_since_struck(bench: Bench, before: int) -> tuple[str, ...]:
    records = bench.stage.ca_front.history[before:]
    first = next(at for at, each in enumerate(records) if each.fault is not None)
    return tuple(each.request for each in records[first:])


def order(name: str, slot: str, parameters: str, at: str, *more: str) -> str:
    parts = [f"at={at}", f"issuer={slot}", *more]
    if parameters and "issuer=" not in parameters:
        parts.append(parameters)
    return f"{name}:{','.join(parts)}"


@pytest.mark.parametrize("slot", ["signing", "authentication"])
@pytest.mark.parametrize("name", CA_FAULTS)
def test_a_fault_of_the_ca_is_told_leaves_a_card_that_works_and_is_over_once_it_heals(
    make_bench: MakeBench, board: FaultBoard, name: str, slot: str
) -> None:
    met, bench = MET[name], make_bench()
    armed = board.arm(order(name, slot, met.parameters, met.at))
    before = len(bench.stage.ca_front.history)
    with reference(bench, name) as used, pytest.raises(RenewalInterruptedError) as broken:
        bench.renewal(used).run()
    error = broken.value
    assert armed.strikes
    assert met.error is not None
    assert isinstance(error.cause, met.error)
    assert error.slot is (
        KeyReference.DIGITAL_SIGNATURE if slot == "signing" else KeyReference.PIV_AUTHENTICATION
    )
    assert met.told in str(error)
    assert PASSCODE not in str(error)
    assert ".." not in str(error)
    assert sent_since_struck(bench, before) == met.sent
    # The slot's object is as it was, unless the certificate was good and only its pkiConf was not.
    after = read_contents(bench.stage.reader).certificates
    unchanged = after[slot] == bench.before.certificates[slot]
    assert unchanged is (met.at == "cr")
    assert bench.counting_slots() >= {"signing", "authentication"} - {slot}
    assert tries_left(bench.stage.reader) == 3
    _assert_nothing_lives_on_unseen(bench)
    board.clear()
    try:
        bench.renew()
    except NotDueError:
        assert slot == "authentication"
        assert met.at == "certConf"
    bench.assert_renewed_and_nothing_else_counts()
    bench.assert_signs_in()


def _assert_nothing_lives_on_unseen(bench: Bench) -> None:
    """What counts at the CA is on the card; what was issued beside it is withdrawn, or pending."""
    on_card = set(read_contents(bench.stage.reader).certificates.values())
    on_card |= set(bench.before.certificates.values())
    records = bench.stage.ca.certificates_of(person_name(bench.person.user_id))
    valid = {each.certificate for each in records if each.state is CertificateState.VALID}
    assert valid <= on_card


@pytest.mark.parametrize("slot", ["signing", "authentication"])
@pytest.mark.parametrize("name", HEALED_BY_ITSELF)
def test_a_fault_that_strikes_once_costs_a_message_and_no_second_key(
    make_bench: MakeBench, board: FaultBoard, name: str, slot: str
) -> None:
    parameters, sent = HEALED_BY_ITSELF[name]
    bench = make_bench()
    armed = board.arm(order(name, slot, parameters, MET[name].at, "times=1"))
    before = len(bench.stage.ca_front.history)
    with reference(bench, name) as used:
        outcome = bench.renewal(used).run()
    assert armed.strikes == 1
    assert len(outcome.new) == 2
    assert sent_since_struck(bench, before)[: len(sent)] == sent
    bench.assert_renewed_and_nothing_else_counts()
    records = bench.stage.ca.certificates_of(person_name(bench.person.user_id))
    # The two it had and the two it has: a lost answer left no third.
    assert len(records) == 4


ABOUT_A_CERTIFICATE = {
    name
    for name, met in MET.items()
    if met.sent == REJECTED or met.at == "certConf" or name in {"ca.answer-lost", "ca.waiting"}
}
# A refusal to tell anything, or information without protection, shows a CA all the same.
GOOD_ENOUGH = {"ca.rejects", "ca.protection-missing"}


def before_a_key(name: str) -> str:
    return order(name, "signing", MET[name].parameters, "genm")


@pytest.mark.parametrize("name", sorted(set(CA_FAULTS) - ABOUT_A_CERTIFICATE - GOOD_ENOUGH))
def test_a_fault_that_is_there_before_a_key_is_given_up_changes_nothing(
    make_bench: MakeBench, board: FaultBoard, name: str
) -> None:
    bench = make_bench()
    board.arm(before_a_key(name))
    with reference(bench, name) as used, pytest.raises(CmpError) as broken:
        bench.renewal(used).run()
    assert str(broken.value).endswith(".")
    assert read_contents(bench.stage.reader) == bench.before
    assert bench.counting_slots() == {"signing", "authentication"}
    board.clear()
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


@pytest.mark.parametrize("name", sorted(GOOD_ENOUGH))
def test_a_ca_that_tells_nothing_of_itself_is_there_all_the_same(
    make_bench: MakeBench, board: FaultBoard, name: str
) -> None:
    bench = make_bench()
    armed = board.arm(before_a_key(name))
    bench.renew()
    assert armed.strikes
    bench.assert_renewed_and_nothing_else_counts()


def test_while_the_ca_is_away_a_sign_in_goes_on(make_bench: MakeBench, board: FaultBoard) -> None:
    bench = make_bench()
    board.arm("ca.unreachable")
    bench.assert_signs_in()
    with reference(bench, "ca.unreachable") as used, pytest.raises(CaUnreachableError):
        bench.renewal(used).run()
    assert read_contents(bench.stage.reader) == bench.before
