# SPDX-License-Identifier: Apache-2.0
"""A CA that issues something else than what was asked for, and signs it properly.

It keeps what it issued, as a CA that is wrong would: the confirmation is about that certificate.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID

from .ca_conduct import CaKey, Conduct
from .ca_exchange import CaMisbehaviour
from .ca_trigger import PARAMETERS, REQUESTS, STRIKES_AT, CaTrigger
from .fault import Fault, FaultTarget

_DAY = timedelta(days=1)
# Of no secrecy, so the same at every run.
STRANGE_KEY = ec.derive_private_key(0x5E1F_0E5E, ec.SECP256R1())
"""The key of nobody who takes part."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a certificate is to say."""

    issuer: x509.Name
    subject: x509.Name
    public_key: CertificatePublicKeyTypes
    begin: datetime
    end: datetime
    serial_number: int
    extensions: tuple[x509.ExtensionType, ...]
    critical: frozenset[x509.ObjectIdentifier]

    @classmethod
    def of(cls, certificate: x509.Certificate) -> "Draft":
        """Take a certificate for a draft of another one."""
        return cls(
            certificate.issuer,
            certificate.subject,
            certificate.public_key(),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            certificate.serial_number,
            tuple(each.value for each in certificate.extensions),
            frozenset(each.oid for each in certificate.extensions if each.critical),
        )

    def replacing(self, *extensions: x509.ExtensionType) -> "Draft":
        """Put extensions in place of those of their kind."""
        kinds = {each.oid: each for each in extensions}
        kept = tuple(kinds.pop(each.oid, each) for each in self.extensions)
        return replace(self, extensions=kept)

    def sign(self, key: CaKey) -> x509.Certificate:
        """Sign it."""
        builder = x509.CertificateBuilder(
            self.issuer, self.subject, self.public_key, self.serial_number, self.begin, self.end
        )
        for each in self.extensions:
            builder = builder.add_extension(each, critical=each.oid in self.critical)
        strong = isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 256
        return builder.sign(key, hashes.SHA384() if strong else hashes.SHA256())


def for_another_key(draft: Draft) -> Draft:
    """Certify the key of nobody."""
    key = STRANGE_KEY.public_key()
    draft = draft.replacing(x509.SubjectKeyIdentifier.from_public_key(key))
    return replace(draft, public_key=key)


def for_another_subject(draft: Draft) -> Draft:
    """Name somebody else."""
    other = x509.NameAttribute(NameOID.COMMON_NAME, "999999999999")
    kept = [each for each in draft.subject if each.oid != NameOID.COMMON_NAME]
    return replace(draft, subject=x509.Name([*kept, other]))


def expired(draft: Draft) -> Draft:
    """Have it end the day before it was asked for."""
    return replace(draft, begin=draft.begin - 9 * _DAY, end=draft.begin - _DAY)


def not_yet_valid(draft: Draft) -> Draft:
    """Have it begin the day after tomorrow."""
    return replace(draft, begin=draft.begin + 2 * _DAY)


def for_a_ca(draft: Draft) -> Draft:
    """Let its holder issue certificates."""
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return draft.replacing(x509.BasicConstraints(ca=True, path_length=None), usage)


def by_unknown_issuer(certificate: x509.Certificate, _: CaKey) -> x509.Certificate:
    """Sign with a key that nobody certified, in the issuer's name."""
    key = STRANGE_KEY.public_key()
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key)
    return Draft.of(certificate).replacing(identifier).sign(STRANGE_KEY)


Certify = Callable[[x509.Certificate, CaKey], x509.Certificate]


def _drafted(change: Callable[[Draft], Draft]) -> Certify:
    return lambda certificate, key: change(Draft.of(certificate)).sign(key)


def _fault(name: str, reason: str, certify: Certify) -> Fault:
    def read(parameters: Mapping[str, str]) -> CaMisbehaviour:
        return CaMisbehaviour(
            CaTrigger.read(parameters, REQUESTS), conduct=Conduct(certify=certify)
        )

    client = "Writes it nowhere, and rejects it by certConf, so that the CA withdraws it."
    return Fault(name, FaultTarget.CA, reason, client, read, PARAMETERS, trigger=STRIKES_AT)


CERTIFICATES = (
    _fault(
        "ca.certificate-key",
        "Two requests were mixed up: the certificate is for another key than the card's.",
        _drafted(for_another_key),
    ),
    _fault(
        "ca.certificate-subject",
        "Two people were mixed up: the certificate names another one.",
        _drafted(for_another_subject),
    ),
    _fault(
        "ca.certificate-expired",
        "The CA's clock, or its policy, makes certificates that are over when they come.",
        _drafted(expired),
    ),
    _fault(
        "ca.certificate-not-yet-valid",
        "The CA's clock is ahead, so that what it issues does not count yet.",
        _drafted(not_yet_valid),
    ),
    _fault(
        "ca.certificate-ca",
        "A wrong profile makes a person a CA (basicConstraints).",
        _drafted(for_a_ca),
    ),
    _fault(
        "ca.certificate-issuer",
        "Somebody in between issues in the CA's name, under no root that is trusted.",
        by_unknown_issuer,
    ),
)
