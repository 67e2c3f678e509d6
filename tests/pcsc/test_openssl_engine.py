# SPDX-License-Identifier: Apache-2.0
"""The openssl program with the PKCS#11 engine of libp11, whose keys are named by a URI."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

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
    issuer,
)

pytestmark = pytest.mark.interop

ENGINE = ("-engine", "pkcs11")


def private(key: KeyReference, pin: str = PIN) -> str:
    return f"pkcs11:manufacturer=piv_II;id=%{PKCS11_ID[key]};type=private;pin-value={pin}"


@pytest.fixture
def module(outside: dict[str, str], opensc_module: Path) -> None:
    """Point the engine to OpenSC, not to whatever else p11-kit knows of."""
    outside["PKCS11_MODULE_PATH"] = str(opensc_module)


@pytest.fixture
def message(tmp_path: Path, module: None) -> str:
    (tmp_path / "message").write_text("a message")
    return "message"


@pytest.mark.parametrize("algorithm", [Algorithm.RSA2048, Algorithm.P256])
def test_every_signing_key_signs(
    insert: Insert, printed: Printed, tmp_path: Path, message: str, algorithm: Algorithm
) -> None:
    issued = insert(four_keys(algorithm))
    for key in (AUTHENTICATION, SIGNATURE, CARD_AUTHENTICATION):
        (tmp_path / "public.pem").write_text(issued.public_pem(key))
        # For the key that wants the PIN each time the engine asks again, and reads it here.
        printed(
            *("openssl", "dgst", "-sha256", *ENGINE, "-keyform", "engine"),
            *("-sign", private(key), "-out", "signature", message),
            stdin=f"{PIN}\n",
        )
        said = printed(
            *("openssl", "dgst", "-sha256", "-verify", "public.pem"),
            *("-signature", "signature", message),
        )
        assert said == "Verified OK\n"


def test_the_signature_key_wants_the_pin_a_second_time(
    insert: Insert, run: Run, tmp_path: Path, message: str
) -> None:
    issued = insert(four_keys(Algorithm.RSA2048))
    sign = (
        *("openssl", "dgst", "-sha256", *ENGINE, "-keyform", "engine"),
        *("-sign", private(SIGNATURE), "-out", "signature", message),
    )
    unanswered = run(*sign)
    assert "Enter PKCS#11 key PIN for SIGN key" in unanswered.stdout + unanswered.stderr
    assert unanswered.returncode != 0
    wrong = run(*sign, stdin="111111\n")
    assert "PIN incorrect" in wrong.stderr
    assert issued.pin_tries == 2
    assert (tmp_path / "signature").read_bytes() == b""


def test_a_certificate_request_is_signed(insert: Insert, printed: Printed, module: None) -> None:
    insert(four_keys(Algorithm.P384))
    printed(
        *("openssl", "req", "-new", *ENGINE, "-keyform", "engine"),
        *("-key", private(AUTHENTICATION), "-subj", "/CN=Alice Archer", "-out", "request.pem"),
    )
    said = printed("openssl", "req", "-in", "request.pem", "-verify", "-noout", "-subject")
    assert said == "subject=CN = Alice Archer\n"


def test_a_message_is_signed_as_a_document_is(
    insert: Insert, printed: Printed, run: Run, tmp_path: Path, message: str
) -> None:
    issued = insert(four_keys(Algorithm.RSA2048))
    (tmp_path / "signer.pem").write_bytes(issued.certificates[SIGNATURE].public_bytes(Encoding.PEM))
    (tmp_path / "issuer.pem").write_bytes(issuer().public_bytes(Encoding.PEM))
    printed(
        *("openssl", "cms", "-sign", *ENGINE, "-keyform", "engine", "-signer", "signer.pem"),
        *("-inkey", private(SIGNATURE), "-in", message, "-out", "signed"),
        stdin=f"{PIN}\n",
    )
    verified = run(
        *("openssl", "cms", "-verify", "-in", "signed", "-CAfile", "issuer.pem"),
        *("-purpose", "any"),
    )
    assert "CMS Verification successful" in verified.stderr
    assert verified.stdout.strip() == "a message"


def test_a_message_to_the_holder_is_decrypted(
    insert: Insert, printed: Printed, tmp_path: Path, message: str
) -> None:
    issued = insert(four_keys(Algorithm.RSA2048))
    for key in (KEY_MANAGEMENT, KeyReference.RETIRED_1):
        (tmp_path / "recipient.pem").write_bytes(
            issued.certificates[key].public_bytes(Encoding.PEM)
        )
        printed(
            *("openssl", "cms", "-encrypt", "-aes256", "-in", message),
            *("-out", "encrypted", "recipient.pem"),
        )
        said = printed(
            *("openssl", "cms", "-decrypt", *ENGINE, "-keyform", "engine"),
            *("-inkey", private(key), "-recip", "recipient.pem", "-in", "encrypted"),
        )
        assert said.strip() == "a message"


def test_a_wrong_pin_signs_nothing(insert: Insert, run: Run, tmp_path: Path, message: str) -> None:
    issued = insert(four_keys(Algorithm.P256))
    refused = run(
        *("openssl", "dgst", "-sha256", *ENGINE, "-keyform", "engine"),
        *("-sign", private(AUTHENTICATION, "111111"), "-out", "signature", message),
    )
    assert refused.returncode != 0
    assert "Login failed" in refused.stderr
    assert (tmp_path / "signature").read_bytes() == b""
    assert issued.pin_tries == 2
