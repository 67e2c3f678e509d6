# SPDX-License-Identifier: Apache-2.0
"""The keys and certificates of the CA itself, and the making of a certificate.

One root, two issuers for people, one signer for CMP messages (EKU id-kp-cmcCA, RFC 9810 4.5) and
one issuer for the TLS names of a stage. Every name says TEST: this is no CA to trust.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
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
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from selfrenew_emulator.randomness import Randomness

from .errors import DamagedStateError
from .profiles import IssuerName, KeyPurpose, Profile
from .publication import Publication
from .records import Extensions
from .variety import Variety

CaKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KeyMaker = Callable[[], CaKey]

CMC_CA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27")
CMC_RA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.28")
OWN_EXTENSIONS = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.PRIVATE_KEY_USAGE_PERIOD,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
    }
)
"""What the CA alone decides on; a policy of its own makes way for an enrolment's."""
_YEAR = timedelta(days=365)
# The CA is older than it looks, so that a certificate made as if it were old has an older issuer.
_ROOT_BEGAN_YEARS, _ISSUER_BEGAN_YEARS = 12, 11
_ROOT_YEARS, _ISSUER_YEARS = 30, 20
_ORGANISATION, _CA_UNIT, _PEOPLE_UNIT = "NHS TEST", "CA", "people"
_COMMON_NAMES = {
    "root": "NHS TEST Root Authority G2",
    IssuerName.AUTHENTICATION.value: "NHS TEST Authentication G2",
    IssuerName.SIGNING.value: "NHS TEST Signing G2",
    "services": "NHS TEST Services G2",
    "cmp": "NHS TEST CMP G2",
}
_PUBLISHING = ("root", *(name.value for name in IssuerName), "services")


def p256_key() -> CaKey:
    """Make a P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def p384_key() -> CaKey:
    """Make a P-384 key."""
    return ec.generate_private_key(ec.SECP384R1())


def rsa_key() -> CaKey:
    """Make an RSA-3072 key."""
    return rsa.generate_private_key(65537, 3072)


def digest_for(key: CaKey) -> hashes.SHA256 | hashes.SHA384:
    """Choose the hash for a key's signatures: one as strong as its curve."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 256:
        return hashes.SHA384()
    return hashes.SHA256()


