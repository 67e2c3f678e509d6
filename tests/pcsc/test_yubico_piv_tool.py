# SPDX-License-Identifier: Apache-2.0
"""yubico-piv-tool as Debian 12 has it (2.2.0): what it does with any PIV card.

It knows Triple DES management keys alone, and neither RSA beyond 2048 bits nor Curve25519.
"""

import gzip
from itertools import product
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from selfrenew.iso7816 import Instruction
from selfrenew.piv.objects import CardholderUniqueIdentifier, DataObject
from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, Personality
from selfrenew_emulator.reader import LinkedCard, VpcdReader

from .cards import PIN, PUK, Overheard, factory_fresh, pooled
from .certificates import certify, key_on, object_on, pem, spki
from .conftest import Program, Run

pytestmark = pytest.mark.interop

NEW_KEY = "0102030405060708aabbccddeeff00112233445566778899"
ALGORITHMS = ("RSA2048", "ECCP256", "ECCP384")


def test_it_lists_both_readers(
    tdes_card: Card, slots: list[VpcdReader[LinkedCard]], piv_tool: Program
) -> None:
    assert piv_tool("list-readers").splitlines() == [slot.name for slot in slots]


def test_it_looks_into_any_reader_for_a_card(tdes_card: Card, run: Run) -> None:
    assert "PIN tries left:\t3" in run("yubico-piv-tool", "--reader=", "--action=status").stdout


def test_status_tells_objects_certificates_and_tries(tdes_card: Card, piv_tool: Program) -> None:
    before = piv_tool("status")
    assert "CHUID:\tNo data available\nCCC:\tNo data available\n" in before
    set_both = piv_tool("set-chuid", "set-ccc")
    assert set_both == "Successfully set new CHUID.\nSuccessfully set new CCC.\n"
    objects = tdes_card.state.objects
    chuid = CardholderUniqueIdentifier.from_bytes(objects[DataObject.CHUID.tag])
    assert len(set(chuid.guid)) > 1
    certificate = certify(ec.derive_private_key(5, ec.SECP256R1()).public_key(), "Bob")
    piv_tool("import-certificate", slot="9a", stdin=pem(certificate).decode())
    after = piv_tool("status")
    assert f"CHUID:\t{objects[DataObject.CHUID.tag].hex()}\n" in after
    assert f"CCC:\t{objects[DataObject.CARD_CAPABILITY_CONTAINER.tag].hex()}\n" in after
    assert (
        "Slot 9a:\t\n\tAlgorithm:\tECCP256\n\tSubject DN:\tCN=Bob\n\tIssuer DN:\tCN=A CA" in after
    )
    assert "Not Before:\tJan  1 00:00:00 2026 GMT" in after
    assert "PIN tries left:\t3\n" in after


def test_a_key_of_each_algorithm_is_generated_in_each_slot(
    tdes_card: Card, piv_tool: Program
) -> None:
    for slot, algorithm in product(("9a", "9c", "9d", "9e"), ALGORITHMS):
        said = piv_tool("generate", slot=slot, algorithm=algorithm)
        assert said.endswith("Successfully generated a new private key.\n")
        assert spki(load_pem_public_key(said.encode())) == spki(key_on(tdes_card, int(slot, 16)))


def test_a_wrong_management_key_is_told(tdes_card: Card, piv_tool: Program) -> None:
    said = piv_tool("generate", slot="9a", key=NEW_KEY, fails=True)
    assert said == "Failed authentication with the application.\n"
    assert 0x9A not in tdes_card.state.keys


def test_a_certificate_is_imported_read_and_deleted(
    tdes_card: Card, piv_tool: Program, tmp_path: Path
) -> None:
    public = pooled(Algorithm.RSA2048).public_key()
    certificate = certify(public)
    der = certificate.public_bytes(Encoding.DER)
    file = tmp_path / "certificate"
    # The last one stays: 2.2.0 writes compressed certificates, and does not unpack what it reads.
    for form, content in {"GZIP": gzip.compress(der), "DER": der, "PEM": pem(certificate)}.items():
        file.write_bytes(content)
        said = piv_tool("import-certificate", slot="9a", input=file, key_format=form)
        assert said == "Successfully imported a new certificate.\n"
        stored = object_on(tdes_card, DataObject.PIV_AUTHENTICATION_CERTIFICATE.tag)
        assert (stored.certificate_der, stored.compressed) == (der, form == "GZIP")
    assert piv_tool("read-certificate", slot="9a").encode() == pem(certificate)
    piv_tool("read-certificate", slot="9a", key_format="DER", output=file)
    assert file.read_bytes() == der
    ssh = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    assert piv_tool("read-certificate", slot="9a", key_format="SSH").startswith(ssh)
    piv_tool("delete-certificate", slot="9a")
    # It deletes by writing nothing: a card of the standard keeps an object of zero length.
    kept = tdes_card.state.personality is Personality.PIV
    failure = "Failed parsing x509 information.\n" if kept else "Failed fetching certificate.\n"
    assert piv_tool("read-certificate", slot="9a", fails=True) == failure
    left = tdes_card.state.objects.get(DataObject.PIV_AUTHENTICATION_CERTIFICATE.tag)
    assert left == (b"" if kept else None)


