# SPDX-License-Identifier: Apache-2.0
"""The private key in the data of IMPORT ASYMMETRIC KEY, as an object of the library.

RSA comes as 01 to 05 (p, q, dP, dQ, qInv), an elliptic-curve key as 06, Ed25519 as 07, X25519 as
08. The RSA exponent is not sent, it is 65537.
"""

from math import lcm

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from selfrenew_emulator.card.access import EC_BITS, RSA_BITS
from selfrenew_emulator.card.keys import CURVES, RSA_EXPONENT, CardKey
from selfrenew_emulator.card.vendor import KeyAlgorithm, VendorAlgorithm

_RSA_TAGS = range(0x01, 0x06)
_EC_TAG = 0x06
_RAW_TAGS = {VendorAlgorithm.ED25519: 0x07, VendorAlgorithm.X25519: 0x08}


def private_key(algorithm: KeyAlgorithm, fields: dict[int, bytes]) -> CardKey:
    """Build the key of all the fields. Raise ValueError where they make up none of that kind."""
    if algorithm is VendorAlgorithm.RSA1024:
        return _rsa(1024, fields)
    if isinstance(algorithm, VendorAlgorithm):
        raw = _only(fields, _RAW_TAGS[algorithm])
        if algorithm is VendorAlgorithm.ED25519:
            return ed25519.Ed25519PrivateKey.from_private_bytes(raw)
        return x25519.X25519PrivateKey.from_private_bytes(raw)
    if algorithm in RSA_BITS:
        return _rsa(RSA_BITS[algorithm], fields)
    raw = _only(fields, _EC_TAG)
    if len(raw) * 8 != EC_BITS.get(algorithm):
        raise ValueError(f"a key for {algorithm.name} is not of {len(raw)} bytes")
    return ec.derive_private_key(int.from_bytes(raw, "big"), CURVES[algorithm])


def _only(fields: dict[int, bytes], tag: int) -> bytes:
    if list(fields) != [tag]:
        raise ValueError(f"tag {tag:02X} was due, and nothing else")
    return fields[tag]


def _rsa(bits: int, fields: dict[int, bytes]) -> rsa.RSAPrivateKey:
    if sorted(fields) != list(_RSA_TAGS):
        raise ValueError("the five parts of an RSA key were due, and nothing else")
    p, q, dmp1, dmq1, iqmp = (int.from_bytes(fields[tag], "big") for tag in _RSA_TAGS)
    if p < 3 or q < 3 or (p * q).bit_length() != bits:
        raise ValueError(f"the primes make no key of {bits} bits")
    d = pow(RSA_EXPONENT, -1, lcm(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(RSA_EXPONENT, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, dmp1, dmq1, iqmp, public).private_key()
