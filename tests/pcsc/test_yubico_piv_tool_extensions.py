# SPDX-License-Identifier: Apache-2.0
"""yubico-piv-tool as Debian 12 has it (2.2.0): what it asks of a YubiKey alone.

It knows Triple DES management keys alone, and neither RSA beyond 2048 bits nor Curve25519.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption as Protected
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_pem_public_key,
    pkcs12,
)

from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, Personality
from selfrenew_emulator.reader import LinkedCard, VpcdReader

from .cards import PIN, PUK, factory_fresh, pooled
from .certificates import certify, key_on, object_on, pem, spki
from .conftest import Program, Run

pytestmark = pytest.mark.interop

NEW_KEY = "0102030405060708aabbccddeeff00112233445566778899"


yubikey_alone = pytest.mark.parametrize("tdes_card", [Personality.YUBIKEY], indirect=True)
strict_alone = pytest.mark.parametrize("tdes_card", [Personality.PIV], indirect=True)


@yubikey_alone
def test_it_tells_version_and_serial_number(tdes_card: Card, piv_tool: Program) -> None:
    assert piv_tool("version") == "Application version 5.7.4 found.\n"
    lines = piv_tool("status").splitlines()
    assert lines[0] == "Version:\t5.7.4"
    assert lines[1] == f"Serial Number:\t{tdes_card.state.serial}"


@strict_alone
def test_a_strict_card_has_neither_version_nor_serial_number(
    tdes_card: Card, piv_tool: Program
) -> None:
    assert piv_tool("version") == "Failed to retrieve application version.\n"
    lines = piv_tool("status").splitlines()
    assert lines[:2] == ["Version:\tNo data available", "Serial Number:\tNo data available"]


@yubikey_alone
def test_a_key_is_generated_with_its_policies_in_a_retired_slot(
    tdes_card: Card, piv_tool: Program
) -> None:
    piv_tool("generate", slot="95", algorithm="RSA1024", pin_policy="never", touch_policy="cached")
    assert key_on(tdes_card, 0x95).key_size == 1024
    stored = tdes_card.state.keys[0x95]
    assert (stored.pin_policy, stored.touch_policy) == (1, 3)


@pytest.mark.parametrize("personality", Personality)
def test_a_management_key_for_aes_is_not_known_to_it(
    slots: list[VpcdReader[LinkedCard]], piv_tool: Program, personality: Personality
) -> None:
    card = factory_fresh(personality)
    slots[0].insert(card)
    said = piv_tool("generate", slot="9a", fails=True)
    assert said == "Failed authentication with the application.\n"
    assert 0x9A not in card.state.keys


@yubikey_alone
def test_a_key_of_each_algorithm_is_imported(tdes_card: Card, piv_tool: Program) -> None:
    for key in (
        rsa.generate_private_key(65537, 1024),  # noqa: S505  one of those it knows
        pooled(Algorithm.RSA2048),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
    ):
        said = piv_tool("import-key", slot="9c", stdin=pem(key).decode(), pin_policy="once")
        assert said == "Successfully imported a new private key.\n"
        assert spki(key_on(tdes_card, 0x9C)) == spki(key.public_key())
        assert tdes_card.state.keys[0x9C].pin_policy == 2


@yubikey_alone
def test_key_and_certificate_are_imported_from_one_file(
    tdes_card: Card, piv_tool: Program, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = certify(key.public_key())
    file = tmp_path / "both.p12"
    bundle = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, Protected(b"pw"))
    file.write_bytes(bundle)
    options = {"slot": "9d", "input": file, "password": "pw", "key_format": "PKCS12"}
    said = piv_tool("import-key", "import-certificate", **options)
    assert said.splitlines() == [
        "Successfully imported a new private key.",
        "Successfully imported a new certificate.",
    ]
    assert spki(key_on(tdes_card, 0x9D)) == spki(key.public_key())
    stored = object_on(tdes_card, DataObject.KEY_MANAGEMENT_CERTIFICATE.tag)
    assert stored.certificate_der == certificate.public_bytes(Encoding.DER)


@yubikey_alone
def test_the_management_key_is_set_and_used(tdes_card: Card, piv_tool: Program) -> None:
    said = piv_tool("set-mgm-key", new_key=NEW_KEY, touch_policy="always")
    assert said == "Successfully set new management key.\n"
    stored = tdes_card.state.keys[0x9B]
    assert (stored.material.hex(), stored.touch_policy) == (NEW_KEY, 2)
    piv_tool("generate", slot="9a", fails=True)
    piv_tool("generate", slot="9a", algorithm="ECCP256", key=NEW_KEY)
    assert 0x9A in tdes_card.state.keys


@yubikey_alone
def test_tries_are_set_with_default_pin_and_puk(tdes_card: Card, piv_tool: Program) -> None:
    piv_tool("change-pin", pin=PIN, new_pin="654321")
    options = {"pin": "654321", "pin_retries": 5, "puk_retries": 20}
    assert piv_tool("verify-pin", "pin-retries", **options).splitlines()[1] == (
        "Successfully changed pin retries to 5 and puk retries to 20, "
        "both codes have been reset to default now."
    )
    assert "PIN tries left:\t5\n" in piv_tool("status")
    assert piv_tool("change-puk", pin="00000000", new_pin=PUK, fails=True) == (
        "Failed verifying puk code, now 15 tries left before blocked.\n"
    )
    assert piv_tool("verify-pin", pin=PIN) == "Successfully verified PIN.\n"


@yubikey_alone
def test_the_application_is_reset_once_both_codes_are_blocked(
    tdes_card: Card, piv_tool: Program
) -> None:
    piv_tool("generate", slot="9a", algorithm="ECCP256")
    assert piv_tool("reset", fails=True) == "Reset failed, are pincodes blocked?\n"
    for _ in range(3):
        piv_tool("verify-pin", pin="000000", fails=True)
    assert piv_tool("reset", fails=True) == "Reset failed, are pincodes blocked?\n"
    for _ in range(3):
        piv_tool("change-puk", pin="00000000", new_pin="00000000", fails=True)
    assert piv_tool("change-puk", pin=PUK, new_pin=PUK, fails=True) == (
        "The puk code is blocked, you will have to reinitialize the application.\n"
    )
    assert piv_tool("reset") == "Successfully reset the application.\n"
    assert set(tdes_card.state.keys) == {0x9B, 0xF9}
    assert piv_tool("verify-pin", pin=PIN) == "Successfully verified PIN.\n"
    # A YubiKey of 5.7 comes back with an AES key, of which this version does not know.
    assert tdes_card.state.keys[0x9B].algorithm == Algorithm.AES192
    piv_tool("generate", slot="9a", fails=True)


@yubikey_alone
def test_a_generated_key_is_attested_and_openssl_agrees(
    tdes_card: Card, piv_tool: Program, run: Run, tmp_path: Path
) -> None:
    public = load_pem_public_key(piv_tool("generate", slot="9a", algorithm="ECCP256").encode())
    piv_tool("attest", slot="9a", output=tmp_path / "attestation.pem")
    piv_tool("read-certificate", slot="f9", output=tmp_path / "issuer.pem")
    attestation = x509.load_pem_x509_certificate((tmp_path / "attestation.pem").read_bytes())
    assert spki(attestation.public_key()) == spki(public)
    assert attestation.subject.rfc4514_string() == "CN=YubiKey PIV Attestation 9a"
    files = ("-CAfile", tmp_path / "issuer.pem", tmp_path / "attestation.pem")
    assert run("openssl", "verify", *files).stdout.strip() == f"{files[2]}: OK"
    piv_tool("import-key", slot="9c", stdin=pem(ec.generate_private_key(ec.SECP256R1())).decode())
    assert piv_tool("attest", slot="9c", fails=True) == "Failed to attest data.\n"


@yubikey_alone
def test_a_yubikey_keeps_an_object_under_any_number(tdes_card: Card, piv_tool: Program) -> None:
    piv_tool("write-object", id="0x5F1234", stdin="0102")
    assert piv_tool("read-object", id="0x5F1234") == "0102\n"


REFUSED: tuple[tuple[tuple[str, ...], dict[str, Any], str], ...] = (
    (
        ("import-key",),
        {"slot": "9a", "stdin": pem(ec.derive_private_key(5, ec.SECP256R1())).decode()},
        "Unable to import private key\n",
    ),
    (
        ("generate",),
        {"slot": "9a", "algorithm": "ECCP256", "pin_policy": "never"},
        "Key generation failed.\n",
    ),
    (("generate",), {"slot": "82"}, "Key generation failed.\n"),
    (("attest",), {"slot": "9a"}, "Failed to attest data.\n"),
    (("set-mgm-key",), {"new_key": NEW_KEY}, "Failed setting the new key!\n"),
    (
        ("verify-pin", "pin-retries"),
        {"pin": PIN, "pin_retries": 5, "puk_retries": 5},
        "Successfully verified PIN.\nFailed changing pin retries.\n",
    ),
    (("reset",), {}, "Reset failed, are pincodes blocked?\n"),
    (
        ("write-object",),
        {"id": "0x5F1234", "stdin": "0102"},
        "Failed writing data to device: Something went wrong.\n",
    ),
)


@strict_alone
def test_a_strict_card_refuses_what_is_yubicos_own_and_stays_as_it_was(
    tdes_card: Card, piv_tool: Program
) -> None:
    before = deepcopy(tdes_card.state)
    for actions, options, said in REFUSED:
        assert piv_tool(*actions, fails=True, **options) == said
        assert tdes_card.state == before, actions
