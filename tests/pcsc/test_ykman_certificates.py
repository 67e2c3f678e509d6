# SPDX-License-Identifier: Apache-2.0
"""ykman piv certificates and objects: generate, request, import, export, delete."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.piv.objects import CardholderUniqueIdentifier, DataObject
from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card

from .cards import KEY, PIN, pooled
from .certificates import certify, object_on, pem, put_key, spki
from .conftest import Program, Run

pytestmark = pytest.mark.interop

PIN_FLAG, KEY_FLAG = ("--pin", PIN), ("--management-key", KEY.hex())
CHUID, PRINTED = DataObject.CHUID.tag, DataObject.PRINTED_INFORMATION.tag
AUTHENTICATION = DataObject.PIV_AUTHENTICATION_CERTIFICATE.tag
SIGNATURE = DataObject.DIGITAL_SIGNATURE_CERTIFICATE.tag
SOMEBODY = certify(ec.derive_private_key(5, ec.SECP256R1()).public_key(), "Bob")


def error(text: str) -> str:
    return f"ERROR: {text}\n"


# Each with the digest it is asked to sign; Ed25519 takes the message itself.
SIGNERS: dict[str, tuple[Callable[[], Any], str]] = {
    "RSA2048": (lambda: pooled(Algorithm.RSA2048), "SHA512"),
    "ECCP256": (lambda: ec.generate_private_key(ec.SECP256R1()), "SHA256"),
    "ECCP384": (lambda: ec.generate_private_key(ec.SECP384R1()), "SHA384"),
    "ED25519": (ed25519.Ed25519PrivateKey.generate, "SHA256"),
}


@pytest.mark.parametrize("signer", SIGNERS.values(), ids=SIGNERS)
def test_a_key_signs_its_certificate_and_its_request(
    yubikey: Card,
    ykman: Program,
    run: Run,
    tmp_path: Path,
    signer: tuple[Callable[[], Any], str],
) -> None:
    make, digest = signer
    key = put_key(yubikey, 0x9C, make())
    public, written, request = (tmp_path / name for name in ("public", "certificate", "request"))
    public.write_bytes(pem(key))
    subject = ("--subject", "CN=Alice,O=Trust", "--hash-algorithm", digest)
    generate = ("piv", "certificates", "generate", *subject, *KEY_FLAG, *PIN_FLAG)
    assert ykman(*generate, "9c", public) == "Certificate generated in slot SIGNATURE.\n"
    ykman("piv", "certificates", "export", "9c", written)
    certificate = x509.load_pem_x509_certificate(written.read_bytes())
    certificate.verify_directly_issued_by(certificate)
    assert certificate.subject.rfc4514_string() == "CN=Alice,O=Trust"
    assert spki(certificate.public_key()) == spki(key)
    assert object_on(yubikey, SIGNATURE).certificate_der == certificate.public_bytes(Encoding.DER)
    assert run("openssl", "verify", "-CAfile", written, written).stdout == f"{written}: OK\n"
    asked = ykman("piv", "certificates", "request", *subject, *PIN_FLAG, "9c", public, request)
    assert asked == f"CSR for slot 9C (SIGNATURE) written to {request}.\n"
    csr = x509.load_pem_x509_csr(request.read_bytes())
    assert csr.is_signature_valid
    assert spki(csr.public_key()) == spki(key)
    checked = run("openssl", "req", "-in", request, "-verify", "-noout")
    assert "self-signature verify OK" in checked.stdout + checked.stderr


def test_nothing_is_signed_without_key_or_pin(
    yubikey: Card, ykman: Program, tmp_path: Path
) -> None:
    public = tmp_path / "public"
    public.write_bytes(pem(put_key(yubikey, 0x9A, ec.generate_private_key(ec.SECP256R1()))))
    generate = ("piv", "certificates", "generate", "--subject", "CN=Alice", *KEY_FLAG)
    assert ykman(*generate, "--pin", "000000", "9a", public, fails=True) == (
        error("PIN verification failed, 2 tries left.")
    )
    assert ykman(*generate, *PIN_FLAG, "9c", public, fails=True) == (
        error("No private key in slot 9C (SIGNATURE).")
    )
    assert AUTHENTICATION not in yubikey.state.objects


@pytest.mark.parametrize("compress", [False, True])
def test_a_certificate_is_imported_exported_and_deleted(
    yubikey: Card, ykman: Program, tmp_path: Path, compress: bool
) -> None:
    file = tmp_path / "file"
    certificate = certify(put_key(yubikey, 0x9A, ec.generate_private_key(ec.SECP256R1())))
    file.write_bytes(pem(certificate))
    form = ("--compress",) if compress else ()
    put = ("piv", "certificates", "import", "--verify", *KEY_FLAG, *PIN_FLAG)
    assert ykman(*put, *form, "9a", file) == "Certificate imported into slot AUTHENTICATION\n"
    stored = object_on(yubikey, AUTHENTICATION)
    assert stored.certificate_der == certificate.public_bytes(Encoding.DER)
    assert stored.compressed == compress
    ykman("piv", "certificates", "export", "9a", file)
    assert file.read_bytes() == pem(certificate)
    chuid = yubikey.state.objects[CHUID]
    deleted = ykman("piv", "certificates", "delete", *KEY_FLAG, "9a")
    assert deleted == "Certificate in slot AUTHENTICATION deleted.\n"
    assert AUTHENTICATION not in yubikey.state.objects
    # Each change of a certificate draws a new GUID, by which Windows notices it.
    assert yubikey.state.objects[CHUID] != chuid
    assert ykman("piv", "certificates", "export", "9a", file, fails=True) == (
        error("No certificate found.")
    )


def test_a_certificate_of_another_key_is_noticed(yubikey: Card, ykman: Program) -> None:
    put = ("piv", "certificates", "import", "--verify", *KEY_FLAG, *PIN_FLAG, "9a", "-")
    somebody = pem(SOMEBODY).decode()
    assert ykman(*put, stdin=somebody, fails=True) == (
        error("No private key in slot 9A (AUTHENTICATION).")
    )
    mismatch = error(
        "The public key of the certificate does not match the private key in slot "
        "9A (AUTHENTICATION)."
    )
    # Of the same algorithm the signature is wrong, of another the card refuses to sign.
    for curve in (ec.SECP256R1(), ec.SECP384R1()):
        put_key(yubikey, 0x9A, ec.generate_private_key(curve))
        assert ykman(*put, stdin=somebody, fails=True) == mismatch
    assert AUTHENTICATION not in yubikey.state.objects


def test_identifiers_are_generated_and_exported(
    yubikey: Card, ykman: Program, tmp_path: Path
) -> None:
    for name, tag in (("chuid", CHUID), ("ccc", DataObject.CARD_CAPABILITY_CONTAINER.tag)):
        assert ykman("piv", "objects", "generate", *KEY_FLAG, name) == "Object generated.\n"
        file = tmp_path / name
        exported = ykman("piv", "objects", "export", name, file)
        assert exported.endswith(f" to {file}.\n")
        assert file.read_bytes() == yubikey.state.objects[tag]
    chuid = CardholderUniqueIdentifier.from_bytes((tmp_path / "chuid").read_bytes())
    assert len(set(chuid.guid)) > 1


def test_any_object_is_imported_and_exported(yubikey: Card, ykman: Program, tmp_path: Path) -> None:
    content, file = bytes(range(256)) * 10, tmp_path / "content"
    file.write_bytes(content)
    put = ("piv", "objects", "import", *KEY_FLAG)
    assert ykman(*put, "5f1234", file) == "Object imported.\n"
    file.unlink()
    ykman("piv", "objects", "export", "5f1234", file)
    assert file.read_bytes() == content == yubikey.state.objects[0x5F1234]
    assert ykman("piv", "objects", "export", "5f1235", file, fails=True) == error("No data found.")
    assert ykman(*put, "601234", "-", stdin="x", fails=True) == (
        error("Something went wrong, is the object id valid?")
    )


def test_what_the_standard_protects_is_exported_with_the_pin(
    yubikey: Card, ykman: Program, tmp_path: Path
) -> None:
    file = tmp_path / "printed"
    ykman("piv", "objects", "import", *KEY_FLAG, "printed", "-", stdin="Alice")
    export = ("piv", "objects", "export", "printed", file)
    assert ykman(*export, "--pin", "000000", fails=True) == (
        error("PIN verification failed, 2 tries left.")
    )
    ykman(*export, *PIN_FLAG)
    assert file.read_bytes() == b"Alice" == yubikey.state.objects[PRINTED]


def test_a_wrong_management_key_changes_nothing(yubikey: Card, ykman: Program) -> None:
    before = dict(yubikey.state.objects)
    wrong = ("--management-key", KEY[::-1].hex())
    failed = error("Authentication with management key failed.")
    certificate = pem(SOMEBODY).decode()
    put = ("certificates", "import", *wrong, "9a", "-")
    assert ykman("piv", *put, stdin=certificate, fails=True) == failed
    assert ykman("piv", "keys", "delete", *wrong, "f9", fails=True) == failed
    assert yubikey.state.objects == before
    assert 0xF9 in yubikey.state.keys
