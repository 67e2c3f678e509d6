# SPDX-License-Identifier: Apache-2.0
"""The keys and certificates of the CA itself, and the making of a certificate.

One root, two issuers for people, one signer for CMP messages (EKU id-kp-cmcCA, RFC 9810 4.5) and
one issuer for the TLS names of a stage. Every name says TEST: this is no CA to trust.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from selfrenew_emulator.randomness import Randomness

from .errors import DamagedStateError
from .profiles import IssuerName, Profile

CaKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KeyMaker = Callable[[], CaKey]

CMC_CA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27")
_YEAR = timedelta(days=365)
# The CA is older than it looks, so that a certificate made as if it were old has an older issuer.
_ROOT_BEGAN_YEARS, _ISSUER_BEGAN_YEARS = 12, 11
_ROOT_YEARS, _ISSUER_YEARS = 30, 20
_COMMON_NAMES = {
    "root": "NHS TEST Root Authority G2",
    IssuerName.AUTHENTICATION.value: "NHS TEST Authentication G2",
    IssuerName.SIGNING.value: "NHS TEST Signing G2",
    "services": "NHS TEST Services G2",
    "cmp": "NHS TEST CMP G2",
}


def p256_key() -> CaKey:
    """Make a P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key() -> CaKey:
    """Make an RSA-3072 key."""
    return rsa.generate_private_key(65537, 3072)


@dataclass(frozen=True)
class Identity:
    """A CA's certificate with its key."""

    certificate: x509.Certificate
    key: CaKey

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Authority:
    """Issues certificates; knows nothing of requests or of what it issued before."""

    def __init__(self, identities: dict[str, Identity], randomness: Randomness) -> None:
        self.root = identities["root"]
        self.issuers = {name: identities[name.value] for name in IssuerName}
        self.services = identities["services"]
        self.cmp_signer = identities["cmp"]
        self._identities = identities
        self._randomness = randomness

    @classmethod
    def create(
        cls, now: datetime, randomness: Randomness, make_key: KeyMaker = p256_key
    ) -> "Authority":
        """Make all keys and certificates, as if years before `now`."""
        now = now.replace(microsecond=0)
        keys = {name: make_key() for name in _COMMON_NAMES}
        identities: dict[str, Identity] = {}
        for name in _COMMON_NAMES:
            # The CMP signer is certified by an issuer of people, so a client that trusts the root
            # needs one intermediate for answers and certificates alike.
            parent = {"root": "root", "cmp": IssuerName.AUTHENTICATION.value}.get(name, "root")
            builder = _ca_builder(name, parent, keys[name].public_key(), now, randomness)
            builder = _key_identifiers(builder, keys[name].public_key(), keys[parent].public_key())
            certificate = builder.sign(keys[parent], hashes.SHA256())
            identities[name] = Identity(certificate, keys[name])
        return cls(identities, randomness)

    def issue(
        self,
        profile: Profile,
        subject: x509.Name,
        public_key: CertificatePublicKeyTypes,
        not_before: datetime,
        not_after: datetime,
    ) -> x509.Certificate:
        """Issue a certificate; its end is brought forward to its issuer's."""
        issuer = self.issuers[profile.issuer]
        begin = not_before.replace(microsecond=0)
        end = min(not_after, issuer.certificate.not_valid_after_utc - timedelta(seconds=1))
        end = end.replace(microsecond=0)
        usage = _key_usage(digital_signature=True, content_commitment=profile.non_repudiation)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject)
            .public_key(public_key)
            .serial_number(_serial_number(self._randomness))
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(usage, critical=True)
            .add_extension(x509.PrivateKeyUsagePeriod(begin, end), critical=False)
            .add_extension(
                x509.CertificatePolicies([x509.PolicyInformation(profile.policy, None)]),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        builder = _key_identifiers(builder, public_key, issuer.key.public_key())
        return builder.sign(issuer.key, hashes.SHA256())

    def save(self, folder: Path) -> None:
        """Write keys and certificates into a new folder that only its owner may read."""
        # All or nothing: a CA killed here has no folder yet and begins again at its next start.
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
            unfinished = Path(temporary, folder.name)
            unfinished.mkdir(mode=0o700)
            for name, identity in self._identities.items():
                path = unfinished / f"{name}.pem"
                path.touch(mode=0o600)
                path.write_bytes(identity.key_pem + identity.certificate_pem)
            unfinished.replace(folder)

    @classmethod
    def load(cls, folder: Path, randomness: Randomness) -> "Authority":
        """Read what save wrote. Raise DamagedStateError."""
        return cls({name: _load(folder / f"{name}.pem") for name in _COMMON_NAMES}, randomness)


def _load(path: Path) -> Identity:
    try:
        raw = path.read_bytes()
        key = load_pem_private_key(raw, None)
        certificate = x509.load_pem_x509_certificate(raw)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise DamagedStateError(path, str(error)) from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise DamagedStateError(path, f"it holds a {type(key).__name__}")
    if "TEST" not in certificate.subject.rfc4514_string():
        raise DamagedStateError(path, "its name says nowhere TEST, and this is a CA for tests only")
    if certificate.public_key() != key.public_key():
        raise DamagedStateError(path, "its key is not the key of its certificate")
    return Identity(certificate, key)


def ca_name(common_name: str) -> x509.Name:
    """Name a CA."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "NHS TEST"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "CA"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def person_name(user_id: str) -> x509.Name:
    """Name a person by the twelve digits of their user identifier."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "NHS TEST"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "people"),
            x509.NameAttribute(NameOID.COMMON_NAME, user_id),
        ]
    )


def is_person(name: x509.Name) -> bool:
    """Tell whether a name is one that person_name makes, or could be taken for one."""
    return any(
        attribute.oid == NameOID.ORGANIZATIONAL_UNIT_NAME
        and str(attribute.value).strip().casefold() == "people"
        for attribute in name
    )


def _ca_builder(
    name: str,
    parent: str,
    public_key: CertificatePublicKeyTypes,
    now: datetime,
    randomness: Randomness,
) -> x509.CertificateBuilder:
    years = _ROOT_YEARS if name == "root" else _ISSUER_YEARS
    start = now - (_ROOT_BEGAN_YEARS if name == "root" else _ISSUER_BEGAN_YEARS) * _YEAR
    builder = (
        x509.CertificateBuilder()
        .subject_name(ca_name(_COMMON_NAMES[name]))
        .issuer_name(ca_name(_COMMON_NAMES[parent]))
        .public_key(public_key)
        .serial_number(_serial_number(randomness))
        .not_valid_before(start)
        .not_valid_after(start + years * _YEAR - (name == "cmp") * _YEAR)
    )
    if name == "cmp":
        return (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([CMC_CA]), critical=False)
        )
    path_length = None if name == "root" else 0
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    usage = _key_usage(key_cert_sign=True, crl_sign=True)
    return builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)


def _key_identifiers(
    builder: x509.CertificateBuilder,
    public_key: CertificatePublicKeyTypes,
    issuer_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
) -> x509.CertificateBuilder:
    subject_key = x509.SubjectKeyIdentifier.from_public_key(public_key)
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key)
    return builder.add_extension(subject_key, critical=False).add_extension(
        authority_key, critical=False
    )


def _serial_number(randomness: Randomness) -> int:
    """Draw a serial number of 65 to 159 bits: its length varies so that no client assumes one."""
    length = 9 + randomness(1)[0] % 12
    raw = randomness(length)
    return int.from_bytes(bytes((raw[0] & 0x7F | 0x01,)) + raw[1:], "big")


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
