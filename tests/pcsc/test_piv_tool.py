# SPDX-License-Identifier: Apache-2.0
"""piv-tool administers a card: management authentication, key pairs, certificates, objects.

Its exit status is of no use: after a certificate or an object it is the last byte of the length.
"""

import gzip
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_der_private_key,
    load_der_public_key,
    load_pem_public_key,
)

from selfrenew.iso7816 import Tlv
from selfrenew.piv.objects import CertificateObject, DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.piv.signatures import algorithm_of

from .conftest import Insert, Printed, Run
from .issued_card import (
    AUTHENTICATION,
    CURRENT,
    GUID,
    PIN,
    PKCS11_ID,
    IssuedCard,
    certify,
    four_keys,
    management_key,
)

pytestmark = pytest.mark.interop

WRITTEN = bytes(Tlv(0x01, b"Another Holder")) + bytes(Tlv(0xFE, b""))
# OpenSC 0.23 under OpenSSL 3 makes the key and then fails to write its public key out: RSA is its
# issue 3156, and for elliptic curves it hands OpenSSL the name of no curve.
UNWRITTEN = re.compile(r"gen_key unable to gen (RSA|EC key)")


def admin(algorithm: Algorithm = Algorithm.AES192) -> tuple[str, ...]:
    """Authenticate mutually; external authentication OpenSC 0.23 breaks off (its issue 2658)."""
    return ("piv-tool", "--admin", f"M:9B:{algorithm:02X}")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "management-key"
    file.write_text(management_key().hex(":"), "ascii")
    return file


def stored_public_key(issued: IssuedCard, key: KeyReference) -> object:
    stored = issued.card.state.keys[key]
    return load_der_private_key(stored.material, None).public_key()


def test_name_and_serial_number(insert: Insert, printed: Printed) -> None:
    insert(four_keys(Algorithm.P256))
    assert printed("piv-tool", "--name") == "Personal Identity Verification Card\n"
    assert printed("piv-tool", "--serial").startswith(GUID.hex(" ").upper())


@pytest.mark.parametrize(
    "algorithm", [Algorithm.TDES, Algorithm.AES128, Algorithm.AES192, Algorithm.AES256]
)
def test_an_object_is_written_after_mutual_authentication(
    insert: Insert, run: Run, printed: Printed, tmp_path: Path, algorithm: Algorithm
) -> None:
    issued = insert({AUTHENTICATION: Algorithm.P256}, management=algorithm)
    (tmp_path / "key").write_text(management_key(algorithm).hex(":"), "ascii")
    (tmp_path / "wrong").write_text(bytes(len(management_key(algorithm))).hex(":"), "ascii")
    (tmp_path / "object").write_bytes(bytes(Tlv(0x53, WRITTEN)))
    write = (*admin(algorithm), "--object", "3001", "--in", "object")
    before = issued.card.state.objects[DataObject.PRINTED_INFORMATION.tag]
    refused = run(*write, PIV_EXT_AUTH_KEY="wrong")
    assert "admin_mode failed -1211" in refused.stderr
    assert issued.card.state.objects[DataObject.PRINTED_INFORMATION.tag] == before
    written = run(*write, PIV_EXT_AUTH_KEY="key")
    assert "failed" not in written.stderr
    assert issued.card.state.objects[DataObject.PRINTED_INFORMATION.tag] == WRITTEN
    printed(
        *("pkcs15-tool", "--verify-pin", "--pin", PIN),
        *("--read-data-object", "Printed Information", "--output", "read"),
    )
    assert (tmp_path / "read").read_bytes() == bytes(Tlv(0x53, WRITTEN))


