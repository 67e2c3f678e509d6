# SPDX-License-Identifier: Apache-2.0
"""A management key for each card, derived so that none has to be stored."""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

from selfrenew.piv.references import Algorithm
from selfrenew.secret import Secret

MASTER_KEY_BYTES = 32
KEY_BYTES = {
    Algorithm.TDES: 24,
    Algorithm.AES128: 16,
    Algorithm.AES192: 24,
    Algorithm.AES256: 32,
}
_LABEL = b"selfrenew PIV card management key"


def diversify(master: Secret, guid: bytes, algorithm: Algorithm) -> Secret:
    """Derive a card's management key from its GUID (NIST SP 800-108, counter mode with CMAC)."""
    derivation = KBKDFCMAC(
        algorithm=algorithms.AES,
        mode=Mode.CounterMode,
        length=KEY_BYTES[algorithm],
        rlen=4,
        llen=4,
        location=CounterLocation.BeforeFixed,
        label=_LABEL,
        context=guid + bytes((algorithm,)),
        fixed=None,
    )
    return Secret(derivation.derive(master.reveal()))


def answer_challenge(key: Secret, algorithm: Algorithm, challenge: bytes) -> bytes:
    """Encrypt a card's challenge (SP 800-73-4 Part 2, appendix A.1); one block of it."""
    cipher = (
        TripleDES(key.reveal()) if algorithm is Algorithm.TDES else algorithms.AES(key.reveal())
    )
    encryptor = Cipher(cipher, modes.ECB()).encryptor()  # noqa: S305  the standard's protocol
    return encryptor.update(challenge) + encryptor.finalize()


def challenge_bytes(algorithm: Algorithm) -> int:
    """Tell how long a card's challenge is: one block."""
    return 8 if algorithm is Algorithm.TDES else 16