@dataclass(frozen=True)
class Identity:
    """A CA's certificate with its key."""

    certificate: x509.Certificate
    key: CaKey

    @cached_property
    def name(self) -> x509.Name:
        """The certificate's subject, which the library would read anew each time."""
        return self.certificate.subject

    @cached_property
    def name_der(self) -> bytes:
        """The same name as it is compared with what a requester says."""
        return self.name.public_bytes()

    @cached_property
    def digest(self) -> hashes.SHA256 | hashes.SHA384:
        """The hash for its signatures."""
        return digest_for(self.key)

    @cached_property
    def last_end(self) -> datetime:
        """The latest end of what it issues, which is before its own."""
        return self.certificate.not_valid_after_utc - timedelta(seconds=1)

    @cached_property
    def authority_key(self) -> x509.AuthorityKeyIdentifier:
        """How its certificates name its key."""
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())

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

    def __init__(
        self,
        identities: dict[str, Identity],
        randomness: Randomness,
        publication: Publication | None = None,
        variety: Variety | None = None,
    ) -> None:
        self.root = identities["root"]
        self.issuers = {name: identities[name.value] for name in IssuerName}
        self.services = identities["services"]
        self.cmp_signer = identities["cmp"]
        self.publication = publication
        self.variety = variety or Variety()
        self._identities = identities
        self._randomness = randomness
        self._constant: dict[tuple[Profile, bool], Extensions] = {}

    @classmethod
    def create(
        cls,
        now: datetime,
        randomness: Randomness,
        make_key: KeyMaker = p256_key,
        publication: Publication | None = None,
        variety: Variety | None = None,
    ) -> "Authority":
        """Make all keys and certificates, as if years before `now`."""
        now, variety = now.replace(microsecond=0), variety or Variety()
        keys = {name: make_key() for name in _COMMON_NAMES}
        identities: dict[str, Identity] = {}
        for name in _COMMON_NAMES:
            # The CMP signer is certified by an issuer of people, so a client that trusts the root
            # needs one intermediate for answers and certificates alike.
            parent = {"root": "root", "cmp": IssuerName.AUTHENTICATION.value}.get(name, "root")
            builder = _ca_builder(name, parent, keys[name].public_key(), now)
            builder = builder.serial_number(_serial_number(randomness, variety))
            builder = _key_identifiers(builder, keys[name].public_key(), keys[parent].public_key())
            if name != "root":
                builder = _published(builder, publication, parent)
            certificate = builder.sign(keys[parent], digest_for(keys[parent]))
            identities[name] = Identity(certificate, keys[name])
        return cls(identities, randomness, publication, variety)

    @property
    def publishing(self) -> dict[str, Identity]:
        """Those who tell of the certificates they issued, by the names of their addresses."""
        return {name: each for name, each in self._identities.items() if name in _PUBLISHING}

    @property
    def own_certificates(self) -> tuple[x509.Certificate, ...]:
        """The certificates of the CA itself, which no request led to."""
        return tuple(identity.certificate for identity in self._identities.values())

    def issue(
        self,
        profile: Profile,
        subject: x509.Name,
        public_key: CertificatePublicKeyTypes,
        not_before: datetime,
        not_after: datetime,
        *,
        extensions: Extensions = (),
    ) -> x509.Certificate:
        """Issue a certificate; its end is brought forward to its issuer's.

        `extensions` are added, and take the place of the profile's policy where they name one.
        Raise ValueError for a beginning before 1950 or after the end.
        """
        issuer = self.issuers[profile.issuer]
        begin = not_before.replace(microsecond=0)
        end = min(not_after, issuer.last_end).replace(microsecond=0)
        named = {each.oid for each in extensions}
        constant = self._constant_extensions(
            profile, transports=isinstance(public_key, rsa.RSAPublicKey)
        )
        # Each method of the builder copies it, so only the times, which it checks, are set by one.
        builder = x509.CertificateBuilder(
            issuer.name,
            subject,
            public_key,
            _serial_number(self._randomness, self.variety),
            extensions=[
                _extension(x509.PrivateKeyUsagePeriod(begin, end), critical=False),
                _extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False),
                *(each for each in constant if each.oid not in named),
                *extensions,
            ],
        )
        builder = builder.not_valid_before(begin).not_valid_after(end)
        return builder.sign(issuer.key, issuer.digest)

    def _constant_extensions(self, profile: Profile, *, transports: bool) -> Extensions:
        """Give what all certificates of a profile have, encoded once; `transports` for RSA."""
        made = self._constant.get((profile, transports))
        if made is None:
            policy = x509.PolicyInformation(profile.policy, None)
            extensions = [
                _extension(_usage_for(profile.purpose, transports=transports), critical=True),
                _extension(x509.BasicConstraints(ca=False, path_length=None), critical=True),
                _extension(x509.CertificatePolicies([policy]), critical=False),
                _extension(self.issuers[profile.issuer].authority_key, critical=False),
            ]
            if profile.registers_others:
                # How anybody can tell that the CA lets it (RFC 9810, 4.5), and TLS for EST.
                purposes = x509.ExtendedKeyUsage([CMC_RA, ExtendedKeyUsageOID.CLIENT_AUTH])
                extensions.append(_extension(purposes, critical=False))
            if self.publication is not None:
                extensions.extend(self.publication.extensions(profile.issuer.value))
            made = self._constant[profile, transports] = tuple(map(_encoded, extensions))
        return made

    def certify_responder(
        self, name: str, public_key: CertificatePublicKeyTypes, begin: datetime, end: datetime
    ) -> x509.Certificate:
        """Let a key answer OCSP requests for an issuer (RFC 6960, 4.2.2.2).

        It is not to be asked about in its turn, so it should be short-lived (4.2.2.2.1). Its end
        is brought forward to its issuer's. Raise ValueError for a beginning after that.
        """
        issuer = self._identities[name]
        builder = (
            x509.CertificateBuilder()
            .subject_name(ca_name(f"{_COMMON_NAMES[name]} OCSP"))
            .issuer_name(issuer.certificate.subject)
            .public_key(public_key)
            .serial_number(_serial_number(self._randomness, self.variety))
            .not_valid_before(begin)
            .not_valid_after(min(end, issuer.last_end))
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.OCSPNoCheck(), critical=False)
        )
        builder = _key_identifiers(builder, public_key, issuer.key.public_key())
        return builder.sign(issuer.key, digest_for(issuer.key))

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
    def load(
        cls,
        folder: Path,
        randomness: Randomness,
        publication: Publication | None = None,
        variety: Variety | None = None,
    ) -> "Authority":
        """Read what save wrote. Raise DamagedStateError."""
        identities = {name: _load(folder / f"{name}.pem") for name in _COMMON_NAMES}
        return cls(identities, randomness, publication, variety)


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


