# SPDX-License-Identifier: Apache-2.0
import ssl
import tomllib
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.iso7816 import CommandApdu, Instruction, Tlv
from selfrenew.piv.objects import CertificateObject, DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.card import Card, PrivateKey, generate
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.personalisation import EnrolmentOffice
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage, PortTakenError, StateError, bind

SLOTS = (KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE)


def certificate_on(card: Card, key: KeyReference) -> x509.Certificate:
    tags = bytes(Tlv(0x5C, DataObject.certificate_of(key).tag.to_bytes(3, "big")))
    command = CommandApdu(0, Instruction.GET_DATA, 0x3F, 0xFF, tags, 65536)
    content = Tlv.from_bytes(card.transmit(bytes(command))[:-2]).value
    return x509.load_der_x509_certificate(CertificateObject.from_bytes(content).certificate_der)


def test_one_root_is_trusted_for_every_service(selfrenew_stage: EmbeddedStage) -> None:
    urls = selfrenew_stage.urls
    context = ssl.create_default_context(cafile=selfrenew_stage.root_file)
    with httpx.Client(verify=context, trust_env=False, timeout=60) as client:
        assert client.get(f"{urls.management}/health").json() == {"status": "ok"}
        assert client.get(f"{urls.spine}/health").json() == {"status": "ok"}
        refused = client.post(urls.cmp_https, content=b"")
        assert refused.status_code != httpx.codes.NOT_FOUND
        assert urls.cmp_http.startswith("http://127.0.0.1:")


def test_the_configuration_names_the_services_and_a_card(selfrenew_stage: EmbeddedStage) -> None:
    tables = tomllib.loads(selfrenew_stage.config_file.read_text())
    folder = selfrenew_stage.config_file.parent
    assert tables["ca"]["url"] == selfrenew_stage.urls.cmp_https
    assert tables["spine"]["url"] == selfrenew_stage.urls.spine
    assert folder / tables["tls"]["trust_anchors"] == selfrenew_stage.root_file
    assert folder / tables["reader"]["location"] == selfrenew_stage.folder.card_file


@pytest.mark.parametrize("days_left", [91, 1, -1])
def test_a_card_ends_when_it_was_asked_to(selfrenew_stage: EmbeddedStage, days_left: int) -> None:
    person = selfrenew_stage.make_person()
    card = selfrenew_stage.make_card(person, days_left=days_left, signing_days_left=400)
    ends = [certificate_on(card, key).not_valid_after_utc - DEFAULT_NOW for key in SLOTS]
    assert ends == [timedelta(days=days_left), timedelta(days=400)]


def test_both_certificates_are_valid_at_the_ca(
    selfrenew_stage: EmbeddedStage, selfrenew_card: Card
) -> None:
    for key in SLOTS:
        status = selfrenew_stage.ca.status_of(certificate_on(selfrenew_card, key))
        assert status.state is CertificateState.VALID


def test_an_old_card_may_have_a_passcode_of_four_digits(selfrenew_stage: EmbeddedStage) -> None:
    card = selfrenew_stage.make_card(selfrenew_stage.make_person(), passcode=b"4711")
    verify = CommandApdu(0, Instruction.VERIFY, 0, 0x80, b"4711".ljust(8, b"\xff"))
    assert card.transmit(bytes(verify)) == b"\x90\x00"


def test_an_rsa_card_is_made_with_keys_from_the_source_given() -> None:
    asked: list[Algorithm] = []

    def source(algorithm: Algorithm) -> PrivateKey:
        asked.append(algorithm)
        return generate(algorithm)

    with EmbeddedStage(key_source=source) as stage:
        stage.make_card(stage.make_person(), algorithm=Algorithm.RSA2048)
    assert asked == [Algorithm.RSA2048] * 2


def test_the_reader_fixture_holds_the_card(selfrenew_reader: EmbeddedReader) -> None:
    assert selfrenew_reader.card_present


def test_the_clock_fixture_moves_the_stage(
    selfrenew_clock: SettableClock, selfrenew_stage: EmbeddedStage
) -> None:
    selfrenew_clock.advance(timedelta(days=1))
    assert selfrenew_stage.clock() == DEFAULT_NOW + timedelta(days=1)


def test_the_same_seed_makes_the_same_people() -> None:
    made = []
    for _ in range(2):
        with EmbeddedStage(seed="alike") as stage:
            made.append(stage.make_person())
    assert made[0] == made[1]


def test_the_enrolment_is_for_any_subject_and_any_number_of_times(
    selfrenew_stage: EmbeddedStage,
) -> None:
    with httpx.Client(trust_env=False, timeout=60) as http:
        office = EnrolmentOffice(
            selfrenew_stage.urls.cmp_http,
            selfrenew_stage.enrolment,
            clock=selfrenew_stage.clock,
            randomness=seeded("office"),
            http=http,
        )
        for name in ("CN=first", "CN=second"):
            key = PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))
            subject = x509.Name.from_rfc4514_string(name)
            assert office.enrol(None, subject, key).subject == subject


def test_a_kept_stage_starts_again_with_its_keys_cards_enrolment_and_ports(tmp_path: Path) -> None:
    with EmbeddedStage(state=tmp_path) as first:
        urls, root, enrolment = first.urls, first.ca.root, first.enrolment
        card = first.make_card(first.make_person())
        first.write_card(first.folder.card_file, card)
    with EmbeddedStage(state=tmp_path) as second:
        assert second.urls == urls
        assert second.ca.root == root
        assert second.enrolment == enrolment
        kept = Card.open(second.folder.card_file)
        status = second.ca.status_of(certificate_on(kept, SLOTS[0]))
        kept.close()
        assert status.state is CertificateState.VALID


def test_a_kept_stage_takes_another_port_and_writes_it_down_where_its_own_is_taken(
    tmp_path: Path,
) -> None:
    with EmbeddedStage(state=tmp_path) as first:
        port = int(first.urls.spine.rpartition(":")[2])
    with bind(port), EmbeddedStage(state=tmp_path) as second:
        assert second.urls.spine != first.urls.spine
        assert second.urls.spine in second.config_file.read_text()


def test_a_port_asked_for_and_taken_ends_the_start_and_leaves_the_folder_free(
    tmp_path: Path,
) -> None:
    with bind() as taken:
        ports = {"cmp_http": taken.getsockname()[1]}
        with pytest.raises(PortTakenError), EmbeddedStage(state=tmp_path, ports=ports):
            pass
    with EmbeddedStage(state=tmp_path):
        pass


def test_a_stage_that_is_not_kept_leaves_nothing_behind() -> None:
    with EmbeddedStage() as stage:
        folder = stage.folder.path
        assert folder.is_dir()
    assert not folder.exists()


def test_a_folder_whose_keys_are_damaged_is_named(tmp_path: Path) -> None:
    with EmbeddedStage(state=tmp_path):
        pass
    (tmp_path / "ca" / "keys" / "root.pem").write_text("not PEM")
    with pytest.raises(StateError, match="its services cannot be opened"):
        EmbeddedStage(state=tmp_path).__enter__()
