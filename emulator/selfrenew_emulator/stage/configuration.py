# SPDX-License-Identifier: Apache-2.0
"""The configuration a stage writes for `selfrenew --config`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageUrls:
    """Where a stage's services answer."""

    cmp_http: str
    cmp_https: str
    management: str
    spine: str
    desk: str


def configuration_text(urls: StageUrls, *, reader: Mapping[str, str], root: str) -> str:
    """Render the configuration; file names are relative to the file itself."""
    # A JSON string is a TOML basic string.
    tables: dict[str, Mapping[str, str]] = {
        "reader": reader,
        "ca": {
            "url": urls.cmp_https,
            "authentication_profile": "authentication",
            "signing_profile": "signing",
            "trust_anchors": root,
        },
        "management": {"url": urls.management},
        "spine": {"url": urls.spine},
        "tls": {"trust_anchors": root},
        "portal": {"url": "https://portal.test/urswebapp/?operation=selfRenewSmartcard"},
        "contacts": {
            "registration_authority": "your Registration Authority (test stage)",
            "it": "your IT service desk (test stage)",
        },
    }
    lines = ["# Written by selfrenew-emulator at each start of the stage."]
    for name, values in tables.items():
        lines += ["", f"[{name}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"