def enrolled_extensions(certificate: x509.Certificate) -> Extensions:
    """Give the extensions that a certificate has not from the CA itself."""
    return tuple(each for each in certificate.extensions if each.oid not in OWN_EXTENSIONS)


def ca_name(common_name: str) -> x509.Name:
    """Name a CA."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, _CA_UNIT),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def person_name(user_id: str) -> x509.Name:
    """Name a person by the twelve digits of their user identifier."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, _PEOPLE_UNIT),
            x509.NameAttribute(NameOID.COMMON_NAME, user_id),
        ]
    )


def is_person(name: x509.Name) -> bool:
    """Tell whether a name is one that person_name makes, or could be taken for one."""
    return _has(name, NameOID.ORGANIZATIONAL_UNIT_NAME, _PEOPLE_UNIT)


def is_authority(name: x509.Name) -> bool:
    """Tell whether a name is one that ca_name makes, or could be taken for one."""
    return _has(name, NameOID.ORGANIZATION_NAME, _ORGANISATION) and _has(
        name, NameOID.ORGANIZATIONAL_UNIT_NAME, _CA_UNIT
    )


def _has(name: x509.Name, kind: x509.ObjectIdentifier, text: str) -> bool:
    """Look for a text in a name as names are compared: by words, in whatever case."""
    words = text.casefold().split()
    return any(
        attribute.oid == kind and str(attribute.value).casefold().split() == words
        for attribute in name
    )


def _ca_builder(
    name: str,
    parent: str,
    public_key: CertificatePublicKeyTypes,
    now: datetime,
) -> x509.CertificateBuilder:
    years = _ROOT_YEARS if name == "root" else _ISSUER_YEARS
    start = now - (_ROOT_BEGAN_YEARS if name == "root" else _ISSUER_BEGAN_YEARS) * _YEAR
    builder = (
        x509.CertificateBuilder()
        .subject_name(ca_name(_COMMON_NAMES[name]))
        .issuer_name(ca_name(_COMMON_NAMES[parent]))
        .public_key(public_key)
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


def _published(
    builder: x509.CertificateBuilder, publication: Publication | None, issuer: str
) -> x509.CertificateBuilder:
    for extension in publication.extensions(issuer) if publication else ():
        builder = builder.add_extension(extension.value, extension.critical)
    return builder


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


def _serial_number(randomness: Randomness, variety: Variety) -> int:
    """Draw a serial number: positive, and without leading zeros in any of its lengths."""
    raw = randomness(variety.serial_bytes())
    return int.from_bytes(bytes((raw[0] & 0x7F | 0x01,)) + raw[1:], "big")


def _extension(value: x509.ExtensionType, *, critical: bool) -> x509.Extension[x509.ExtensionType]:
    return x509.Extension(value.oid, critical, value)


def _encoded(extension: x509.Extension[x509.ExtensionType]) -> x509.Extension[x509.ExtensionType]:
    """Give an extension by its DER, which takes no time to encode."""
    value = x509.UnrecognizedExtension(extension.oid, extension.value.public_bytes())
    return x509.Extension(extension.oid, extension.critical, value)


def _usage_for(purpose: KeyPurpose, *, transports: bool) -> x509.KeyUsage:
    if purpose is not KeyPurpose.ENCRYPTION:
        binding = purpose is KeyPurpose.BINDING_SIGNING
        return _key_usage(digital_signature=True, content_commitment=binding)
    return _key_usage(key_encipherment=transports, key_agreement=not transports)


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_encipherment: bool = False,
    key_agreement: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=key_agreement,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
