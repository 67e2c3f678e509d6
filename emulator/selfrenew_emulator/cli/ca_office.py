# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator ca issue | revoke`: what its owner has a kept CA do."""

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from selfrenew_emulator.ca import (
    GENERAL,
    PROFILES,
    CertificateAuthority,
    RequestedCertificate,
    read_pkcs10,
)
from selfrenew_emulator.ca.policy import REVOCATION_REASONS

from .ca_state import JSON, OUT, kept_ca, require_new, state_options, write_new

_BY = "the command line"
_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
_KEYS: dict[str, Callable[[], _Key]] = {
    "P256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA3072": lambda: rsa.generate_private_key(65537, 3072),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}
_REASONS = {reason.value: reason for reason in x509.ReasonFlags if reason in REVOCATION_REASONS}


@click.command(short_help="Issue a certificate, for a request or a new key.")
@state_options
@click.option(
    "--csr",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A PKCS #10 request, PEM or DER; its subject counts unless --subject names another.",
)
@click.option("--new-key", type=OUT, help="Make a key and write it here, PEM, unencrypted.")
@click.option("--algorithm", type=click.Choice(list(_KEYS), case_sensitive=False), default="P256")
@click.option("--subject", help="The subject as RFC 4514 writes it, such as 'CN=bench,O=Example'.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default=GENERAL.name)
@click.option("--days", type=click.IntRange(1, 3650), help="How long it is valid at most.")
@click.option("--out", type=OUT, help="Write it here.  [default: print it]")
@click.option("--format", "kind", type=click.Choice(["pem", "der"]), default="pem")
@click.option("--chain", is_flag=True, help="Put the issuer and the root behind it (PEM).")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@JSON
def issue(
    *,
    state: Path,
    clock: Path | None,
    csr: Path | None,
    new_key: Path | None,
    algorithm: str,
    subject: str | None,
    profile: str,
    days: int | None,
    out: Path | None,
    kind: str,
    chain: bool,
    force: bool,
    as_json: bool,
) -> None:
    """\b
    selfrenew-emulator ca issue --state ca --new-key bench.key --subject CN=bench --out bench.pem
    selfrenew-emulator ca issue --state ca --csr bench.csr --profile general > bench.pem

    Issue a certificate that counts at once, as an enrolment without a subject of its own would get
    it. Policy decides on keys and validity. With --json one line tells what was issued.
    """  # noqa: D205, D301, D400  help opens with two examples
    if (csr is None) == (new_key is None):
        raise click.UsageError("Name either --csr or --new-key.")
    if new_key is not None and subject is None:
        raise click.UsageError("A new key needs a --subject.")
    if kind == "der" and (chain or out is None):
        raise click.UsageError("DER is one certificate, written to --out.")
    if as_json and out is None:
        raise click.UsageError("With --json the certificate is written to --out.")
    require_new(*(each for each in (new_key, out) if each is not None), force=force)
    pem: bytes | None = None
    with kept_ca(state, clock) as ca:
        if csr is not None:
            asked = _from_file(csr)
        else:
            asked, pem = _from_key(_KEYS[algorithm]())
        asked = _changed(asked, subject, days, ca)
        certificate = ca.issue(asked, profile, by=_BY)
        issuers = [*ca.issuers.values(), ca.root]
    if new_key is not None and pem is not None:
        write_new(new_key, pem, secret=True, force=force)
    data = certificate.public_bytes(Encoding.DER if kind == "der" else Encoding.PEM)
    if chain:
        issuer = next(each for each in issuers if each.subject == certificate.issuer)
        data += issuer.public_bytes(Encoding.PEM) + issuers[-1].public_bytes(Encoding.PEM)
    if out is None:
        sys.stdout.buffer.write(data)
        return
    write_new(out, data, force=force)
    told = {
        "serial": f"{certificate.serial_number:x}",
        "subject": certificate.subject.rfc4514_string(),
        "profile": profile,
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "certificate": str(out),
        "key": None if new_key is None else str(new_key),
    }
    end = certificate.not_valid_after_utc.date()
    line = f"Issued {told['serial']} for {told['subject']}, valid until {end}."
    click.echo(json.dumps(told) if as_json else line)


@click.command(short_help="Revoke a certificate by its serial number.")
@click.argument("serial")
@state_options
@click.option(
    "--reason",
    type=click.Choice(list(_REASONS), case_sensitive=False),
    default=x509.ReasonFlags.unspecified.value,
    show_default=True,
)
@JSON
def revoke(*, serial: str, state: Path, clock: Path | None, reason: str, as_json: bool) -> None:
    """\b
    selfrenew-emulator ca revoke 75f63118198a5be189e084c --state ca
    selfrenew-emulator ca revoke 07:5F:63:11 --state ca --reason keyCompromise

    Revoke a certificate for good: OCSP and the CRL tell it from then on, a running CA's too. The
    serial number is hexadecimal, with colons or without.
    """  # noqa: D205, D301, D400  help opens with two examples
    try:
        number = int(serial.replace(":", "").removeprefix("0x"), 16)
    except ValueError as error:
        raise click.BadParameter(f"'{serial}' is no hexadecimal number.") from error
    with kept_ca(state, clock) as ca:
        revoked = ca.revoke_serial(number, _REASONS[reason], by=_BY)
        record = ca.record_of(number)
    # Of one that did not count any more, what is told of it everywhere else.
    in_force = record.reason_in_force
    why, state_now = None if in_force is None else in_force.value, record.state.value
    if as_json:
        told = {"serial": f"{number:x}", "revoked": revoked, "state": state_now, "reason": why}
        click.echo(json.dumps(told))
    elif revoked:
        click.echo(f"Revoked {number:x} ({why}).")
    else:
        click.echo(f"{number:x} was {state_now} before ({why}); nothing was changed.")


def _from_file(path: Path) -> RequestedCertificate:
    raw = path.read_bytes()
    if b"-----BEGIN" in raw:
        try:
            raw = x509.load_pem_x509_csr(raw).public_bytes(Encoding.DER)
        except ValueError as error:
            raise click.UsageError(f"{path} holds no PKCS #10 request: {error}") from error
    return read_pkcs10(raw)


def _from_key(key: _Key) -> tuple[RequestedCertificate, bytes]:
    """Ask for a certificate of a key; the key is given as PEM."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    asked = RequestedCertificate(0, x509.Name([]), key.public_key(), x509.Extensions([]))
    return asked, pem


def _changed(
    asked: RequestedCertificate, subject: str | None, days: int | None, ca: CertificateAuthority
) -> RequestedCertificate:
    name = asked.subject
    if subject is not None:
        try:
            name = x509.Name.from_rfc4514_string(subject)
        except ValueError as error:
            raise click.BadParameter(f"'{subject}' is no name of RFC 4514.") from error
    begin = None if days is None else ca.now().replace(microsecond=0)
    end = None if begin is None or days is None else begin + timedelta(days=days)
    return RequestedCertificate(
        asked.cert_req_id, name, asked.public_key, asked.extensions, begin, end
    )
