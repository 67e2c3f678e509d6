# SPDX-License-Identifier: Apache-2.0
"""Who signs OCSP responses: for each issuer a delegated responder (RFC 6960, 4.2.2.2).

Its certificate lasts a week and is replaced in good time, since nobody can ask whether it was
revoked (4.2.2.2.1). Its key is of its issuer's kind, so that whoever takes the one takes the other.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, BitString, GeneralizedTime
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.ocsp import OCSPResponseStatus

from selfrenew.clock import Clock
from selfrenew.cmp.algorithms import signature_identifier
from selfrenew.cmp.message import certificate_der, encode, tlv
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.iso7816 import Tlv

from .authority import Authority, CaKey
from .ocsp_structures import (
    OCSP_BASIC,
    AlgorithmIdentifier,
    BasicOcspResponse,
    Extension,
    OcspResponse,
    ResponseBytes,
    ResponseData,
    SingleResponse,
)
from .standing import Standing

LIFETIME = timedelta(days=7)
_EARLIER = timedelta(hours=1)
_RENEWED_BEFORE_END = timedelta(days=1)
_ENUMERATED = 0x0A
_RESPONDER_BY_KEY = 0xA2


@dataclass(frozen=True, slots=True)
class _Responder:
    """A delegated responder, with what is the same in each of its responses."""

    certificate: x509.Certificate
    signer: PrivateKeySigner
    responder_id: TLV
    algorithm: AlgorithmIdentifier
    certs: list[TLV]

    @classmethod
    def of(cls, certificate: x509.Certificate, key: CaKey) -> "_Responder":
        """Prepare what a key and its certificate answer with."""
        signer = PrivateKeySigner(key)
        return cls(
            certificate,
            signer,
            tlv(bytes(Tlv(_RESPONDER_BY_KEY, encode(_key_hash(key))))),
            signature_identifier(signer.public_key),
            [tlv(certificate_der(certificate))],
        )


class ResponseSigner:
    """Signs responses by the issuers' names."""

    def __init__(self, authority: Authority, standing: Standing, clock: Clock) -> None:
        self._authority = authority
        self._standing = standing
        self._clock = clock
        self._responders: dict[str, _Responder] = {}
        self._lock = threading.Lock()

    def sign(
        self, issuer: str, responses: Sequence[SingleResponse], extensions: Sequence[Extension]
    ) -> bytes:
        """Make a whole response out of single ones."""
        now = self._clock().replace(microsecond=0)
        responder = self._responder(issuer, now)
        data = ResponseData(
            responder_id=responder.responder_id,
            produced_at=GeneralizedTime(now),
            responses=list(responses),
            response_extensions=list(extensions) or None,
        )
        basic = BasicOcspResponse(
            tbs_response_data=data,
            signature_algorithm=responder.algorithm,
            signature=BitString(responder.signer.sign(encode(data)), 0),
            certs=responder.certs,
        )
        return encode(
            OcspResponse(
                response_status=enumerated(OCSPResponseStatus.SUCCESSFUL.value),
                response_bytes=ResponseBytes(response_type=OCSP_BASIC, response=encode(basic)),
            )
        )

    def _responder(self, issuer: str, now: datetime) -> _Responder:
        with self._lock:
            known = self._responders.get(issuer)
            identity = self._authority.publishing[issuer]
            if known is not None and _serves(known.certificate, now, identity.last_end):
                return known
            key = _key_like(identity.key)
            # After its issuer's end a certificate can only be one that has ended too.
            begin = min(now, identity.last_end) - _EARLIER
            certificate = self._authority.certify_responder(
                issuer, key.public_key(), begin, now + LIFETIME
            )
            self._standing.vouch_for(certificate)
            made = _Responder.of(certificate, key)
            self._responders[issuer] = made
            return made


def enumerated(value: int) -> TLV:
    """Encode an ENUMERATED of one byte."""
    return tlv(bytes(Tlv(_ENUMERATED, bytes((value,)))))


def _serves(certificate: x509.Certificate, now: datetime, last_end: datetime) -> bool:
    """Tell whether a certificate is to be used, which is so where no other would last longer."""
    end = certificate.not_valid_after_utc
    lasts = now <= end - _RENEWED_BEFORE_END or end >= last_end
    return certificate.not_valid_before_utc <= now and lasts


def _key_hash(key: CaKey) -> bytes:
    # KeyHash is defined with SHA-1 (4.2.1), which is as the key's name here and guards nothing.
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest


def _key_like(key: CaKey) -> CaKey:
    if isinstance(key, rsa.RSAPrivateKey):
        return rsa.generate_private_key(65537, key.key_size)
    return ec.generate_private_key(key.curve)
