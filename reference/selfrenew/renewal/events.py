# SPDX-License-Identifier: Apache-2.0
"""What a renewal tells of itself, step by step, in the order in which it happens."""

from dataclasses import dataclass

from cryptography import x509

from selfrenew.piv.references import KeyReference

from .inspection import Inspection
from .plan import Plan


@dataclass(frozen=True, slots=True)
class Inspected:
    """The card was read and its keys were tried."""

    inspection: Inspection
    plan: Plan


@dataclass(frozen=True, slots=True)
class PreflightPassed:
    """Everything that will be needed answers; nothing was written yet."""


@dataclass(frozen=True, slots=True)
class ManagementAuthenticated:
    """Card management has answered the card's challenge."""


@dataclass(frozen=True, slots=True)
class SlotStarted:
    """A slot's turn begins; its old key is about to go."""

    slot: KeyReference
    voucher: KeyReference


@dataclass(frozen=True, slots=True)
class KeyGenerated:
    """The card has made the new key."""

    slot: KeyReference


@dataclass(frozen=True, slots=True)
class CertificateIssued:
    """The CA has issued the certificate, and it is the one that was asked for."""

    slot: KeyReference
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class CertificateWritten:
    """The certificate is on the card, read back and tried with its key."""

    slot: KeyReference


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The CA knows that the certificate is in its place; the old one is superseded."""

    slot: KeyReference
    old: x509.Certificate | None
    new: x509.Certificate


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The Spine took the new certificate."""

    certificate_serial: int


Event = (
    Inspected
    | PreflightPassed
    | ManagementAuthenticated
    | SlotStarted
    | KeyGenerated
    | CertificateIssued
    | CertificateWritten
    | Confirmed
    | SignedIn
)
