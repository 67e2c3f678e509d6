# SPDX-License-Identifier: Apache-2.0
"""An image whose checksum is right and whose content no card could work with."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x448

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import (
    Card,
    CardImageDamagedError,
    CardVerifiableCertificate,
    Interface,
    Interfaces,
    PrivateKey,
    Role,
    read_image,
    write_image,
)
from selfrenew_emulator.card.keys import load_key
from tests.secure_messaging_host import SUITES, Host, value

from .conftest import make_terminal
from .secure_card import make_secure_card, signer

Content = dict[str, Any]


def seal(content: Content) -> bytes:
    """Write an image as docs/card-image.md tells a program of another make to."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return json.dumps(
        {
            "format": "selfrenew-card-image",
            "version": 1,
            "sha256": hashlib.sha256(canonical).hexdigest(),
            "card": content,
        }
    ).encode()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> str:
    terminal = make_terminal()
    terminal.authenticate()
    terminal.generate("9A", Algorithm.P256)
    terminal.put("5FC102", b"object")
    path = tmp_path_factory.mktemp("image") / "whole.card"
    write_image(path, terminal.card.state)
    return json.dumps(json.loads(path.read_text())["card"])


def put(*path: str, value: object) -> Callable[[Content], None]:
    def damage(content: Content) -> None:
        holder = content
        for name in path[:-1]:
            holder = holder[name]
        holder[path[-1]] = value

    return damage


def drop(*path: str) -> Callable[[Content], None]:
    def damage(content: Content) -> None:
        holder = content
        for name in path[:-1]:
            holder = holder[name]
        del holder[path[-1]]

    return damage


def copied(kind: str, old: str, new: str) -> Callable[[Content], None]:
    return lambda content: content[kind].update({new: content[kind][old]})


def key_of(key: PrivateKey | x448.X448PrivateKey) -> str:
    raw = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return b64encode(raw).decode()


SECP256K1 = key_of(ec.derive_private_key(7, ec.SECP256K1()))
P384 = key_of(ec.derive_private_key(7, ec.SECP384R1()))
# PKCS #8 with an algorithm (1.3.6.1.4.1) that is none.
NO_ALGORITHM = b64encode(bytes.fromhex("3016020100300706052b060104010408" + 8 * "00")).decode()
PIN = ("references", "80")
CVC = b64encode(make_secure_card().host.certificate).decode()


def rsa_for_04(content: Content) -> None:
    material = key_of(rsa.generate_private_key(65537, 2048))
    content["keys"]["04"] = {"algorithm": "RSA2048", "material": material}


DAMAGES: dict[str, tuple[Callable[[Content], None], str]] = {
    "personality of another name": (put("personality", value="gold\n"), r"'gold\\n' is not known"),
    "personality no text": (put("personality", value=1), "'personality' is missing or has"),
    "a flag as text": (put("allow_tdes", value="no"), "'allow_tdes' is missing or has"),
    "a flag as a number": (put("allow_tdes", value=0), "'allow_tdes' is missing or has"),
    "no flag": (drop("allow_tdes"), "'allow_tdes' is missing"),
    "objects a list": (put("objects", value=[]), "'objects' is missing or has"),
    "no keys": (drop("keys"), "'keys' is missing"),
    "references null": (put("references", value=None), "'references' is missing"),
    "an object no text": (put("objects", "5FC102", value=5), "'5FC102' is missing or has"),
    "an object no Base64": (put("objects", "5FC102", value="*"), "'5FC102' is no Base64"),
    "an object not ASCII": (put("objects", "5FC102", value="ä"), "'5FC102' is no Base64"),
    "an object nobody knows": (put("objects", "ABCD", value=""), "no object 'ABCD'"),
    "a tag with a prefix": (copied("objects", "5FC102", "0x5FC102"), "no object '0x5FC102'"),
    "a tag in lower case": (copied("objects", "5FC102", "5fc102"), "no object '5fc102'"),
    "a tag longer than it is": (copied("objects", "5FC102", "005FC102"), "no object '005FC102'"),
    "a tag of half bytes": (copied("objects", "5FC102", "5FC1021"), "no object '5FC1021'"),
    "a tag not ASCII": (copied("objects", "5FC102", "\u0665"), r"no object '\\u0665'"),
    "a discovery object that is none": (put("objects", "7E", value="AAAA"), "7E is no discovery"),
    "a key nobody knows": (copied("keys", "9A", "05"), "no key '05'"),
    "a key that is a list": (put("keys", "9A", value=[]), "'9A' is missing or has"),
    "an algorithm nobody knows": (put("keys", "9A", "algorithm", value="A\nB"), r"'A\\nB'"),
    "an algorithm that is a list": (put("keys", "9A", "algorithm", value=[]), "'algorithm'"),
    "a key without its material": (drop("keys", "9A", "material"), "'material' is missing"),
    "a key cut off": (put("keys", "9A", "material", value="MIGH"), "key 9A is none of P256"),
    "a key of another curve": (put("keys", "9A", "material", value=SECP256K1), "none of P256"),
    "a key of another algorithm": (put("keys", "9A", "material", value=P384), "none of P256"),
    "a key of no algorithm": (put("keys", "9A", "material", value=NO_ALGORITHM), "none of P256"),
    "a pair that is symmetric": (put("keys", "9A", "algorithm", value="AES128"), "none of AES128"),
    "no management key": (drop("keys", "9B"), "management key is missing"),
    "a short management key": (put("keys", "9B", "material", value="AAAA"), "none of AES192"),
    "a public management key": (put("keys", "9B", "algorithm", value="P256"), "none of P256"),
    "no PIN": (drop("references", "80"), "reference data 80 is missing"),
    "no PUK": (drop("references", "81"), "reference data 81 is missing"),
    "reference data nobody knows": (copied("references", "80", "42"), "no reference data '42'"),
    "tries as text": (put(*PIN, "tries", value="3"), "'tries' is missing or has"),
    "tries as a fraction": (put(*PIN, "tries", value=2.5), "'tries' is missing or has"),
    "tries as a truth": (put(*PIN, "tries", value=True), "'tries' is missing or has"),
    "tries below none": (put(*PIN, "tries", value=-1), "has -1 tries left"),
    "more tries than allowed": (put(*PIN, "tries", value=4), "has 4 tries left"),
    "no tries allowed": (put(*PIN, "tries_limit", value=0), "allows 0 tries"),
    "more tries than can be told": (put(*PIN, "tries_limit", value=16), "allows 16 tries"),
    "a short digest": (put(*PIN, "digest", value="AAAA"), "80 has a digest of another length"),
    "interfaces nobody knows": (put("interfaces", value="radio"), "interfaces 'radio' are not"),
    "interfaces a list": (put("interfaces", value=["dual"]), "'interfaces' is missing or has"),
    "a reserve as text": (put("contactless_reserve", value="1"), "'contactless_reserve' is"),
    "a reserve below none": (put("contactless_reserve", value=-1), "reserve is -1 tries"),
    "a reserve past 63CF": (put("contactless_reserve", value=16), "reserve is 16 tries"),
    "a CVC that is none": (put("card_verifiable_certificate", value="AAAA"), "the CVC"),
    "a CVC without key 04": (put("card_verifiable_certificate", value=CVC), "not of key 04"),
    "key 04 that is RSA": (rsa_for_04, "key 04 is none of RSA2048"),
    "no salt": (drop(*PIN, "salt"), "'salt' is missing"),
}


