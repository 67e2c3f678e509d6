# SPDX-License-Identifier: Apache-2.0
"""Complete cards and their kinds, as a stage and its desk make them."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from selfrenew.config import assemble, load_configuration
from selfrenew.piv.objects import CertificateObject, DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.secret import Secret
from selfrenew_emulator.card import Card, Interfaces, Personality, read_image
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.stage import (
    TEST_PASSCODE,
    CardOrder,
    DeskRefusedError,
    EmbeddedStage,
    NoSuchCardError,
)
from selfrenew_emulator.stage.desk_client import order_card

RETIRED = set(range(0x82, 0x96))
CERTIFIED = {0x9A, 0x9C, 0x9D, 0x9E} | RETIRED
CARD_NAMES = (
    x509.SubjectAlternativeName.oid,
    x509.ObjectIdentifier("2.16.840.1.101.3.6.9.1"),
    x509.CertificatePolicies.oid,
    x509.AuthorityInformationAccess.oid,
)


def certificate(card: Card, key: KeyReference) -> x509.Certificate:
    raw = card.state.objects[DataObject.certificate_of(key).tag]
    return x509.load_der_x509_certificate(CertificateObject.from_bytes(raw).certificate_der)


@pytest.mark.parametrize(
    ("interfaces", "more"),
    [(Interfaces.CONTACT, set()), (Interfaces.DUAL, {0x04}), (Interfaces.CONTACTLESS, {0x04})],
    ids=lambda each: each.value if isinstance(each, Interfaces) else "",
)
def test_the_desk_makes_a_complete_card(
    selfrenew_stage: EmbeddedStage, interfaces: Interfaces, more: set[int]
) -> None:
    order = CardOrder("Bob Brown", interfaces=interfaces, complete=True)
    card = order_card(selfrenew_stage.folder, order)
    assert card.state.interfaces is interfaces
    assert set(card.state.keys) == CERTIFIED | {0x9B} | more
    expected = {DataObject.certificate_of(KeyReference(key)).tag for key in CERTIFIED}
    assert expected <= set(card.state.objects)
    assert bool(card.state.card_verifiable_certificate) == bool(more)


@pytest.mark.parametrize("interfaces", Interfaces)
def test_a_plain_card_has_any_interface_and_the_pair_alone(
    selfrenew_stage: EmbeddedStage, interfaces: Interfaces
) -> None:
    card = order_card(selfrenew_stage.folder, CardOrder("Bob Brown", interfaces=interfaces))
    assert card.state.interfaces is interfaces
    assert set(card.state.keys) == {0x9A, 0x9B, 0x9C}
    found = {each.oid for each in certificate(card, KeyReference.PIV_AUTHENTICATION).extensions}
    shared = {x509.CertificatePolicies.oid, x509.AuthorityInformationAccess.oid}
    assert not found & set(CARD_NAMES) - shared


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (
            CardOrder("Bob", personality=Personality.YUBIKEY, interfaces=Interfaces.DUAL),
            "contacts alone",
        ),
        (CardOrder("Bob", interfaces=Interfaces.DUAL, pairing_code_required=False), "is waived"),
        (CardOrder("Bob", complete=True, pairing_code_required=False), "is waived"),
    ],
    ids=["yubikey", "plain", "contact"],
)
def test_what_does_not_go_together_is_refused_before_anything_is_made(
    selfrenew_stage: EmbeddedStage, order: CardOrder, why: str
) -> None:
    before = len(selfrenew_stage.ca.audit())
    with pytest.raises(DeskRefusedError, match=f"422 .*{why}"):
        order_card(selfrenew_stage.folder, order)
    assert len(selfrenew_stage.ca.audit()) == before


def test_the_same_is_told_in_python(selfrenew_stage: EmbeddedStage) -> None:
    with pytest.raises(NoSuchCardError, match="Ask for another card"):
        selfrenew_stage.make_card(selfrenew_stage.make_person(), pairing_code_required=False)


def test_a_complete_yubikey_tells_which_keys_were_imported(
    selfrenew_stage: EmbeddedStage,
) -> None:
    card = selfrenew_stage.make_card(
        selfrenew_stage.make_person(), personality=Personality.YUBIKEY, complete=True
    )
    assert set(card.state.keys) == CERTIFIED | {0x9B, 0xF9}
    origins = {key: stored.origin for key, stored in card.state.keys.items()}
    assert {origins[key].name for key in {0x9D} | RETIRED if origins[key]} == {"IMPORTED"}
    assert {origins[key].name for key in (0x9A, 0x9C, 0x9E) if origins[key]} == {"GENERATED"}


def test_one_office_signs_all_cards_of_a_strength(selfrenew_stage: EmbeddedStage) -> None:
    for algorithm in (Algorithm.P256, Algorithm.P256, Algorithm.P384):
        person = selfrenew_stage.make_person()
        selfrenew_stage.make_card(person, complete=True, algorithm=algorithm)
    issued = [entry.answer for entry in selfrenew_stage.ca.audit()]
    assert sum("content-signing" in answer for answer in issued) == 2


def test_an_image_keeps_a_complete_card(selfrenew_stage: EmbeddedStage, tmp_path: Path) -> None:
    card = selfrenew_stage.make_card(
        selfrenew_stage.make_person(), complete=True, interfaces=Interfaces.DUAL
    )
    selfrenew_stage.write_card(tmp_path / "full.card", card)
    assert read_image(tmp_path / "full.card") == card.state


@pytest.mark.parametrize("interfaces", [Interfaces.CONTACT, Interfaces.DUAL])
def test_a_renewed_complete_card_still_names_the_card(
    selfrenew_stage: EmbeddedStage, interfaces: Interfaces
) -> None:
    stage = selfrenew_stage
    card = stage.make_card(stage.make_person(), complete=True, interfaces=interfaces)
    old = {key: certificate(card, key) for key in (KeyReference(0x9A), KeyReference(0x9C))}
    before = dict(card.state.objects)
    stage.reader.insert(card)
    configuration = load_configuration(stage.config_file)
    with assemble(configuration, reader=stage.reader, clock=stage.clock) as reference:
        reference.renew(Secret(TEST_PASSCODE))
    for key, former in old.items():
        renewed = certificate(card, key)
        assert renewed.not_valid_after_utc > former.not_valid_after_utc + timedelta(days=600)
        assert stage.ca.status_of(former).state is CertificateState.SUPERSEDED
        for oid in CARD_NAMES:
            kept = [each for each in former.extensions if each.oid == oid]
            assert [each for each in renewed.extensions if each.oid == oid] == kept
    changed = {tag for tag, content in card.state.objects.items() if before[tag] != content}
    assert changed == {DataObject.certificate_of(key).tag for key in old}
