# SPDX-License-Identifier: Apache-2.0
"""The first issue: a MAC-protected `ir` over HTTP, confirmed (RFC 9483, 4.1.1 and 4.1.5)."""

from collections.abc import Callable, Iterable
from datetime import datetime

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.cmp import CmpError, CmpFormatError
from selfrenew.cmp.building import (
    NULL_NAME,
    Conversation,
    MacProtection,
    certificate_confirmation,
    certificate_request,
)
from selfrenew.cmp.message import (
    ReceivedMessage,
    decode,
    decode_message,
    encode,
    fail_names,
)
from selfrenew.cmp.protection import Signer, verify_mac
from selfrenew.cmp.structures import (
    BodyType,
    CertRepMessage,
    ErrorMsgContent,
    PkiStatus,
    PkiStatusInfo,
)
from selfrenew_emulator.ca import Enrolment
from selfrenew_emulator.randomness import Randomness

from .errors import EnrolmentFailedError

_CONTENT_TYPE = "application/pkixcmp"


class EnrolmentOffice:
    """Gets first certificates from a CA; the HTTP client stays its owner's.

    `issuers` are those that may have signed them, where they are known.
    """

    def __init__(
        self,
        ca_url: str,
        enrolment: Enrolment,
        *,
        clock: Callable[[], datetime],
        randomness: Randomness,
        http: httpx.Client,
        issuers: Iterable[x509.Certificate] = (),
    ) -> None:
        self._url = ca_url
        self._issuers = tuple(issuers)
        self._enrolment = enrolment
        self._clock = clock
        self._randomness = randomness
        self._http = http

    def enrol(
        self,
        profile: str | None,
        subject: x509.Name,
        key: Signer,
        *,
        not_after: datetime | None = None,
    ) -> x509.Certificate:
        """Ask for a certificate, check it and confirm it. Raise EnrolmentFailedError.

        `profile` None is the CA's general one.
        """
        try:
            return self._transact(profile, subject, key, not_after)
        except (httpx.HTTPError, CmpError) as error:
            raise EnrolmentFailedError(profile or "general", str(error)) from error

    def _transact(
        self, profile: str | None, subject: x509.Name, key: Signer, not_after: datetime | None
    ) -> x509.Certificate:
        url = self._url if profile is None else f"{self._url}/p/{profile}"
        talk = Conversation(
            MacProtection(self._enrolment.reference.encode(), self._enrolment.secret),
            NULL_NAME,
            clock=self._clock,
            randomness=self._randomness,
        )
        request = certificate_request(subject, key, not_after=not_after)
        answer = self._exchange(url, talk, talk.message(BodyType.IR, request), BodyType.IP)
        certificate = _issued(answer)
        self._check(certificate, subject, key, not_after)
        content, pvno = certificate_confirmation(certificate)
        confirmation = talk.message(
            BodyType.CERTCONF, content, recip_nonce=answer.header.sender_nonce, pvno=pvno
        )
        self._exchange(url, talk, confirmation, BodyType.PKICONF)
        return certificate

    def _check(
        self,
        certificate: x509.Certificate,
        subject: x509.Name,
        key: Signer,
        not_after: datetime | None,
    ) -> None:
        """Take no certificate that the card's holder could not use. Raise CmpFormatError."""
        now = self._clock()
        if certificate.public_key() != key.public_key:
            raise CmpFormatError("the certificate is of another key")
        if certificate.subject != subject:
            raise CmpFormatError("the certificate names somebody else")
        # One that is over, as those of retired keys are, is asked for so.
        due = not_after is None or not_after > now
        if due and not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise CmpFormatError("the certificate is not valid now")
        for extension in certificate.extensions:
            if isinstance(extension.value, x509.BasicConstraints) and extension.value.ca:
                raise CmpFormatError("the certificate is a CA's")
        if self._issuers and not any(_is_by(certificate, issuer) for issuer in self._issuers):
            raise CmpFormatError("the certificate is of no issuer that is known")

    def _exchange(
        self, url: str, talk: Conversation, message: bytes, expected: BodyType
    ) -> ReceivedMessage:
        response = self._http.post(url, content=message, headers={"content-type": _CONTENT_TYPE})
        if response.headers.get("content-type") != _CONTENT_TYPE:
            raise CmpFormatError(f"the answer is no CMP message (HTTP {response.status_code})")
        answer = decode_message(response.content)
        if answer.body_type is BodyType.ERROR:
            raise CmpFormatError(_reason(decode(ErrorMsgContent, answer.content).pki_status_info))
        verify_mac(answer, self._enrolment.secret)
        if answer.header.transaction_id != talk.transaction_id:
            raise CmpFormatError("the answer is of another transaction")
        if answer.header.recip_nonce != talk.sender_nonce:
            raise CmpFormatError("the answer is to another message")
        if answer.body_type is not expected:
            raise CmpFormatError(f"the answer is {answer.describe()}")
        return answer


def _is_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _issued(answer: ReceivedMessage) -> x509.Certificate:
    responses = decode(CertRepMessage, answer.content).response
    if len(responses) != 1:
        raise CmpFormatError(f"{len(responses)} responses to one request")
    response = responses[0]
    if response.status.status not in {PkiStatus.ACCEPTED, PkiStatus.GRANTED_WITH_MODS}:
        raise CmpFormatError(_reason(response.status))
    pair = response.certified_key_pair
    if pair is None or pair.cert_or_enc_cert.tag != "certificate":
        raise CmpFormatError("the answer holds no certificate")
    try:
        return load_certificate(encode(pair.cert_or_enc_cert.value))
    except UnreadableCertificateError as error:
        raise CmpFormatError(str(error)) from error


def _reason(info: PkiStatusInfo) -> str:
    texts = ", ".join(info.status_string or ())
    return f"the CA refused ({', '.join(sorted(fail_names(info))) or info.status}): {texts}"
