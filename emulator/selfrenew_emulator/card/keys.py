# SPDX-License-Identifier: Apache-2.0
"""What the card does with its private keys: generate, sign, decipher, agree.

The card pads and hashes nothing: it is handed the whole RSA block, or the digest
(SP 800-73-4 Part 2, 3.2.4 and appendices A.4 and A.5).
"""

from collections.abc import Callable
from functools import lru_cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed

from selfrenew.iso7816 import Tlv
from selfrenew.piv.references import Algorithm
from selfrenew.piv.signatures import algorithm_of

from .access import RSA_BITS
from .store import StoredKey
from .vendor import KeyAlgorithm, VendorAlgorithm

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
CardKey = PrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey
"""A key of the standard's kinds, or of those that vendors add."""
KeySource = Callable[[Algorithm], PrivateKey]
"""Gives a fresh key pair; a test may hand in one that draws from a pool."""

CURVES: dict[Algorithm, ec.EllipticCurve] = {
    Algorithm.P256: ec.SECP256R1(),
    Algorithm.P384: ec.SECP384R1(),
}
# A hash as wide as the curve, which tells the library how long the digest is and nothing else.
_PREHASHED = {
    "secp256r1": ec.ECDSA(Prehashed(hashes.SHA256())),
    "secp384r1": ec.ECDSA(Prehashed(hashes.SHA384())),
}
_UNCOMPRESSED = 0x04
RSA_EXPONENT = 65_537


def generate(algorithm: Algorithm) -> PrivateKey:
    """Generate a key pair with OpenSSL's own randomness."""
    curve = CURVES.get(algorithm)
    if curve is not None:
        return ec.generate_private_key(curve)
    return rsa.generate_private_key(RSA_EXPONENT, RSA_BITS[algorithm])


def generate_any(algorithm: KeyAlgorithm) -> CardKey:
    """Generate a key pair for any algorithm that an emulated card knows."""
    match algorithm:
        case VendorAlgorithm.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        case VendorAlgorithm.X25519:
            return x25519.X25519PrivateKey.generate()
        case VendorAlgorithm.RSA1024:
            # Weak, and what the firmware still makes.
            return rsa.generate_private_key(RSA_EXPONENT, 1024)  # noqa: S505
    return generate(algorithm)


def algorithm_of_key(key: CardKey) -> KeyAlgorithm:
    """Name a key pair's algorithm. Raise ValueError for one that no card holds."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return VendorAlgorithm.ED25519
    if isinstance(key, x25519.X25519PrivateKey):
        return VendorAlgorithm.X25519
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size == 1024:
        return VendorAlgorithm.RSA1024
    return algorithm_of(key.public_key())


def store_key(algorithm: KeyAlgorithm, key: CardKey) -> StoredKey:
    """Put a key pair in the form in which the card keeps it."""
    return StoredKey(
        algorithm,
        key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


@lru_cache(maxsize=64)
def load_key(material: bytes) -> CardKey:
    """Load a key as the card keeps it. Raise ValueError or TypeError where it is none."""
    key = serialization.load_der_private_key(material, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, CardKey):
        raise TypeError(f"the card holds a key of type {type(key).__name__}")
    return key


def public_key_template(key: CardKey) -> bytes:
    """Encode the public key as GENERATE answers it (Part 2, tables 12 and 13)."""
    return bytes(Tlv(0x7F49, public_key_fields(key)))


def public_key_fields(key: CardKey) -> bytes:
    """Encode what stands inside that template."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        modulus = numbers.n.to_bytes(public.key_size // 8, "big")
        exponent = numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")
        return bytes(Tlv(0x81, modulus)) + bytes(Tlv(0x82, exponent))
    if isinstance(public, ed25519.Ed25519PublicKey | x25519.X25519PublicKey):
        return bytes(Tlv(0x86, public.public_bytes_raw()))
    point = public.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return bytes(Tlv(0x86, point))


def use_rsa(stored: StoredKey, block: bytes) -> bytes:
    """Apply the RSA private key to a block. Raise ValueError where the block does not fit it."""
    key = load_key(stored.material)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("not an RSA key")
    size = key.key_size // 8
    if len(block) != size:
        raise ValueError(f"the block has {len(block)} bytes, the key {size}")
    message = _type_one_message(block)
    if message is not None:
        # OpenSSL puts the very same padding back and is an order of magnitude faster than pow().
        return key.sign(message, padding.PKCS1v15(), NoDigestInfo())
    return _raw_rsa(key, int.from_bytes(block, "big")).to_bytes(size, "big")


def _type_one_message(block: bytes) -> bytes | None:
    """Take EMSA-PKCS1-v1_5 padding off (RFC 8017, 9.2); None where it is anything else."""
    if block[:2] != b"\x00\x01":
        return None
    end = block.find(b"\x00", 2)
    if end < 10 or block[2:end].strip(b"\xff") or end + 1 == len(block):
        return None
    return block[end + 1 :]


def _raw_rsa(key: rsa.RSAPrivateKey, value: int) -> int:
    """Compute RSADP with the Chinese remainder theorem (RFC 8017, 5.1.2)."""
    numbers = key.private_numbers()
    if value >= numbers.public_numbers.n:
        raise ValueError("the block is not below the modulus")
    first = pow(value, numbers.dmp1, numbers.p)
    second = pow(value, numbers.dmq1, numbers.q)
    return second + (first - second) * numbers.iqmp % numbers.p * numbers.q


def sign_ecdsa(stored: StoredKey, digest: bytes) -> bytes:
    """Sign a digest of any length; of a longer one than the curve the leftmost bytes count.

    That is what ECDSA itself does. Raise ValueError for an empty one.
    """
    key = load_key(stored.material)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not an elliptic-curve key")
    if not digest:
        raise ValueError("there is no digest")
    size = key.key_size // 8
    return key.sign(digest[:size].rjust(size, b"\0"), _PREHASHED[key.curve.name])


def agree_ecdh(stored: StoredKey, point: bytes) -> bytes:
    """Agree a secret with a point of the other side. Raise ValueError for one off the curve."""
    key = load_key(stored.material)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not an elliptic-curve key")
    if point[:1] != bytes((_UNCOMPRESSED,)):
        raise ValueError("the point is not uncompressed")
    return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(key.curve, point))


def sign_ed25519(stored: StoredKey, message: bytes) -> bytes:
    """Sign a message itself: Ed25519 takes no digest."""
    key = load_key(stored.material)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise TypeError("not an Ed25519 key")
    return key.sign(message)


def agree_x25519(stored: StoredKey, point: bytes) -> bytes:
    """Agree a secret. Raise ValueError for a point of another length or of small order."""
    key = load_key(stored.material)
    if not isinstance(key, x25519.X25519PrivateKey):
        raise TypeError("not an X25519 key")
    return key.exchange(x25519.X25519PublicKey.from_public_bytes(point))
