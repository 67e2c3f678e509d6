# SPDX-License-Identifier: Apache-2.0
"""The configuration a stage writes for `selfrenew --config`."""

from collections.abc import Mapping
from dataclasses import dataclass

from .portal import CONTACTS, toml_text


@dataclass(frozen=True, slots=True)
class StageUrls:
    """Where a stage's services answer."""

    cmp_http: str
    cmp_https: str
    management: str
    spine: str
    desk: str
    mail: str


def configuration_text(
    urls: StageUrls, *, reader: Mapping[str, str], root: str, portal: str
) -> str:
    """Render the configuration; file names are relative to the file itself."""
    return toml_text(
        {
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
            "portal": {"url": portal},
            "contacts": CONTACTS,
        }
    )
