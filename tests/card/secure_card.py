# SPDX-License-Identifier: Apache-2.0
"""Cards with secure messaging: made once for a suite, then copied."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from selfrenew.piv.references import Algorithm
from selfrenew_emulator import card as emulated
from selfrenew_emulator.card import Card, CardState, Interface, Interfaces
from selfrenew_emulator.personalisation import (
    provision_secure_messaging,
    provision_virtual_contact,
)
from selfrenew_emulator.randomness import seeded
from tests.secure_messaging_host import SUITES, Host

from .conftest import Terminal, make_terminal

GUID = bytes(range(16))
GLOBAL = b"975310"
SignerKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

# Every object the data model has, and every key a card can generate or be given.
OBJECTS = (
    *("5FC107", "5FC102", "5FC105", "5FC103", "5FC106", "5FC108", "5FC101", "5FC10A", "5FC10B"),
    *("5FC109", "7E", "5FC10C", "5FC121", "7F61", "5FC122", "5FC123"),
    *(f"5FC1{number:02X}" for number in range(0x0D, 0x21)),
)


@cache
def signer(kind: str) -> tuple[SignerKey, x509.Certificate]:
    """A content signer, self-signed: who certifies it is not the card's business."""
    key: SignerKey
    if kind == "RSA":
        key = rsa.generate_private_key(65537, 2048)
    else:
        key = ec.generate_private_key(SUITES[kind].curve)
    return key, certificate_of(key)


def certificate_of(key: SignerKey, *, identified: bool = True) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TEST content signer")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    if identified:
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    return builder.sign(key, hashes.SHA256())


@dataclass
class SecureCard:
    """A card under power, and the host that speaks to it."""

    terminal: Terminal
    host: Host

    @property
    def card(self) -> Card:
        return self.terminal.card


@cache
def _made(suite: str, signer_kind: str, pairing_code_required: bool) -> tuple[CardState, bytes]:
    terminal = make_terminal(interfaces=Interfaces.DUAL, global_pin=GLOBAL)
    assert terminal.authenticate() == "9000"
    key, certificate = signer(signer_kind)
    provision_secure_messaging(
        terminal.card,
        suite={"CS2": emulated.CS2, "CS7": emulated.CS7}[suite],
        signer_key=key,
        signer_certificate=certificate,
        subject_guid=GUID,
        randomness=seeded(11),
    )
    code = provision_virtual_contact(
        terminal.card, randomness=seeded(13), pairing_code_required=pairing_code_required
    )
    for tag in OBJECTS:
        if tag not in {"7E", "7F61", "5FC122", "5FC123"}:
            assert terminal.put(tag, b"content of " + tag.encode() + bytes(500)) == "9000"
    assert terminal.send("00DB3FFF", bytes.fromhex("7F6103020100"), le="")[1] == "9000"
    for reference in ("9A", "9C", "9D", "9E"):
        assert terminal.generate(reference, Algorithm.P256)[1] == "9000"
    state = terminal.card.state
    # No command loads a retired key; key history is a matter of the card's maker.
    for reference in range(0x82, 0x96):
        state.keys[reference] = state.keys[0x9D]
    return state, code


def pairing_code(suite: str = "CS2") -> bytes:
    return _made(suite, suite, True)[1]


def make_secure_card(
    suite: str = "CS2",
    interface: Interface = Interface.CONTACTLESS,
    *,
    signer_kind: str | None = None,
    pairing_code_required: bool = True,
    establish: bool = True,
    pair: bool = False,
    **changes: Any,
) -> SecureCard:
    state, code = deepcopy(_made(suite, signer_kind or suite, pairing_code_required))
    for name, value in changes.items():
        setattr(state, name, value)
    card = Card(state, randomness=seeded(17))
    card.power_on(interface)
    host = Host(card.transmit, SUITES[suite])
    if establish:
        host.establish()
    if pair:
        assert host.verify("98", code) == "9000"
    return SecureCard(Terminal(card, bytes(range(24))), host)
