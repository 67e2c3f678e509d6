# SPDX-License-Identifier: Apache-2.0
"""What each fault of the CA is on the wire, seen by HTTP and by sockets and by nobody's client."""

import asyncio
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.cmp.building import (
    ANY_INFORMATION,
    NULL_NAME,
    Conversation,
    SignatureProtection,
    certificate_confirmation,
    certificate_request,
    poll_request,
)
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.information import InfoType, info
from selfrenew.cmp.message import (
    ReceivedMessage,
    decode,
    decode_list,
    decode_message,
    encode,
    encode_list,
)
from selfrenew.cmp.protection import PrivateKeySigner, ProtectionError, verify_signature
from selfrenew.cmp.structures import (
    BodyType,
    CertRepMessage,
    ErrorMsgContent,
    FailureInfo,
    PkiStatus,
    PollRepContent,
    Texts,
)
from selfrenew_emulator.ca import CertificateAuthority, person_name
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import CA_FAULTS, CaFront, FaultBoard, NoDoorError
from selfrenew_emulator.personalisation import EnrolmentOffice
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW, Endpoint, Servers, bind
from selfrenew_emulator.stage.services import ISSUERS

ALICE = person_name("123456789012")
CMP = "application/pkixcmp"
PATH = "/.well-known/cmp"


