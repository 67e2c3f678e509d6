# SPDX-License-Identifier: Apache-2.0
"""A served CA, and requesters that say exactly what a test has them say."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import TLV
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.cmp.building import (
    NULL_NAME,
    Conversation,
    MacProtection,
    Protection,
    SignatureProtection,
    certificate_confirmation,
    certificate_request,
)
from selfrenew.cmp.information import InfoType, read_info
from selfrenew.cmp.message import (
    ReceivedMessage,
    decode,
    decode_list,
    decode_message,
    encode,
    encode_list,
    fail_names,
)
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import (
    BodyType,
    CertRepMessage,
    ErrorMsgContent,
    GenMsgContent,
    PkiStatus,
    PkiStatusInfo,
    RevRepContent,
)
from selfrenew_emulator.ca import CertificateAuthority, person_name
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.randomness import Randomness, seeded
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage

CONTENT_TYPE = "application/pkixcmp"
PROFILES = ("authentication", "signing")


# Plain HTTP, so there is no TLS to set up for each request.
HTTP = httpx.Client(
    trust_env=False,
    timeout=60,
    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    limits=httpx.Limits(max_keepalive_connections=0),
)


def post(url: str, raw: bytes, content_type: str = CONTENT_TYPE) -> httpx.Response:
    headers = {"content-type": content_type} if content_type else {}
    return HTTP.post(url, content=raw, headers=headers)


def new_key() -> PrivateKeySigner:
    return PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))


@dataclass
class Talk:
    """One transaction with the CA; `answer` is the last one."""

    url: str
    clock: SettableClock
    conversation: Conversation
    answer: ReceivedMessage | None = None
    status: int = 0

    def say(
        self, body_type: BodyType, content: bytes, nonce: bytes | None = None, pvno: int = 2
    ) -> ReceivedMessage:
        raw = self.conversation.message(body_type, content, recip_nonce=nonce, pvno=pvno)
        return self.say_raw(raw)

    def say_raw(self, raw: bytes) -> ReceivedMessage:
        answer = post(self.url, raw)
        self.status = answer.status_code
        self.answer = decode_message(answer.content)
        return self.answer

    def ask(
        self,
        subject: x509.Name,
        key: PrivateKeySigner,
        body_type: BodyType = BodyType.CR,
        not_after: datetime | None = None,
    ) -> ReceivedMessage:
        return self.say(body_type, certificate_request(subject, key, not_after=not_after))

    def confirm(self) -> ReceivedMessage:
        content, pvno = certificate_confirmation(self.certificate)
        return self.say(BodyType.CERTCONF, content, self.nonce, pvno)

    def inquire(self, *items: TLV) -> dict[InfoType, bytes | None]:
        answer = self.say(BodyType.GENM, encode_list(GenMsgContent(items=list(items))))
        assert answer.body_type is BodyType.GENP, self.reasons
        told = map(read_info, decode_list(GenMsgContent, answer.content))
        kinds = {kind.oid: kind for kind in InfoType}
        return {kinds[oid]: value for oid, value in told}

    @property
    def nonce(self) -> bytes | None:
        assert self.answer is not None
        return self.answer.header.sender_nonce

    @property
    def certificate(self) -> x509.Certificate:
        assert self.answer is not None
        assert self.answer.body_type in {BodyType.IP, BodyType.CP, BodyType.KUP}, self.reasons
        (response,) = decode(CertRepMessage, self.answer.content).response
        pair = response.certified_key_pair
        assert pair is not None
        return x509.load_der_x509_certificate(encode(pair.cert_or_enc_cert.value))

    @property
    def refusal(self) -> PkiStatusInfo:
        """What an error says, or rp, or ip, cp or kup without a certificate."""
        assert self.answer is not None
        if self.answer.body_type is BodyType.ERROR:
            status = decode(ErrorMsgContent, self.answer.content).pki_status_info
        elif self.answer.body_type is BodyType.RP:
            (status,) = decode(RevRepContent, self.answer.content).status
        else:
            (response,) = decode(CertRepMessage, self.answer.content).response
            assert response.certified_key_pair is None
            status = response.status
        assert status.status == PkiStatus.REJECTION
        return status

    @property
    def reasons(self) -> frozenset[str]:
        return fail_names(self.refusal)

    @property
    def text(self) -> str:
        return " ".join(self.refusal.status_string or ())


@dataclass
class Holder:
    """A person with both certificates of hers and their keys."""

    name: x509.Name
    keys: dict[str, PrivateKeySigner] = field(default_factory=dict)
    certificates: dict[str, x509.Certificate] = field(default_factory=dict)

    def by(self, profile: str) -> SignatureProtection:
        return SignatureProtection(self.keys[profile], self.certificates[profile])


@dataclass
class Desk:
    """The CA, and talks with it."""

    stage: EmbeddedStage
    clock: SettableClock
    randomness: Randomness
    people: int = 0

    @property
    def ca(self) -> CertificateAuthority:
        return self.stage.ca

    def talk(self, protection: Protection | None, profile: str | None = None) -> Talk:
        url = self.stage.urls.cmp_http + (f"/p/{profile}" if profile else "")
        conversation = Conversation(
            protection, NULL_NAME, clock=self.clock, randomness=self.randomness
        )
        return Talk(url, self.clock, conversation)

    def enrolled(self, **options: object) -> MacProtection:
        enrolment = self.ca.enrol(**options)  # type: ignore[arg-type]
        return MacProtection(enrolment.reference.encode(), enrolment.secret)

    def new_name(self) -> x509.Name:
        self.people += 1
        return person_name(f"{100_000_000_000 + self.people}")

    def new_holder(self, days_left: float = 30) -> Holder:
        holder = Holder(self.new_name())
        end = self.clock() + timedelta(days=days_left)
        mac = self.enrolled(subject=holder.name, profiles=PROFILES, uses=2)
        for profile in PROFILES:
            holder.keys[profile] = new_key()
            talk = self.talk(mac, profile)
            talk.ask(holder.name, holder.keys[profile], BodyType.IR, end)
            holder.certificates[profile] = talk.certificate
            assert talk.confirm().body_type is BodyType.PKICONF
        return holder

    def state_of(self, certificate: x509.Certificate) -> CertificateState:
        return self.ca.status_of(certificate).state

    def valid(self, name: x509.Name, profile: str) -> list[x509.Certificate]:
        return [
            record.certificate
            for record in self.ca.certificates_of(name)
            if record.profile == profile and record.state is CertificateState.VALID
        ]


@pytest.fixture(scope="module")
def served() -> Iterator[EmbeddedStage]:
    with EmbeddedStage(clock=SettableClock(DEFAULT_NOW)) as stage:
        yield stage


_draw = seeded("requesters")
_counter = iter(range(10**9))


@pytest.fixture
def desk(served: EmbeddedStage) -> Iterator[Desk]:
    clock = served.clock
    assert isinstance(clock, SettableClock)
    clock.set(DEFAULT_NOW)
    yield Desk(served, clock, _draw, next(_counter) * 1000)
    clock.set(DEFAULT_NOW)