def test_a_test_signature_verifies_with_the_pin_alone(tdes_card: Card, piv_tool: Program) -> None:
    for algorithm in ALGORITHMS:
        public = load_pem_public_key(piv_tool("generate", slot="9c", algorithm=algorithm).encode())
        certificate = pem(certify(public)).decode()
        kind = "RSA" if algorithm.startswith("RSA") else "ECDSA"
        said = piv_tool("verify-pin", "test-signature", slot="9c", pin=PIN, stdin=certificate)
        assert said == f"Successfully verified PIN.\nSuccessful {kind} verification.\n"
        said = piv_tool("test-signature", slot="9c", stdin=certificate, fails=True)
        assert said == "Failed signing test data.\n"


def test_a_test_signature_is_held_against_the_certificate(
    tdes_card: Card, piv_tool: Program
) -> None:
    piv_tool("generate", slot="9c", algorithm="ECCP256")
    other = pem(certify(ec.derive_private_key(5, ec.SECP256R1()).public_key())).decode()
    said = piv_tool("verify-pin", "test-signature", slot="9c", pin=PIN, stdin=other, fails=True)
    assert said == "Successfully verified PIN.\nFailed ECDSA verification.\n"


def test_a_test_decipherment_comes_out_right(tdes_card: Card, piv_tool: Program) -> None:
    for algorithm in ALGORITHMS:
        public = load_pem_public_key(piv_tool("generate", slot="9d", algorithm=algorithm).encode())
        certificate = pem(certify(public)).decode()
        said = piv_tool("verify-pin", "test-decipher", slot="9d", pin=PIN, stdin=certificate)
        assert said.splitlines()[1] == (
            "Successfully performed RSA decryption!"
            if algorithm.startswith("RSA")
            else "Successfully performed ECDH exchange with card."
        )


@pytest.mark.parametrize("personality", Personality)
def test_what_debians_build_cannot_sign_never_reaches_the_card(
    slots: list[VpcdReader[LinkedCard]], piv_tool: Program, personality: Personality
) -> None:
    """It hooks into OpenSSL's keys in a way that OpenSSL 3 ignores, whatever the card."""
    card = factory_fresh(personality, management_algorithm=Algorithm.TDES, allow_tdes=True)
    slots[0].insert(overheard := Overheard(card))
    for algorithm in ALGORITHMS:
        public = piv_tool("generate", slot="9a", algorithm=algorithm)
        overheard.instructions.clear()
        options = {"slot": "9a", "pin": PIN, "subject": "/CN=Alice/", "stdin": public}
        for action, said in (
            ("selfsign-certificate", "Failed signing certificate."),
            ("request-certificate", "Failed signing request."),
        ):
            lines = piv_tool("verify-pin", action, fails=True, **options).splitlines()
            assert lines == ["Successfully verified PIN.", said]
        assert Instruction.VERIFY in overheard.instructions
        assert Instruction.GENERAL_AUTHENTICATE not in overheard.instructions


def test_the_pin_is_verified_and_counted(tdes_card: Card, piv_tool: Program) -> None:
    assert piv_tool("verify-pin", pin=PIN) == "Successfully verified PIN.\n"
    for left in (2, 1):
        assert piv_tool("verify-pin", pin="000000", fails=True) == (
            f"Pin verification failed, {left} tries left before pin is blocked.\n"
        )
    blocked = "Pin code blocked, use unblock-pin action to unblock.\n"
    assert piv_tool("verify-pin", pin="000000", fails=True) == blocked
    assert piv_tool("verify-pin", pin=PIN, fails=True) == blocked
    assert "PIN tries left:\t0\n" in piv_tool("status")
    assert piv_tool("unblock-pin", pin="87654321", new_pin="654321", fails=True) == (
        "Failed verifying puk code, now 2 tries left before blocked.\n"
    )
    assert piv_tool("unblock-pin", pin=PUK, new_pin="654321") == (
        "Successfully unblocked the pin code.\n"
    )
    assert piv_tool("verify-pin", pin="654321") == "Successfully verified PIN.\n"


def test_pin_and_puk_are_changed(tdes_card: Card, piv_tool: Program) -> None:
    assert (
        piv_tool("change-pin", pin=PIN, new_pin="654321") == "Successfully changed the pin code.\n"
    )
    assert piv_tool("change-pin", pin=PIN, new_pin="111111", fails=True) == (
        "Failed verifying pin code, now 2 tries left before blocked.\n"
    )
    assert piv_tool("verify-pin", pin="654321") == "Successfully verified PIN.\n"
    assert (
        piv_tool("change-puk", pin=PUK, new_pin="87654321")
        == "Successfully changed the puk code.\n"
    )
    assert piv_tool("change-puk", pin=PUK, new_pin="11111111", fails=True) == (
        "Failed verifying puk code, now 2 tries left before blocked.\n"
    )
    assert piv_tool("unblock-pin", pin="87654321", new_pin=PIN) == (
        "Successfully unblocked the pin code.\n"
    )
    assert piv_tool("verify-pin", pin=PIN) == "Successfully verified PIN.\n"


def test_an_object_is_written_and_read(tdes_card: Card, piv_tool: Program, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4
    piv_tool("write-object", id="0x5FC106", stdin=content.hex())
    assert tdes_card.state.objects[DataObject.SECURITY_OBJECT.tag] == content
    assert piv_tool("read-object", id="0x5FC106") == content.hex() + "\n"
    piv_tool("read-object", id="0x5FC106", format="binary", output=tmp_path / "object")
    assert (tmp_path / "object").read_bytes() == content
    assert piv_tool("read-object", id="0x5FC10C", fails=True) == "Failed fetching object.\n"
