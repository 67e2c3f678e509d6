# SPDX-License-Identifier: Apache-2.0
"""pkcs11-tool signs, decrypts and derives with the card's keys; OpenSSL is the judge.

OpenSSL has the public keys from the certificates that pkcs11-tool reads off the card.
"""

import hashlib
import re
from pathlib import Path

import pytest

from selfrenew.piv.references import Algorithm, KeyReference

from .conftest import Insert, Printed, Run
from .issued_card import (
    AUTHENTICATION,
    CARD_AUTHENTICATION,
    CURRENT,
    KEY_MANAGEMENT,
    PIN,
    PKCS11_ID,
    SIGNATURE,
    common_name,
    four_keys,
)

pytestmark = pytest.mark.interop

LOGIN = ("pkcs11-tool", "--login", "--pin", PIN)
SIGNING = (AUTHENTICATION, SIGNATURE, CARD_AUTHENTICATION)
MESSAGE = b"a message of the holder"
PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")


def read_public_key(printed: Printed, key: KeyReference) -> None:
    """Put a key's public key into public.pem, by the certificate."""
    identifier = PKCS11_ID[key]
    read = ("pkcs11-tool", "--read-object", "--type", "cert", "--id", identifier)
    printed(*read, "--output-file", "read.der")
    inform = ("openssl", "x509", "-inform", "DER", "-in", "read.der", "-noout")
    assert f"CN = {common_name(key)}\n" in printed(*inform, "-subject")
    printed(*inform, "-pubkey", "-out", "public.pem")


def sign(printed: Printed, key: KeyReference, mechanism: str, file: str, *options: str) -> None:
    """Sign a file into `signature`."""
    said = printed(
        *(*LOGIN, "--sign", "--id", PKCS11_ID[key], "--mechanism", mechanism, *options),
        *("--input-file", file, "--output-file", "signature"),
    )
    assert said == ""


def verify(printed: Printed, digest: str, *options: str) -> None:
    """Have OpenSSL hash the message and check `signature`."""
    said = printed(
        *("openssl", "dgst", f"-{digest}", "-verify", "public.pem", *options),
        *("-signature", "signature", "message"),
    )
    assert said == "Verified OK\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "sha256").write_bytes(hashlib.sha256(MESSAGE).digest())
    return tmp_path


def same_for_all(algorithm: Algorithm) -> dict[KeyReference, Algorithm]:
    return dict.fromkeys(CURRENT, algorithm)


@pytest.mark.parametrize("algorithm", [Algorithm.RSA2048, Algorithm.RSA3072])
def test_rsa_keys_sign(insert: Insert, printed: Printed, files: Path, algorithm: Algorithm) -> None:
    insert(same_for_all(algorithm))
    for key in SIGNING:
        read_public_key(printed, key)
        sign(printed, key, "SHA256-RSA-PKCS", "message")
        verify(printed, "sha256")
        sign(printed, key, "SHA512-RSA-PKCS-PSS", "message")
        verify(printed, "sha512", *PSS)
        sign(printed, key, "RSA-PKCS-PSS", "sha256", "--hash-algorithm", "SHA256")
        verify(printed, "sha256", *PSS)
        # Without a hash the message itself is padded and signed.
        sign(printed, key, "RSA-PKCS", "message")
        said = printed(
            *("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem"),
            *("-in", "message", "-sigfile", "signature"),
        )
        assert said == "Signature Verified Successfully\n"


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P384])
def test_elliptic_curve_keys_sign(
    insert: Insert, printed: Printed, files: Path, algorithm: Algorithm
) -> None:
    insert(same_for_all(algorithm))
    for key in SIGNING:
        read_public_key(printed, key)
        for mechanism, digest, file in (
            ("ECDSA", "sha256", "sha256"),
            ("ECDSA-SHA1", "sha1", "message"),
            ("ECDSA-SHA256", "sha256", "message"),
            ("ECDSA-SHA384", "sha384", "message"),
        ):
            sign(printed, key, mechanism, file, "--signature-format", "openssl")
            verify(printed, digest)


def test_openssl_refuses_a_signature_of_another_key_or_message(
    insert: Insert, printed: Printed, run: Run, files: Path
) -> None:
    insert(same_for_all(Algorithm.P256))
    sign(printed, SIGNATURE, "ECDSA-SHA256", "message", "--signature-format", "openssl")
    check = ("openssl", "dgst", "-sha256", "-verify", "public.pem", "-signature", "signature")
    read_public_key(printed, AUTHENTICATION)
    assert run(*check, "message").stdout == "Verification failure\n"
    read_public_key(printed, SIGNATURE)
    assert run(*check, "sha256").stdout == "Verification failure\n"
    assert run(*check, "message").stdout == "Verified OK\n"


