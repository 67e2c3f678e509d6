# SPDX-License-Identifier: Apache-2.0
"""The portal's leave for one operation on one card by one agent, as both sides read it.

A JWS of typ `selfrenew-operation+jwt` (RFC 7519, and RFC 8725, 3.11, on explicit typing), signed
with Ed25519 (RFC 8037), its kid the key's thumbprint (RFC 7638).

OperationTicketError
├── UnknownKeyError      signed with a key that the portal does not publish
├── TicketExpiredError   too old, or from the future
└── TicketInvalidError   anything else: forged, for another agent or portal
    └── WrongCardError   for another card
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum, unique
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import OKPAlgorithm

LIFETIME = timedelta(seconds=120)
TOLERANCE = timedelta(seconds=30)
"""How far the clocks of portal and agent may be apart."""
_TYPE = "selfrenew-operation+jwt"
_ALGORITHM = "EdDSA"
_CLAIMS = ("iss", "aud", "sub", "op", "jti", "iat", "exp")


@unique
class OperationKind(StrEnum):
    """What a holder may have an agent do with a card."""

    RENEW = "renew"
    CHANGE_PASSCODE = "change-passcode"
    UNLOCK = "unlock"


class OperationTicketError(Exception):
    """A ticket allows nothing."""


class UnknownKeyError(OperationTicketError):
    """The ticket names a key that is not among the portal's."""


class TicketExpiredError(OperationTicketError):
    """The ticket's time is over or has not begun."""


class TicketInvalidError(OperationTicketError):
    """The ticket is no ticket, or not for this."""


class WrongCardError(TicketInvalidError):
    """The ticket is good for another card than the one that is in."""


@dataclass(frozen=True, slots=True)
class OperationTicket:
    """What a ticket says; `card` is the GUID's 16 bytes, `identifier` is taken once."""

    portal: str
    launch: str
    card: bytes
    operation: OperationKind
    identifier: str
    issued_at: datetime

    def sign(self, key: Ed25519PrivateKey) -> str:
        """Give the compact form."""
        claims = {
            "iss": self.portal,
            "aud": self.launch,
            "sub": self.card.hex(),
            "op": self.operation.value,
            "jti": self.identifier,
            "iat": int(self.issued_at.timestamp()),
            "exp": int((self.issued_at + LIFETIME).timestamp()),
        }
        headers = {"typ": _TYPE, "kid": thumbprint(key.public_key())}
        return jwt.encode(claims, key, _ALGORITHM, headers)


def verify(
    text: str,
    keys: Mapping[str, Ed25519PublicKey],
    *,
    portal: str,
    launch: str,
    card: bytes,
    now: datetime,
) -> OperationTicket:
    """Read a ticket for this agent and card, signed with one of the portal's keys by thumbprint.

    That it is taken once is for the caller to see to. Raise OperationTicketError.
    """
    try:
        header = jwt.get_unverified_header(text)
        if header.get("typ") != _TYPE or header.get("alg") != _ALGORITHM:
            raise TicketInvalidError("it is of another type")
        key = keys.get(header.get("kid", ""))
        if key is None:
            raise UnknownKeyError("its key is not one of the portal's")
        # The times are judged below by the clock that was handed in, not by the system's.
        claims = jwt.decode(
            text,
            key,
            [_ALGORITHM],
            audience=launch,
            issuer=portal,
            options={
                "require": list(_CLAIMS),
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        ticket = _ticket(claims)
        begins = max(ticket.issued_at, _moment(claims.get("nbf", claims["iat"])))
        ends = _moment(claims["exp"])
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise TicketInvalidError(f"it cannot be read: {error}") from error
    if ticket.card != card:
        raise WrongCardError("it is for another card")
    if not begins - TOLERANCE <= now <= ends + TOLERANCE:
        raise TicketExpiredError("its time is over or has not begun")
    return ticket


def _ticket(claims: Mapping[str, Any]) -> OperationTicket:
    issued_at = _moment(claims["iat"])
    if int(claims["exp"]) - int(claims["iat"]) > LIFETIME.total_seconds():
        raise TicketInvalidError("it is valid for too long")
    return OperationTicket(
        str(claims["iss"]),
        str(claims["aud"]),
        bytes.fromhex(claims["sub"]),
        OperationKind(claims["op"]),
        str(claims["jti"]),
        issued_at,
    )


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """Give a key as the portal publishes it (RFC 8037, 2)."""
    return {**_members(key), "kid": thumbprint(key), "use": "sig", "alg": _ALGORITHM}


def read_jwks(document: Mapping[str, Any]) -> dict[str, Ed25519PublicKey]:
    """Read the Ed25519 keys of a JWK set by thumbprint; others are passed over.

    Raise TicketInvalidError where it is no set.
    """
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise TicketInvalidError("the portal publishes no set of keys")
    found = {}
    for entry in entries:
        try:
            key = OKPAlgorithm.from_jwk(entry)
        except (jwt.InvalidKeyError, TypeError, ValueError, KeyError):
            continue
        if isinstance(key, Ed25519PublicKey):
            found[thumbprint(key)] = key
    return found


def thumbprint(key: Ed25519PublicKey) -> str:
    """Name a key (RFC 7638, 3)."""
    canonical = json.dumps(_members(key), sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _members(key: Ed25519PublicKey) -> dict[str, str]:
    point = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(point)}


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
