# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from selfrenew.iso7816 import CommandApdu, Instruction, Tlv
from selfrenew.piv.objects import CardholderUniqueIdentifier, CertificateObject, DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.secret import Secret
from selfrenew_emulator.ca import CertificateAuthority, Enrolment, person_name
from selfrenew_emulator.card import Card
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.faults import FaultBoard
from selfrenew_emulator.personalisation import (
    CardIdentity,
    CardSecrets,
    EnrolmentFailedError,
    EnrolmentOffice,
    PersonalisationError,
    personalise,
)
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import Endpoint, Servers, bind

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ALICE = person_name("123456789012")
SECRETS = CardSecrets(Secret("123456"), Secret(bytes(range(24))))
GUID = bytes(range(16))
IDENTITY = CardIdentity(GUID, NOW.date())
SLOTS = (KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE)


@pytest.fixture
def ca() -> Iterator[CertificateAuthority]:
    authority = CertificateAuthority(lambda: NOW, seeded("ca"))
    yield authority
    authority.close()


@pytest.fixture
def url(ca: CertificateAuthority) -> Iterator[str]:
    endpoint = Endpoint(ca.app, bind())
    with Servers([endpoint]):
        yield f"{endpoint.url}/.well-known/cmp"


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def enrolment(ca: CertificateAuthority) -> Enrolment:
    return ca.enrol(subject=ALICE, profiles=("authentication", "signing"), uses=2)


@pytest.fixture
def office(url: str, enrolment: Enrolment, http: httpx.Client) -> EnrolmentOffice:
    return EnrolmentOffice(url, enrolment, clock=lambda: NOW, randomness=seeded("o"), http=http)


def blank() -> Card:
    return Card.blank(
        pin=SECRETS.passcode.reveal(),
        puk=b"87654321",
        management_key=SECRETS.management_key.reveal(),
        randomness=seeded("card"),
    )


def read(card: Card, data_object: DataObject) -> bytes:
    tags = bytes(Tlv(0x5C, data_object.tag.to_bytes(3, "big")))
    command = CommandApdu(0, Instruction.GET_DATA, 0x3F, 0xFF, tags, 65536)
    answer = card.transmit(bytes(command))
    assert answer[-2:] == b"\x90\x00"
    return Tlv.from_bytes(answer[:-2]).value


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.RSA2048])
def test_the_card_holds_a_confirmed_pair_of_its_own_keys(
    ca: CertificateAuthority, office: EnrolmentOffice, algorithm: Algorithm
) -> None:
    card = blank()
    ends = {key: NOW + timedelta(days=30 + at) for at, key in enumerate(SLOTS)}
    pair = personalise(
        card.transmit,
        office,
        secrets=SECRETS,
        subject=ALICE,
        identity=IDENTITY,
        not_after=ends,
        algorithm=algorithm,
    )
    for key in SLOTS:
        raw = read(card, DataObject.certificate_of(key))
        assert CertificateObject.from_bytes(raw) is not None
        assert pair[key].subject == ALICE
        assert pair[key].not_valid_after_utc == ends[key]
        assert ca.status_of(pair[key]).state is CertificateState.VALID
    chuid = CardholderUniqueIdentifier.from_bytes(read(card, DataObject.CHUID))
    assert chuid.guid == GUID


def test_a_wrong_secret_is_told_and_not_repeated(
    url: str, enrolment: Enrolment, http: httpx.Client
) -> None:
    wrong = Enrolment(
        enrolment.reference, Secret("wrong secret"), None, enrolment.profiles, None, None
    )
    office = EnrolmentOffice(url, wrong, clock=lambda: NOW, randomness=seeded("o"), http=http)
    with pytest.raises(EnrolmentFailedError, match="authentication certificate failed") as caught:
        personalise(
            blank().transmit,
            office,
            secrets=SECRETS,
            subject=ALICE,
            identity=IDENTITY,
        )
    assert "wrong secret" not in str(caught.value)


def test_a_ca_that_is_not_there_is_told(enrolment: Enrolment, http: httpx.Client) -> None:
    with bind() as listener:
        port = listener.getsockname()[1]
    office = EnrolmentOffice(
        f"http://127.0.0.1:{port}",
        enrolment,
        clock=lambda: NOW,
        randomness=seeded("o"),
        http=http,
    )
    with pytest.raises(EnrolmentFailedError, match="Check that the stage is running"):
        personalise(
            blank().transmit,
            office,
            secrets=SECRETS,
            subject=ALICE,
            identity=IDENTITY,
        )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("ca.certificate-key", "another key"),
        ("ca.certificate-subject", "names somebody else"),
        ("ca.certificate-expired", "not valid now"),
        ("ca.certificate-not-yet-valid", "not valid now"),
        ("ca.certificate-ca", "a CA's"),
        ("ca.certificate-issuer", "no issuer that is known"),
    ],
)
def test_no_card_is_made_with_a_certificate_that_its_holder_could_not_use(
    ca: CertificateAuthority, enrolment: Enrolment, http: httpx.Client, fault: str, said: str
) -> None:
    board = FaultBoard()
    endpoint = Endpoint(board.before_ca(ca.app), bind())
    board.arm(fault)
    office = EnrolmentOffice(
        f"{endpoint.url}/.well-known/cmp",
        enrolment,
        clock=lambda: NOW,
        randomness=seeded("o"),
        http=http,
        issuers=ca.issuers.values(),
    )
    with Servers([endpoint]), pytest.raises(EnrolmentFailedError, match=said):
        personalise(blank().transmit, office, secrets=SECRETS, subject=ALICE, identity=IDENTITY)
    assert CertificateState.VALID not in {each.state for each in ca.certificates_of(ALICE)}


def test_a_card_that_keeps_no_certificate_is_not_said_to_be_made(office: EnrolmentOffice) -> None:
    card = blank()

    def forgetful(command: bytes) -> bytes:
        is_certificate = command[1] == Instruction.PUT_DATA and len(command) > 300
        return b"\x90\x00" if is_certificate else card.transmit(command)

    with pytest.raises(PersonalisationError, match="Reading the"):
        personalise(forgetful, office, secrets=SECRETS, subject=ALICE, identity=IDENTITY)
