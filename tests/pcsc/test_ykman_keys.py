# SPDX-License-Identifier: Apache-2.0
"""ykman piv keys: generate, import, export, info, attest, move and delete."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card

from .cards import KEY, PIN, pooled
from .certificates import certify, key_on, pem, put_key, spki
from .conftest import Program, Run

pytestmark = pytest.mark.interop

PIN_FLAG, KEY_FLAG = ("--pin", PIN), ("--management-key", KEY.hex())
KEYS: dict[str, Callable[[], Any]] = {
    "RSA1024": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505
    "RSA2048": lambda: pooled(Algorithm.RSA2048),
    "RSA3072": lambda: pooled(Algorithm.RSA3072),
    "RSA4096": lambda: pooled(Algorithm.RSA4096),
    "ECCP256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECCP384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ED25519": ed25519.Ed25519PrivateKey.generate,
    "X25519": x25519.X25519PrivateKey.generate,
}


def error(text: str) -> str:
    return f"ERROR: {text}\n"


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_key_is_generated(yubikey: Card, ykman: Program, tmp_path: Path, algorithm: str) -> None:
    file = tmp_path / "public.pem"
    generate = ("piv", "keys", "generate", "--algorithm", algorithm, *KEY_FLAG)
    assert ykman(*generate, "9a", file) == (
        f"Private key generated in slot 9A (AUTHENTICATION), public key written to {file}.\n"
    )
    assert spki(load_pem_public_key(file.read_bytes())) == spki(key_on(yubikey))


@pytest.mark.parametrize("make", KEYS.values(), ids=KEYS)
def test_a_key_is_imported(
    yubikey: Card, ykman: Program, tmp_path: Path, make: Callable[[], Any]
) -> None:
    key, file = make(), tmp_path / "private.pem"
    file.write_bytes(pem(key, b"password"))
    said = ykman("piv", "keys", "import", "--password", "password", *KEY_FLAG, "95", file)
    assert said == "Private key imported into slot RETIRED20.\n"
    assert spki(key_on(yubikey, 0x95)) == spki(key.public_key())


def test_a_generated_key_is_described_exported_and_attested(
    yubikey: Card, ykman: Program, run: Run, tmp_path: Path
) -> None:
    policies = ("--pin-policy", "ONCE", "--touch-policy", "CACHED")
    made = ykman(
        "piv", "keys", "generate", "--algorithm", "ECCP384", *KEY_FLAG, *policies, "9c", "-"
    )
    public = load_pem_public_key(made.encode())
    assert ykman("piv", "keys", "info", "9c").splitlines() == [
        "Key slot:               9C (SIGNATURE)",
        "Algorithm:              ECCP384",
        "Origin:                 GENERATED",
        "PIN required for use:   ONCE",
        "Touch required for use: CACHED",
    ]
    exported = tmp_path / "public.der"
    ykman("piv", "keys", "export", "--format", "DER", "--verify", *PIN_FLAG, "9c", exported)
    assert spki(load_der_public_key(exported.read_bytes())) == spki(public)
    issuer, attestation = tmp_path / "issuer.pem", tmp_path / "attestation.pem"
    ykman("piv", "certificates", "export", "f9", issuer)
    ykman("piv", "keys", "attest", "9c", attestation)
    assert run("openssl", "verify", "-CAfile", issuer, attestation).stdout == f"{attestation}: OK\n"
    certificate = x509.load_pem_x509_certificate(attestation.read_bytes())
    assert spki(certificate.public_key()) == spki(public)
    assert certificate.subject.rfc4514_string() == "CN=YubiKey PIV Attestation 9c"


def test_an_imported_key_is_described_and_not_attested(
    yubikey: Card, ykman: Program, tmp_path: Path
) -> None:
    file = tmp_path / "private.pem"
    file.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    ykman("piv", "keys", "import", *KEY_FLAG, "9e", file)
    assert ykman("piv", "keys", "info", "9e").splitlines()[1:] == [
        "Algorithm:              ED25519",
        "Origin:                 IMPORTED",
        "PIN required for use:   NEVER",
        "Touch required for use: NEVER",
    ]
    refused = tmp_path / "attestation.pem"
    assert ykman("piv", "keys", "attest", "9e", refused, fails=True) == error("Attestation failed.")


def test_a_key_moves_into_an_empty_slot_and_is_deleted(yubikey: Card, ykman: Program) -> None:
    for reference in (0x9A, 0x9D):
        put_key(yubikey, reference, ec.generate_private_key(ec.SECP256R1()))
    made = yubikey.state.keys[0x9A]
    move = ("piv", "keys", "move", *KEY_FLAG)
    assert ykman(*move, "9a", "9d", fails=True) == error("DEST slot is not empty.")
    assert yubikey.state.keys[0x9A] == made
    assert ykman(*move, "9a", "82") == "Key moved from slot AUTHENTICATION to slot RETIRED1.\n"
    assert yubikey.state.keys[0x82] == made
    assert ykman(*move, "9a", "83", fails=True) == error("No key in SOURCE slot.")
    delete = ("piv", "keys", "delete", *KEY_FLAG, "82")
    assert ykman(*delete) == "Key in slot RETIRED1 deleted.\n"
    assert 0x82 not in yubikey.state.keys
    missing = error("No key stored in slot 82 (RETIRED1).")
    assert ykman(*delete, fails=True) == missing
    assert ykman("piv", "keys", "info", "82", fails=True) == missing


def test_keys_and_certificates_are_listed_side_by_side(yubikey: Card, ykman: Program) -> None:
    mine = certify(put_key(yubikey, 0x9D, ec.generate_private_key(ec.SECP256R1())))
    other = certify(ec.generate_private_key(ec.SECP384R1()).public_key(), "Bob")
    put = ("piv", "certificates", "import", *KEY_FLAG)
    ykman(*put, "9d", "-", stdin=pem(mine).decode())
    ykman(*put, "--no-update-chuid", "82", "-", stdin=pem(other).decode())
    lines = [line.strip() for line in ykman("piv", "info").splitlines()]
    first, second = lines.index("Slot 9D (KEY_MANAGEMENT):"), lines.index("Slot 82 (RETIRED1):")
    assert lines[first + 1 : first + 5] == [
        "Private key type: ECCP256",
        "Public key type:  ECCP256",
        "Subject DN:       CN=Alice",
        "Issuer DN:        CN=A CA",
    ]
    assert lines[second + 1 : second + 4] == [
        "Private key type: EMPTY",
        "Public key type:  ECCP384",
        "Subject DN:       CN=Bob",
    ]
