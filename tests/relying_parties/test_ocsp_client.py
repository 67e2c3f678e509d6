# SPDX-License-Identifier: Apache-2.0
"""What a relying party believes of an OCSP responder: each way to be down, and each lie."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from selfrenew_emulator.certificate_status import (
    CertificateState,
    CertificateStatus,
    StatusUnavailableError,
    StatusUntrustedError,
)
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.ocsp_client import OcspClient
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW
from selfrenew_emulator.stage.server import Endpoint, Servers, bind, url_of

TYPE = "application/ocsp-response"
DAY = timedelta(days=1)
OCSP = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
NO_CHECK = x509.OCSPNoCheck()


@dataclass(frozen=True)
class Identity:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def identity(
    name: str, *extensions: x509.ExtensionType, by: Identity | None = None, days: int = 10
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name.from_rfc4514_string(f"CN={name}")
    builder = x509.CertificateBuilder(
        by.certificate.subject if by else subject, subject, key.public_key(), 1000 + len(name)
    )
    builder = builder.not_valid_before(DEFAULT_NOW - 20 * DAY)
    builder = builder.not_valid_after(DEFAULT_NOW + days * DAY)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return Identity(builder.sign(by.key if by else key, hashes.SHA256()), key)


@dataclass
class Lies:
    """What is changed in an answer that would be true without."""

    signer: Identity
    certificates: list[x509.Certificate] = field(default_factory=list)
    encoding: ocsp.OCSPResponderEncoding = ocsp.OCSPResponderEncoding.HASH
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD
    reason: x509.ReasonFlags | None = None
    serial: int = 0
    issuer: x509.Certificate | None = None
    nonce: bytes | None = b""
    this_update: timedelta = timedelta()
    next_update: timedelta | None = timedelta(minutes=10)


@dataclass
class Responder:
    """A responder that answers as a test has it."""

    url: str
    issuer: Identity
    leaf: Identity
    delegate: Identity
    clock: SettableClock
    answer: Callable[[bytes], Response] = lambda _: Response(status_code=500)

    def lie(self, lies: Lies) -> None:
        self.answer = lambda raw: Response(self._respond(raw, lies), media_type=TYPE)

    def _respond(self, raw: bytes, lies: Lies) -> bytes:
        asked = ocsp.load_der_ocsp_request(raw)
        revoked = lies.status is ocsp.OCSPCertStatus.REVOKED
        now = self.clock()
        key_hash = asked.issuer_key_hash if lies.issuer is None else bytes(32)
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                asked.issuer_name_hash,
                key_hash,
                asked.serial_number + lies.serial,
                asked.hash_algorithm,
                lies.status,
                now + lies.this_update,
                None if lies.next_update is None else now + lies.next_update,
                now - DAY if revoked else None,
                lies.reason,
            )
            .responder_id(lies.encoding, lies.signer.certificate)
        )
        if lies.certificates:
            builder = builder.certificates(lies.certificates)
        if lies.nonce is not None:
            sent = asked.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
            builder = builder.add_extension(x509.OCSPNonce(lies.nonce or sent), critical=False)
        return builder.sign(lies.signer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def ask(self, **options: float) -> CertificateStatus:
        client = OcspClient(
            [self.issuer.certificate],
            self.clock,
            seeded("nonces"),
            responder=self.url,
            **options,
        )
        return asyncio.run(_ask(client, self.leaf.certificate))


async def _ask(client: OcspClient, certificate: x509.Certificate) -> CertificateStatus:
    return await client(certificate)


@pytest.fixture(scope="module")
def _responder() -> Iterator[Responder]:
    issuer = identity("issuer")
    leaf = identity("leaf", by=issuer)
    delegate = identity("delegate", OCSP, NO_CHECK, by=issuer)
    listener = bind()
    responder = Responder(url_of(listener), issuer, leaf, delegate, SettableClock(DEFAULT_NOW))

    async def answer(request: Request) -> Response:
        return responder.answer(await request.body())

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])
    with Servers([Endpoint(app, listener)]):
        yield responder


@pytest.fixture
def responder(_responder: Responder) -> Responder:
    _responder.lie(delegated(_responder))
    return _responder


def delegated(responder: Responder, **lies: object) -> Lies:
    made = Lies(responder.delegate, certificates=[responder.delegate.certificate])
    for name, value in lies.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize("encoding", list(ocsp.OCSPResponderEncoding))
def test_the_word_of_the_issuer_or_of_its_delegate_is_believed(
    responder: Responder, encoding: ocsp.OCSPResponderEncoding
) -> None:
    for lies in (Lies(responder.issuer), delegated(responder)):
        lies.encoding = encoding
        responder.lie(lies)
        assert responder.ask() == CertificateStatus(CertificateState.VALID)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (None, CertificateState.REVOKED),
        (x509.ReasonFlags.key_compromise, CertificateState.REVOKED),
        (x509.ReasonFlags.superseded, CertificateState.SUPERSEDED),
        (x509.ReasonFlags.certificate_hold, CertificateState.PENDING),
    ],
)
def test_a_revoked_one_counts_no_longer_for_the_reason_told(
    responder: Responder, reason: x509.ReasonFlags | None, expected: CertificateState
) -> None:
    responder.lie(delegated(responder, status=ocsp.OCSPCertStatus.REVOKED, reason=reason))
    assert responder.ask() == CertificateStatus(expected, responder.clock() - DAY)


def test_what_the_responder_does_not_know_is_unknown(responder: Responder) -> None:
    responder.lie(delegated(responder, status=ocsp.OCSPCertStatus.UNKNOWN))
    assert responder.ask().state is CertificateState.UNKNOWN


def test_a_certificate_of_another_issuer_is_unknown_and_not_asked_about(
    responder: Responder,
) -> None:
    client = OcspClient(
        [responder.issuer.certificate], responder.clock, seeded(1), responder="http://127.0.0.1:1"
    )
    # It has the issuer's name, and is not signed by it.
    forged = identity("leaf", by=identity("issuer")).certificate
    assert asyncio.run(_ask(client, forged)).state is CertificateState.UNKNOWN


def untrusted(responder: Responder, why: str) -> None:
    with pytest.raises(StatusUntrustedError, match=why):
        responder.ask()


@pytest.mark.parametrize("nonce", [None, bytes(32)])
def test_an_answer_without_our_nonce_is_an_old_one(
    responder: Responder, nonce: bytes | None
) -> None:
    responder.lie(delegated(responder, nonce=nonce))
    untrusted(responder, "nonce")


@pytest.mark.parametrize(
    ("this_update", "next_update", "why"),
    [
        (timedelta(minutes=2), timedelta(minutes=10), "later than now"),
        (-2 * DAY, timedelta(minutes=-2), "out of date"),
        (-2 * DAY, None, "out of date"),
    ],
)
def test_an_answer_that_is_not_for_now_is_not_believed(
    responder: Responder, this_update: timedelta, next_update: timedelta | None, why: str
) -> None:
    responder.lie(delegated(responder, this_update=this_update, next_update=next_update))
    untrusted(responder, why)


@pytest.mark.parametrize("off", [timedelta(seconds=-50), timedelta(seconds=50)])
def test_clocks_may_be_off_by_less_than_a_minute(responder: Responder, off: timedelta) -> None:
    responder.lie(delegated(responder, this_update=off, next_update=off))
    assert responder.ask().state is CertificateState.VALID


def test_an_answer_about_another_certificate_says_nothing(responder: Responder) -> None:
    responder.lie(delegated(responder, serial=1))
    untrusted(responder, "another certificate")
    responder.lie(delegated(responder, issuer=responder.leaf.certificate))
    untrusted(responder, "another certificate")


def test_a_signature_by_another_key_is_no_signature(responder: Responder) -> None:
    other = identity("delegate", OCSP, NO_CHECK, by=responder.issuer)
    shown = [responder.delegate.certificate]
    responder.lie(Lies(other, certificates=shown, encoding=ocsp.OCSPResponderEncoding.NAME))
    untrusted(responder, "signature is wrong")


def test_a_signer_that_nobody_can_see_is_not_believed(responder: Responder) -> None:
    responder.lie(Lies(responder.delegate))
    untrusted(responder, "does not bring")


@pytest.mark.parametrize(
    ("extensions", "days", "why"),
    [
        ((NO_CHECK,), 10, "another purpose"),
        ((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), NO_CHECK), 10, "purpose"),
        ((OCSP,), 10, "nocheck"),
        ((OCSP, NO_CHECK), -1, "not valid now"),
    ],
)
def test_a_signer_that_its_issuer_did_not_make_a_responder_is_none(
    responder: Responder, extensions: tuple[x509.ExtensionType, ...], days: int, why: str
) -> None:
    signer = identity("someone", *extensions, by=responder.issuer, days=days)
    responder.lie(Lies(signer, certificates=[signer.certificate]))
    untrusted(responder, why)


def test_a_responder_of_another_issuer_is_none(responder: Responder) -> None:
    other = identity("issuer")
    for by in (other, responder.delegate):
        signer = identity("someone", OCSP, NO_CHECK, by=by)
        responder.lie(Lies(signer, certificates=[signer.certificate, by.certificate]))
        untrusted(responder, "not authorised")


@pytest.mark.parametrize("raw", [b"", b"no DER", bytes.fromhex("300a0a0100a0050203010203")])
def test_an_answer_that_cannot_be_read_is_not_believed(responder: Responder, raw: bytes) -> None:
    responder.answer = lambda _: Response(raw, media_type=TYPE)
    untrusted(responder, "cannot be read")


def unavailable(responder: Responder, why: str, **options: float) -> None:
    with pytest.raises(StatusUnavailableError, match=why):
        responder.ask(**options)


@pytest.mark.parametrize(
    "status",
    [each for each in ocsp.OCSPResponseStatus if each.value],  # all but successful
)
def test_a_responder_that_gives_no_status_is_as_good_as_down(
    responder: Responder, status: ocsp.OCSPResponseStatus
) -> None:
    raw = ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    responder.answer = lambda _: Response(raw, media_type=TYPE)
    unavailable(responder, status.name.lower())


def test_an_answer_of_http_alone_is_no_status(responder: Responder) -> None:
    responder.answer = lambda _: Response(status_code=503)
    unavailable(responder, "HTTP 503")
    responder.answer = lambda _: Response("<html>", media_type="text/html")
    unavailable(responder, "text/html")
    responder.answer = lambda _: Response(bytes(100_001), media_type=TYPE)
    unavailable(responder, "more than 100000 bytes")


def test_a_responder_that_is_not_there_is_named(responder: Responder) -> None:
    with bind() as closed:
        url = url_of(closed)
    client = OcspClient([responder.issuer.certificate], responder.clock, seeded(1), responder=url)
    with pytest.raises(StatusUnavailableError, match=url):
        asyncio.run(_ask(client, responder.leaf.certificate))


def test_a_responder_that_hangs_is_waited_for_so_long(responder: Responder) -> None:
    with bind() as silent:
        client = OcspClient(
            [responder.issuer.certificate],
            responder.clock,
            seeded(1),
            responder=url_of(silent),
            timeout_seconds=0.05,
        )
        with pytest.raises(StatusUnavailableError, match=r"0\.05 seconds"):
            asyncio.run(_ask(client, responder.leaf.certificate))


def test_a_certificate_that_names_no_responder_needs_one_configured(responder: Responder) -> None:
    client = OcspClient([responder.issuer.certificate], responder.clock, seeded(1))
    with pytest.raises(StatusUnavailableError, match="names no OCSP responder"):
        asyncio.run(_ask(client, responder.leaf.certificate))


@pytest.mark.parametrize("url", ["https://127.0.0.1:1/", "http://[", "ldap://127.0.0.1", "ocsp"])
def test_an_address_that_cannot_be_asked_is_named(responder: Responder, url: str) -> None:
    client = OcspClient([responder.issuer.certificate], responder.clock, seeded(1), responder=url)
    with pytest.raises(StatusUnavailableError, match="address"):
        asyncio.run(_ask(client, responder.leaf.certificate))


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: 9\r\n\r\n0",
    ],
    ids=["nothing", "no HTTP", "half a body"],
)
def test_an_answer_that_breaks_off_is_no_answer(responder: Responder, sent: bytes) -> None:
    async def break_off() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(sent)
            writer.close()

        with bind() as listener:
            server = await asyncio.start_server(answer, sock=listener)
            async with server:
                client = OcspClient(
                    [responder.issuer.certificate],
                    responder.clock,
                    seeded(1),
                    responder=url_of(listener),
                )
                with pytest.raises(StatusUnavailableError, match="cannot be asked"):
                    await client(responder.leaf.certificate)

    asyncio.run(break_off())