def test_a_key_of_4096_bits_is_read_and_used_where_opensc_takes_one(
    insert: Insert, printed: Printed, run: Run, files: Path
) -> None:
    # The PIV driver of OpenSC 0.23 knows RSA up to 3072 bits, as --list-mechanisms tells; it does
    # not send such a command to any card.
    insert({AUTHENTICATION: Algorithm.P256, SIGNATURE: Algorithm.RSA4096})
    read_public_key(printed, SIGNATURE)
    said = printed("openssl", "pkey", "-pubin", "-in", "public.pem", "-noout", "-text")
    assert said.startswith("Public-Key: (4096 bit)")
    if "RSA-PKCS, keySize={1024,4096}" in printed("pkcs11-tool", "--list-mechanisms"):
        sign(printed, SIGNATURE, "SHA256-RSA-PKCS", "message")
        verify(printed, "sha256")
    else:
        refused = run(
            *(*LOGIN, "--sign", "--id", PKCS11_ID[SIGNATURE], "--mechanism", "SHA256-RSA-PKCS"),
            *("--input-file", "message"),
        )
        assert "CKR_FUNCTION_NOT_SUPPORTED" in refused.stderr


def test_key_management_keys_decrypt(
    insert: Insert, printed: Printed, run: Run, files: Path
) -> None:
    insert(four_keys(Algorithm.RSA3072))
    for key in (KEY_MANAGEMENT, KeyReference.RETIRED_1):
        read_public_key(printed, key)
        encrypt = (
            *("openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", "public.pem"),
            *("-in", "message", "-out", "encrypted"),
        )
        decrypt = (*LOGIN, "--decrypt", "--id", PKCS11_ID[key], "--input-file", "encrypted")
        printed(*encrypt)
        assert printed(*decrypt, "--mechanism", "RSA-PKCS").encode() == MESSAGE
        oaep = ("-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256")
        printed(*encrypt, *oaep)
        how = ("--mechanism", "RSA-PKCS-OAEP", "--hash-algorithm", "SHA256")
        assert printed(*decrypt, *how).encode() == MESSAGE
        (files / "encrypted").write_bytes(bytes(10))
        damaged = run(*decrypt, "--mechanism", "RSA-PKCS")
        assert damaged.returncode != 0
        assert re.search(r"C_Decrypt\w* failed: rv = CKR_", damaged.stderr)


@pytest.mark.parametrize(
    ("algorithm", "curve"), [(Algorithm.P256, "prime256v1"), (Algorithm.P384, "secp384r1")]
)
def test_key_management_keys_derive_what_openssl_derives(
    insert: Insert, printed: Printed, files: Path, algorithm: Algorithm, curve: str
) -> None:
    insert(four_keys(algorithm))
    for key, named in ((KEY_MANAGEMENT, curve), (KeyReference.RETIRED_2, "prime256v1")):
        read_public_key(printed, key)
        printed("openssl", "ecparam", "-name", named, "-genkey", "-noout", "-out", "other.pem")
        printed(
            "openssl", "pkey", "-in", "other.pem", "-pubout", "-outform", "DER", "-out", "other"
        )
        printed(
            *(*LOGIN, "--derive", "--id", PKCS11_ID[key], "--mechanism", "ECDH1-DERIVE"),
            *("--input-file", "other", "--output-file", "derived"),
        )
        printed(
            *("openssl", "pkeyutl", "-derive", "-inkey", "other.pem"),
            *("-peerkey", "public.pem", "-out", "expected"),
        )
        secret = (files / "derived").read_bytes()
        assert len(secret) == (48 if named == "secp384r1" else 32)
        assert secret == (files / "expected").read_bytes()


def test_the_programs_own_tests_find_no_error(
    insert: Insert, printed: Printed, files: Path
) -> None:
    # Its random bytes come from the card's challenge to an administrator, which OpenSC 0.23 asks
    # for with P1 00, the default algorithm: a card whose key 9B is of Triple DES gives one.
    insert(four_keys(Algorithm.RSA2048), management=Algorithm.TDES)
    said = printed(*LOGIN, "--test")
    assert said.endswith("No errors\n")
    assert "C_GenerateRandom():\n  seeding (C_SeedRandom) not supported\n  seems to be OK" in said
    for key in ("PIV AUTH key", "SIGN key", "KEY MAN key", "Retired KEY MAN 1", "CARD AUTH key"):
        assert f"({key})" in said
    assert "ERR" not in said
    drawn = [files / "first", files / "second"]
    for file in drawn:
        printed("pkcs11-tool", "--generate-random", "24", "--output-file", file)
    first, second = (file.read_bytes() for file in drawn)
    assert len(first) == len(second) == 24
    assert first != second
