# SPDX-License-Identifier: Apache-2.0
"""What everybody does who relies on a card holder's signature: the Spine, and card management.

The holder signs a challenge as a compact JWS (RFC 7515) with the certificate in x5c. Checked are
the signature, the audience, the challenge, the issuer, the usage of the key, the validity and what
the CA says of the certificate.
"""

import logging
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, unique

import jwt
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.clock import Clock

from .certificate_status import (
    CertificateState,
    CertificateStatus,
    StatusError,
    StatusSource,
    StatusUntrustedError,
)
from .challenges import Challenges
from .problem import ProblemError

_log = logging.getLogger(__name__)
ASSERTION_MAX_CHARACTERS = 20_000


@unique
class RefusalReason(Enum):
    """Why an assertion is not accepted; the value is what an answer carries."""

    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_CHALLENGE = "wrong_challenge"
    UNKNOWN = "unknown"
    WRONG_USAGE = "wrong_usage"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    PENDING = "pending"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


_TEXTS = {
    RefusalReason.MALFORMED: "the assertion is not a JWS with the holder's certificate in x5c",
    RefusalReason.BAD_SIGNATURE: "the signature is not by the certificate's key",
    RefusalReason.WRONG_AUDIENCE: "the assertion was made for somebody else",
    RefusalReason.WRONG_CHALLENGE: "the challenge is not one that is open; ask for a new one",
    RefusalReason.UNKNOWN: "the certificate is of no issuer that is accepted here",
    RefusalReason.WRONG_USAGE: "the certificate's key is not for signing a holder's word",
    RefusalReason.NOT_YET_VALID: "the certificate is not valid yet",
    RefusalReason.EXPIRED: "the certificate has expired",
    RefusalReason.PENDING: "the certificate was never confirmed: run the renewal again",
    RefusalReason.SUPERSEDED: "the certificate was superseded by a newer one",
    RefusalReason.REVOKED: "the certificate was revoked",
}
_HOLDER_PURPOSES = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
_BY_STATE = {
    CertificateState.PENDING: RefusalReason.PENDING,
    CertificateState.SUPERSEDED: RefusalReason.SUPERSEDED,
    CertificateState.REVOKED: RefusalReason.REVOKED,
    CertificateState.UNKNOWN: RefusalReason.UNKNOWN,
}


class AssertionRefusedError(Exception):
    """An assertion is not accepted, and why."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(_TEXTS[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an assertion says once its signature holds."""

    certificate: x509.Certificate
    user_id: str


class RelyingParty:
    """Accepts the certificates of the given issuers."""

    def __init__(
        self,
        audience: str,
        issuers: Sequence[x509.Certificate],
        status_of: StatusSource,
        clock: Clock,
    ) -> None:
        self.audience = audience
        self._issuers = tuple(issuers)
        self._status_of = status_of
        self._clock = clock

    async def read(self, token: str, challenges: Challenges) -> Assertion:
        """Check an assertion and use its challenge up. Raise AssertionRefusedError.

        Raise ProblemError where the CA does not tell; the challenge stays open then.
        """
        certificate = _certificate_of(token)
        issuer = self._issuer_of(certificate)
        if issuer is None:
            raise AssertionRefusedError(RefusalReason.UNKNOWN)
        if not _signs_for_its_holder(certificate):
            raise AssertionRefusedError(RefusalReason.WRONG_USAGE)
        challenge = self._verify(token, certificate)
        refusal = await self.judge(certificate)
        if refusal is not None:
            raise AssertionRefusedError(refusal)
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        if not names:
            raise AssertionRefusedError(RefusalReason.UNKNOWN)
        if not challenges.take(challenge):
            raise AssertionRefusedError(RefusalReason.WRONG_CHALLENGE)
        return Assertion(certificate, str(names[0].value))

    async def judge(self, certificate: x509.Certificate) -> RefusalReason | None:
        """Tell why a certificate is not good now, None where it is. Raise ProblemError."""
        now = self._clock()
        if now < certificate.not_valid_before_utc:
            return RefusalReason.NOT_YET_VALID
        if now > certificate.not_valid_after_utc:
            return RefusalReason.EXPIRED
        status = await self._ask(certificate)
        return _BY_STATE.get(status.state)

    async def _ask(self, certificate: x509.Certificate) -> CertificateStatus:
        try:
            return await self._status_of(certificate)
        except StatusError as error:
            _log.warning("%x: %s", certificate.serial_number, error)
            lied = isinstance(error, StatusUntrustedError)
            raise ProblemError(
                503,
                "status_untrusted" if lied else "status_unavailable",
                f"whether the certificate counts cannot be told: {error}",
                {"Retry-After": "60"},
            ) from error

    def _issuer_of(self, certificate: x509.Certificate) -> x509.Certificate | None:
        for issuer in self._issuers:
            if certificate.issuer != issuer.subject:
                continue
            try:
                certificate.verify_directly_issued_by(issuer)
            except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
                continue
            return issuer
        return None

    def _verify(self, token: str, certificate: x509.Certificate) -> str:
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise AssertionRefusedError(RefusalReason.UNKNOWN)
        algorithm = "RS256"
        if isinstance(key, ec.EllipticCurvePublicKey):
            algorithm = "ES384" if key.curve.key_size == 384 else "ES256"
        # No time of the assertion's own counts: the challenge is fresh, and used once.
        options: jwt.types.Options = {
            "require": ["aud", "nonce"],
            "verify_iat": False,
            "verify_exp": False,
        }
        try:
            claims = jwt.decode(
                token, key, algorithms=[algorithm], audience=self.audience, options=options
            )
        except jwt.InvalidAudienceError as error:
            raise AssertionRefusedError(RefusalReason.WRONG_AUDIENCE) from error
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError) as error:
            raise AssertionRefusedError(RefusalReason.BAD_SIGNATURE) from error
        except jwt.PyJWTError as error:
            raise AssertionRefusedError(RefusalReason.MALFORMED) from error
        challenge = claims["nonce"]
        if not isinstance(challenge, str):
            raise AssertionRefusedError(RefusalReason.MALFORMED)
        return challenge


def _signs_for_its_holder(certificate: x509.Certificate) -> bool:
    """Tell whether keyUsage and extKeyUsage allow it (RFC 5280, 4.2.1.3 and 4.2.1.12).

    The key of an encryption certificate may be able to sign, and the one of a card authentication
    certificate signs without a passcode.
    """
    for extension in certificate.extensions:
        match extension.value:
            case x509.KeyUsage() as usage if not usage.digital_signature:
                return False
            case x509.ExtendedKeyUsage() as purposes if not _HOLDER_PURPOSES & set(purposes):
                return False
    return True


def _certificate_of(token: str) -> x509.Certificate:
    if len(token) > ASSERTION_MAX_CHARACTERS:
        raise AssertionRefusedError(RefusalReason.MALFORMED)
    try:
        chain = jwt.get_unverified_header(token)["x5c"]
        return load_certificate(b64decode(chain[0], validate=True))
    except (
        jwt.PyJWTError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        UnreadableCertificateError,
    ) as error:
        raise AssertionRefusedError(RefusalReason.MALFORMED) from error
