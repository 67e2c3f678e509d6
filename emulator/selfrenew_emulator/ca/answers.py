# SPDX-License-Identifier: Apache-2.0
"""Composing the CA's answers: header, chain and protection (RFC 9810, 5.1; RFC 9483, 3.1 to 3.3).

An answer is protected as its request was: the same MAC under the same secret, otherwise the CMP
signer's signature.
"""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, GeneralizedTime, Variant

from selfrenew.clock import Clock
from selfrenew.cmp.building import NULL_CONTENT, NULL_NAME, fail_bits
from selfrenew.cmp.crmf import CertId
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.information import InfoType, find_info, info
from selfrenew.cmp.message import (
    OPAQUE_NAMES,
    Message,
    ReceivedMessage,
    certificate_der,
    decode,
    encode,
    encode_list,
    general_name,
    tlv,
)
from selfrenew.cmp.protection import PrivateKeySigner, subject_key_identifier, with_salt
from selfrenew.cmp.structures import (
    BodyType,
    CertifiedKeyPair,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    FailureInfo,
    GenMsgContent,
    PkiHeader,
    PkiMessages,
    PkiStatus,
    PkiStatusInfo,
    PollRepContent,
    PollReply,
    RevRepContent,
)
from selfrenew_emulator.faults import AnsweringKeys, conduct, tell_answered
from selfrenew_emulator.randomness import Randomness

from .authority import Authority
from .errors import RequestRefusedError
from .requester import Anybody, EnrolledRequester, Requester

NONCE_BYTES = 16
VERSIONS = frozenset({2, 3})
RESPONSE_TO = {
    BodyType.IR: BodyType.IP,
    BodyType.CR: BodyType.CP,
    BodyType.P10CR: BodyType.CP,
    BodyType.KUR: BodyType.KUP,
}
_NOBODY = general_name(NULL_NAME)


