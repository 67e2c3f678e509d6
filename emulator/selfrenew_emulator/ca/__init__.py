# SPDX-License-Identifier: Apache-2.0
"""A test CA that speaks CMP (RFC 9810, 9811, 9483). Its names say TEST; trust it nowhere else."""

from .authority import Authority, Identity, ca_name, p256_key, person_name, rsa_key
from .certificate_authority import CertificateAuthority
from .errors import (
    CaError,
    DamagedStateError,
    RequestRefusedError,
    UnknownCertificateError,
    UnknownEnrolmentError,
)
from .profiles import AUTHENTICATION, GENERAL, PROFILES, SIGNING, IssuerName, Profile
from .records import AuditEntry, Enrolment, Record

__all__ = [
    "AUTHENTICATION",
    "GENERAL",
    "PROFILES",
    "SIGNING",
    "AuditEntry",
    "Authority",
    "CaError",
    "CertificateAuthority",
    "DamagedStateError",
    "Enrolment",
    "Identity",
    "IssuerName",
    "Profile",
    "Record",
    "RequestRefusedError",
    "UnknownCertificateError",
    "UnknownEnrolmentError",
    "ca_name",
    "p256_key",
    "person_name",
    "rsa_key",
]
