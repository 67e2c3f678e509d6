# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator ca export`: the CA's own certificates and CRLs, as files or on stdout."""

import json
import sys
from enum import Enum, unique
from pathlib import Path

import click
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew_emulator.ca import CertificateAuthority

from .ca_state import JSON, kept_ca, state_options, write_new

_ENCODINGS = {"pem": Encoding.PEM, "der": Encoding.DER}


@unique
class What(Enum):
    """What can be exported."""

    ROOT = "root"
    ISSUERS = "issuers"
    CHAIN = "chain"
    CRLS = "crls"
    ALL = "all"


@click.command(short_help="Write root, issuers, chain and CRLs.")
@click.argument("what", type=click.Choice([each.value for each in What]), default=What.ALL.value)
@state_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write files into this folder.  [default: print PEM]",
)
@click.option("--format", "kind", type=click.Choice(list(_ENCODINGS)), default="pem")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@JSON
def export(
    *,
    what: str,
    state: Path,
    clock: Path | None,
    out: Path | None,
    kind: str,
    force: bool,
    as_json: bool,
) -> None:
    """\b
    selfrenew-emulator ca export root --state ca > root.pem
    selfrenew-emulator ca export --state ca --out trust --format der

    Write the CA's own certificates and its current CRLs: the trust anchor `root`, the `issuers`,
    of which `services` issues for a stage's servers, the `chain` from the others to the root in one
    file, the `crls` of all who issue.
    """  # noqa: D205, D301, D400  help opens with two examples
    with kept_ca(state, clock) as ca:
        files = _files(ca, What(what), kind)
    if out is None:
        if kind == "der" and len(files) != 1:
            raise click.UsageError("DER is printed for root alone; name a folder with --out.")
        for data in files.values():
            sys.stdout.buffer.write(data)
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_new(out / name, data, force=force)
    if as_json:
        click.echo(json.dumps({"files": [str(out / name) for name in files]}))
        return
    for name in files:
        click.echo(out / name)


def _files(ca: CertificateAuthority, what: What, kind: str) -> dict[str, bytes]:
    encoding = _ENCODINGS[kind]
    files: dict[str, bytes] = {}
    if what in {What.ROOT, What.ALL}:
        files[f"root.{kind}"] = ca.root.public_bytes(encoding)
    if what in {What.ISSUERS, What.ALL}:
        issuers = {name.value: certificate for name, certificate in ca.issuers.items()}
        # Who issues for a stage's servers is one too, though nobody's card leads to it.
        issuers["services"] = ca.tls_issuer.certificate
        for name, certificate in issuers.items():
            files[f"{name}.{kind}"] = certificate.public_bytes(encoding)
    if what in {What.CHAIN, What.ALL}:
        # A file of more than one is PEM, as programs that verify take it.
        chain = [*ca.issuers.values(), ca.root]
        files["chain.pem"] = b"".join(each.public_bytes(Encoding.PEM) for each in chain)
    if what in {What.CRLS, What.ALL}:
        extension = "crl" if encoding is Encoding.DER else "crl.pem"
        for issuer, crl in ca.crls().items():
            files[f"{issuer}.{extension}"] = crl.public_bytes(encoding)
    return files
