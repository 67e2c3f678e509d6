# SPDX-License-Identifier: Apache-2.0
"""A small PKI made with the library's own builder, and a CA that misbehaves on request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import GeneralizedTime, Variant
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from selfrenew.clock import Clock
from selfrenew.cmp.building import NULL_CONTENT, NULL_NAME, SignatureProtection, fail_bits
from selfrenew.cmp.checking import Trust
from selfrenew.cmp.client import CmpClient, PendingCertificate
from selfrenew.cmp.crmf import CertReqMessages
from selfrenew.cmp.message import (
    Message,
    ReceivedMessage,
    certificate_der,
    decode_list,
    decode_message,
    encode,
    encode_list,
    general_name,
    tlv,
)
from selfrenew.cmp.path import CMC_CA
from selfrenew.cmp.protection import (
    PrivateKeySigner,
    encode_unprotected,
    protect,
    subject_key_identifier,
)
from selfrenew.cmp.structures import (
    BodyType,
    CertifiedKeyPair,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    FailureInfo,
    PkiHeader,
    PkiStatus,
    PkiStatusInfo,
    PollRepContent,
    PollReply,
)
from selfrenew.cmp.template import public_key_of
from selfrenew.secret import Secret

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PersonKey = ec.EllipticCurvePrivateKey


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def key_usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes

    def issue(
        self,
        common_name: str,
        key: CertificateIssuerPrivateKeyTypes | None = None,
        **options: Any,
    ) -> "Holder":
        return issue(common_name, key, issuer=self, **options)


def issue(
    common_name: str,
    key: CertificateIssuerPrivateKeyTypes | None = None,
    *,
    issuer: Holder | None = None,
    ca: bool | None = False,
    path_length: int | None = None,
    usage: x509.KeyUsage | None = None,
    purposes: tuple[x509.ObjectIdentifier, ...] = (),
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    start: datetime = NOW - DAY,
    end: datetime = NOW + 365 * DAY,
    public_key: Any = None,
    serial: int = 1,
) -> Holder:
    """Issue a certificate, self-signed without an issuer; `ca` None leaves the extension out."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    signing = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name) if common_name else NULL_NAME)
        .issuer_name(issuer.certificate.subject if issuer else name(common_name))
        .public_key(public_key or key.public_key())
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(end)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length), critical=True)
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    edwards = isinstance(signing, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return Holder(builder.sign(signing, None if edwards else hashes.SHA256()), key)


@dataclass(frozen=True)
class Pki:
    """A root, an issuer, the certificate that signs for the CA, and a person's."""

    root: Holder
    issuer: Holder
    signer: Holder
    person: Holder
    stranger: Holder
    """A CA of the issuer's name and of another root."""


@pytest.fixture(scope="session")
def pki() -> Pki:
    root = issue("root", ca=True)
    issuer = root.issue("issuer", ca=True, usage=key_usage(key_cert_sign=True))
    signing = key_usage(digital_signature=True)
    signer = root.issue("signer", usage=signing, purposes=(CMC_CA,))
    return Pki(
        root, issuer, signer, issuer.issue("person", usage=signing), issue("issuer", ca=True)
    )


@pytest.fixture(scope="session")
def issued() -> Callable[..., Holder]:
    """issue, since a conftest is not imported."""
    return issue


@pytest.fixture(scope="session")
def usage() -> Callable[..., x509.KeyUsage]:
    return key_usage


Answer = bytes | tuple[int, str, bytes]


@dataclass
class FakeCa:
    """A CA whose behaviour is replaced, step by step, by what a test puts into `on`.

    `on` maps a body type to what makes its answer: CMP bytes, or status, content type and body.
    `header` is called with every answer's header before it is protected.
    """

    pki: Pki
    clock: Clock = lambda: NOW
    on: dict[BodyType, Callable[[ReceivedMessage], Answer]] = field(default_factory=dict)
    header: Callable[[PkiHeader], object] = lambda _: None
    received: list[ReceivedMessage] = field(default_factory=list)
    nonces: list[bytes] = field(default_factory=list)

    def answer(self, raw: bytes) -> Answer:
        request = decode_message(raw)
        self.received.append(request)
        act = self.on.get(request.body_type, self.usual)
        return act(request)

    def usual(self, request: ReceivedMessage) -> bytes:
        if request.body_type in {BodyType.CERTCONF, BodyType.ERROR}:
            return self.reply(request, BodyType.PKICONF, NULL_CONTENT)
        return self.grant(request)

    @property
    def kinds(self) -> list[str]:
        """The messages that came, by name."""
        return [message.body_type.standard_name for message in self.received]

    def grant(
        self,
        request: ReceivedMessage,
        certificate: x509.Certificate | bytes | None = None,
        *,
        status: int = PkiStatus.ACCEPTED,
        cert_req_id: int = 0,
        **options: Any,
    ) -> bytes:
        """Answer a request with a certificate, by default one that is as it was asked for."""
        raw = self.issued() if certificate is None else certificate
        der = raw if isinstance(raw, bytes) else certificate_der(raw)
        pair = CertifiedKeyPair(cert_or_enc_cert=Variant(tlv(der), "certificate"))
        response = CertResponse(
            cert_req_id=cert_req_id, status=PkiStatusInfo(status=status), certified_key_pair=pair
        )
        return self._response(request, response, **options)

    def wait(self, request: ReceivedMessage, **options: Any) -> bytes:
        info = PkiStatusInfo(status=PkiStatus.WAITING)
        return self._response(request, CertResponse(cert_req_id=0, status=info), **options)

    def refuse(self, request: ReceivedMessage, info: PkiStatusInfo, **options: Any) -> bytes:
        """Refuse in the response, without an error message."""
        return self._response(request, CertResponse(cert_req_id=0, status=info), **options)

    def _response(
        self,
        request: ReceivedMessage,
        response: CertResponse,
        ca_pubs: tuple[bytes, ...] = (),
        **options: Any,
    ) -> bytes:
        pubs = [tlv(raw) for raw in ca_pubs] or None
        content = encode(CertRepMessage(ca_pubs=pubs, response=[response]))
        kinds = {BodyType.IR: BodyType.IP, BodyType.KUR: BodyType.KUP}
        asked = next(m for m in self.received if m.header.recip_nonce is None).body_type
        return self.reply(request, kinds.get(asked, BodyType.CP), content, **options)

    def poll_later(
        self, request: ReceivedMessage, seconds: int, cert_req_id: int = 0, **options: Any
    ) -> bytes:
        reply = PollReply(cert_req_id=cert_req_id, check_after=seconds)
        content = encode_list(PollRepContent(items=[reply]))
        return self.reply(request, BodyType.POLLREP, content, **options)

    def error(
        self,
        request: ReceivedMessage,
        *reasons: FailureInfo,
        text: str | None = None,
        status: int = PkiStatus.REJECTION,
        details: list[str] | None = None,
        **options: Any,
    ) -> bytes:
        info = PkiStatusInfo(
            status=status,
            status_string=None if text is None else [text],
            fail_info=fail_bits(*reasons) if reasons else None,
        )
        content = encode(ErrorMsgContent(pki_status_info=info, error_details=details))
        return self.reply(request, BodyType.ERROR, content, **options)

    def reply(
        self,
        request: ReceivedMessage,
        body_type: BodyType,
        content: bytes,
        *,
        by: Holder | Secret | None = None,
        chain: tuple[Holder, ...] | None = None,
        more_certs: tuple[bytes, ...] = (),
        protected: bool = True,
    ) -> bytes:
        nonce = bytes((len(self.nonces) + 1,)) * 16
        self.nonces.append(nonce)
        signer = self.pki.signer if by is None else by
        asked = request.header
        header = PkiHeader(
            pvno=asked.pvno,
            sender=general_name(NULL_NAME),
            recipient=asked.sender,
            message_time=GeneralizedTime(self.clock().replace(microsecond=0)),
            transaction_id=asked.transaction_id,
            sender_nonce=nonce,
            recip_nonce=asked.sender_nonce,
        )
        extra: tuple[bytes, ...] = ()
        if isinstance(signer, Secret):
            header.protection_alg = asked.protection_alg
            header.sender_kid = asked.sender_kid
        else:
            header.sender = general_name(signer.certificate.subject)
            header.sender_kid = subject_key_identifier(signer.certificate)
            sent = (signer, self.pki.issuer) if chain is None else chain
            extra = more_certs + tuple(certificate_der(one.certificate) for one in sent)
        self.header(header)
        message = Message(header, body_type, content, None, extra)
        if not protected:
            header.protection_alg = None
            return encode_unprotected(message)
        if isinstance(signer, Secret):
            return protect(message, signer)
        return protect(message, PrivateKeySigner(signer.key))

    def issued(self, **options: Any) -> x509.Certificate:
        """Issue what was asked for, but for what is given."""
        first = next(m for m in self.received if m.header.recip_nonce is None)
        (asked,) = decode_list(CertReqMessages, first.content)
        template = asked.cert_req.cert_template
        options.setdefault("public_key", public_key_of(template))
        options.setdefault("usage", key_usage(digital_signature=True))
        issuer = options.pop("issuer", self.pki.issuer)
        return issuer.issue(options.pop("subject", "person"), **options).certificate


@pytest.fixture
def ca(pki: Pki) -> FakeCa:
    return FakeCa(pki)


@pytest.fixture
def cmp_url(ca: FakeCa, loopback: Any, answered: Callable[..., bytes]) -> str:
    """The address at which the CA answers, over a real socket."""

    def respond(request: Any) -> bytes:
        if request.method == "OPTIONS":
            return answered(status=405)
        answer = ca.answer(request.body)
        if isinstance(answer, bytes):
            return answered(answer, 200, "application/pkixcmp")
        status, content_type, body = answer
        return answered(body, status, content_type)

    loopback.respond = respond
    return f"{loopback.url}/.well-known/cmp"


@dataclass
class Slept:
    """Sleeps of the client, which take no time."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def slept() -> Slept:
    return Slept()


@pytest.fixture
def client(cmp_url: str, http: httpx.Client, pki: Pki, slept: Slept) -> CmpClient:
    return CmpClient(
        cmp_url,
        http=http,
        trust=Trust((pki.root.certificate,)),
        clock=lambda: NOW,
        sleep=slept,
    )


@pytest.fixture
def by_person(pki: Pki) -> SignatureProtection:
    """Protection with the person's certificate, as one slot vouches for the other."""
    person = pki.person
    return SignatureProtection(
        PrivateKeySigner(person.key), person.certificate, (pki.issuer.certificate,)
    )


@pytest.fixture(scope="session")
def new_key() -> PrivateKeySigner:
    return PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def ask(
    client: CmpClient, by_person: SignatureProtection, new_key: PrivateKeySigner
) -> Callable[..., PendingCertificate]:
    """Ask for a certificate as a renewal does."""

    def request(kind: BodyType = BodyType.CR, protection: Any = by_person) -> PendingCertificate:
        subject = by_person.certificate.subject
        return client.request(kind, subject=subject, key=new_key, protection=protection)

    return request