@dataclass
class World:
    """A CA that is served, the faults before it, and a person with a certificate of it."""

    ca: CertificateAuthority
    clock: SettableClock
    board: FaultBoard
    front: CaFront
    url: str
    port: int
    http: httpx.Client
    protection: SignatureProtection

    def __post_init__(self) -> None:
        self.randomness = seeded(7)
        self.key = PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))

    def arm(self, order: str) -> None:
        self.board.arm(order)

    def talk(self) -> Conversation:
        return Conversation(
            self.protection, NULL_NAME, clock=self.clock, randomness=self.randomness
        )

    def request(self, talk: Conversation | None = None) -> bytes:
        content = certificate_request(ALICE, self.key)
        return (talk or self.talk()).message(BodyType.CR, content)

    def post(self, raw: bytes, profile: str = "signing") -> httpx.Response:
        headers = {"content-type": CMP}
        return self.http.post(f"{self.url}{PATH}/p/{profile}", content=raw, headers=headers)

    def ask(self, talk: Conversation | None = None) -> httpx.Response:
        return self.post(self.request(talk))

    def granted(self, talk: Conversation | None = None) -> ReceivedMessage:
        return decode_message(self.ask(talk).content)

    def certificate(self) -> x509.Certificate:
        return certificate_of(self.granted())

    def raw_socket(self, raw: bytes) -> socket.socket:
        """Send a message by hand."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        head = (
            f"POST {PATH}/p/signing HTTP/1.1\r\nHost: x\r\nContent-Type: {CMP}\r\n"
            f"Content-Length: {len(raw)}\r\n\r\n"
        )
        connection.sendall(head.encode() + raw)
        return connection

    def states(self) -> list[CertificateState]:
        return [each.state for each in self.ca.certificates_of(ALICE)]


def certificate_of(message: ReceivedMessage) -> x509.Certificate:
    (response,) = decode(CertRepMessage, message.content).response
    pair = response.certified_key_pair
    assert pair is not None
    return x509.load_der_x509_certificate(encode(pair.cert_or_enc_cert.value))


@pytest.fixture
def world() -> Iterator[World]:
    clock = SettableClock(DEFAULT_NOW)
    ca = CertificateAuthority(clock, seeded(5))
    board = FaultBoard()
    front = board.before_ca(ca.app, ISSUERS)
    listener = bind()
    endpoint = Endpoint(front, listener)
    with Servers([endpoint]) as servers, httpx.Client(trust_env=False, timeout=60) as http:
        front.door = servers.door(endpoint)
        enrolment = ca.enrol(subject=ALICE, profiles=["authentication"])
        key = PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))
        office = EnrolmentOffice(
            endpoint.url + PATH, enrolment, clock=clock, randomness=seeded(6), http=http
        )
        certificate = office.enrol("authentication", ALICE, key)
        yield World(
            ca,
            clock,
            board,
            front,
            endpoint.url,
            endpoint.port,
            http,
            SignatureProtection(key, certificate),
        )
    ca.close()


# Outages.


def test_an_unreachable_ca_refuses_connections_and_ends_those_that_are_there(world: World) -> None:
    world.http.get(world.url)
    world.arm("ca.unreachable")
    with pytest.raises(httpx.TransportError):
        world.http.get(world.url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", world.port))
    world.board.clear()
    assert world.ask().status_code == 200
    world.board.arm("ca.unreachable")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", world.port))


@pytest.mark.parametrize("before", ["ca.unreachable", ""], ids=["shut", "open"])
@pytest.mark.parametrize("meanwhile", [None, "", "ca.unreachable"], ids=["", "cleared", "armed"])
def test_a_ca_at_rest_is_there_and_afterwards_as_is_armed_then(
    world: World, before: str, meanwhile: str | None
) -> None:
    if before:
        world.arm(before)
    with world.front.at_rest():
        assert world.ask().status_code == 200
        if meanwhile is not None:
            world.board.clear()
        if meanwhile:
            world.board.arm(meanwhile)
        assert world.ask().status_code == 200
    if before if meanwhile is None else meanwhile:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", world.port))
    else:
        assert world.ask().status_code == 200


def test_a_ca_may_be_there_until_a_message_comes(world: World) -> None:
    world.arm("ca.unreachable:at=cr")
    socket.create_connection(("127.0.0.1", world.port)).close()
    with pytest.raises(httpx.TransportError):
        world.ask()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", world.port))
    assert world.states() == [CertificateState.VALID]
    world.board.clear()
    assert world.ask().status_code == 200


def test_an_application_without_a_server_of_ours_cannot_refuse_connections() -> None:
    board = FaultBoard()
    board.before_ca(CertificateAuthority(lambda: DEFAULT_NOW, seeded(1)).app)
    with pytest.raises(NoDoorError, match="cannot be refused from here"):
        board.arm("ca.unreachable")
    assert board.armed == ()


def test_an_unavailable_ca_says_when_to_come_back(world: World) -> None:
    world.arm("ca.unavailable:retry-after=42,times=1")
    answer = world.ask()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "42")
    world.board.clear()
    world.board.arm("ca.unavailable")
    assert "retry-after" not in world.ask().headers
    assert world.states() == [CertificateState.VALID]


def test_a_failing_ca_answers_a_page(world: World) -> None:
    world.arm("ca.error")
    answer = world.ask()
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html")


def test_a_hanging_ca_says_nothing_and_has_done_nothing(world: World) -> None:
    world.arm("ca.hang:times=1")
    with world.raw_socket(world.request()) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert world.states() == [CertificateState.VALID]
    assert world.ask().status_code == 200


def test_a_reset_comes_in_the_middle_of_the_body(world: World) -> None:
    world.arm("ca.reset")
    received = bytearray()

    def receive(connection: socket.socket) -> None:
        while part := connection.recv(100_000):
            received.extend(part)

    with world.raw_socket(world.request()) as connection, pytest.raises(ConnectionResetError):
        receive(connection)
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert len(body) == length // 2
    assert world.states() == [CertificateState.VALID, CertificateState.PENDING]


def test_a_slow_answer_comes_byte_by_byte_and_whole(world: World) -> None:
    world.arm("ca.slow:pause-ms=0")
    parts = 0
    raw = world.request()
    headers = {"content-type": CMP}
    with world.http.stream(
        "POST", f"{world.url}{PATH}/p/signing", content=raw, headers=headers
    ) as answer:
        body = b""
        for part in answer.iter_raw():
            body, parts = body + part, parts + 1
    assert decode_message(body).body_type is BodyType.CP
    assert parts > 10


def test_a_slow_answer_ends_with_who_waits_for_it(world: World) -> None:
    world.arm("ca.slow:pause-ms=60000")
    with world.raw_socket(world.request()) as connection:
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200")


def test_a_truncated_answer_is_whole_for_http(world: World) -> None:
    world.arm("ca.truncated")
    with pytest.raises(CmpFormatError):
        decode_message(world.ask().content)


def test_an_answer_may_be_said_to_be_something_else(world: World) -> None:
    world.arm("ca.content-type:type=text/plain")
    answer = world.ask()
    assert answer.headers["content-type"] == "text/plain"
    assert decode_message(answer.content).body_type is BodyType.CP


@pytest.mark.parametrize("name", ["ca.answer-lost", "ca.pkiconf-lost"])
def test_an_answer_is_lost_after_the_ca_has_acted(world: World, name: str) -> None:
    talk = world.talk()
    world.arm(name)
    if name == "ca.answer-lost":
        with pytest.raises(httpx.TransportError):
            world.ask(talk)
        assert world.states()[-1] is CertificateState.PENDING
        return
    granted = world.granted(talk)
    content, pvno = certificate_confirmation(certificate_of(granted))
    nonce = granted.header.sender_nonce
    confirmation = talk.message(BodyType.CERTCONF, content, recip_nonce=nonce, pvno=pvno)
    with world.raw_socket(confirmation) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert world.states()[-1] is CertificateState.VALID


def test_a_duplicate_answer_is_the_one_before(world: World) -> None:
    first = world.post(world.talk().message(BodyType.GENM, ANY_INFORMATION))
    world.arm("ca.duplicate-answer")
    assert world.ask().content == first.content


# Answers that the CA has signed.


@pytest.mark.parametrize("reason", FailureInfo)
def test_a_refusal_may_have_any_reason(world: World, reason: FailureInfo) -> None:
    world.arm(f"ca.rejects:fail-info={reason.name},text=Not today")
    answer = world.granted()
    verify_signature(answer, world.ca.authority.cmp_signer.certificate.public_key())  # type: ignore[arg-type]
    info = decode(ErrorMsgContent, answer.content).pki_status_info
    assert info.status == PkiStatus.REJECTION
    assert info.status_string == ["Not today"]
    assert info.fail_info is not None
    raw = info.fail_info.as_bytes()
    assert raw[reason // 8] & 0x80 >> reason % 8
    assert world.states() == [CertificateState.VALID]


def test_one_issuer_is_down_and_the_other_answers(world: World) -> None:
    world.arm("ca.issuer-down:issuer=signing")
    raw = world.talk().message(BodyType.GENM, ANY_INFORMATION)
    assert decode_message(world.post(raw, "signing").content).body_type is BodyType.ERROR
    world.key = PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))
    raw = world.talk().message(BodyType.GENM, ANY_INFORMATION)
    assert decode_message(world.post(raw, "authentication").content).body_type is BodyType.GENP


def test_an_issuer_is_known_by_the_profile_that_a_message_or_its_transaction_names(
    world: World,
) -> None:
    world.arm("ca.error:issuer=authentication,after=1,times=1")
    address = f"{world.url}{PATH}"
    statuses = []
    for profile in ("signing", "authentication"):
        talk = world.talk()
        named = encode_list(Texts(items=[profile]))
        talk.general_info = [info(InfoType.CERT_PROFILE, named)]
        world.key = PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))
        answer = world.http.post(
            address, content=world.request(talk), headers={"content-type": CMP}
        )
        statuses.append(answer.status_code)
        issued = decode_message(answer.content)
        talk.general_info = None
        content, pvno = certificate_confirmation(certificate_of(issued))
        nonce = issued.header.sender_nonce
        raw = talk.message(BodyType.CERTCONF, content, recip_nonce=nonce, pvno=pvno)
        answer = world.http.post(address, content=raw, headers={"content-type": CMP})
        statuses.append(answer.status_code)
    # The second message about that issuer is the confirmation, which names no profile.
    assert statuses == [200, 200, 200, 500]


def test_a_waiting_ca_answers_once_its_time_has_come(world: World) -> None:
    world.arm("ca.waiting:seconds=30,check-after=20")
    talk = world.talk()
    waiting = world.granted(talk)
    (response,) = decode(CertRepMessage, waiting.content).response
    assert response.status.status == PkiStatus.WAITING
    nonce = waiting.header.sender_nonce
    raw = talk.message(BodyType.POLLREQ, poll_request(), recip_nonce=nonce)
    later = decode_message(world.post(raw).content)
    (reply,) = decode_list(PollRepContent, later.content)
    assert reply.check_after == 20
    world.clock.advance(timedelta(seconds=30))
    nonce = later.header.sender_nonce
    raw = talk.message(BodyType.POLLREQ, poll_request(), recip_nonce=nonce)
    assert decode_message(world.post(raw).content).body_type is BodyType.CP


@pytest.mark.parametrize("name", ["ca.transaction", "ca.nonce"])
def test_a_wrong_header_is_signed_as_properly_as_a_right_one(world: World, name: str) -> None:
    world.arm(name)
    talk = world.talk()
    answer = world.granted(talk)
    verify_signature(answer, world.ca.authority.cmp_signer.certificate.public_key())  # type: ignore[arg-type]
    same = answer.header.transaction_id == talk.transaction_id
    answers = answer.header.recip_nonce == talk.sender_nonce
    assert (same, answers) == (name == "ca.nonce", name == "ca.transaction")


def test_a_wrong_protection_is_one_of_something_else(world: World) -> None:
    world.arm("ca.protection-wrong")
    talk = world.talk()
    answer = world.granted(talk)
    assert answer.header.recip_nonce == talk.sender_nonce
    with pytest.raises(ProtectionError):
        verify_signature(answer, world.ca.authority.cmp_signer.certificate.public_key())  # type: ignore[arg-type]


def test_a_missing_protection_is_missing(world: World) -> None:
    world.arm("ca.protection-missing")
    answer = world.granted()
    assert (answer.protection, answer.header.protection_alg) == (None, None)


def test_an_expired_signer_is_the_cas_own_and_is_over(world: World) -> None:
    world.arm("ca.signer-expired")
    answer = world.granted()
    signer = answer.certificates[0]
    verify_signature(answer, signer.public_key())  # type: ignore[arg-type]
    assert signer.not_valid_after_utc < DEFAULT_NOW
    (issuer,) = (each for each in world.ca.issuers.values() if each.subject == signer.issuer)
    signer.verify_directly_issued_by(issuer)


def test_an_unknown_signer_signs_and_nobody_certified_it(world: World) -> None:
    world.arm("ca.signer-unknown")
    answer = world.granted()
    signer = answer.certificates[0]
    verify_signature(answer, signer.public_key())  # type: ignore[arg-type]
    assert signer.subject == world.ca.authority.cmp_signer.certificate.subject
    for issuer in (world.ca.root, *world.ca.issuers.values()):
        with pytest.raises((ValueError, InvalidSignature)):
            signer.verify_directly_issued_by(issuer)


# Certificates.


def is_for_another_key(world: World, certificate: x509.Certificate) -> bool:
    return certificate.public_key() != world.key.public_key


def is_for_another_subject(_: World, certificate: x509.Certificate) -> bool:
    return certificate.subject == person_name("999999999999")


def is_over(world: World, certificate: x509.Certificate) -> bool:
    return certificate.not_valid_after_utc < world.clock()


def is_yet_to_come(world: World, certificate: x509.Certificate) -> bool:
    return certificate.not_valid_before_utc > world.clock()


def is_a_cas(_: World, certificate: x509.Certificate) -> bool:
    return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


CERTIFICATES: dict[str, Callable[[World, x509.Certificate], bool]] = {
    "ca.certificate-key": is_for_another_key,
    "ca.certificate-subject": is_for_another_subject,
    "ca.certificate-expired": is_over,
    "ca.certificate-not-yet-valid": is_yet_to_come,
    "ca.certificate-ca": is_a_cas,
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_wrong_certificate_is_issued_properly_and_wrong_in_that_alone(
    world: World, name: str
) -> None:
    world.arm(f"{name}:times=1")
    certificate = world.certificate()
    certificate.verify_directly_issued_by(
        next(each for each in world.ca.issuers.values() if each.subject == certificate.issuer)
    )
    assert [each for each in CERTIFICATES if CERTIFICATES[each](world, certificate)] == [name]
    assert world.ca.status_of(certificate).state is CertificateState.PENDING


def test_a_certificate_of_an_unknown_issuer_is_signed_by_nobody(world: World) -> None:
    world.arm("ca.certificate-issuer")
    certificate = world.certificate()
    issuer = next(each for each in world.ca.issuers.values() if each.subject == certificate.issuer)
    with pytest.raises(InvalidSignature):
        certificate.verify_directly_issued_by(issuer)


# Bytes.


@pytest.mark.parametrize(
    ("order", "begins"),
    [
        ("ca.indefinite-length", b"\x30\x80"),
        ("ca.trailing-data", b"\x30\x82"),
        ("ca.huge-length", b"\x30\x84\x7f\xff\xff\xff"),
        ("ca.deep-nesting:depth=200000", b"\x30\x83"),
    ],
)
def test_raw_bytes_are_no_der(world: World, order: str, begins: bytes) -> None:
    world.arm(order)
    raw = world.ask().content
    assert raw.startswith(begins)
    with pytest.raises(CmpFormatError):
        decode_message(raw)


def test_deep_nesting_is_as_deep_as_was_ordered(world: World) -> None:
    world.arm("ca.deep-nesting:depth=1000")
    raw, depth = world.ask().content, 0
    while raw:
        long = raw[1] & 0x7F if raw[1] & 0x80 else 0
        length = int.from_bytes(raw[2 : 2 + long], "big") if long else raw[1]
        raw = raw[2 + long :]
        assert len(raw) == length
        depth += 1
    assert depth == 1000


# Triggers.


def test_a_fault_lets_go_by_what_it_does_not_wait_for(world: World) -> None:
    world.arm("ca.error:at=cr,issuer=signing,after=1,times=2")
    probe = world.talk().message(BodyType.GENM, ANY_INFORMATION)
    statuses = [world.post(probe).status_code]
    for profile in ("authentication", "signing", "authentication", "signing", "signing", "signing"):
        world.key = PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))
        statuses.append(world.post(world.request(), profile).status_code)
    assert statuses == [200, 200, 200, 200, 500, 500, 200]
    assert world.board.history == ["ca.error"] * 2


def test_of_two_faults_the_first_that_was_armed_strikes(world: World) -> None:
    world.arm("ca.error:times=1")
    world.arm("ca.unavailable:times=1")
    assert [world.ask().status_code for _ in range(2)] == [500, 503]


def test_bytes_that_are_no_message_can_be_met_with_a_fault_too(world: World) -> None:
    world.arm("ca.error")
    assert world.post(b"\x05\x00").status_code == 500


def test_without_faults_an_answer_goes_through_as_it_was_sent() -> None:
    pieces = [b"one", b"two", b""]

    async def application(_: object, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"x-one", b"1"), (b"x-one", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in pieces:
            more = bool(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    front = FaultBoard().before_ca(application)
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"x"}

    async def send(message: Any) -> None:
        said.append(message)

    asyncio.run(front({"type": "http", "path": PATH, "method": "POST"}, receive, send))
    assert said[0]["headers"] == [(b"x-one", b"1"), (b"x-one", b"2")]
    assert [message["body"] for message in said[1:]] == pieces
    assert [each.request for each in front.history] == ["no CMP"]


def test_a_long_transaction_id_is_not_kept_whole(world: World) -> None:
    talk = world.talk()
    talk.transaction_id = bytes(100_000)
    world.post(talk.message(BodyType.GENM, ANY_INFORMATION))
    assert len(world.front.history[-1].transaction_id) == 16


def test_without_faults_limits_are_the_cas_own(world: World) -> None:
    assert world.post(bytes(1_000_001)).status_code == 413
    assert world.http.get(f"{world.url}{PATH}").status_code == 405


@pytest.mark.parametrize("name", CA_FAULTS)
def test_every_fault_is_armed_by_a_test_here(name: str) -> None:
    assert re.search(rf'"{re.escape(name)}[":]', Path(__file__).read_text(encoding="utf-8"))
