# SPDX-License-Identifier: Apache-2.0
"""The certificate profiles, as data."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, unique

from cryptography import x509


@unique
class IssuerName(Enum):
    """The issuing CAs under the root."""

    AUTHENTICATION = "authentication"
    SIGNING = "signing"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a certificate of this kind holds, and how many of it a holder may have."""

    name: str
    issuer: IssuerName
    non_repudiation: bool
    policy: x509.ObjectIdentifier
    one_per_holder: bool
    """Whether confirming a new one supersedes the holder's old one."""
    people_only: bool
    """Whether the subject has to be a registered person's, not one the requester chose."""
    validity: timedelta = timedelta(days=730, minutes=30)
    """Two years and half an hour, as real ones of the older generation had."""


# 2.999 is the arc for examples: no real policy is claimed.
_POLICY = "2.999.1275.101.0.3.1"

AUTHENTICATION = Profile(
    "authentication",
    IssuerName.AUTHENTICATION,
    non_repudiation=False,
    policy=x509.ObjectIdentifier(f"{_POLICY}.1"),
    one_per_holder=True,
    people_only=True,
)
SIGNING = Profile(
    "signing",
    IssuerName.SIGNING,
    non_repudiation=True,
    policy=x509.ObjectIdentifier(f"{_POLICY}.2"),
    one_per_holder=True,
    people_only=True,
)
GENERAL = Profile(
    "general",
    IssuerName.AUTHENTICATION,
    non_repudiation=False,
    policy=x509.ObjectIdentifier(f"{_POLICY}.3"),
    one_per_holder=False,
    people_only=False,
)

PROFILES: dict[str, Profile] = {
    profile.name: profile for profile in (AUTHENTICATION, SIGNING, GENERAL)
}
