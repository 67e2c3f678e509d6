# SPDX-License-Identifier: Apache-2.0
"""pkcs15-tool: keys, certificates, data objects and PINs by OpenSC's emulation of PKCS #15."""

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from selfrenew.iso7816 import Tlv
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import LinkedCard, VpcdReader

from .certificates import serial_bytes
from .conftest import Insert, Printed, Run
from .issued_card import (
    AUTHENTICATION,
    CARD_AUTHENTICATION,
    CURRENT,
    GUID,
    KEY_MANAGEMENT,
    PIN,
    PKCS11_ID,
    PRINTED,
    PUK,
    SIGNATURE,
    common_name,
    four_keys,
)

pytestmark = pytest.mark.interop

P256_KEYS = """\
EC [256] ID:01 Ref:0x9A AuthID:01 PIV AUTH key [0x04, sign]
EC [256] ID:02 Ref:0x9C AuthID:01 SIGN key [0x204, sign, nonRepudiation]
EC [256] ID:03 Ref:0x9D AuthID:01 KEY MAN key [0x100, derive]
EC [256] ID:04 Ref:0x9E CARD AUTH key [0x04, sign]
RSA[2048] ID:05 Ref:0x82 AuthID:01 Retired KEY MAN 1 [0x22, decrypt, unwrap]
EC [256] ID:06 Ref:0x83 AuthID:01 Retired KEY MAN 2 [0x100, derive]
"""


def test_the_keys_are_what_their_certificates_say(insert: Insert, printed: Printed) -> None:
    insert(four_keys(Algorithm.P256))
    said = printed("pkcs15-tool", "--list-keys", "--short")
    assert said.startswith("Card has 6 Private key(s).")
    keys = said.split("\n", 1)[1].replace("\n\t  ", " ")
    assert [" ".join(line.split()) for line in keys.strip().splitlines()] == P256_KEYS.splitlines()


def test_every_certificate_is_read_plain_and_compressed(insert: Insert, printed: Printed) -> None:
    issued = insert(four_keys(Algorithm.RSA2048))
    assert printed("pkcs15-tool", "--list-certificates", "--short").startswith(
        "Card has 6 Certificate(s)."
    )
    for key, identifier in PKCS11_ID.items():
        printed("pkcs15-tool", "--read-certificate", identifier, "--output", "read.pem")
        subject = printed("openssl", "x509", "-in", "read.pem", "-noout", "-subject", "-serial")
        assert f"CN = {common_name(key)}\n" in subject
        serial = serial_bytes(issued.certificates[key]).hex().upper()
        assert f"serial={serial}\n" in subject


def test_all_twenty_retired_keys_are_found(insert: Insert, printed: Printed) -> None:
    retired = {KeyReference[f"RETIRED_{n}"]: Algorithm.P256 for n in range(1, 21)}
    insert(dict.fromkeys(CURRENT, Algorithm.P256) | retired)
    said = printed("pkcs15-tool", "--list-keys", "--short")
    assert said.startswith("Card has 24 Private key(s).")
    assert [int(number, 16) for number in re.findall(r"Ref:0x(\w\w)", said)] == [*CURRENT, *retired]


def test_public_keys_are_those_of_the_certificates(insert: Insert, printed: Printed) -> None:
    issued = insert(four_keys(Algorithm.P384))
    for key in (AUTHENTICATION, KEY_MANAGEMENT, KeyReference.RETIRED_1):
        said = printed("pkcs15-tool", "--read-public-key", PKCS11_ID[key])
        assert said == issued.public_pem(key)
    public_key = issued.certificates[AUTHENTICATION].public_key()
    ssh = public_key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    said = printed("pkcs15-tool", "--read-ssh-key", PKCS11_ID[AUTHENTICATION])
    assert said.strip() == f"{ssh} PIV AUTH pubkey"


def test_pin_and_puk_are_described(insert: Insert, printed: Printed) -> None:
    insert(four_keys(Algorithm.P256))
    pin, puk = printed("pkcs15-tool", "--list-pins").strip().split("\n\n")
    for line in (
        "PIN [PIN]",
        "Flags : [0x32], local, initialized, needs-padding",
        "Length : min_len:4, max_len:8, stored_len:8",
        "Pad char : 0xFF",
        "Reference : 128 (0x80)",
        "Type : ascii-numeric",
    ):
        assert line in re.sub(r"[ \t]+", " ", pin)
    for line in ("PIN [PIV PUK]", "unblockingPin, soPin", "Reference : 129 (0x81)"):
        assert line in re.sub(r"[ \t]+", " ", puk)


