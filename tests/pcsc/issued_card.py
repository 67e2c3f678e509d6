# SPDX-License-Identifier: Apache-2.0
"""A card with key pairs, certificates and retired keys, for programs to be tried with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import count

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from selfrenew.iso7816 import Tlv
from selfrenew.piv.objects import CardholderUniqueIdentifier, CertificateObject, DataObject
from selfrenew.piv.references import Algorithm, KeyReference, ReferenceDataQualifier
from selfrenew_emulator.card import (
    MANAGEMENT_KEY_BYTES,
    Card,
    KeySource,
    PrivateKey,
    StoredKey,
    generate,
)
from selfrenew_emulator.personalisation import CardOffice
from selfrenew_emulator.personalisation.card_identity import FASC_N
from selfrenew_emulator.personalisation.personalise import CARD_CAPABILITY_CONTAINER
from selfrenew_emulator.randomness import seeded

PIN, PUK = "123456", "12345678"
GUID = bytes(range(1, 17))
HOLDER = "Alice Archer"
PRINTED = bytes(Tlv(0x01, HOLDER.encode())) + bytes(Tlv(0xFE, b""))

AUTHENTICATION = KeyReference.PIV_AUTHENTICATION
SIGNATURE = KeyReference.DIGITAL_SIGNATURE
KEY_MANAGEMENT = KeyReference.KEY_MANAGEMENT
CARD_AUTHENTICATION = KeyReference.CARD_AUTHENTICATION
CURRENT = (AUTHENTICATION, SIGNATURE, KEY_MANAGEMENT, CARD_AUTHENTICATION)
RETIRED = {KeyReference.RETIRED_1: Algorithm.RSA2048, KeyReference.RETIRED_2: Algorithm.P256}

PKCS11_ID = {
    AUTHENTICATION: "01",
    SIGNATURE: "02",
    KEY_MANAGEMENT: "03",
    CARD_AUTHENTICATION: "04",
    KeyReference.RETIRED_1: "05",
    KeyReference.RETIRED_2: "06",
}
"""What OpenSC calls the keys."""

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_SIGNS = {"digital_signature"}
_USAGE = {
    AUTHENTICATION: _SIGNS,
    SIGNATURE: _SIGNS | {"content_commitment"},
    CARD_AUTHENTICATION: _SIGNS,
}
_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def management_key(algorithm: Algorithm = Algorithm.AES192) -> bytes:
    return bytes(range(MANAGEMENT_KEY_BYTES[algorithm]))


def four_keys(algorithm: Algorithm) -> dict[KeyReference, Algorithm]:
    """All current keys of one algorithm, and two retired ones."""
    return dict.fromkeys(CURRENT, algorithm) | RETIRED


@lru_cache
def _pooled(algorithm: Algorithm, number: int) -> PrivateKey:
    return generate(algorithm)


def pool() -> KeySource:
    """Give a card different keys, and each card the same ones: RSA keys take long to make."""
    numbers = count()
    return lambda algorithm: _pooled(algorithm, next(numbers))


@lru_cache
def _issuer_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@lru_cache
def issuer() -> x509.Certificate:
    return _certificate(
        "Emulated Issuer",
        _issuer_key().public_key(),
        x509.BasicConstraints(ca=True, path_length=None),
        _key_usage({"key_cert_sign"}),
    )


def certify(key: KeyReference, public_key: PublicKey) -> x509.Certificate:
    """Certify a key of the card for what the standard has it do."""
    established = (
        "key_encipherment" if isinstance(public_key, rsa.RSAPublicKey) else "key_agreement"
    )
    usage = _key_usage(_USAGE.get(key, {established}))
    return _certificate(
        common_name(key),
        public_key,
        usage,
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
    )


def common_name(key: KeyReference) -> str:
    return f"{HOLDER} {key:02X}"


def _certificate(
    subject: str, public_key: PublicKey, *extensions: x509.ExtensionType
) -> x509.Certificate:
    # The programs look at the real clock.
    start = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(
        _name("Emulated Issuer"), _name(subject), public_key, x509.random_serial_number()
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=365))
    return builder.sign(_issuer_key(), hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Emulated"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _key_usage(names: set[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in _KEY_USAGES})


@dataclass(frozen=True)
class IssuedCard:
    """A card and what is on it; `tries` are those left now."""

    card: Card
    certificates: dict[KeyReference, x509.Certificate]

    @property
    def pin_tries(self) -> int:
        return self.card.state.references[ReferenceDataQualifier.APPLICATION_PIN].tries

    @property
    def puk_tries(self) -> int:
        return self.card.state.references[ReferenceDataQualifier.PUK].tries

    def public_pem(self, key: KeyReference) -> str:
        """The public key as OpenSSL prints it."""
        public_key = self.certificates[key].public_key()
        return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def issue(
    keys: Mapping[KeyReference, Algorithm], *, management: Algorithm = Algorithm.AES192
) -> IssuedCard:
    """Make a card by ordinary commands; only retired keys, which have none, by its store.

    The key history object tells of the retired keys. Their certificates are compressed, the others
    are not.
    """
    key_source = pool()
    card = Card.blank(
        pin=PIN.encode(),
        puk=PUK.encode(),
        management_key=management_key(management),
        management_algorithm=management,
        allow_tdes=management is Algorithm.TDES,
        randomness=seeded(1),
        key_source=key_source,
    )
    card.power_on()
    office = CardOffice(card.transmit)
    office.select()
    office.authenticate(management_key(management), management)
    chuid = CardholderUniqueIdentifier(FASC_N, GUID, date(2032, 12, 1))
    office.write(DataObject.CHUID, bytes(chuid))
    office.write(DataObject.CARD_CAPABILITY_CONTAINER, CARD_CAPABILITY_CONTAINER)
    office.write(DataObject.PRINTED_INFORMATION, PRINTED)
    certificates = {}
    for key, algorithm in keys.items():
        retired = key not in CURRENT
        if retired:
            private_key = key_source(algorithm)
            card.store.put_key(key, _stored(algorithm, private_key))
            card.store.commit()
            public_key: PublicKey = private_key.public_key()
        else:
            public_key = office.generate(key, algorithm)
        certificates[key] = certify(key, public_key)
        der = certificates[key].public_bytes(Encoding.DER)
        office.write(DataObject.certificate_of(key), bytes(CertificateObject(der, retired)))
    office.write(DataObject.KEY_HISTORY, key_history(sum(key not in CURRENT for key in keys)))
    card.power_off()
    return IssuedCard(card, certificates)


def _stored(algorithm: Algorithm, key: PrivateKey) -> StoredKey:
    return StoredKey(
        algorithm, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    )


def key_history(on_card: int) -> bytes:
    """The content of SP 800-73-4 Part 1, table 19: all certificates are on the card."""
    fields = ((0xC1, bytes((on_card,))), (0xC2, b"\0"), (0xFE, b""))
    return b"".join(bytes(Tlv(tag, value)) for tag, value in fields)
