# SPDX-License-Identifier: Apache-2.0
"""The CA: what it was asked, and which certificates it holds for good."""

from pytest_bdd import parsers, then

from selfrenew.transport import Reader
from selfrenew_emulator.ca import IssuerName, person_name
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import Stage

from .card_contents import read_contents
from .holder import HeldCard


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
