# SPDX-License-Identifier: Apache-2.0
"""pkcs15-crypt signs and decrypts with the card's keys; OpenSSL is the judge."""

import hashlib
from pathlib import Path

import pytest

from selfrenew.piv.references import Algorithm, KeyReference

from .conftest import Insert, Printed, Run
from .issued_card import (
    AUTHENTICATION,
    CARD_AUTHENTICATION,
    KEY_MANAGEMENT,
    PIN,
    PKCS11_ID,
    SIGNATURE,
    four_keys,
)

pytestmark = pytest.mark.interop

DIGEST = hashlib.sha256(b"message").digest()


@pytest.mark.parametrize("algorithm", [Algorithm.RSA2048, Algorithm.P256])
def test_every_signing_key_signs(
    insert: Insert, printed: Printed, tmp_path: Path, algorithm: Algorithm
) -> None:
    issued = insert(four_keys(algorithm))
    (tmp_path / "digest").write_bytes(DIGEST)
    rsa = algorithm is Algorithm.RSA2048
    form = ["--pkcs1", "--sha-256"] if rsa else ["--signature-format", "openssl"]
    for key in (AUTHENTICATION, SIGNATURE, CARD_AUTHENTICATION):
        (tmp_path / "public.pem").write_text(issued.public_pem(key))
        printed(
            *("pkcs15-crypt", "--sign", "--key", PKCS11_ID[key], "--pin", PIN, *form),
            *("--input", "digest", "--output", "signature", "--raw"),
        )
        said = printed(
            *("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem"),
            *("-pkeyopt", "digest:sha256", "-in", "digest", "-sigfile", "signature"),
        )
        assert said == "Signature Verified Successfully\n"


def test_current_and_retired_key_management_keys_decrypt(
    insert: Insert, printed: Printed, run: Run, tmp_path: Path
) -> None:
    issued = insert(four_keys(Algorithm.RSA2048))
    (tmp_path / "message").write_text("a message")
    for key in (KEY_MANAGEMENT, KeyReference.RETIRED_1):
        (tmp_path / "public.pem").write_text(issued.public_pem(key))
        printed(
            *("openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", "public.pem"),
            *("-in", "message", "-out", "encrypted"),
        )
        decipher = ("pkcs15-crypt", "--decipher", "--pkcs1", "--input", "encrypted", "--raw")
        said = printed(*decipher, "--key", PKCS11_ID[key], "--pin", PIN)
        assert said == "a message"
        refused = run(*decipher, "--key", PKCS11_ID[key], "--pin", "111111")
        assert "a message" not in refused.stdout
        assert "PIN code verification failed" in refused.stderr
        printed("pkcs15-tool", "--verify-pin", "--pin", PIN)