def test_nothing_is_written_or_made_without_authentication(
    insert: Insert, run: Run, tmp_path: Path
) -> None:
    issued = insert(four_keys(Algorithm.P256))
    before = issued.card.state
    (tmp_path / "certificate.pem").write_bytes(
        issued.certificates[AUTHENTICATION].public_bytes(Encoding.PEM)
    )
    run("piv-tool", "--cert", "9C", "--in", "certificate.pem")
    refused = run("piv-tool", "--genkey", "9A:11")
    assert "gen_key failed -1211" in refused.stderr
    assert issued.card.state.objects == before.objects
    assert issued.card.state.keys == before.keys


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        *((Algorithm.P256, key) for key in CURRENT),
        (Algorithm.P384, AUTHENTICATION),
        (Algorithm.RSA2048, AUTHENTICATION),
        (Algorithm.RSA3072, AUTHENTICATION),
    ],
)
def test_a_key_pair_is_generated(
    insert: Insert, run: Run, key_file: Path, algorithm: Algorithm, key: KeyReference
) -> None:
    issued = insert(dict.fromkeys(CURRENT, Algorithm.P384))
    before = issued.card.state.keys
    said = run(
        *(*admin(), "--genkey", f"{key:02X}:{algorithm:02X}", "--out", "public"),
        PIV_EXT_AUTH_KEY=key_file,
    )
    after = issued.card.state.keys
    assert {each for each in after if after[each] != before[each]} == {key}
    assert algorithm_of(stored_public_key(issued, key)) is algorithm
    written = (key_file.parent / "public").read_bytes()
    if written:
        load = load_pem_public_key if written.startswith(b"-----") else load_der_public_key
        assert load(written) == stored_public_key(issued, key)
    else:
        assert UNWRITTEN.search(said.stderr)


@pytest.mark.parametrize("algorithm", [Algorithm.RSA2048, Algorithm.P256])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_generated_key_with_its_written_certificate_signs(
    insert: Insert,
    run: Run,
    printed: Printed,
    key_file: Path,
    algorithm: Algorithm,
    *,
    compressed: bool,
) -> None:
    issued = insert(four_keys(Algorithm.P384))
    folder = key_file.parent
    run(*admin(), "--genkey", f"9A:{algorithm:02X}", PIV_EXT_AUTH_KEY=key_file)
    certificate = certify(AUTHENTICATION, stored_public_key(issued, AUTHENTICATION))
    der = certificate.public_bytes(Encoding.DER)
    (folder / "plain").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "packed").write_bytes(gzip.compress(der))
    write = (
        ("--compresscert", "9A", "--in", "packed")
        if compressed
        else ("--cert", "9A", "--in", "plain")
    )
    run(*admin(), *write, PIV_EXT_AUTH_KEY=key_file)
    stored = issued.card.state.objects[DataObject.PIV_AUTHENTICATION_CERTIFICATE.tag]
    assert CertificateObject.from_bytes(stored) == CertificateObject(der, compressed)
    identifier = PKCS11_ID[AUTHENTICATION]
    printed("pkcs15-tool", "--read-certificate", identifier, "--output", "read.pem")
    printed("openssl", "x509", "-in", "read.pem", "-pubkey", "-noout", "-out", "public.pem")
    (folder / "message").write_text("a message")
    mechanism = "SHA256-RSA-PKCS" if algorithm is Algorithm.RSA2048 else "ECDSA-SHA256"
    printed(
        *("pkcs11-tool", "--login", "--pin", PIN, "--sign", "--id", identifier),
        *("--mechanism", mechanism, "--signature-format", "openssl"),
        *("--input-file", "message", "--output-file", "signature"),
    )
    said = printed(
        *("openssl", "dgst", "-sha256", "-verify", "public.pem"),
        *("-signature", "signature", "message"),
    )
    assert said == "Verified OK\n"


def test_a_raw_command_is_sent(insert: Insert, printed: Printed) -> None:
    insert(four_keys(Algorithm.P256))
    said = printed("piv-tool", "--send-apdu", "00:20:00:80")
    assert said == "Sending: 00 20 00 80 \nReceived (SW1=0x63, SW2=0xC3)\n"
