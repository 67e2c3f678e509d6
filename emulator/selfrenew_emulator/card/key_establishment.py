# SPDX-License-Identifier: Apache-2.0
"""Key establishment for secure messaging (SP 800-73-4 Part 2, 4.1).

A one-pass Diffie-Hellman with the card's key 04, in which the card shows itself and the host does
not. The steps are those of 4.1.2, C1 to C11.
"""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from selfrenew.iso7816 import Tlv
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.randomness import Randomness

from . import keys
from .refusal import incorrect_data
from .secure_messaging import SessionKeys
from .store import CardState

_CHALLENGE, _RESPONSE, _TEMPLATE = 0x81, 0x82, 0x7C
_CONFIRMATION = b"KC_1_V"
_HOST_IDENTIFIER_BYTES = 8
_HASHED_POINT_BYTES = 16
_PERSISTENT_BINDING = 0x0F


@dataclass(frozen=True, slots=True)
class CipherSuite:
    """A cipher suite (table 14)."""

    identifier: Algorithm
    """P1 of GENERAL AUTHENTICATE, and the number in the application property template."""
    curve: Algorithm
    elliptic_curve: ec.EllipticCurve
    key_bytes: int
    nonce_bytes: int
    key_identifier: int
    """How OtherInfo names the keys' algorithm (4.1.6)."""
    digest: hashes.HashAlgorithm

    @property
    def curve_bits(self) -> int:
        """How many bits a coordinate has."""
        return self.elliptic_curve.key_size

    @property
    def point_bytes(self) -> int:
        """How many bytes an uncompressed point has."""
        return 1 + 2 * (self.curve_bits // 8)


CS2 = CipherSuite(Algorithm.CS2, Algorithm.P256, ec.SECP256R1(), 16, 16, 0x09, hashes.SHA256())
CS7 = CipherSuite(Algorithm.CS7, Algorithm.P384, ec.SECP384R1(), 32, 24, 0x0D, hashes.SHA384())
SUITES = {suite.curve: suite for suite in (CS2, CS7)}
"""Suites by the curve of key 04."""


def suite_of(state: CardState) -> CipherSuite | None:
    """Name the suite a card supports: it has key 04 and its certificate, or there is none."""
    stored = state.keys.get(KeyReference.SECURE_MESSAGING)
    if stored is None or not state.card_verifiable_certificate:
        return None
    return next((suite for suite in SUITES.values() if suite.curve is stored.algorithm), None)


def establish(
    state: CardState, suite: CipherSuite, template: dict[int, bytes], randomness: Randomness
) -> tuple[bytes, SessionKeys]:
    """Run the card's side with the suite it supports; return the answer and the session keys.

    Raise CommandRefusedError 6A80.
    """
    sent = template.get(_CHALLENGE, b"")
    expected = 1 + _HOST_IDENTIFIER_BYTES + suite.point_bytes
    if set(template) != {_CHALLENGE, _RESPONSE} or template[_RESPONSE] or len(sent) != expected:
        raise incorrect_data()
    host_control, host = sent[:1], sent[1 : 1 + _HOST_IDENTIFIER_BYTES]
    point = sent[1 + _HOST_IDENTIFIER_BYTES :]
    # The host may support persistent binding; that this card does not is what the zeros tell it.
    control = bytes((host_control[0] & ~_PERSISTENT_BINDING,))
    if any(control):
        raise incorrect_data()
    try:
        secret = keys.agree_ecdh(state.keys[KeyReference.SECURE_MESSAGING], point)
    except ValueError as error:
        raise incorrect_data() from error
    certificate = state.card_verifiable_certificate
    card = hashlib.sha256(certificate).digest()[:8]
    nonce = randomness(suite.nonce_bytes)
    coordinates = point[1:]
    parts = (host, host_control, coordinates[:_HASHED_POINT_BYTES], card, nonce, control)
    other_info = bytes((4, *(suite.key_identifier,) * 4))
    other_info += b"".join(bytes((len(part),)) + part for part in parts)
    size = suite.key_bytes
    derived = ConcatKDFHash(suite.digest, 4 * size, other_info).derive(secret)
    confirm, mac, encryption, answer_mac = (
        derived[at : at + size] for at in range(0, 4 * size, size)
    )
    confirmation = CMAC(algorithms.AES(confirm))
    confirmation.update(_CONFIRMATION + card + host + coordinates)
    answer = control + nonce + confirmation.finalize() + certificate
    return (
        bytes(Tlv(_TEMPLATE, bytes(Tlv(_RESPONSE, answer)))),
        SessionKeys(mac, encryption, answer_mac),
    )
