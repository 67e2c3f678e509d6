# SPDX-License-Identifier: Apache-2.0
"""The oracle, on card images and rows that are made here, one thing wrong with each."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from selfrenew_emulator.campaign.oracle import (
    CardFound,
    Holder,
    Issued,
    live_mismatch,
    on_no_card,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("authentication", "signing")}
SLOTS = {"authentication": ("9A", "5FC105"), "signing": ("9C", "5FC10A")}


CA_KEY = ec.generate_private_key(ec.SECP256R1())
ALICE, CA = (
    x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in ("Alice", "CA")
)


def issue(
    key: ec.EllipticCurvePrivateKey,
    *,
    subject: x509.Name = ALICE,
    signer: ec.EllipticCurvePrivateKey = CA_KEY,
    begin: datetime = NOW,
    ca: bool = False,
) -> x509.Certificate:
    builder = x509.CertificateBuilder(CA, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(begin).not_valid_after(begin + timedelta(days=30))
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    return builder.sign(signer, hashes.SHA256())


def certificate(key: ec.EllipticCurvePrivateKey, **changed: Any) -> bytes:
    return issue(key, **changed).public_bytes(Encoding.DER)


HOLDER = Holder(ALICE, (issue(CA_KEY, subject=CA, ca=True),))
CERTIFICATES = {name: certificate(key) for name, key in KEYS.items()}
ISSUED = tuple(Issued(name, "valid", der) for name, der in CERTIFICATES.items())


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def held(der: bytes) -> str:
    return text(b"\x70\x82" + len(der).to_bytes(2, "big") + der + b"\x71\x01\x00\xfe\x00")


def reference(value: str, tries: int = 3) -> dict[str, Any]:
    digest = hashlib.sha256(b"salt" + value.encode().ljust(8, b"\xff")).digest()
    return {"salt": text(b"salt"), "digest": text(digest), "tries": tries, "tries_limit": 3}


def image(**changed: Any) -> dict[str, Any]:
    keys = {
        SLOTS[name][0]: {
            "algorithm": "P256",
            "material": text(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        }
        for name, key in KEYS.items()
    }
    keys["9B"] = {"algorithm": "AES192", "material": text(bytes(24))}
    made: dict[str, Any] = {
        "objects": {SLOTS[name][1]: held(der) for name, der in CERTIFICATES.items()}
        | {"5FC102": text(b"chuid")},
        "keys": keys,
        "references": {"80": reference("123456", 2), "81": reference("12345678")},
    }
    for part, entries in changed.items():
        made[part] = {**made[part], **entries}
        made[part] = {name: value for name, value in made[part].items() if value is not None}
    return made


def test_a_key_with_a_certificate_that_counts_is_usable() -> None:
    assert CardFound(image()).usable(ISSUED, NOW, HOLDER) == {"authentication", "signing"}


@pytest.mark.parametrize(
    "changed",
    [
        {"objects": {"5FC10A": None}},
        {"objects": {"5FC10A": text(b"\x70\x05abc")}},
        {"objects": {"5FC10A": text(b"\x70\x03abc\x71\x01\x00\xfe\x00")}},
        {"objects": {"5FC10A": held(CERTIFICATES["signing"])[:-8] + "AQH+AA=="}},
        {"objects": {"5FC10A": held(CERTIFICATES["authentication"])}},
        {"objects": {"5FC10A": held(certificate(KEYS["signing"]))}},
        {"keys": {"9C": None}},
    ],
    ids=[
        "missing",
        "cut off",
        "no certificate",
        "packed",
        "of another key",
        "not issued",
        "no key",
    ],
)
def test_a_slot_without_both_is_not_usable(changed: dict[str, Any]) -> None:
    assert CardFound(image(**changed)).usable(ISSUED, NOW, HOLDER) == {"authentication"}


@pytest.mark.parametrize(
    ("changed", "days", "lack"),
    [
        ({"objects": {"5FC10A": None}}, 0, "missing"),
        ({"objects": {"5FC10A": ""}}, 0, "missing"),
        ({"objects": {"5FC10A": text(b"\x70\x05abc")}}, 0, "corrupt"),
        ({"objects": {"5FC10A": held(CERTIFICATES["authentication"])}}, 0, "mismatched"),
        ({"keys": {"9C": None}}, 31, "mismatched"),
        ({}, 31, "expired"),
        ({}, 0, "not accepted"),
    ],
)
def test_what_a_slot_lacks_is_named_as_people_are_told_it(
    changed: dict[str, Any], days: int, lack: str
) -> None:
    assert CardFound(image(**changed)).lacks("signing", NOW + timedelta(days=days)) == lack


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": CA},
        {"signer": ec.generate_private_key(ec.SECP256R1())},
        {"ca": True},
    ],
    ids=["of somebody else", "of an unknown issuer", "a CA's"],
)
def test_a_certificate_that_the_ca_counts_wrongly_is_of_no_use(wrong: dict[str, Any]) -> None:
    der = certificate(KEYS["signing"], **wrong)
    issued = [ISSUED[0], Issued("signing", "valid", der)]
    card = CardFound(image(objects={"5FC10A": held(der)}))
    assert card.usable(issued, NOW, HOLDER) == {"authentication"}


def test_a_certificate_in_the_other_slot_is_of_no_use() -> None:
    issued = [Issued("authentication", "valid", each.certificate) for each in ISSUED]
    assert CardFound(image()).usable(issued, NOW, HOLDER) == {"authentication"}


@pytest.mark.parametrize("state", ["pending", "superseded", "revoked"])
def test_a_certificate_that_does_not_count_at_the_ca_is_of_no_use(state: str) -> None:
    issued = [ISSUED[0], Issued("signing", state, CERTIFICATES["signing"])]
    assert CardFound(image()).usable(issued, NOW, HOLDER) == {"authentication"}
    assert live_mismatch(CardFound(image()), issued) is not None


def test_a_certificate_counts_within_its_time_alone() -> None:
    card = CardFound(image())
    assert card.usable(ISSUED, NOW + timedelta(days=31), HOLDER) == set()
    assert card.usable(ISSUED, NOW - timedelta(seconds=1), HOLDER) == set()


def test_card_and_ca_agree_where_each_slot_has_its_only_live_certificate() -> None:
    assert live_mismatch(CardFound(image()), ISSUED) is None
    old = Issued("signing", "superseded", certificate(KEYS["signing"]))
    assert live_mismatch(CardFound(image()), [*ISSUED, old]) is None


@pytest.mark.parametrize(
    ("issued", "said"),
    [
        ((ISSUED[0],), "0 live signing certificates"),
        ((*ISSUED, Issued("signing", "valid", b"another")), "2 live signing certificates"),
        ((*ISSUED, Issued("signing", "pending", b"another")), "(valid, pending)"),
        ((ISSUED[0], Issued("signing", "valid", b"another")), "is not the one on the card"),
    ],
)
def test_what_card_and_ca_do_not_agree_in_is_named(issued: tuple[Issued, ...], said: str) -> None:
    assert said in (live_mismatch(CardFound(image()), issued) or "")


def test_a_certificate_that_begins_to_count_has_to_be_on_the_card() -> None:
    card = CardFound(image())
    new = Issued("signing", "valid", certificate(KEYS["signing"]))
    assert on_no_card(card, ISSUED, (*ISSUED, new)) == "signing"
    assert on_no_card(card, (*ISSUED, new), (*ISSUED, new)) is None
    assert on_no_card(card, (), ISSUED) is None


def test_passcode_and_tries_are_read_from_the_image() -> None:
    card = CardFound(image())
    assert card.takes_pin("123456")
    assert not card.takes_pin("123457")
    assert card.takes_puk("12345678")
    assert card.pin_tries == (2, 3)
    assert card.other_objects == {"5FC102": text(b"chuid")}
