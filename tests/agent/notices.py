# SPDX-License-Identifier: Apache-2.0
"""A notice as a person gets it, made of a certificate of nobody's."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.agent import ExpiryNotice
from selfrenew.services import Role

URL = "https://portal.test/urswebapp/?operation=selfRenewSmartcard"
ROLES = (
    Role("R1", "Clinical practitioner", "Test Hospital"),
    Role("R2", "Sponsor", "Test Pharmacy"),
)


def make_notice(days_left: int = 30) -> ExpiryNotice:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "555012345678")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 0x1A2B3C)
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2026, 4, 1, 9, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return ExpiryNotice(days_left, certificate, URL)