@pytest.mark.parametrize(("damage", "why"), DAMAGES.values(), ids=DAMAGES)
def test_a_field_of_the_wrong_form_is_named_in_one_line(
    content: str, tmp_path: Path, damage: Callable[[Content], None], why: str
) -> None:
    card = json.loads(content)
    damage(card)
    path = tmp_path / "bad.card"
    path.write_bytes(seal(card))
    before = path.read_bytes()
    with pytest.raises(CardImageDamagedError, match=why) as caught:
        read_image(path)
    assert len(str(caught.value).splitlines()) == 1
    assert path.read_bytes() == before


def test_a_program_of_another_make_can_write_an_image(content: str, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    card = json.loads(content)
    card["keys"]["82"] = {"algorithm": "RSA2048", "material": key_of(key)}
    card["objects"]["5FC10D"] = b64encode(b"retired").decode()
    path = tmp_path / "other.card"
    path.write_bytes(seal(card))
    state = read_image(path)
    assert state.objects[0x5FC10D] == b"retired"
    assert state.keys[0x82].algorithm is Algorithm.RSA2048
    write_image(path, state)
    assert json.loads(path.read_text())["card"] == card


@pytest.mark.parametrize("suite", ["CS2", "CS7"])
def test_secure_messaging_survives_being_put_away(suite: str, tmp_path: Path) -> None:
    path = tmp_path / "dual.card"
    before = make_secure_card(suite, contactless_reserve=2).card.state
    write_image(path, before)
    assert read_image(path) == before
    card = Card.open(path)
    card.power_on(Interface.CONTACTLESS)
    host = Host(card.transmit, SUITES[suite])
    host.establish()
    assert value(host.get("5FC102")[0], "53").startswith(b"content of 5FC102")
    card.close()


def test_an_image_of_an_intermediate_certificate_as_the_cards_own_is_refused(
    tmp_path: Path,
) -> None:
    state = make_secure_card().card.state
    key = load_key(state.keys[0x04].material).public_key()
    root = CardVerifiableCertificate(b"ISSUER-1", bytes(8), key, Role.ROOT).signed(signer("RSA")[0])
    state.card_verifiable_certificate = bytes(root)
    write_image(tmp_path / "bad.card", state)
    with pytest.raises(CardImageDamagedError, match="not of key 04"):
        read_image(tmp_path / "bad.card")


def test_an_image_from_before_interfaces_is_a_card_with_contacts(
    content: str, tmp_path: Path
) -> None:
    assert not {"interfaces", "contactless_reserve"} & set(json.loads(content))
    path = tmp_path / "old.card"
    path.write_bytes(seal(json.loads(content)))
    state = read_image(path)
    assert (state.interfaces, state.contactless_reserve) == (Interfaces.CONTACT, 1)
    assert state.card_verifiable_certificate == b""


def test_secrets_are_in_no_printed_form(content: str, tmp_path: Path) -> None:
    path = tmp_path / "whole.card"
    path.write_bytes(seal(json.loads(content)))
    state = read_image(path)
    printed = repr((state.keys, state.references))
    for key in state.keys.values():
        assert repr(key.material) not in printed
    for reference in state.references.values():
        assert repr(reference.digest) not in printed
        assert repr(reference.salt) not in printed
