# SPDX-License-Identifier: Apache-2.0
import asyncio
import ssl
from base64 import b64encode
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key

from selfrenew.piv.objects import CertificateObject
from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, Interfaces, Personality
from selfrenew_emulator.mail import MailDownError, MailSender
from selfrenew_emulator.spine import Person, Role
from selfrenew_emulator.stage import CardOrder, ControlRefusedError
from selfrenew_emulator.stage.remote.faults import RemoteFaults
from selfrenew_emulator.stage.remote.services import RemoteDesk
from selfrenew_emulator.stage.remote.services_models import PersonForm, RefusalForm

ALICE = Person("123456789012", "Alice Archer", (Role("R1", "Nurse", "Hill Surgery TEST"),))


@pytest.fixture
def desk(services: Any) -> RemoteDesk:
    services.desk.register(ALICE)
    desk: RemoteDesk = services.desk
    return desk


def verify(card: Card, passcode: bytes) -> bytes:
    return card.transmit(bytes.fromhex("0020008008") + passcode.ljust(8, b"\xff"))


def test_the_spine_knows_whoever_was_registered(services: Any, desk: RemoteDesk) -> None:
    known = services.client.ask(PersonForm, "GET", f"/people/{ALICE.user_id}")
    assert known.person(ALICE.user_id) == ALICE
    with pytest.raises(ControlRefusedError, match="404"):
        services.client.call("GET", "/people/999999999999")
    with pytest.raises(ControlRefusedError, match="422"):
        services.client.call("GET", "/people/alice")


@pytest.mark.parametrize(
    "options",
    [
        {"days_left": 0.5, "signing_days_left": 90},
        {"algorithm": Algorithm.RSA2048},
        {"personality": Personality.YUBIKEY},
        {"interfaces": Interfaces.DUAL, "complete": True, "pairing_code_required": False},
        {"has_global_pin": True},
    ],
)
def test_a_card_is_what_was_ordered_and_takes_the_test_passcode(
    desk: RemoteDesk, authority: Any, options: dict[str, Any]
) -> None:
    card = desk.order(CardOrder(ALICE.name, user_id=ALICE.user_id, **options))
    order = CardOrder(ALICE.name, **options)
    assert verify(card, b"123456") == b"\x90\x00"
    assert card.state.personality is order.personality
    assert card.state.interfaces is order.interfaces
    assert card.state.keys[0x9A].algorithm is order.algorithm
    assert (0x00 in card.state.references) is order.has_global_pin
    assert len(authority.audit()) >= 4


def test_a_card_of_nobody_or_of_no_kind_is_not_made(desk: RemoteDesk, authority: Any) -> None:
    with pytest.raises(ControlRefusedError, match="knows nobody with the identifier 99999999999"):
        desk.order(CardOrder("Nobody", user_id="999999999999"))
    with pytest.raises(ControlRefusedError, match="has contacts alone"):
        desk.order(
            CardOrder(
                ALICE.name,
                user_id=ALICE.user_id,
                personality=Personality.YUBIKEY,
                interfaces=Interfaces.DUAL,
            )
        )
    assert authority.audit() == []


def send(port: int) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@nhs.example", "b@nhs.example", "Café"
    message.set_content("Your code is 7\n")
    asyncio.run(MailSender("127.0.0.1", port).send(message))
    return message


def test_mail_is_looked_up_as_it_was_sent_and_refused_on_demand(services: Any) -> None:
    send(services.mail_port)
    [delivered] = services.outbox.messages_to("b@nhs.example")
    assert delivered["Subject"] == "Café"
    assert delivered.get_content() == "Your code is 7\n"
    services.mail.refusal = "421 too busy"
    assert services.mail.refusal == "421 too busy"
    with pytest.raises(MailDownError, match="too busy"):
        send(services.mail_port)
    services.mail.refusal = None
    send(services.mail_port)
    assert len(services.outbox.messages_to("b@nhs.example")) == 2
    assert services.outbox.messages_to("c@nhs.example") == []


def test_mail_is_lost_or_late_by_the_control_api(services: Any, world: Any) -> None:
    faults = RemoteFaults(services.client)
    lost = faults.arm("mail.lost")
    send(services.mail_port)
    assert lost.strikes == 1
    faults.arm("mail.late:by=20m")
    send(services.mail_port)
    assert services.outbox.messages_to("b@nhs.example") == []
    world.clock.advance(timedelta(minutes=20))
    assert len(services.outbox.messages_to("b@nhs.example")) == 1
    with pytest.raises(ControlRefusedError, match="befalls the card, not the mail"):
        faults.arm("card.slow")


@pytest.mark.parametrize("reply", ["too busy", "421 too busy\r\n250 OK", "921 what"])
def test_what_is_no_reply_of_smtp_is_not_taken(services: Any, reply: str) -> None:
    form = RefusalForm.model_construct(reply=reply)
    with pytest.raises(ControlRefusedError, match="422"):
        services.client.call("PUT", "/mail/refusal", form)
    assert services.mail.refusal is None


def test_without_the_ca_nobody_is_signed_in_and_it_is_told(
    services: Any, desk: RemoteDesk, world: Any
) -> None:
    card = desk.order(CardOrder(ALICE.name, user_id=ALICE.user_id))
    context = ssl.create_default_context(cafile=world.shared.root_file)
    with httpx.Client(verify=context, base_url=services.spine, trust_env=False, timeout=60) as http:
        taken = sign_in(http, card)
        world.stop_ca()
        refused = sign_in(http, card)
    assert taken.status_code == httpx.codes.CREATED
    assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert refused.json()["reason"] == "status_unavailable"
    assert refused.headers["retry-after"] == "60"


def sign_in(http: httpx.Client, card: Card) -> httpx.Response:
    """Answer a challenge with the card's authentication key, which the test takes out of it."""
    challenge = http.post("/challenges").json()
    key = load_der_private_key(card.state.keys[0x9A].material, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    certificate = CertificateObject.from_bytes(card.state.objects[0x5FC105]).certificate_der
    token = jwt.encode(
        {"aud": challenge["audience"], "nonce": challenge["challenge"]},
        key,
        "ES256",
        headers={"x5c": [b64encode(certificate).decode()]},
    )
    return http.post("/sessions", json={"assertion": token})