class Answers:
    """Makes protected answers in the name of one CA."""

    def __init__(self, authority: Authority, clock: Clock, randomness: Randomness) -> None:
        self._clock = clock
        self._randomness = randomness
        signer = authority.cmp_signer
        self._sender = general_name(signer.certificate.subject)
        self._signer = PrivateKeySigner(signer.key)
        self._keys = AnsweringKeys(signer, (authority.root, *authority.issuers.values()))
        # The requester's would bring back the key of her message. One does for all, so that the key
        # under a secret is derived once and not for each answer.
        self._salt = randomness(NONCE_BYTES)
        self._signer_kid = subject_key_identifier(signer.certificate)
        # The intermediates and not the root, which a client has or is given on first issue.
        self._chain = tuple(
            certificate_der(certificate)
            for certificate in (
                signer.certificate,
                *(issuer.certificate for issuer in authority.issuers.values()),
            )
        )
        self._variety = authority.variety
        self._root = certificate_der(authority.root.certificate)
        self._root_tlv = tlv(self._root)

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
        as_asked: bool,
        nonce: bytes,
        confirm_until: datetime | None,
    ) -> bytes:
        """Answer with a certificate; `confirm_until` None grants implicitConfirm.

        Where it is not `as_asked`, the requester is told to look (RFC 9810, 5.2.3).
        """
        # Whoever asks for the first time may not have the trust anchor yet; cr is of who knows the
        # CA (RFC 9483, 4.1.2).
        first = message.body_type is not BodyType.CR
        anchored = first and isinstance(requester, EnrolledRequester)
        status = PkiStatus.ACCEPTED if as_asked else PkiStatus.GRANTED_WITH_MODS
        pair = CertifiedKeyPair(
            cert_or_enc_cert=Variant(tlv(certificate_der(certificate)), "certificate")
        )
        content = CertRepMessage(
            ca_pubs=[self._root_tlv] if anchored else None,
            response=[
                CertResponse(
                    cert_req_id=cert_req_id,
                    status=PkiStatusInfo(status=status),
                    certified_key_pair=pair,
                )
            ],
        )
        if confirm_until is None:
            how = info(InfoType.IMPLICIT_CONFIRM, NULL_CONTENT)
        else:
            how = info(InfoType.CONFIRM_WAIT_TIME, encode(GeneralizedTime(confirm_until)))
        return self._reply(
            message.header,
            requester,
            RESPONSE_TO[message.body_type],
            encode(content),
            nonce=nonce,
            general_info=[how],
        )

    def not_issued(
        self,
        message: ReceivedMessage,
        requester: Requester,
        cert_req_id: int,
        refusal: RequestRefusedError,
    ) -> bytes:
        """Answer that no certificate is issued."""
        response = CertResponse(cert_req_id=cert_req_id, status=_rejection(refusal))
        content = encode(CertRepMessage(response=[response]))
        return self._reply(message.header, requester, RESPONSE_TO[message.body_type], content)

    def confirmed(self, message: ReceivedMessage, requester: Requester) -> bytes:
        """Answer pkiConf."""
        return self._reply(message.header, requester, BodyType.PKICONF, NULL_CONTENT)

    def waiting(
        self, message: ReceivedMessage, requester: Requester, cert_req_id: int, *, nonce: bytes
    ) -> bytes:
        """Answer that the answer comes later."""
        status = PkiStatusInfo(status=PkiStatus.WAITING)
        answer_type = RESPONSE_TO.get(message.body_type)
        if answer_type is None:
            content = encode(ErrorMsgContent(pki_status_info=status))
            return self._reply(message.header, requester, BodyType.ERROR, content, nonce=nonce)
        response = CertResponse(cert_req_id=cert_req_id, status=status)
        content = encode(CertRepMessage(response=[response]))
        return self._reply(message.header, requester, answer_type, content, nonce=nonce)

    def later(
        self,
        message: ReceivedMessage,
        requester: Requester,
        cert_req_id: int,
        seconds: int,
        *,
        nonce: bytes,
    ) -> bytes:
        """Answer pollRep: come again after some seconds."""
        reply = PollReply(cert_req_id=cert_req_id, check_after=seconds)
        content = encode_list(PollRepContent(items=[reply]))
        return self._reply(message.header, requester, BodyType.POLLREP, content, nonce=nonce)

    def revoked(self, message: ReceivedMessage, requester: Requester, revoked: CertId) -> bytes:
        """Answer that a certificate is revoked."""
        content = RevRepContent(
            status=[PkiStatusInfo(status=PkiStatus.ACCEPTED, status_string=["revoked"])],
            rev_certs=[revoked],
        )
        return self._reply(message.header, requester, BodyType.RP, encode(content))

    def nested(self, message: ReceivedMessage, requester: Requester, answers: list[bytes]) -> bytes:
        """Answer with the answers to messages that came together, in their order."""
        content = encode_list(PkiMessages(items=[tlv(answer) for answer in answers]))
        return self._reply(message.header, requester, BodyType.NESTED, content)

    def informed(
        self, message: ReceivedMessage, asker: Requester | Anybody, told: list[TLV]
    ) -> bytes:
        """Answer genp."""
        return self._reply(
            message.header, asker, BodyType.GENP, encode_list(GenMsgContent(items=told))
        )

    def refusal(
        self,
        message: ReceivedMessage,
        requester: Requester | Anybody | None,
        refusal: RequestRefusedError,
    ) -> bytes:
        """Answer with an error; that nothing is revoked, in rp (RFC 9810, 5.3.10)."""
        if message.body_type is BodyType.RR:
            status = RevRepContent(status=[_rejection(refusal)])
            return self._reply(message.header, requester, BodyType.RP, encode(status))
        content = ErrorMsgContent(pki_status_info=_rejection(refusal))
        return self._reply(message.header, requester, BodyType.ERROR, encode(content))

    def unreadable(self, header: PkiHeader | None, refusal: RequestRefusedError) -> bytes:
        """Answer what is no message with an error; to the header where that could be read."""
        if header is not None:
            # A sender that may be no GeneralName is not repeated.
            header.sender = _NOBODY
        content = ErrorMsgContent(pki_status_info=_rejection(refusal))
        return self._reply(header, None, BodyType.ERROR, encode(content))

    def _reply(
        self,
        asked: PkiHeader | None,
        requester: Requester | Anybody | None,
        body_type: BodyType,
        content: bytes,
        *,
        nonce: bytes | None = None,
        general_info: list[TLV] | None = None,
    ) -> bytes:
        transaction_id = None if asked is None else asked.transaction_id
        header = PkiHeader(
            # To another version, the nearest one (RFC 9810, 7).
            pvno=min(max(asked.pvno, min(VERSIONS)), max(VERSIONS)) if asked else min(VERSIONS),
            sender=self._sender,
            recipient=_recipient(asked),
            message_time=GeneralizedTime(self._clock().replace(microsecond=0)),
            # Where there is none yet, it is the CA that gives it (RFC 9810, 5.1.1).
            transaction_id=self.nonce() if transaction_id is None else transaction_id,
            sender_nonce=nonce or self.nonce(),
            recip_nonce=asked.sender_nonce if asked else None,
            general_info=general_info,
        )
        tell_answered(body_type)
        protect = conduct.get().protect
        if isinstance(requester, EnrolledRequester) and asked:
            # The first issue brings the whole chain, the anchor too (RFC 9483, 4.1.1).
            header.sender_kid = asked.sender_kid
            header.protection_alg = with_salt(asked.protection_alg or [], self._salt)
            certificates = self._variety.order((*self._chain[1:], self._root))
            answer = Message(header, body_type, content, None, certificates)
            return protect(answer, requester.enrolment.secret, self._keys)
        header.sender_kid = self._signer_kid
        certificates = self._variety.order(self._chain, first=2)
        answer = Message(header, body_type, content, None, certificates)
        return protect(answer, self._signer, self._keys)


def _recipient(asked: PkiHeader | None) -> TLV:
    """Answer to who asked; nothing is repeated whose bytes were not all looked at."""
    if asked is None or asked.sender.tag_bytes in OPAQUE_NAMES:
        return _NOBODY
    return asked.sender


def _rejection(refusal: RequestRefusedError) -> PkiStatusInfo:
    """Put a refusal into CMP's words; the one place where that is done."""
    return PkiStatusInfo(
        status=PkiStatus.REJECTION,
        status_string=[refusal.text],
        fail_info=fail_bits(refusal.reason),
    )


def implicit_confirm_asked(message: ReceivedMessage) -> bool:
    """Tell whether a request asks for implicitConfirm (RFC 9810, 5.1.1.1 and 5.1.1.2).

    Raise RequestRefusedError for one with a value, or beside confirmWaitTime.
    """
    asked, value = find_info(message.header.general_info, InfoType.IMPLICIT_CONFIRM)
    if value not in {None, NULL_CONTENT}:
        raise RequestRefusedError(FailureInfo.badRequest, "implicitConfirm has the value NULL")
    waits, time = find_info(message.header.general_info, InfoType.CONFIRM_WAIT_TIME)
    if asked and waits:
        raise RequestRefusedError(
            FailureInfo.badRequest, "there is implicitConfirm or confirmWaitTime, not both"
        )
    if waits:
        try:
            decode(GeneralizedTime, time or b"")
        except CmpFormatError as error:
            raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error
    return asked
