# SPDX-License-Identifier: Apache-2.0
"""A test CA that speaks CMP (RFC 9810, 9811, 9483). Its names say TEST; trust it nowhere else."""

from .authority import (
    Authority,
    Identity,
    KeyMaker,
    ca_name,
    p256_key,
    p384_key,
    person_name,
    rsa_key,
)
from .certificate_authority import CertificateAuthority
from .delaying import Delay
from .errors import (
    CaError,
    DamagedStateError,
    RequestRefusedError,
    UnknownCertificateError,
    UnknownEnrolmentError,
)
from .est_app import EST_PATH
from .informing import PublishedCrls
from .profiles import (
    AUTHENTICATION,
    CARD_AUTHENTICATION,
    CONTENT_SIGNING,
    GENERAL,
    KEY_MANAGEMENT,
    PROFILES,
    REGISTRATION,
    SIGNING,
    IssuerName,
    KeyPurpose,
    Profile,
)
from .publication import CRL_PATH, OCSP_PATH
from .records import AuditEntry, Enrolment, Extensions, Record, Transaction
from .requests import RequestedCertificate, read_pkcs10
from .root_update import RootUpdate
from .variety import Variety

__all__ = [
    "AUTHENTICATION",
    "CARD_AUTHENTICATION",
    "CONTENT_SIGNING",
    "CRL_PATH",
    "EST_PATH",
    "GENERAL",
    "KEY_MANAGEMENT",
    "OCSP_PATH",
    "PROFILES",
    "REGISTRATION",
    "SIGNING",
    "AuditEntry",
    "Authority",
    "CaError",
    "CertificateAuthority",
    "DamagedStateError",
    "Delay",
    "Enrolment",
    "Extensions",
    "Identity",
    "IssuerName",
    "KeyMaker",
    "KeyPurpose",
    "Profile",
    "PublishedCrls",
    "Record",
    "RequestRefusedError",
    "RequestedCertificate",
    "RootUpdate",
    "Transaction",
    "UnknownCertificateError",
    "UnknownEnrolmentError",
    "Variety",
    "ca_name",
    "p256_key",
    "p384_key",
    "person_name",
    "read_pkcs10",
    "rsa_key",
]
