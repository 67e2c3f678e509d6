# SPDX-License-Identifier: Apache-2.0
"""pkcs11-tool: slots, objects, login and PINs through OpenSC's PKCS#11 module."""

import re
from pathlib import Path

import pytest

from selfrenew.iso7816 import Tlv
from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import LinkedCard, VpcdReader

from .certificates import serial_bytes
from .conftest import Insert, Printed, Run
from .issued_card import (
    AUTHENTICATION,
    CARD_AUTHENTICATION,
    CURRENT,
    GUID,
    PIN,
    PRINTED,
    PUK,
    SIGNATURE,
    common_name,
    four_keys,
)

pytestmark = pytest.mark.interop

LOGIN = ("pkcs11-tool", "--login", "--pin", PIN)


def objects(said: str, kind: str) -> dict[str, str]:
    """The objects of a kind by their label, each as its text."""
    found = re.split(r"^(?=\S)", said, flags=re.MULTILINE)
    return {re.findall(r"label: +(.*)", text)[0]: text for text in found if text.startswith(kind)}


def token_flags(printed: Printed) -> str:
    (flags,) = re.findall(r"token flags +: (.*)", printed("pkcs11-tool", "--list-slots"))
    return str(flags)


def test_slots_show_the_token_and_an_empty_reader(
    insert: Insert, printed: Printed, slots: list[VpcdReader[LinkedCard]]
) -> None:
    insert(four_keys(Algorithm.P256))
    first, second = printed("pkcs11-tool", "--list-slots").split("\nSlot 1")
    assert f": {slots[0].name}\n" in first
    assert f"token label        : {common_name(AUTHENTICATION)}\n" in first
    assert f"serial num         : {GUID.hex()[-16:]}\n" in first
    assert "login required, rng, token initialized, PIN initialized" in first
    assert second.endswith(f": {slots[1].name}\n  (empty)\n")


def test_mechanisms_are_those_of_rsa_and_elliptic_curves(insert: Insert, printed: Printed) -> None:
    insert(four_keys(Algorithm.P256))
    said = printed("pkcs11-tool", "--list-mechanisms")
    for mechanism in (
        "ECDSA, keySize={256,384}, hw, sign",
        "ECDH1-DERIVE, keySize={256,384}, hw, derive",
    ):
        assert mechanism in said
    assert re.search(r"RSA-PKCS, keySize=\{1024,\d+\}, hw, decrypt, sign, verify", said)


def test_private_objects_are_seen_after_login_alone(insert: Insert, printed: Printed) -> None:
    issued = insert(four_keys(Algorithm.P256))
    said = printed("pkcs11-tool", "--list-objects")
    assert set(objects(said, "Private Key Object")) == {"CARD AUTH key"}
    assert len(objects(said, "Certificate Object")) == 6
    for key, certificate in issued.certificates.items():
        assert f"CN={common_name(key)}\n" in said
        # As DER has it, where a first byte of zeroes keeps the number positive.
        assert re.search(rf"serial: +(00)?{serial_bytes(certificate).hex().upper()}\n", said)
    private_keys = objects(printed(*LOGIN, "--list-objects"), "Private Key Object")
    usage = {label: re.findall(r"Usage: +(.*)", text)[0] for label, text in private_keys.items()}
    assert usage == {
        "PIV AUTH key": "sign",
        "SIGN key": "sign, non-repudiation",
        "KEY MAN key": "derive",
        "CARD AUTH key": "sign",
        "Retired KEY MAN 1": "decrypt, unwrap",
        "Retired KEY MAN 2": "derive",
    }
    always = [label for label, text in private_keys.items() if "always authenticate" in text]
    assert always == ["SIGN key"]


def test_printed_information_is_read_after_login(
    insert: Insert, printed: Printed, run: Run, tmp_path: Path
) -> None:
    insert(four_keys(Algorithm.P256))
    read = ("--read-object", "--type", "data", "--label", "Printed Information", "-o", "printed")
    assert "object not found" in run("pkcs11-tool", *read).stderr
    printed(*LOGIN, *read)
    assert (tmp_path / "printed").read_bytes() == bytes(Tlv(0x53, PRINTED))


def test_wrong_pins_are_counted_down_to_a_locked_token(
    insert: Insert, run: Run, printed: Printed
) -> None:
    issued = insert(four_keys(Algorithm.P256))
    wrong = ("pkcs11-tool", "--login", "--pin", "111111", "--list-objects")
    assert "CKR_PIN_INCORRECT" in run(*wrong).stderr
    assert issued.pin_tries == 2
    assert "CKR_PIN_INCORRECT" in run(*wrong).stderr
    assert "final user PIN try" in token_flags(printed)
    assert "CKR_PIN_INCORRECT" in run(*wrong).stderr
    assert "user PIN locked" in token_flags(printed)
    right = run(*LOGIN, "--list-objects")
    assert "CKR_PIN_LOCKED" in right.stderr
    assert "Private Key Object" not in right.stdout
    assert issued.pin_tries == 0


