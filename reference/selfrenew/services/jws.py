# SPDX-License-Identifier: Apache-2.0
"""A signed challenge as a compact JWS (RFC 7515, 3.1 and 7.1; algorithms RFC 7518, 3.1).

The key is on a card, so the signature is made elsewhere and only put in its form here.
"""

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.piv.errors import UnreadableObjectError
from selfrenew.piv.references import Algorithm
from selfrenew.piv.signatures import algorithm_of

_ALGORITHMS = {
    Algorithm.RSA2048: "RS256",
    Algorithm.RSA3072: "RS256",
    Algorithm.RSA4096: "RS256",
    Algorithm.P256: "ES256",
    Algorithm.P384: "ES384",
}
_COORDINATE_BYTES = {"ES256": 32, "ES384": 48}


class HolderKey(Protocol):
    """A certified key that signs with SHA-256, a P-384 key with SHA-384."""

    @property
    def certificate(self) -> x509.Certificate | None:
        """The key's certificate."""

    def sign(self, data: bytes) -> bytes:
        """Sign: PKCS #1 v1.5 for RSA, DER-encoded ECDSA otherwise."""


def sign_challenge(key: HolderKey, certificate: x509.Certificate, claims: dict[str, str]) -> str:
    """Sign claims; the certificate goes along in x5c (RFC 7515, 4.1.6).

    Raise PivError for a signature that is none, ValueError for a key that no PIV card holds.
    """
    algorithm = _ALGORITHMS[algorithm_of(certificate.public_key())]
    header = {
        "alg": algorithm,
        "typ": "JWT",
        "x5c": [b64encode(certificate.public_bytes(Encoding.DER)).decode()],
    }
    signed = f"{_part(header)}.{_part(claims)}"
    signature = key.sign(signed.encode())
    size = _COORDINATE_BYTES.get(algorithm)
    if size is not None:
        signature = _fixed_length(signature, size)
    return f"{signed}.{_base64url(signature)}"


def _fixed_length(signature: bytes, size: int) -> bytes:
    """Give r and s of fixed length instead of DER (RFC 7518, 3.4)."""
    try:
        parts = decode_dss_signature(signature)
        return b"".join(part.to_bytes(size, "big") for part in parts)
    except (ValueError, OverflowError) as error:
        raise UnreadableObjectError("signature", f"it is no ECDSA signature: {error}") from error


def _part(value: object) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
