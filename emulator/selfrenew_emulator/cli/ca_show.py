# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator ca show`: what a kept CA issued, was asked, and is in the middle of."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from cryptography import x509
from rich.console import Console
from rich.table import Table

from selfrenew_emulator.ca import AuditEntry, CertificateAuthority, Record, Transaction

from .ca_state import JSON, kept_ca, state_options

_LISTS = ("certificates", "transactions", "audit")


@click.command(short_help="Show certificates, transactions and the audit trail.")
@click.argument("what", type=click.Choice(_LISTS), nargs=-1)
@state_options
@JSON
def show(*, what: tuple[str, ...], state: Path, clock: Path | None, as_json: bool) -> None:
    """\b
    selfrenew-emulator ca show --state ca
    selfrenew-emulator ca show certificates --state ca --json

    Show what the CA is, and its certificates, transactions and audit trail, or those that are
    named. No secret is among them.
    """  # noqa: D205, D301, D400  help opens with two examples
    with kept_ca(state, clock) as ca:
        view = _view(ca, what or _LISTS)
    if as_json:
        click.echo(json.dumps(view))
        return
    console = Console(width=None if Console().is_terminal else 160)
    for name in ("root", "authentication", "signing"):
        certificate = view["ca"][name]
        click.echo(f"{name:<16}{certificate['subject']}, until {certificate['not_after'][:10]}")
    for name in what or _LISTS:
        console.print(_table(name, view[name]))


def _view(ca: CertificateAuthority, what: Iterable[str]) -> dict[str, Any]:
    own = {"root": ca.root, **{name.value: each for name, each in ca.issuers.items()}}
    view: dict[str, Any] = {"ca": {name: _certificate(each) for name, each in own.items()}}
    if "certificates" in what:
        view["certificates"] = [_record(record) for record in ca.certificates()]
    if "transactions" in what:
        view["transactions"] = [_transaction(*each) for each in ca.transactions()]
    if "audit" in what:
        view["audit"] = [_entry(entry) for entry in ca.audit()]
    return view


def _certificate(certificate: x509.Certificate) -> dict[str, Any]:
    return {
        "serial": f"{certificate.serial_number:x}",
        "subject": certificate.subject.rfc4514_string(),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
    }


def _record(record: Record) -> dict[str, Any]:
    return {
        **_certificate(record.certificate),
        "profile": record.profile,
        "state": record.state.value,
        "since": record.since.isoformat(),
        "reason": None if record.reason is None else record.reason.value,
        "replaces": None if record.replaces is None else f"{record.replaces:x}",
        "reference": record.reference,
    }


def _transaction(transaction_id: bytes, transaction: Transaction) -> dict[str, Any]:
    until = transaction.confirm_until
    return {
        "id": transaction_id.hex(),
        "requester": transaction.requester.decode(),
        "open": transaction.is_open,
        "serial": None if transaction.serial is None else f"{transaction.serial:x}",
        "confirm_until": None if until is None else until.isoformat(),
    }


def _entry(entry: AuditEntry) -> dict[str, Any]:
    return {
        "at": entry.at.isoformat(),
        "transaction": entry.transaction_id.hex(),
        "message": entry.message,
        "requester": entry.requester,
        "answer": entry.answer,
    }


_COLUMNS = {
    "certificates": ("serial", "subject", "profile", "state", "not_after"),
    "transactions": ("id", "requester", "open", "serial"),
    "audit": ("at", "message", "requester", "answer"),
}


def _table(name: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=name)
    for column in _COLUMNS[name]:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        cells = (row[column] for column in _COLUMNS[name])
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    return table
