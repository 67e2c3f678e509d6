# SPDX-License-Identifier: Apache-2.0
"""Composing the CA's answers: header, chain and protection (RFC 9810, 5.1; RFC 9483, 3.1 to 3.3).

An answer is protected as its request was: a MAC under the same secret, otherwise the CMP signer's
signature.
"""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, GeneralizedTime, Null, Variant

from selfrenew.clock import Clock
from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import NULL_CONTENT, NULL_NAME, fail_bits
from selfrenew.cmp.message import (
    Message,
    ReceivedMessage,
    certificate_der,
    decode_list,
    encode,
    encode_list,
    general_name,
    tlv,
)
from selfrenew.cmp.protection import PrivateKeySigner, protect, subject_key_identifier
from selfrenew.cmp.structures import (
    BodyType,
    CertifiedKeyPair,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    GenMsgContent,
    PkiHeader,
    PkiStatus,
    PkiStatusInfo,
)
from selfrenew_emulator.randomness import Randomness

from .authority import Authority
from .errors import RequestRefusedError
from .requester import EnrolledRequester, Requester

NONCE_BYTES = 16
VERSIONS = frozenset({2, 3})
RESPONSE_TO = {
    BodyType.IR: BodyType.IP,
    BodyType.CR: BodyType.CP,
    BodyType.P10CR: BodyType.CP,
    BodyType.KUR: BodyType.KUP,
}
_IMPLICIT_CONFIRM = alg.Oid("1.3.6.1.5.5.7.4.13")
_CONFIRM_WAIT_TIME = alg.Oid("1.3.6.1.5.5.7.4.14")


class Answers:
    """Makes protected answers in the name of one CA."""

    def __init__(self, authority: Authority, clock: Clock, randomness: Randomness) -> None:
        self._clock = clock
        self._randomness = randomness
        signer = authority.cmp_signer
        self._sender = general_name(signer.certificate.subject)
        self._signer = PrivateKeySigner(signer.key)
        self._signer_kid = subject_key_identifier(signer.certificate)
        # The intermediates and not the root, which a client has or is given on first issue.
        self._chain = tuple(
            certificate_der(certificate)
            for certificate in (
                signer.certificate,
                *(issuer.certificate for issuer in authority.issuers.values()),
            )
        )
        self._root = certificate_der(authority.root.certificate)

    def nonce(self) -> bytes:
        """Return a fresh senderNonce."""
        return self._randomness(NONCE_BYTES)

    def issued(
        self,
        message: ReceivedMessage,
        requester: Requester,
        cert_req_id: int,
        certificate: x509.Certificate,
        *,
        nonce: bytes,
        confirm_until: datetime | None,
    ) -> bytes:
        """Answer with a certificate; `confirm_until` None grants implicitConfirm."""
        pair = CertifiedKeyPair(
            cert_or_enc_cert=Variant(tlv(certificate_der(certificate)), "certificate")
        )
        content = CertRepMessage(
            # Whoever asks for the first time may not have the trust anchor yet.
            ca_pubs=[tlv(self._root)] if isinstance(requester, EnrolledRequester) else None,
            response=[
                CertResponse(
                    cert_req_id=cert_req_id,
                    status=PkiStatusInfo(status=PkiStatus.ACCEPTED),
                    certified_key_pair=pair,
                )
            ],
        )
        if confirm_until is None:
            info = alg.identifier(_IMPLICIT_CONFIRM, encode(Null()))
        else:
            info = alg.identifier(_CONFIRM_WAIT_TIME, encode(GeneralizedTime(confirm_until)))
        return self._reply(
            message,
            requester,
            RESPONSE_TO[message.body_type],
            encode(content),
            nonce=nonce,
            general_info=[tlv(encode_list(GenMsgContent(items=info)))],
        )

    def confirmed(self, message: ReceivedMessage, requester: Requester) -> bytes:
        """Answer pkiConf."""
        return self._reply(message, requester, BodyType.PKICONF, NULL_CONTENT)

    def refusal(
        self,
        message: ReceivedMessage | None,
        requester: Requester | None,
        refusal: RequestRefusedError,
    ) -> bytes:
        """Answer with an error; the one place where a refusal becomes CMP."""
        content = ErrorMsgContent(
            pki_status_info=PkiStatusInfo(
                status=PkiStatus.REJECTION,
                status_string=[refusal.text],
                fail_info=fail_bits(refusal.reason),
            )
        )
        return self._reply(message, requester, BodyType.ERROR, encode(content))

    def _reply(
        self,
        message: ReceivedMessage | None,
        requester: Requester | None,
        body_type: BodyType,
        content: bytes,
        *,
        nonce: bytes | None = None,
        general_info: list[TLV] | None = None,
    ) -> bytes:
        asked = message.header if message else None
        header = PkiHeader(
            pvno=asked.pvno if asked and asked.pvno in VERSIONS else 2,
            sender=self._sender,
            recipient=asked.sender if asked else general_name(NULL_NAME),
            message_time=GeneralizedTime(self._clock().replace(microsecond=0)),
            transaction_id=asked.transaction_id if asked else None,
            sender_nonce=nonce or self.nonce(),
            recip_nonce=asked.sender_nonce if asked else None,
            general_info=general_info,
        )
        if isinstance(requester, EnrolledRequester) and asked:
            # The first issue brings the whole chain, the anchor too (RFC 9483, 4.1.1).
            header.sender_kid = asked.sender_kid
            header.protection_alg = asked.protection_alg
            certificates = (*self._chain[1:], self._root)
            answer = Message(header, body_type, content, None, certificates)
            return protect(answer, requester.enrolment.secret)
        header.sender_kid = self._signer_kid
        return protect(Message(header, body_type, content, None, self._chain), self._signer)


def implicit_confirm_asked(message: ReceivedMessage) -> bool:
    """Tell whether a request asks for implicitConfirm (RFC 9810, 5.1.1.1)."""
    return any(
        alg.oid_of(decode_list(GenMsgContent, encode(info))) == _IMPLICIT_CONFIRM
        for info in message.header.general_info or ()
    )
