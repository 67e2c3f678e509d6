# SPDX-License-Identifier: Apache-2.0
"""What GENERAL AUTHENTICATE does with a symmetric key (SP 800-73-4 Part 2, appendices A.1 and A.2).

The administration key 9B lets the host manage the card. The symmetric card authentication key,
which shares 9E with a key pair, shows that the card is one of an issuer's; it grants nothing, and
SP 800-73-5 deprecates it.

    key       template                protocol
    9B, 9E    81 empty                external authentication, first step: our challenge
    9B, 9E    82 filled               external authentication, second step
    9B, 9E    80 empty, 81 empty or   mutual authentication, first step: our witness
              not there
    9B, 9E    80 filled, 81 filled    mutual authentication, second step
    9E        82 empty, 81 filled     internal authentication
"""

import hmac

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes

from selfrenew.iso7816 import StatusWord, Tlv
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.randomness import Randomness

from .refusal import CommandRefusedError, incorrect_data
from .security import PendingProof, SecurityStatus
from .store import StoredKey
from .vendor import KeyAlgorithm

_TEMPLATE, _WITNESS, _CHALLENGE, _RESPONSE = 0x7C, 0x80, 0x81, 0x82

MANAGEMENT_KEY_BYTES: dict[KeyAlgorithm, int] = {
    Algorithm.TDES: 24,
    Algorithm.AES128: 16,
    Algorithm.AES192: 24,
    Algorithm.AES256: 32,
}
"""Sizes of symmetric keys, the administration key's above all."""


class SymmetricAuthentication:
    """The protocols, each step of which is one command."""

    def __init__(self, security: SecurityStatus, randomness: Randomness) -> None:
        self._security = security
        self._randomness = randomness

    def run(self, stored: StoredKey, template: dict[int, bytes], pending: PendingProof) -> bytes:
        """Run the step that a template asks for; what was pending counts for this step alone."""
        reference = pending.reference
        # The empty response that asks for one (82 00) may stand beside a challenge.
        asks = template.get(_RESPONSE) == b""
        tags = {tag: bool(template[tag]) for tag in template if not (asks and tag == _RESPONSE)}
        size = 8 if stored.algorithm is Algorithm.TDES else 16
        if tags == {_CHALLENGE: False}:
            drawn = self._randomness(size)
            self._security.pending = PendingProof(reference, response=_encrypt(stored, drawn))
            return _answer(_CHALLENGE, drawn)
        if tags in ({_WITNESS: False}, {_WITNESS: False, _CHALLENGE: False}):
            drawn = self._randomness(size)
            self._security.pending = PendingProof(reference, witness=drawn)
            return _answer(_WITNESS, _encrypt(stored, drawn))
        if tags == {_RESPONSE: True}:
            self._accept(reference, size, template[_RESPONSE], pending.response)
            return b""
        challenge = template.get(_CHALLENGE, b"")
        if len(challenge) == size:
            if tags == {_WITNESS: True, _CHALLENGE: True}:
                self._accept(reference, size, template[_WITNESS], pending.witness)
                return _answer(_RESPONSE, _encrypt(stored, challenge))
            if tags == {_CHALLENGE: True} and asks and reference != KeyReference.MANAGEMENT:
                return _answer(_RESPONSE, _encrypt(stored, challenge))
        # Notably a filled challenge alone: 9B encrypts for nobody who has not shown that he can.
        raise incorrect_data()

    def _accept(self, reference: int, size: int, shown: bytes, expected: bytes | None) -> None:
        if len(shown) != size:
            raise incorrect_data()
        # Without a question every answer is a wrong one.
        if expected is None or not hmac.compare_digest(shown, expected):
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if reference == KeyReference.MANAGEMENT:
            self._security.management_authenticated = True


def _answer(tag: int, value: bytes) -> bytes:
    return bytes(Tlv(_TEMPLATE, bytes(Tlv(tag, value))))


def _encrypt(stored: StoredKey, block: bytes) -> bytes:
    cipher: CipherAlgorithm
    if stored.algorithm == Algorithm.TDES:
        cipher = TripleDES(stored.material)
    else:
        cipher = algorithms.AES(stored.material)
    # ECB of one block of random is what the standard's protocol is (appendix A.1).
    encryptor = Cipher(cipher, modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(block) + encryptor.finalize()
