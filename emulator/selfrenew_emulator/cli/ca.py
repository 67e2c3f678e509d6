# SPDX-License-Identifier: Apache-2.0
"""`selfrenew-emulator ca`: the CA as a program of its own, and what its owner does with it."""

import click

from .lazy_group import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "serve": ("ca_serve", "Keep a CA running that speaks CMP."),
        "export": ("ca_export", "Write root, issuers, chain and CRLs."),
        "issue": ("ca_office", "Issue a certificate, for a request or a new key."),
        "revoke": ("ca_office", "Revoke a certificate by its serial number."),
        "update-root": ("ca_root", "Announce a new root, which genm then tells of."),
        "show": ("ca_show", "Show certificates, transactions and the audit trail."),
        "lint": ("ca_lint", "Lint certificates after RFC 5280, by pkilint."),
    },
)
def ca() -> None:
    """\b
    selfrenew-emulator ca serve --state ca
    selfrenew-emulator ca serve --state ca --shared stage --host 0.0.0.0 --port 8080 --name ca

    A CA by itself, for CMP clients of your own or for a stage whose programs run apart.
    """  # noqa: D205, D301, D400  help opens with two examples
