# SPDX-License-Identifier: Apache-2.0
"""Who an agent is, from its start to its end: a public name, and a secret for the page."""

import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from selfrenew.secret import Secret

_NAME_BYTES = 16
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Launch:
    """One run of an agent. Who shows `pairing_secret` came by way of the portal."""

    identifier: str
    pairing_secret: Secret = field(repr=False)


def new_launch() -> Launch:
    """Draw both anew, from the system's randomness."""
    raw = secrets.token_bytes(_SECRET_BYTES)
    pairing_secret = Secret(urlsafe_b64encode(raw).rstrip(b"="))
    return Launch(secrets.token_hex(_NAME_BYTES), pairing_secret)
