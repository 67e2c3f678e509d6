# SPDX-License-Identifier: Apache-2.0
"""What a portal beside a stage is started with: its address, certificate, key and configuration."""

import json
from collections.abc import Mapping

CONTACTS = {
    "registration_authority": "your Registration Authority (test stage)",
    "it": "your IT service desk (test stage)",
}


def portal_url(port: int) -> str:
    """Give the address that the notice opens, as the documented one but for its host."""
    return f"https://127.0.0.1:{port}/urswebapp/?operation=selfRenewSmartcard"


def portal_configuration_text(
    port: int,
    *,
    spine: str,
    root: str,
    name: str,
    listen: str | None = None,
    agent: Mapping[str, str | int] | None = None,
    contacts: Mapping[str, str] = CONTACTS,
) -> str:
    """Render the configuration; `name` is what certificate and key are called beside it.

    `listen` is the address to bind where it is not the one that is opened.
    """
    return toml_text(
        {
            "portal": {
                "url": portal_url(port),
                "listen": listen or f"127.0.0.1:{port}",
                "certificate": f"{name}.pem",
                "key": f"{name}.key",
            },
            "spine": {"url": spine},
            "tls": {"trust_anchors": root},
            "agent": agent or {},
            "contacts": contacts,
        }
    )


def toml_text(tables: Mapping[str, Mapping[str, str | int]]) -> str:
    """Render tables of strings and whole numbers."""
    lines = ["# Written by selfrenew-emulator at each start of the stage."]
    for name, values in tables.items():
        lines += ["", f"[{name}]"]
        # JSON's strings and whole numbers are TOML's too.
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"
