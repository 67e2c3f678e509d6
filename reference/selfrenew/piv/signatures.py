# SPDX-License-Identifier: Apache-2.0
"""What is handed to GENERAL AUTHENTICATE to be signed.

A PIV card pads nothing and hashes nothing (SP 800-73-4 Part 2, 3.2.4): for RSA it is given the
whole EMSA-PKCS1-v1_5 block (RFC 8017, 9.2), for ECDSA the digest.
"""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .references import Algorithm

_RSA_BITS = {Algorithm.RSA2048: 2048, Algorithm.RSA3072: 3072, Algorithm.RSA4096: 4096}

# DigestInfo up to the digest itself (RFC 8017, 9.2, note 1).
_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


def algorithm_of(public_key: object) -> Algorithm:
    """Name the PIV algorithm of a public key. Raise ValueError for a key no PIV card holds."""
    if isinstance(public_key, rsa.RSAPublicKey):
        for algorithm, bits in _RSA_BITS.items():
            if public_key.key_size == bits:
                return algorithm
        raise ValueError(f"RSA of {public_key.key_size} bits is not a PIV algorithm")
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        if isinstance(public_key.curve, ec.SECP256R1):
            return Algorithm.P256
        if isinstance(public_key.curve, ec.SECP384R1):
            return Algorithm.P384
        raise ValueError(f"{public_key.curve.name} is not a PIV curve")
    raise ValueError(f"{type(public_key).__name__} is not a PIV key")


def digest_for(algorithm: Algorithm) -> hashes.HashAlgorithm:
    """Give the hash that goes with a key (SP 800-78-4, 3.2.1): SHA-384 for P-384, else SHA-256."""
    return hashes.SHA384() if algorithm is Algorithm.P384 else hashes.SHA256()


def signature_input(algorithm: Algorithm, data: bytes, digest: hashes.HashAlgorithm) -> bytes:
    """Hash and, for RSA, pad data as the card expects it."""
    hashing = hashes.Hash(digest)
    hashing.update(data)
    value = hashing.finalize()
    bits = _RSA_BITS.get(algorithm)
    if bits is None:
        return value
    info = _DIGEST_INFO[digest.name] + value
    return b"\x00\x01" + b"\xff" * (bits // 8 - 3 - len(info)) + b"\x00" + info
