# SPDX-License-Identifier: Apache-2.0
"""p11tool, GnuTLS's client of PKCS#11, which names everything by a URI (RFC 7512)."""

import re
from pathlib import Path

import pytest
from cryptography import x509

from selfrenew.piv.references import Algorithm, KeyReference

from .conftest import Insert, Printed, Run
from .issued_card import (
    AUTHENTICATION,
    CARD_AUTHENTICATION,
    GUID,
    PIN,
    PKCS11_ID,
    SIGNATURE,
    common_name,
    four_keys,
)

pytestmark = pytest.mark.interop

TOKEN = "pkcs11:token=" + common_name(AUTHENTICATION).replace(" ", "%20")


def uri(key: KeyReference, kind: str) -> str:
    return f"{TOKEN};id=%{PKCS11_ID[key]};type={kind}"


@pytest.fixture
def p11tool(opensc_module: Path) -> list[str]:
    return ["p11tool", "--provider", str(opensc_module), "--batch"]


def test_the_token_is_listed(insert: Insert, printed: Printed, p11tool: list[str]) -> None:
    insert(four_keys(Algorithm.P256))
    said = printed(*p11tool, "--list-tokens")
    assert f"Label: {common_name(AUTHENTICATION)}\n" in said
    assert "Manufacturer: piv_II\n" in said
    assert f"Serial: {GUID.hex()[-16:]}\n" in said


def test_certificates_are_listed_and_exported(
    insert: Insert, printed: Printed, p11tool: list[str]
) -> None:
    issued = insert(four_keys(Algorithm.RSA2048))
    said = printed(*p11tool, "--list-all-certs", TOKEN)
    assert said.count("Type: X.509 Certificate") == 6
    assert "Type: X.509 Certificate (RSA-2048)" in said
    for key, certificate in issued.certificates.items():
        exported = printed(*p11tool, "--export", uri(key, "cert"))
        assert x509.load_pem_x509_certificate(exported.encode()) == certificate


def test_private_keys_are_listed_after_login(
    insert: Insert, printed: Printed, p11tool: list[str]
) -> None:
    insert(four_keys(Algorithm.P384))
    said = printed(*p11tool, "--login", "--list-privkeys", TOKEN, GNUTLS_PIN=PIN)
    listed = re.findall(
        r"Type: Private key \((RSA-2048|EC/ECDSA)(?:-\w+)?\)\n\tLabel: (.*)\n", said
    )
    assert sorted(listed) == [
        ("EC/ECDSA", "CARD AUTH key"),
        ("EC/ECDSA", "KEY MAN key"),
        ("EC/ECDSA", "PIV AUTH key"),
        ("EC/ECDSA", "Retired KEY MAN 2"),
        ("EC/ECDSA", "SIGN key"),
        ("RSA-2048", "Retired KEY MAN 1"),
    ]
    (signature,) = (part for part in said.split("Object ") if "SIGN key" in part)
    assert "CKA_ALWAYS_AUTH" in signature
    assert "CKA_NEVER_EXTRACTABLE" in signature


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [(Algorithm.RSA2048, "RSA-SHA256"), (Algorithm.P256, "ECDSA-SHA256")],
)
def test_every_signing_key_passes_its_test(
    insert: Insert, run: Run, p11tool: list[str], algorithm: Algorithm, name: str
) -> None:
    insert(four_keys(algorithm))
    for key in (AUTHENTICATION, SIGNATURE, CARD_AUTHENTICATION):
        tested = run(*p11tool, "--login", "--test-sign", uri(key, "private"), GNUTLS_PIN=PIN)
        assert tested.returncode == 0
        assert f"Signing using {name}... ok\n" in tested.stderr
        assert "Verifying against public key in the token... ok\n" in tested.stderr


def test_a_wrong_pin_is_told_and_costs_one_try(
    insert: Insert, run: Run, p11tool: list[str]
) -> None:
    issued = insert(four_keys(Algorithm.P256))
    key = uri(AUTHENTICATION, "private")
    refused = run(*p11tool, "--login", "--test-sign", key, GNUTLS_PIN="111111")
    assert refused.returncode != 0
    assert "Cannot continue with a wrong password" in refused.stderr
    assert "Signing using" not in refused.stderr
    assert issued.pin_tries == 2
