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


@unique
class KeyPurpose(Enum):
    """What a certified key is for; the certificate's keyUsage follows from it and the key."""

    SIGNING = "signing"
    BINDING_SIGNING = "signing what the signer stands by"
    ENCRYPTION = "encryption"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a certificate of this kind holds, and how many of it a holder may have."""

    name: str
    issuer: IssuerName
    purpose: KeyPurpose
    policy: x509.ObjectIdentifier
    one_per_holder: bool
    """Whether confirming a new one supersedes the holder's old one."""
    enrolled_subject_only: bool
    """Whether the subject has to be one that was enrolled, not one the requester chose."""
    registers_others: bool = False
    """Whether its holder is a registration authority, which asks on behalf of others."""
    office_only: bool = False
    """Whether only an enrolment gets one; its holder asks for nothing with it."""
    validity: timedelta = timedelta(days=730, minutes=30)
    """Two years and half an hour, as real ones of the older generation had."""


# The arc is that of the enterprise number for examples (RFC 5612): no real policy is claimed.
_POLICY = "1.3.6.1.4.1.32473.101.0.3.1"

AUTHENTICATION = Profile(
    "authentication",
    IssuerName.AUTHENTICATION,
    purpose=KeyPurpose.SIGNING,
    policy=x509.ObjectIdentifier(f"{_POLICY}.1"),
    one_per_holder=True,
    enrolled_subject_only=True,
)
SIGNING = Profile(
    "signing",
    IssuerName.SIGNING,
    purpose=KeyPurpose.BINDING_SIGNING,
    policy=x509.ObjectIdentifier(f"{_POLICY}.2"),
    one_per_holder=True,
    enrolled_subject_only=True,
)
GENERAL = Profile(
    "general",
    IssuerName.AUTHENTICATION,
    purpose=KeyPurpose.SIGNING,
    policy=x509.ObjectIdentifier(f"{_POLICY}.3"),
    one_per_holder=False,
    enrolled_subject_only=False,
)
KEY_MANAGEMENT = Profile(
    "key-management",
    IssuerName.SIGNING,
    purpose=KeyPurpose.ENCRYPTION,
    policy=x509.ObjectIdentifier(f"{_POLICY}.4"),
    one_per_holder=False,
    enrolled_subject_only=True,
    office_only=True,
)
CARD_AUTHENTICATION = Profile(
    "card-authentication",
    IssuerName.AUTHENTICATION,
    purpose=KeyPurpose.SIGNING,
    policy=x509.ObjectIdentifier(f"{_POLICY}.5"),
    one_per_holder=True,
    enrolled_subject_only=True,
    # Its key works for whoever holds the card, without a passcode: it must not vouch for anything.
    office_only=True,
)
CONTENT_SIGNING = Profile(
    "content-signing",
    IssuerName.SIGNING,
    purpose=KeyPurpose.BINDING_SIGNING,
    policy=x509.ObjectIdentifier(f"{_POLICY}.6"),
    one_per_holder=False,
    enrolled_subject_only=True,
    office_only=True,
    # Longer than any card it signs for.
    validity=timedelta(days=8 * 365),
)

REGISTRATION = Profile(
    "registration-authority",
    IssuerName.AUTHENTICATION,
    purpose=KeyPurpose.SIGNING,
    policy=x509.ObjectIdentifier(f"{_POLICY}.7"),
    one_per_holder=False,
    enrolled_subject_only=False,
    registers_others=True,
)

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        AUTHENTICATION,
        SIGNING,
        GENERAL,
        KEY_MANAGEMENT,
        CARD_AUTHENTICATION,
        CONTENT_SIGNING,
        REGISTRATION,
    )
}
