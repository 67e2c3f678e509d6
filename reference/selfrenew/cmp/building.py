# SPDX-License-Identifier: Apache-2.0
"""Building the messages an end entity sends (RFC 9810, 5.3; RFC 9483, 4.1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.asn1 import TLV, BitString, GeneralizedTime, Null, Variant
from cryptography.hazmat.primitives import hashes

from selfrenew.secret import Secret

from . import algorithms as alg
from .crmf import (
    ID_REG_CTRL_OLD_CERT_ID,
    AttributeTypeAndValue,
    CertId,
    CertReqMessages,
    CertReqMsg,
    CertRequest,
    CertTemplate,
    OptionalValidity,
    PopoSigningKey,
)
from .message import (
    Message,
    certificate_der,
    decode_list,
    encode,
    encode_list,
    general_name,
    tlv,
)
from .protection import (
    Signer,
    encode_unprotected,
    password_based_mac,
    protect,
    written_key_identifier,
)
from .structures import (
    BodyType,
    CertConfirmContent,
    CertStatus,
    ErrorMsgContent,
    FailureInfo,
    GenMsgContent,
    PkiHeader,
    PkiStatus,
    PkiStatusInfo,
    PollReqContent,
    PollRequest,
)
from .template import public_key_info

NULL_NAME = x509.Name([])
CMP_2000, CMP_2021 = 2, 3
NONCE_BYTES = 16
CERT_REQ_ID = 0
WHOLE_MESSAGE = -1
"""The certReqId with which a whole message is polled for (RFC 9810, 5.3.22)."""


@dataclass(frozen=True)
class SignatureProtection:
    """A message protected with a certified key; `chain` goes along, the anchor left out."""

    signer: Signer
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True)
class MacProtection:
    """A message protected with a shared secret, which `reference` names to the CA."""

    reference: bytes
    secret: Secret


Protection = SignatureProtection | MacProtection


class Conversation:
    """One transaction as the end entity leads it: header fields, nonces and protection.

    Without protection it says nothing that anybody could act on.
    """

    def __init__(
        self,
        protection: Protection | None,
        recipient: x509.Name,
        *,
        clock: Callable[[], datetime],
        randomness: Callable[[int], bytes],
    ) -> None:
        self.protection = protection
        self.transaction_id = randomness(NONCE_BYTES)
        self.sender_nonce = b""
        self.answer_nonce: bytes | None = None
        """The senderNonce of the answer that came last, believed or not."""
        self.known: list[x509.Certificate] = []
        """What came in extraCerts of answers that were believed; a later one may leave it out."""
        self.general_info: list[TLV] | None = None
        """What every message says beside its content, as InfoTypeAndValue."""
        self._recipient = recipient
        self._clock = clock
        self._randomness = randomness
        self._salt = randomness(NONCE_BYTES)

    @property
    def name(self) -> str:
        """Name the transaction in a log."""
        return self.transaction_id.hex()

    def message(
        self,
        body_type: BodyType,
        content: bytes,
        *,
        recip_nonce: bytes | None = None,
        pvno: int = CMP_2000,
    ) -> bytes:
        """Build and protect the next message, with a fresh senderNonce."""
        protection = self.protection
        self.sender_nonce = self._randomness(NONCE_BYTES)
        now = self._clock().replace(microsecond=0)
        header = PkiHeader(
            pvno=pvno,
            sender=general_name(NULL_NAME),
            recipient=general_name(self._recipient),
            message_time=GeneralizedTime(now),
            transaction_id=self.transaction_id,
            sender_nonce=self.sender_nonce,
            recip_nonce=recip_nonce,
            general_info=self.general_info,
        )
        if protection is None:
            return encode_unprotected(Message(header, body_type, content))
        if isinstance(protection, MacProtection):
            header.sender_kid = protection.reference
            header.protection_alg = password_based_mac(self._salt)
            return protect(Message(header, body_type, content), protection.secret)
        header.sender = general_name(protection.certificate.subject)
        header.sender_kid = written_key_identifier(protection.certificate)
        extra_certs = tuple(map(certificate_der, (protection.certificate, *protection.chain)))
        return protect(Message(header, body_type, content, None, extra_certs), protection.signer)


def certificate_request(
    subject: x509.Name,
    key: Signer,
    *,
    old_certificate: x509.Certificate | None = None,
    not_after: datetime | None = None,
    extensions: Sequence[TLV] | None = None,
) -> bytes:
    """Build the content of ir, cr or kur: one template with its proof of possession.

    `key` is the new key; it signs the CertRequest (RFC 4211, 4.1). `old_certificate` adds the
    oldCertID control that kur needs (RFC 9810, 5.3.5).
    """
    public_key: Any = key.public_key
    validity = None
    if not_after is not None:
        validity = OptionalValidity(not_after=GeneralizedTime(not_after.replace(microsecond=0)))
    template = CertTemplate(
        subject=_rdns(subject),
        public_key=public_key_info(public_key),
        validity=validity,
        extensions=list(extensions) if extensions else None,
    )
    controls = None
    if old_certificate is not None:
        old = CertId(
            issuer=general_name(old_certificate.issuer),
            serial_number=old_certificate.serial_number,
        )
        controls = [AttributeTypeAndValue(type=ID_REG_CTRL_OLD_CERT_ID, value=tlv(encode(old)))]
    request = CertRequest(cert_req_id=CERT_REQ_ID, cert_template=template, controls=controls)
    popo = PopoSigningKey(
        algorithm_identifier=alg.signature_identifier(public_key),
        signature=BitString(key.sign(encode(request)), 0),
    )
    message = CertReqMsg(cert_req=request, popo=Variant(popo, "signature"))
    return encode_list(CertReqMessages(items=[message]))


def _rdns(name: x509.Name) -> list[TLV]:
    """Take a Name apart into its RDNs, as a template holds it."""
    return decode_list(GenMsgContent, name.public_bytes())


def certificate_confirmation(
    certificate: x509.Certificate | bytes, rejection: str | None = None
) -> tuple[bytes, int]:
    """Build the content of certConf, and the pvno it needs.

    The hash is the one of the certificate's own signature. Where none is known, as for DER that
    cannot be read, SHA-256 is named in hashAlg, which needs pvno 3 (RFC 9810, 5.3.18 and 7).
    """
    der = certificate if isinstance(certificate, bytes) else certificate_der(certificate)
    digest = None if isinstance(certificate, bytes) else _confirmation_digest(certificate)
    hash_alg = None if digest else alg.digest_identifier(hashes.SHA256())
    hashing = hashes.Hash(digest or hashes.SHA256())
    hashing.update(der)
    info = None
    if rejection is not None:
        info = PkiStatusInfo(
            status=PkiStatus.REJECTION,
            status_string=[rejection],
            fail_info=fail_bits(FailureInfo.incorrectData),
        )
    status = CertStatus(
        cert_hash=hashing.finalize(),
        cert_req_id=CERT_REQ_ID,
        status_info=info,
        hash_alg=hash_alg,
    )
    return encode_list(CertConfirmContent(items=[status])), CMP_2021 if hash_alg else CMP_2000


def _confirmation_digest(certificate: x509.Certificate) -> hashes.HashAlgorithm | None:
    """Give the hash a certificate is confirmed with; EdDSA has one by rule (RFC 9481, 3.3)."""
    oid = certificate.signature_algorithm_oid
    if oid == alg.ED25519:
        return hashes.SHA512()
    if oid == alg.ED448:
        return hashes.SHAKE256(64)
    try:
        return certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None


def poll_request(cert_req_id: int = CERT_REQ_ID) -> bytes:
    """Build the content of pollReq for the one request, or with WHOLE_MESSAGE for its answer."""
    return encode_list(PollReqContent(items=[PollRequest(cert_req_id=cert_req_id)]))


def error_report(text: str, *reasons: FailureInfo) -> bytes:
    """Build the content of an error message, which ends a transaction (RFC 9810, 5.3.21)."""
    info = PkiStatusInfo(
        status=PkiStatus.REJECTION,
        status_string=[text],
        fail_info=fail_bits(*reasons) if reasons else None,
    )
    return encode(ErrorMsgContent(pki_status_info=info))


def fail_bits(*reasons: FailureInfo) -> BitString:
    """Encode failInfo; trailing zero bits are left off (X.690, 11.2.2)."""
    highest = max(reasons)
    raw = bytearray(highest // 8 + 1)
    for reason in reasons:
        raw[reason // 8] |= 0x80 >> reason % 8
    return BitString(bytes(raw), 7 - highest % 8)


NULL_CONTENT = encode(Null())
"""The content of pkiconf."""
ANY_INFORMATION = encode_list(GenMsgContent(items=[]))
"""The content of a genm that asks for whatever the CA has to tell (RFC 9810, D.5)."""