def test_the_dump_tells_of_card_keys_and_objects(insert: Insert, printed: Printed) -> None:
    issued = insert(four_keys(Algorithm.P256))
    said = printed("pkcs15-tool", "--dump")
    assert f"PKCS#15 Card [{common_name(AUTHENTICATION)}]" in said
    assert f"Serial number  : {GUID.hex()}" in said
    assert said.count("Private EC Key [") == 5
    assert said.count("Private RSA Key [") == 1
    assert said.count("X.509 Certificate [") == 6
    for data_object in (DataObject.CHUID, DataObject.KEY_HISTORY, DataObject.DISCOVERY):
        part = said[said.index(f"Path:            {data_object.container:04x}") :]
        dumped = re.search(r"Data \(\d+ bytes\): ((?:[0-9A-F]+\s+)+)", part)
        assert dumped is not None
        stored = issued.card.state.objects[data_object.tag]
        whole = stored if data_object is DataObject.DISCOVERY else bytes(Tlv(0x53, stored))
        assert bytes.fromhex(dumped[1]) == whole


def test_printed_information_wants_the_pin(insert: Insert, run: Run, tmp_path: Path) -> None:
    insert(four_keys(Algorithm.P256))
    read = ("pkcs15-tool", "--read-data-object", "Printed Information", "--output", "printed")
    refused = run(*read)
    assert "Please enter PIN [PIN]" in refused.stdout
    assert not (tmp_path / "printed").exists()
    run(*read, "--verify-pin", "--pin", PIN)
    assert (tmp_path / "printed").read_bytes() == bytes(Tlv(0x53, PRINTED))


def test_a_wrong_pin_costs_a_try_and_a_right_one_gives_them_back(
    insert: Insert, run: Run, printed: Printed
) -> None:
    issued = insert(four_keys(Algorithm.P256))
    refused = run("pkcs15-tool", "--verify-pin", "--pin", "111111")
    assert refused.returncode != 0
    assert "PIN code or key incorrect" in refused.stderr
    assert issued.pin_tries == 2
    printed("pkcs15-tool", "--verify-pin", "--pin", PIN)
    assert issued.pin_tries == 3


def test_a_blocked_pin_is_unblocked_with_the_puk(
    insert: Insert, run: Run, printed: Printed
) -> None:
    issued = insert(four_keys(Algorithm.P256))
    for _ in range(3):
        run("pkcs15-tool", "--verify-pin", "--pin", "111111")
    blocked = run("pkcs15-tool", "--verify-pin", "--pin", PIN)
    assert "Authentication method blocked" in blocked.stderr
    refused = run("pkcs15-tool", "--unblock-pin", "--puk", "11111111", "--new-pin", "24682468")
    assert "PUK code incorrect; tries left: 2" in refused.stderr
    assert (issued.pin_tries, issued.puk_tries) == (0, 2)
    printed("pkcs15-tool", "--unblock-pin", "--puk", PUK, "--new-pin", "24682468")
    assert (issued.pin_tries, issued.puk_tries) == (3, 3)
    printed("pkcs15-tool", "--verify-pin", "--pin", "24682468")
    assert run("pkcs15-tool", "--verify-pin", "--pin", PIN).returncode != 0


def test_pin_and_puk_are_changed(insert: Insert, run: Run, printed: Printed) -> None:
    issued = insert(four_keys(Algorithm.P256))
    for auth_id, old, new in (("01", PIN, "24682468"), ("02", PUK, "87654321")):
        change = ("pkcs15-tool", "--change-pin", "--auth-id", auth_id)
        printed(*change, "--pin", old, "--new-pin", new)
        again = run(*change, "--pin", old, "--new-pin", new)
        assert "PIN code incorrect; tries left: 2" in again.stderr
    assert (issued.pin_tries, issued.puk_tries) == (2, 2)
    printed("pkcs15-tool", "--unblock-pin", "--puk", "87654321", "--new-pin", PIN)
    assert (issued.pin_tries, issued.puk_tries) == (3, 3)


def test_a_card_with_one_certificate_has_one_key(insert: Insert, printed: Printed) -> None:
    insert({CARD_AUTHENTICATION: Algorithm.P256})
    said = printed("pkcs15-tool", "--list-keys", "--list-certificates", "--short")
    assert "Card has 1 Private key(s)." in said
    assert "Card has 1 Certificate(s)." in said
    assert f"Ref:0x{CARD_AUTHENTICATION:02X}" in said


def test_a_blank_card_has_nothing_but_pins(
    slots: list[VpcdReader[LinkedCard]], blank_card: Card, printed: Printed
) -> None:
    slots[0].insert(blank_card)
    said = printed("pkcs15-tool", "--list-keys", "--list-certificates", "--list-pins")
    assert "Key [" not in said
    assert "Certificate [" not in said
    assert "PIN [PIN]" in said


def test_a_certificate_that_is_taken_off_is_gone_and_the_others_stay(
    insert: Insert, printed: Printed
) -> None:
    issued = insert(four_keys(Algorithm.P256))
    issued.card.store.put_object(DataObject.certificate_of(SIGNATURE).tag, b"")
    issued.card.store.commit()
    said = printed("pkcs15-tool", "--list-keys", "--list-certificates", "--short")
    assert "Card has 5 Private key(s)." in said
    assert "Card has 5 Certificate(s)." in said
    assert f"Ref:0x{SIGNATURE:02X}" not in said
