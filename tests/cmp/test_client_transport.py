# SPDX-License-Identifier: Apache-2.0
import socket
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.asn1 import GeneralizedTime
from cryptography.hazmat.primitives.asymmetric import ed25519

from selfrenew.cmp import (
    CaBusyError,
    CaUnreachableError,
    CmpError,
    CmpFormatError,
    NotCmpError,
    TlsNotTrustedError,
    UntrustedAnswerError,
    UnusableAnchorsError,
    WrongTransactionError,
)
from selfrenew.cmp.building import ANY_INFORMATION, NULL_CONTENT, SignatureProtection
from selfrenew.cmp.checking import Trust
from selfrenew.cmp.client import CmpClient, PendingCertificate
from selfrenew.cmp.message import ReceivedMessage
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import BodyType, FailureInfo, PkiHeader
from selfrenew.http import ANSWER_MAX_BYTES, open_http
from selfrenew.secret import Secret

CMP = "application/pkixcmp"
SECRET = Secret("a shared secret")
Ask = Callable[..., PendingCertificate]


# Pre-flight.


def test_a_probe_asks_for_nothing_but_information(client: CmpClient, ca: Any) -> None:
    ca.on[BodyType.GENM] = lambda request: ca.error(request, FailureInfo.badRequest)
    client.probe()
    (asked,) = ca.received
    assert (asked.body_type, asked.protection, asked.extra_certs) == (BodyType.GENM, None, ())


@pytest.mark.parametrize("protected", [True, False])
@pytest.mark.parametrize("body_type", [BodyType.GENP, BodyType.ERROR])
def test_a_probe_is_content_with_information_or_with_a_refusal_to_give_any(
    client: CmpClient, ca: Any, body_type: BodyType, protected: bool
) -> None:
    def answer(request: ReceivedMessage) -> bytes:
        if body_type is BodyType.ERROR:
            return ca.error(request, FailureInfo.badMessageCheck, protected=protected)
        return ca.reply(request, body_type, ANY_INFORMATION, protected=protected)

    ca.on[BodyType.GENM] = answer
    client.probe()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, CaBusyError),
        (502, CaBusyError),
        (503, CaBusyError),
        (200, NotCmpError),
        (404, NotCmpError),
        (405, NotCmpError),
        (302, NotCmpError),
    ],
)
def test_a_probe_tells_what_will_not_do(
    client: CmpClient,
    loopback: Any,
    answered: Callable[..., bytes],
    status: int,
    error: type[CmpError],
) -> None:
    loopback.respond = lambda _: answered(b"<h1>", status=status, content_type="text/html")
    with pytest.raises(error, match=str(status)):
        client.probe()


@pytest.mark.parametrize("reason", [FailureInfo.systemUnavail, FailureInfo.systemFailure])
def test_a_ca_that_fails_is_to_be_tried_later(
    client: CmpClient, ca: Any, reason: FailureInfo
) -> None:
    ca.on[BodyType.GENM] = lambda request: ca.error(request, reason)
    with pytest.raises(CaBusyError, match=reason.name):
        client.probe()


def test_a_probe_believes_only_the_ca(client: CmpClient, ca: Any, pki: Any) -> None:
    ca.on[BodyType.GENM] = lambda request: ca.error(
        request, FailureInfo.badRequest, by=pki.person, chain=(pki.person, pki.issuer)
    )
    with pytest.raises(UntrustedAnswerError, match="may speak for a CA"):
        client.probe()


def test_a_probe_tells_of_anchors_that_no_certificate_could_be_checked_against(
    cmp_url: str, http: httpx.Client, ca: Any, pki: Any, issued: Callable[..., Any]
) -> None:
    odd = issued("odd", ed25519.Ed25519PrivateKey.generate(), ca=True).certificate

    def probe(*anchors: x509.Certificate) -> None:
        CmpClient(cmp_url, http=http, trust=Trust(anchors), clock=ca.clock).probe()

    ca.on[BodyType.GENM] = lambda request: ca.error(
        request, FailureInfo.badRequest, protected=False
    )
    with pytest.raises(UnusableAnchorsError, match="configured trust anchors: their keys"):
        probe(odd)
    assert ca.received == []
    ca.on[BodyType.GENM] = lambda request: ca.error(request, FailureInfo.badRequest)
    probe(odd, pki.root.certificate)


def test_a_probe_tells_of_issuers_that_no_certificate_could_be_checked_against(
    client: CmpClient, ca: Any, pki: Any
) -> None:
    odd = pki.root.issue("odd", ed25519.Ed25519PrivateKey.generate(), ca=True)
    old = odd.issue("person").certificate
    for chain in ((pki.signer,), (pki.signer, pki.issuer), (pki.signer, odd)):
        ca.on[BodyType.GENM] = lambda request, chain=chain: ca.error(
            request, FailureInfo.badRequest, chain=chain
        )
        client.probe()
        client.probe(pki.person.certificate)
        if odd not in chain:
            client.probe(old)
    with pytest.raises(UnusableAnchorsError, match="of CN=odd cannot be checked"):
        client.probe(old)


def test_a_probe_wants_an_answer_of_its_own(client: CmpClient, ca: Any) -> None:
    kept: list[bytes] = []

    def again(request: ReceivedMessage) -> bytes:
        kept.append(ca.error(request, FailureInfo.badRequest))
        return kept[0]

    ca.on[BodyType.GENM] = again
    client.probe()
    with pytest.raises(WrongTransactionError, match="another transaction"):
        client.probe()


def without(*fields: str) -> Callable[[PkiHeader], None]:
    def leave_out(header: PkiHeader) -> None:
        for field in fields:
            setattr(header, field, None)

    return leave_out


