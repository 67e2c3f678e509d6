# SPDX-License-Identifier: Apache-2.0
import base64
from datetime import UTC, datetime

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.piv.errors import UnreadableObjectError
from selfrenew.services.jws import sign_challenge

CLAIMS = {"nonce": "n", "aud": "https://spine.example"}
RSA_KEY = rsa.generate_private_key(65537, 2048)


def certificate_for(key: CertificateIssuerPrivateKeyTypes) -> x509.Certificate:
    name = x509.Name([])
    return (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )


class Holder:
    def __init__(self, signature: bytes) -> None:
        self.certificate = None
        self.signature = signature

    def sign(self, _: bytes) -> bytes:
        return self.signature


class SoftKey(PrivateKeySigner):
    certificate = None


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSA_KEY, "RS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
    ],
    ids=["RS256", "ES256", "ES384"],
)
def test_another_library_accepts_the_signature(
    key: CertificateIssuerPrivateKeyTypes, algorithm: str
) -> None:
    certificate = certificate_for(key)
    # Often enough that r or s, taken as a number, is shorter than the curve.
    for _ in range(1 if algorithm == "RS256" else 40):
        token = sign_challenge(SoftKey(key), certificate, CLAIMS)
        found = jwt.decode_complete(
            token, key.public_key(), [algorithm], audience="https://spine.example"
        )
        assert found["payload"] == CLAIMS
    (der,) = found["header"]["x5c"]
    assert x509.load_der_x509_certificate(base64.b64decode(der)) == certificate
    assert "=" not in token


@pytest.mark.parametrize(
    "signature",
    [b"", b"\x30\x00", bytes(64), bytes.fromhex("3006020101"), bytes.fromhex("300602017f0201ff")],
    ids=["none", "empty", "raw", "cut", "negative"],
)
def test_a_card_that_signs_nonsense_is_named(signature: bytes) -> None:
    certificate = certificate_for(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(UnreadableObjectError, match="signature"):
        sign_challenge(Holder(signature), certificate, CLAIMS)


def test_a_signature_of_a_longer_curve_is_named() -> None:
    long = ec.generate_private_key(ec.SECP384R1()).sign(b"", ec.ECDSA(hashes.SHA384()))
    certificate = certificate_for(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(UnreadableObjectError, match="signature"):
        sign_challenge(Holder(long), certificate, CLAIMS)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["P-521", "secp256k1", "Ed25519"],
)
def test_a_key_that_no_card_holds_signs_nothing(key: CertificateIssuerPrivateKeyTypes) -> None:
    with pytest.raises(ValueError, match="is not a PIV"):
        sign_challenge(SoftKey(key), certificate_for(key), CLAIMS)
