# SPDX-License-Identifier: Apache-2.0
import hashlib
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from selfrenew.piv import Algorithm
from selfrenew.piv.signatures import algorithm_of, digest_for, signature_input


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@pytest.mark.parametrize(
    ("algorithm", "bits"),
    [(Algorithm.RSA2048, 2048), (Algorithm.RSA3072, 3072), (Algorithm.RSA4096, 4096)],
)
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_the_block_is_what_a_pkcs1_signature_opens_to(
    algorithm: Algorithm, bits: int, digest: hashes.HashAlgorithm
) -> None:
    key = rsa_key(bits)
    signature = int.from_bytes(key.sign(b"message", padding.PKCS1v15(), digest), "big")
    public = key.public_key().public_numbers()
    opened = pow(signature, public.e, public.n).to_bytes(bits // 8, "big")
    assert signature_input(algorithm, b"message", digest) == opened


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P384])
def test_an_elliptic_curve_key_is_given_the_digest(algorithm: Algorithm) -> None:
    digest = digest_for(algorithm)
    expected = hashlib.new(digest.name, b"message").digest()
    assert signature_input(algorithm, b"message", digest) == expected
    assert len(expected) == (48 if algorithm is Algorithm.P384 else 32)


def test_a_key_has_the_algorithm_of_its_size() -> None:
    for bits in (2048, 3072, 4096):
        assert algorithm_of(rsa_key(bits).public_key()) == Algorithm[f"RSA{bits}"]
    for curve, algorithm in ((ec.SECP256R1(), Algorithm.P256), (ec.SECP384R1(), Algorithm.P384)):
        assert algorithm_of(ec.derive_private_key(7, curve).public_key()) is algorithm


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (rsa.RSAPublicNumbers(65537, (3 << 1022) + 1).public_key(), "RSA of 1024 bits"),
        (ec.derive_private_key(7, ec.SECP521R1()).public_key(), "secp521r1 is not a PIV curve"),
        (ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key(), "Ed25519PublicKey"),
        (None, "NoneType is not a PIV key"),
    ],
)
def test_a_key_no_card_holds_is_named(key: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        algorithm_of(key)
