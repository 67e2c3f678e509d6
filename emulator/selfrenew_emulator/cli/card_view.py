# SPDX-License-Identifier: Apache-2.0
"""What `card show` tells of a card: never a key, never the passcode."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.x509.oid import NameOID
from rich.table import Table

from selfrenew.piv.objects import CardholderUniqueIdentifier, CertificateObject, DataObject
from selfrenew.piv.references import KeyReference, ReferenceDataQualifier
from selfrenew_emulator.card import CardState, StoredKey
from selfrenew_emulator.card.access import READ_RULES, AccessRule
from selfrenew_emulator.card.virtual_contact import policy_of

_RENEWED = (KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE)
_OTHERS = tuple(key for key in KeyReference if key not in {*_RENEWED, KeyReference.MANAGEMENT})
# RFC 4514 names a few attributes only, and 9E has its card in this one.
_ATTRIBUTE_NAMES = {NameOID.SERIAL_NUMBER: "serialNumber"}
_GLOBAL_PIN = ReferenceDataQualifier.GLOBAL_PIN


def describe(state: CardState) -> dict[str, Any]:
    """Describe a card for JSON: tries, policy, each slot with its certificate, each data object.

    9A and 9C are always there, other slots where they hold something.
    """
    slots = {slot: _slot(state, slot) for slot in (*_RENEWED, *_OTHERS)}
    policy = policy_of(state)
    return {
        "personality": state.personality.value,
        "interfaces": state.interfaces.value,
        "guid": _guid(state),
        "passcode_tries_left": state.references[ReferenceDataQualifier.APPLICATION_PIN].tries,
        "puk_tries_left": state.references[ReferenceDataQualifier.PUK].tries,
        "global_pin_tries_left": (
            state.references[_GLOBAL_PIN].tries if _GLOBAL_PIN in state.references else None
        ),
        "pin_usage_policy": {
            "global_pin": policy.global_pin,
            "virtual_contact": policy.virtual_contact,
            "pairing_code_required": policy.virtual_contact and policy.pairing_code_required,
        },
        "slots": {
            f"{slot:02X}": found
            for slot, found in slots.items()
            if slot in _RENEWED or any(found.values())
        },
        "objects": [
            {
                "tag": f"{each.tag:X}",
                "container": f"{each.container:04X}",
                "name": each.title,
                "bytes": len(state.objects[each.tag]),
                "read": READ_RULES[each.tag].value,
            }
            for each in DataObject
            if each.tag in state.objects
        ],
    }


def tables(view: dict[str, Any], title: str) -> tuple[Table, Table]:
    """Lay a description out for people: slots, and data objects."""
    return _slots_table(view, title), _objects_table(view)


def _objects_table(view: dict[str, Any]) -> Table:
    grid = Table(title="data objects")
    grid.add_column("tag")
    grid.add_column("object", overflow="fold")
    grid.add_column("bytes", justify="right")
    grid.add_column("read after")
    for each in view["objects"]:
        needed = "" if each["read"] == AccessRule.ALWAYS.value else "passcode"
        grid.add_row(each["tag"], each["name"], str(each["bytes"]), needed)
    return grid


def _slots_table(view: dict[str, Any], title: str) -> Table:
    grid = Table(title=title, caption=_caption(view))
    for heading in ("slot", "key", "holder", "serial", "expires", "certificate"):
        grid.add_column(heading, overflow="fold")
    for name, slot in view["slots"].items():
        certificate = slot["certificate"]
        if not isinstance(certificate, dict):
            grid.add_row(name, slot["algorithm"] or "none", "", "", "", certificate or "none")
            continue
        matching = "matches its key" if certificate["matches_key"] else "is of another key"
        grid.add_row(
            name,
            slot["algorithm"] or "none",
            certificate["subject"],
            certificate["serial"],
            certificate["not_after"][:10],
            matching,
        )
    return grid


def _caption(view: dict[str, Any]) -> str:
    return (
        f"GUID {view['guid'] or 'none'}, {view['personality']}, {view['interfaces']}, "
        f"{view['passcode_tries_left']} passcode tries left"
    )


def _content(state: CardState, data_object: DataObject) -> bytes:
    return state.objects.get(data_object.tag, b"")


def _guid(state: CardState) -> str | None:
    raw = _content(state, DataObject.CHUID)
    if not raw:
        return None
    try:
        return CardholderUniqueIdentifier.from_bytes(raw).guid.hex()
    except ValueError:
        return None


def _slot(state: CardState, slot: KeyReference) -> dict[str, Any]:
    key = state.keys.get(slot)
    certificate: dict[str, Any] | str | None = None
    if slot is KeyReference.SECURE_MESSAGING:
        # It is no object, and a holder's name or dates are not in it.
        certificate = "card verifiable" if state.card_verifiable_certificate else None
    elif raw := _content(state, DataObject.certificate_of(slot)):
        certificate = _certificate(raw, key)
    return {
        "algorithm": None if key is None else key.algorithm.name,
        "certificate": certificate,
    }


def _certificate(raw: bytes, key: StoredKey | None) -> dict[str, Any] | str:
    try:
        der = CertificateObject.from_bytes(raw).certificate_der
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return "unreadable"
    matches = False
    if key is not None:
        private = load_der_private_key(key.material, None, unsafe_skip_rsa_key_validation=True)
        matches = private.public_key() == certificate.public_key()
    return {
        "subject": certificate.subject.rfc4514_string(_ATTRIBUTE_NAMES),
        "issuer": certificate.issuer.rfc4514_string(_ATTRIBUTE_NAMES),
        "serial": f"{certificate.serial_number:X}",
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "matches_key": matches,
    }