def test_a_right_pin_gives_the_tries_back(insert: Insert, run: Run, printed: Printed) -> None:
    issued = insert(four_keys(Algorithm.P256))
    for _ in range(2):
        run("pkcs11-tool", "--login", "--pin", "111111", "--list-objects")
    printed(*LOGIN, "--list-objects")
    assert issued.pin_tries == 3
    assert "final user PIN try" not in token_flags(printed)


def test_a_pin_no_card_can_have_costs_no_try(insert: Insert, run: Run) -> None:
    issued = insert(four_keys(Algorithm.P256))
    assert "CKR_PIN_LEN_RANGE" in run("pkcs11-tool", "--login", "--pin", "123", "-O").stderr
    for new in ("12345", "abcdef"):
        refused = run(*LOGIN, "--change-pin", "--new-pin", new)
        assert "C_SetPIN failed" in refused.stderr
    assert issued.pin_tries == 3


def test_a_changed_pin_replaces_the_old_one(insert: Insert, run: Run, printed: Printed) -> None:
    issued = insert(four_keys(Algorithm.P256))
    said = printed(*LOGIN, "--change-pin", "--new-pin", "24682468")
    assert "PIN successfully changed" in said
    assert "CKR_PIN_INCORRECT" in run(*LOGIN, "--list-objects").stderr
    assert issued.pin_tries == 2
    assert "SIGN key" in printed("pkcs11-tool", "--login", "--pin", "24682468", "--list-objects")


def test_a_locked_pin_is_unlocked_with_the_puk(
    insert: Insert, run: Run, printed: Printed, tmp_path: Path
) -> None:
    # The way of unblocking a PIN is a setting of the module; by default it has none.
    settings = tmp_path / "opensc.conf"
    settings.write_text(
        "app opensc-pkcs11 { pkcs11 { user_pin_unblock_style = set_pin_in_unlogged_session; } }"
    )
    issued = insert(four_keys(Algorithm.P256))
    for _ in range(3):
        run("pkcs11-tool", "--login", "--pin", "111111", "--list-objects")
    unlock = ("pkcs11-tool", "--unlock-pin", "--new-pin", "24682468")
    refused = run(*unlock, "--puk", "87654321", OPENSC_CONF=settings)
    assert "CKR_PIN_INCORRECT" in refused.stderr
    assert (issued.pin_tries, issued.puk_tries) == (0, 2)
    said = printed(*unlock, "--puk", PUK, OPENSC_CONF=settings)
    assert "PIN successfully changed" in said
    assert (issued.pin_tries, issued.puk_tries) == (3, 3)
    assert "user PIN locked" not in token_flags(printed)
    printed("pkcs11-tool", "--login", "--pin", "24682468", "--list-objects")


def test_a_security_officer_cannot_log_in_since_nobody_verifies_a_puk(
    insert: Insert, run: Run
) -> None:
    # OpenSC asks for VERIFY of key reference 81, which the standard does not have.
    issued = insert(four_keys(Algorithm.P256))
    refused = run(
        *("pkcs11-tool", "--login", "--login-type", "so", "--so-pin", PUK),
        *("--init-pin", "--new-pin", "24682468"),
    )
    assert "C_Login failed" in refused.stderr
    assert (issued.pin_tries, issued.puk_tries) == (3, 3)


def test_a_card_with_two_certificates_has_two_keys(insert: Insert, printed: Printed) -> None:
    insert({SIGNATURE: Algorithm.P384, CARD_AUTHENTICATION: Algorithm.RSA2048})
    said = printed(*LOGIN, "--list-objects")
    assert set(objects(said, "Private Key Object")) == {"SIGN key", "CARD AUTH key"}
    assert len(objects(said, "Certificate Object")) == 2


def test_a_blank_card_is_a_token_without_keys(
    slots: list[VpcdReader[LinkedCard]], blank_card: Card, printed: Printed
) -> None:
    slots[0].insert(blank_card)
    assert "token label        : PIV_II\n" in printed("pkcs11-tool", "--list-slots")
    said = printed(*LOGIN, "--list-objects")
    assert not objects(said, "Private Key Object")
    assert not objects(said, "Certificate Object")


def test_its_own_test_finds_no_error(insert: Insert, printed: Printed) -> None:
    # For random numbers OpenSC asks for a challenge under the default algorithm, Triple DES.
    insert(four_keys(Algorithm.RSA2048), management=Algorithm.TDES)
    said = printed(*LOGIN, "--test")
    assert said.endswith("\nNo errors\n")
    used = [len(re.findall(r"RSA-X-509: OK", part)) for part in re.split("Verify|Decryption", said)]
    assert used == [len(CURRENT) - 1, len(CURRENT) - 1, len(CURRENT) + 1], said
