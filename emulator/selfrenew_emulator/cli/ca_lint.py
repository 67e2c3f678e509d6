# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator ca lint`: pkilint over certificates, by file or all that a CA has."""

import json
from collections.abc import Iterator
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.certificates import UNREADABLE
from selfrenew_emulator.ca.linting import Finding, lint_certificate, lint_crl

from .ca_state import JSON, kept_ca
from .exit_codes import ExitCode


@click.command(short_help="Lint certificates after RFC 5280, by pkilint.")
@click.argument("files", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Lint all that the CA kept here has issued, its own certificates and its CRLs.",
)
@JSON
@click.pass_context
def lint(
    context: click.Context, /, *, files: tuple[Path, ...], state: Path | None, as_json: bool
) -> None:
    """\b
    selfrenew-emulator ca lint certificate.pem chain.pem
    selfrenew-emulator ca lint --state ca --json

    Lint certificates with pkilint (`pip install 'smartcard-selfrenew[lint]'`). Files are PEM, with
    one or more in each, or DER. Where something is found, the exit code says so.
    """  # noqa: D205, D301, D400  help opens with two examples
    if not files and state is None:
        raise click.UsageError("Name files, or a CA's --state.")
    results = {name: found for path in files for name, found in _of_file(path)}
    if state is not None:
        results.update(_of_store(state))
    found = {name: findings for name, findings in results.items() if findings}
    if as_json:
        named = {
            name: [{"code": each.code, "path": each.path} for each in findings]
            for name, findings in found.items()
        }
        click.echo(json.dumps({"linted": len(results), "findings": named}))
    else:
        for name, findings in found.items():
            for each in findings:
                click.echo(f"{name}: {each.code} at {each.path}")
        click.echo(f"Linted {len(results)}, found something in {len(found)}.")
    if found:
        context.exit(ExitCode.LINT_FOUND)


def _of_file(path: Path) -> Iterator[tuple[str, list[Finding]]]:
    raw = path.read_bytes()
    try:
        if b"-----BEGIN" in raw:
            certificates = x509.load_pem_x509_certificates(raw)
        else:
            certificates = [x509.load_der_x509_certificate(raw)]
    except ValueError as error:
        raise click.UsageError(f"{path} holds no certificate: {error}") from error
    for number, certificate in enumerate(certificates, 1):
        name = str(path) if len(certificates) == 1 else f"{path} ({number})"
        yield name, lint_certificate(certificate.public_bytes(Encoding.DER))


def _name_of(certificate: x509.Certificate) -> str:
    number = f"{certificate.serial_number:x}"
    try:
        return f"{number} {certificate.subject.rfc4514_string()}"
    except UNREADABLE:
        # What is the matter is for the linter to say.
        return number


def _of_store(state: Path) -> Iterator[tuple[str, list[Finding]]]:
    with kept_ca(state, None) as ca:
        own = ca.authority.own_certificates
        issued = [record.certificate for record in ca.certificates()]
        crls = ca.crls()
    for certificate in (*own, *issued):
        yield _name_of(certificate), lint_certificate(certificate.public_bytes(Encoding.DER))
    for issuer, crl in crls.items():
        yield f"CRL of {issuer}", lint_crl(crl.public_bytes(Encoding.DER))
