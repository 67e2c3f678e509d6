# SPDX-License-Identifier: Apache-2.0
"""What `card show` tells of a card: never a key, never the passcode."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key
from rich.table import Table

from selfrenew.piv.objects import CardholderUniqueIdentifier, CertificateObject, DataObject
from selfrenew.piv.references import KeyReference, ReferenceDataQualifier
from selfrenew_emulator.card import CardState, StoredKey

_SLOTS = (KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE)


def describe(state: CardState) -> dict[str, Any]:
    """Describe a card for JSON: guid, tries, and each slot with its certificate."""
    return {
        "personality": state.personality.value,
        "guid": _guid(state),
        "passcode_tries_left": state.references[ReferenceDataQualifier.APPLICATION_PIN].tries,
        "puk_tries_left": state.references[ReferenceDataQualifier.PUK].tries,
        "slots": {f"{slot:02X}": _slot(state, slot) for slot in _SLOTS},
    }


def table(view: dict[str, Any], title: str) -> Table:
    """Lay a description out for people."""
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
        f"GUID {view['guid'] or 'none'}, {view['personality']}, "
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
    raw = _content(state, DataObject.certificate_of(slot))
    return {
        "algorithm": None if key is None else key.algorithm.name,
        "certificate": _certificate(raw, key) if raw else None,
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
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": f"{certificate.serial_number:X}",
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "matches_key": matches,
    }
