# SPDX-License-Identifier: Apache-2.0
"""The CA: what it was asked, which certificates it holds for good, and what it does wrong."""

from pytest_bdd import given, parsers, then

from selfrenew.transport import Reader
from selfrenew_emulator.ca import IssuerName, person_name
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.faults import FaultBoard
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import Stage
from selfrenew_emulator.stage.remote import RemoteFaults

from .card_contents import read_contents
from .holder import HeldCard

_LOST = {"request": "ca.answer-lost:times=1", "confirmation": "ca.pkiconf-lost:times=1"}
# Long enough to be asked for more than once, in what a person waits.
_CHECK_AFTER_MOST_SECONDS = 20
CaFaults = FaultBoard | RemoteFaults


@given("the CA is away")
def ca_is_away(ca_faults: CaFaults) -> None:
    ca_faults.arm("ca.unreachable")


@given("the CA is well again")
def ca_is_well(ca_faults: CaFaults) -> None:
    ca_faults.clear()


@given(parsers.re(r"the (?P<issuer>authentication|signing) issuer of the CA is down"))
def issuer_is_down(ca_faults: CaFaults, issuer: str) -> None:
    ca_faults.arm(f"ca.issuer-down:issuer={issuer}")


@given(
    parsers.re(
        r"the (?P<issuer>authentication|signing) issuer of the CA goes down once it is asked for a "
        r"certificate"
    )
)
def issuer_goes_down(ca_faults: CaFaults, issuer: str) -> None:
    ca_faults.arm(f"ca.issuer-down:issuer={issuer},at=cr")


@given(parsers.re(r"the CA's answer to a (?P<message>request|confirmation) is lost once"))
def answer_is_lost(ca_faults: CaFaults, message: str) -> None:
    ca_faults.arm(_LOST[message])


@given(parsers.re(r"the CA takes (?P<seconds>\d+) seconds to decide"), converters={"seconds": int})
def takes_time(ca_faults: CaFaults, seconds: int) -> None:
    after = seconds if seconds > 600 else min(seconds, _CHECK_AFTER_MOST_SECONDS)
    ca_faults.arm(f"ca.waiting:seconds={seconds},check-after={after}")


@then("the CA was asked for nothing")
def asked_for_nothing(stage: Stage, held: HeldCard) -> None:
    assert len(stage.ca.audit()) == held.messages_to_ca


@then("the CA holds both old certificates for superseded")
def old_are_superseded(stage: Stage, held: HeldCard) -> None:
    for certificate in held.handed_out.certificates.values():
        assert stage.ca.status_of(certificate).state is CertificateState.SUPERSEDED


@then("the CA holds both certificates on her card for valid")
def both_are_valid(stage: Stage, card_reader: Reader) -> None:
    for certificate in read_contents(card_reader).certificates.values():
        assert stage.ca.status_of(certificate).state is CertificateState.VALID


@then("the CA holds no other certificate of hers for valid")
def no_other_is_valid(stage: Stage, card_reader: Reader, alice: Person) -> None:
    on_card = set(read_contents(card_reader).certificates.values())
    records = stage.ca.certificates_of(person_name(alice.user_id))
    valid = {each.certificate for each in records if each.state is CertificateState.VALID}
    assert valid == on_card


@then(
    parsers.re(
        r"the (?P<slot>authentication|signing) certificate on her card was issued by the "
        r"(?P<issuer>authentication|signing) issuer"
    )
)
def issued_by(stage: Stage, card_reader: Reader, slot: str, issuer: str) -> None:
    certificate = read_contents(card_reader).certificates[slot]
    issuing = stage.ca.issuers[IssuerName(issuer)]
    certificate.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(stage.ca.root)
