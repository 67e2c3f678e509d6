# SPDX-License-Identifier: Apache-2.0
"""What the standards leave open is another time another, and the same again by the seed."""

import socket
from collections.abc import Iterator

import pytest

from selfrenew.cmp.building import NULL_NAME, Conversation, MacProtection
from selfrenew.cmp.message import ReceivedMessage, decode_message
from selfrenew.cmp.structures import BodyType
from selfrenew_emulator.ca import CertificateAuthority, Variety, person_name
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW
from selfrenew_emulator.stage.server import Endpoint, Servers, bind

from .conftest import Talk, new_key

CERTIFICATES = [bytes([each]) for each in range(5)]
ASKED_TIMES = 60


def choices(seed: str) -> list[object]:
    variety = Variety(seed)
    return [
        (variety.serial_bytes(), variety.order(CERTIFICATES), variety.parts(b"an answer"))
        for _ in range(20)
    ]


def test_a_seed_repeats_all_that_varies_and_another_does_not() -> None:
    assert choices("one") == choices("one")
    assert choices("one") != choices("two")


def test_what_has_to_be_first_stays_so_and_nothing_is_lost() -> None:
    variety = Variety()
    orders = {variety.order(CERTIFICATES, first=1) for _ in range(200)}
    assert len(orders) == 24
    assert {order[0] for order in orders} == {CERTIFICATES[0]}
    assert {tuple(sorted(order)) for order in orders} == {tuple(CERTIFICATES)}


@pytest.mark.parametrize("body", [b"", b"a", b"abc", b"abcd", bytes(5000)])
def test_chunks_are_the_answer_and_none_is_empty(body: bytes) -> None:
    variety = Variety()
    cuts = [variety.parts(body) for _ in range(200)]
    assert {b"".join(parts) for parts in cuts} == {body}
    # An empty chunk would end the answer early (RFC 9112, 7.1).
    assert all(all(parts) for parts in cuts if len(parts) > 1)
    assert {len(parts) > 1 for parts in cuts} == ({False, True} if len(body) > 3 else {False})


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[CertificateAuthority, int]]:
    ca = CertificateAuthority(lambda: DEFAULT_NOW, seeded("variety"))
    endpoint = Endpoint(ca.app, bind())
    with Servers([endpoint]):
        yield ca, endpoint.port
    ca.close()


def asked(ca: CertificateAuthority, number: int) -> bytes:
    enrolment = ca.enrol(f"reference {number}")
    by = MacProtection(enrolment.reference.encode(), enrolment.secret)
    randomness = seeded(f"asked {number}")
    talk = Conversation(by, NULL_NAME, clock=lambda: DEFAULT_NOW, randomness=randomness)
    return talk.message(BodyType.GENM, b"\x30\x00")


def said_to(port: int, version: str, raw: bytes) -> bytes:
    head = (
        f"POST /.well-known/cmp HTTP/{version}\r\nHost: ca\r\nConnection: close\r\n"
        f"Content-Type: application/pkixcmp\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(head.encode() + raw)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer.partition(b"\r\n\r\n")[0].lower()


def test_some_answers_come_in_chunks_but_to_http_1_0_none(
    served: tuple[CertificateAuthority, int],
) -> None:
    ca, port = served
    heads = {
        version: [said_to(port, version, asked(ca, first + each)) for each in range(ASKED_TIMES)]
        for version, first in (("1.1", 0), ("1.0", ASKED_TIMES))
    }
    chunked = [b"transfer-encoding: chunked" in head for head in heads["1.1"]]
    assert {True, False} == set(chunked)
    assert all(b"content-length" in head for head in heads["1.0"])
    assert all(
        (b"content-length" in head) != each
        for head, each in zip(heads["1.1"], chunked, strict=True)
    )


def test_certificates_in_answers_and_serial_numbers_are_in_no_fixed_order_or_length() -> None:
    ca = CertificateAuthority(lambda: DEFAULT_NOW, seeded("answers"))
    orders, lengths, signers = set(), set(), set()
    for number in range(ASKED_TIMES):
        orders.add(decode_message(ca.answer(asked(ca, number))).extra_certs)
        refused = decode_message(ca.answer(b"no CMP"))
        signers.add(refused.extra_certs[0])
        name = person_name(f"{number:012}")
        enrolment = ca.enrol(subject=name)
        by = MacProtection(enrolment.reference.encode(), enrolment.secret)
        conversation = Conversation(
            by, NULL_NAME, clock=lambda: DEFAULT_NOW, randomness=seeded(number)
        )
        talk = Asked(ca, conversation)
        talk.ask(name, new_key(), BodyType.IR)
        lengths.add((talk.certificate.serial_number.bit_length() + 7) // 8)
    assert len(orders) == 6
    assert len(signers) == 1
    assert len(lengths) > 6
    assert lengths <= set(range(9, 21))
    ca.close()


class Asked(Talk):
    """A talk without HTTP."""

    def __init__(self, ca: CertificateAuthority, conversation: Conversation) -> None:
        self._ca = ca
        self.conversation = conversation

    def say_raw(self, raw: bytes) -> ReceivedMessage:
        self.answer = decode_message(self._ca.answer(raw))
        return self.answer
