# SPDX-License-Identifier: Apache-2.0
"""Changes to a card that no command makes without a secret: what a bench does to its own cards."""

import secrets
from dataclasses import replace

from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import KeyReference, ReferenceDataQualifier
from selfrenew_emulator.card import Card, StoredReference
from selfrenew_emulator.card.keys import generate_any, store_key

_PIN = ReferenceDataQualifier.APPLICATION_PIN


def change_image(
    card: Card,
    *,
    passcode: bytes | None = None,
    locked: bool = False,
    tear: KeyReference | None = None,
    clear: KeyReference | None = None,
) -> None:
    """Change a card's EEPROM; all of it, or, where writing fails, nothing."""
    store, state = card.store, card.state
    pin = state.references[_PIN]
    if passcode is not None:
        padded = passcode.ljust(8, b"\xff")
        pin = StoredReference.of(padded, secrets.token_bytes(16), pin.tries_limit)
    if locked:
        pin = replace(pin, tries=0)
    store.put_reference(_PIN, pin)
    if tear is not None and tear in state.keys:
        old = state.keys[tear]
        new = store_key(old.algorithm, generate_any(old.algorithm))
        store.put_key(tear, replace(old, material=new.material))
    if clear is not None:
        store.remove_object(DataObject.certificate_of(clear).tag)
    store.commit()