def test_a_probe_may_be_refused_by_an_error_that_names_no_transaction(
    client: CmpClient, ca: Any
) -> None:
    ca.header = without("transaction_id", "recip_nonce")
    ca.on[BodyType.GENM] = lambda request: ca.error(
        request, FailureInfo.badRequest, text="no such type of message", protected=False
    )
    client.probe()


@pytest.mark.parametrize(
    ("fields", "body_type", "protected"),
    [
        (("transaction_id",), BodyType.ERROR, False),
        (("recip_nonce",), BodyType.ERROR, False),
        (("transaction_id", "recip_nonce"), BodyType.ERROR, True),
        (("transaction_id", "recip_nonce"), BodyType.GENP, False),
        (("transaction_id", "recip_nonce", "sender_nonce"), BodyType.ERROR, False),
        (("sender_nonce",), BodyType.ERROR, False),
    ],
)
def test_no_other_answer_to_a_probe_leaves_them_out(
    client: CmpClient, ca: Any, fields: tuple[str, ...], body_type: BodyType, protected: bool
) -> None:
    def answer(request: ReceivedMessage) -> bytes:
        if body_type is BodyType.ERROR:
            return bytes(ca.error(request, FailureInfo.badRequest, protected=protected))
        return bytes(ca.reply(request, body_type, ANY_INFORMATION, protected=protected))

    ca.header, ca.on[BodyType.GENM] = without(*fields), answer
    with pytest.raises(WrongTransactionError):
        client.probe()


def test_a_clock_that_is_off_is_told_also_where_no_transaction_is_named(
    client: CmpClient, ca: Any
) -> None:
    def leave_out(header: PkiHeader) -> None:
        without("transaction_id", "recip_nonce")(header)
        header.message_time = GeneralizedTime(ca.clock() - timedelta(hours=1))

    ca.header = leave_out
    ca.on[BodyType.GENM] = lambda request: ca.error(
        request, FailureInfo.badRequest, protected=False
    )
    with pytest.raises(WrongTransactionError, match="machine's clock"):
        client.probe()


def test_a_probe_is_not_answered_with_a_certificate(client: CmpClient, ca: Any) -> None:
    ca.on[BodyType.GENM] = lambda request: ca.reply(request, BodyType.PKICONF, NULL_CONTENT)
    with pytest.raises(CmpFormatError, match="pkiconf instead of genp"):
        client.probe()


# Below CMP.


def test_a_ca_that_is_not_there_is_unreachable(http: httpx.Client, pki: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    trust = Trust((pki.root.certificate,))
    now = pki.person.certificate.not_valid_before_utc
    client = CmpClient(f"http://127.0.0.1:{port}/", http=http, trust=trust, clock=lambda: now)
    with pytest.raises(CaUnreachableError, match=rf"http://127\.0\.0\.1:{port} failed"):
        client.probe()


def test_a_ca_that_is_not_trusted_is_told_nothing(
    tls_loopback: Any,
    tmp_path: Path,
    pki: Any,
    by_person: SignatureProtection,
    new_key: PrivateKeySigner,
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    trust, person = Trust((pki.root.certificate,)), pki.person.certificate
    now = person.not_valid_before_utc
    with open_http(other) as http:
        client = CmpClient(tls_loopback.url, http=http, trust=trust, clock=lambda: now)
        with pytest.raises(TlsNotTrustedError, match="certificate is not trusted"):
            client.request(BodyType.CR, subject=person.subject, key=new_key, protection=by_person)
    assert tls_loopback.seen == []


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((503, "text/plain", b""), CaBusyError, "busy. Try again later"),
        ((500, "text/html", b"<h1>"), CaBusyError, "HTTP 500. Try again later"),
        ((200, "text/html", b"<h1>"), NotCmpError, "HTTP 200 and text/html, which is not CMP"),
        ((404, "", b""), NotCmpError, "without content type"),
        ((302, CMP, b""), NotCmpError, "redirection (302), which is not followed"),
        ((200, CMP, b""), NotCmpError, "0 bytes that are not a CMP message"),
        ((200, CMP, b"<h1>no</h1>"), NotCmpError, "11 bytes that are not a CMP message"),
        ((200, CMP, b"\x30\x84\x7f\xff\xff\xff\x00"), NotCmpError, "7 bytes that are not a CMP"),
        ((200, CMP, b"\x30\x80\x00\x00"), NotCmpError, "4 bytes that are not a CMP message"),
    ],
)
def test_an_answer_that_is_no_cmp_is_named(
    ask: Ask, ca: Any, answer: Any, error: type[CmpError], words: str
) -> None:
    ca.on[BodyType.CR] = lambda _: answer
    with pytest.raises(error) as caught:
        ask()
    assert words in str(caught.value)
    assert str(caught.value).startswith("Sending cr to the CA")
    # A server that fails has not begun anything that were to be ended.
    assert ca.kinds == (["cr"] if error is CaBusyError else ["cr", "error"])


def test_an_answer_cut_anywhere_is_no_cmp(ask: Ask, ca: Any) -> None:
    for part in (1, 10, 100, -1):
        ca.on[BodyType.CR] = lambda request, part=part: ca.grant(request)[:part]
        with pytest.raises(NotCmpError, match="not a CMP message"):
            ask()


def test_a_flood_is_refused_in_bounded_memory(ask: Ask, loopback: Any) -> None:
    total = 100_000_000

    def flood(_: object) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n" % CMP.encode()
        yield b"Content-Length: %d\r\n\r\n" % total
        part = bytes(100_000)
        for _ in range(total // len(part)):
            yield part

    loopback.respond = flood
    tracemalloc.start()
    try:
        with pytest.raises(NotCmpError, match="more than 1000000 bytes"):
            ask()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * ANSWER_MAX_BYTES
    assert loopback.bytes_sent < total / 2
