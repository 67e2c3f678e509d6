# SPDX-License-Identifier: Apache-2.0
"""Protecting a message, and checking the protection (RFC 9810, 5.1.3; algorithms of RFC 9481).

Under a shared secret PasswordBasedMac and PBMAC1 work in both directions, under a key pair every
signature of RFC 9481 but those with SHAKE.
"""

import hashlib
import hmac as stdlib_hmac
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.asn1 import TLV, BitString, Null, sequence
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from selfrenew import messages
from selfrenew.certificates import UNREADABLE
from selfrenew.secret import Secret

from . import algorithms as alg
from .errors import CmpFormatError, UnknownAlgorithmError, UntrustedAnswerError
from .message import Message, ReceivedMessage, body_tlv, decode, encode, tlv
from .pss import pss_parameters
from .structures import PkiMessage, ProtectedPart

MAX_ITERATIONS = 50_000
PBM_ITERATIONS = 500
PBM_ITERATIONS_MIN = 100
"""RFC 4211, 4.4."""
PBMAC1_ITERATIONS = 10_000
_SALT_MAX_BYTES = 1024
_ECDSA = {digest.name: ec.ECDSA(digest) for digest in alg.ECDSA_SIGNATURES.values()}


class ProtectionError(UntrustedAnswerError):
    """A message's protection is missing, of an unknown kind, or wrong."""


class UnknownProtectionError(ProtectionError, UnknownAlgorithmError):
    """A signature is of an algorithm that is not taken here."""


class Signer(Protocol):
    """A key that signs: in software, or on a card."""

    @property
    def public_key(self) -> object:
        """The public key."""

    def sign(self, data: bytes) -> bytes:
        """Sign with SHA-256 (P-384: SHA-384): PKCS #1 v1.5, DER-encoded ECDSA or EdDSA."""


@dataclass(frozen=True)
class PrivateKeySigner:
    """A signer in software."""

    private_key: CertificateIssuerPrivateKeyTypes

    @cached_property
    def public_key(self) -> object:
        """The public key."""
        return self.private_key.public_key()

    def sign(self, data: bytes) -> bytes:
        """Sign."""
        key = self.private_key
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, _ECDSA["sha384" if key.curve.key_size > 256 else "sha256"])
        if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
            return key.sign(data)
        raise TypeError(f"{type(key).__name__} cannot protect a CMP message")


@sequence
class PbmParameter:
    """PBMParameter (5.1.3.1)."""

    salt: bytes
    owf: list[TLV]
    iteration_count: int
    mac: list[TLV]


@sequence
class Pbkdf2Parameter:
    """PBKDF2-params (RFC 8018, A.2), with the salt given and not chosen elsewhere."""

    salt: bytes
    iteration_count: int
    key_length: int | None = None
    prf: list[TLV] | None = None


@sequence
class Pbmac1Parameter:
    """PBMAC1-params (RFC 8018, A.5)."""

    key_derivation: list[TLV]
    mac: list[TLV]


def password_based_mac(salt: bytes) -> list[TLV]:
    """Name PasswordBasedMac with SHA-256 (RFC 9481, 6.1.1)."""
    parameter = PbmParameter(
        salt=salt,
        owf=alg.identifier(alg.Oid("2.16.840.1.101.3.4.2.1"), encode(Null())),
        iteration_count=PBM_ITERATIONS,
        mac=alg.identifier(alg.Oid("1.2.840.113549.2.9"), encode(Null())),
    )
    return alg.identifier(alg.PASSWORD_BASED_MAC, encode(parameter))


def pbmac1(salt: bytes) -> list[TLV]:
    """Name PBMAC1 with PBKDF2 and HMAC-SHA-256 (RFC 9481, 6.1.2)."""
    hmac_sha256 = alg.identifier(alg.Oid("1.2.840.113549.2.9"), encode(Null()))
    derivation = Pbkdf2Parameter(
        salt=salt, iteration_count=PBMAC1_ITERATIONS, key_length=32, prf=hmac_sha256
    )
    parameter = Pbmac1Parameter(
        key_derivation=alg.identifier(alg.PBKDF2, encode(derivation)), mac=hmac_sha256
    )
    return alg.identifier(alg.PBMAC1, encode(parameter))


def with_salt(identifier: list[TLV], salt: bytes) -> list[TLV]:
    """Name the same MAC with another salt. Raise CmpFormatError where it is none."""
    if len(identifier) != 2:
        raise CmpFormatError("the MAC has no parameters")
    oid = alg.oid_of(identifier)
    return alg.identifier(oid, _salted(oid, encode(identifier[1]), salt))


# Asked for with each answer, and a requester names the same in all the messages of a transaction.
@lru_cache(maxsize=64)
def _salted(oid: alg.Oid, raw: bytes, salt: bytes) -> bytes:
    if oid == alg.PASSWORD_BASED_MAC:
        parameter = decode(PbmParameter, raw)
        parameter.salt = salt
        return encode(parameter)
    outer = decode(Pbmac1Parameter, raw)
    derivation = decode(Pbkdf2Parameter, encode(outer.key_derivation[-1]))
    derivation.salt = salt
    outer.key_derivation = alg.identifier(alg.PBKDF2, encode(derivation))
    return encode(outer)


def protect(message: Message, by: Signer | Secret) -> bytes:
    """Protect a message and encode it whole.

    A signer sets the header's protectionAlg; under a secret the caller has put in the MAC to use.
    """
    header = message.header
    if not isinstance(by, Secret):
        header.protection_alg = alg.signature_identifier(by.public_key)
    elif header.protection_alg is None:
        raise ValueError("a MAC's parameters belong into the header first")
    header_tlv = tlv(encode(header))
    body = body_tlv(message.body_type, message.content)
    covered = encode(ProtectedPart(header=header_tlv, body=body))
    if isinstance(by, Secret):
        value = _mac(header.protection_alg or [], by, covered)
    else:
        value = by.sign(covered)
    return _assemble(header_tlv, body, value, message.extra_certs)


def encode_unprotected(message: Message) -> bytes:
    """Encode a message without protection: an error to a request nothing is known about."""
    header = tlv(encode(message.header))
    body = body_tlv(message.body_type, message.content)
    return _assemble(header, body, None, message.extra_certs)


def _assemble(header: TLV, body: TLV, value: bytes | None, extra_certs: tuple[bytes, ...]) -> bytes:
    return encode(
        PkiMessage(
            header=header,
            body=body,
            protection=None if value is None else BitString(value, 0),
            extra_certs=[_certificate_tlv(certificate) for certificate in extra_certs] or None,
        )
    )


# A sender has the same few in all of its messages.
@lru_cache(maxsize=128)
def _certificate_tlv(certificate: bytes) -> TLV:
    return tlv(certificate)


def is_mac(message: ReceivedMessage) -> bool:
    """Tell whether a message is protected with a shared secret. Raise ProtectionError."""
    identifier = message.header.protection_alg
    if identifier is None or message.protection is None:
        raise ProtectionError(messages.ANSWER_UNPROTECTED.format(message=message.describe()))
    return alg.oid_of(identifier) in {alg.PASSWORD_BASED_MAC, alg.PBMAC1}


def verify_mac(message: ReceivedMessage, secret: Secret) -> None:
    """Check a MAC.

    Raise ProtectionError; CmpFormatError for parameters that are none, UnknownAlgorithmError for
    those that are not taken here.
    """
    if not is_mac(message) or message.protection is None:
        raise ProtectionError(messages.ANSWER_NO_MAC.format(message=message.describe()))
    verify_mac_with(
        message.header.protection_alg or [],
        secret,
        message.protection,
        message.protected_part,
        what=message,
    )


def verify_mac_with(
    identifier: list[TLV], secret: Secret, value: bytes, data: bytes, *, what: object
) -> None:
    """Check a MAC of a named algorithm on what a text names.

    Raise ProtectionError; CmpFormatError and UnknownAlgorithmError as verify_mac does.
    """
    if not stdlib_hmac.compare_digest(_mac(identifier, secret, data), value):
        raise ProtectionError(messages.ANSWER_WRONG_MAC.format(message=what))


def verify_signature(message: ReceivedMessage, public_key: object) -> None:
    """Check a signature. Raise ProtectionError."""
    if is_mac(message) or message.protection is None:
        raise ProtectionError(messages.ANSWER_UNSIGNED.format(message=message.describe()))
    verify_with(
        message.header.protection_alg or [],
        public_key,
        message.protection,
        message.protected_part,
        what=message,
    )


def verify_with(
    identifier: list[TLV], public_key: object, signature: bytes, data: bytes, *, what: object
) -> None:
    """Check a signature of a named algorithm on what a text names.

    Raise ProtectionError; UnknownAlgorithmError for an algorithm that is not taken here.
    """
    oid = alg.oid_of(identifier)
    try:
        if oid == alg.RSASSA_PSS and isinstance(public_key, rsa.RSAPublicKey):
            scheme, digest = pss_parameters(identifier)
            public_key.verify(signature, data, scheme, digest)
        elif oid in alg.RSA_SIGNATURES and isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, data, padding.PKCS1v15(), alg.RSA_SIGNATURES[oid])
        elif oid in alg.ECDSA_SIGNATURES and isinstance(public_key, ec.EllipticCurvePublicKey):
            public_key.verify(signature, data, _ECDSA[alg.ECDSA_SIGNATURES[oid].name])
        elif (oid == alg.ED25519 and isinstance(public_key, ed25519.Ed25519PublicKey)) or (
            oid == alg.ED448 and isinstance(public_key, ed448.Ed448PublicKey)
        ):
            public_key.verify(signature, data)
        else:
            raise (ProtectionError if oid in alg.SIGNATURES else UnknownProtectionError)(
                messages.ANSWER_OTHER_ALGORITHM.format(what=what, algorithm=oid.dotted_string)
            )
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise ProtectionError(messages.ANSWER_WRONG_SIGNATURE.format(what=what)) from error


def _mac(identifier: list[TLV], secret: Secret, data: bytes) -> bytes:
    if len(identifier) != 2:
        raise CmpFormatError("the MAC has no parameters")
    parameter = encode(identifier[1])
    oid = alg.oid_of(identifier)
    if oid == alg.PASSWORD_BASED_MAC:
        key, mac = _pbm_key(parameter, secret)
    elif oid == alg.PBMAC1:
        key, mac = _pbmac1_key(parameter, secret)
    else:
        raise UnknownAlgorithmError(f"{oid.dotted_string} is no MAC known here")
    return stdlib_hmac.digest(key, data, mac)


@lru_cache(maxsize=64)
def _pbm_key(raw: bytes, secret: Secret) -> tuple[bytes, str]:
    parameter = decode(PbmParameter, raw)
    owf = alg.DIGESTS.get(alg.oid_of(parameter.owf))
    mac = alg.MACS.get(alg.oid_of(parameter.mac))
    if owf is None or mac is None:
        raise UnknownAlgorithmError("the PasswordBasedMac names a hash or MAC not known here")
    # An iteration in Python takes twice as long as one of the library's.
    _check_bounds(parameter.salt, parameter.iteration_count, 2, least=PBM_ITERATIONS_MIN)
    key = secret.reveal() + parameter.salt
    # Looked up once: by its name each time, it takes longer than the hash.
    digest = getattr(hashlib, owf.name)
    for _ in range(parameter.iteration_count):
        key = digest(key).digest()
    return key, mac.name


@lru_cache(maxsize=64)
def _pbmac1_key(raw: bytes, secret: Secret) -> tuple[bytes, str]:
    parameter = decode(Pbmac1Parameter, raw)
    mac = alg.MACS.get(alg.oid_of(parameter.mac))
    if mac is None or alg.oid_of(parameter.key_derivation) != alg.PBKDF2:
        raise UnknownAlgorithmError("the PBMAC1 names a key derivation or MAC not known here")
    if len(parameter.key_derivation) != 2:
        raise CmpFormatError("the PBKDF2 has no parameters")
    derivation = decode(Pbkdf2Parameter, encode(parameter.key_derivation[1]))
    prf = hashes.SHA1() if derivation.prf is None else alg.MACS.get(alg.oid_of(derivation.prf))  # noqa: S303  the standard's default
    if prf is None:
        raise UnknownAlgorithmError("the PBKDF2 names a function not known here")
    length = mac.digest_size if derivation.key_length is None else derivation.key_length
    if not 1 <= length <= 1024:
        raise UnknownAlgorithmError("the length of the PBKDF2's key is out of bounds")
    # Each block of the key takes all iterations anew (RFC 8018, 5.2).
    blocks = -(-length // prf.digest_size)
    _check_bounds(derivation.salt, derivation.iteration_count, blocks)
    key = PBKDF2HMAC(prf, length, derivation.salt, derivation.iteration_count)
    return key.derive(secret.reveal()), mac.name


def _check_bounds(salt: bytes, iterations: int, cost: int, *, least: int = 1) -> None:
    # Both cost the receiver before anything is known of the sender (RFC 9810, 5.1.3.1).
    most = MAX_ITERATIONS // cost
    if not least <= iterations <= most or len(salt) > _SALT_MAX_BYTES:
        raise UnknownAlgorithmError(
            f"the MAC is out of bounds: {least} to {most} iterations are taken here, and "
            f"{_SALT_MAX_BYTES} bytes of salt"
        )


def subject_key_identifier(certificate: x509.Certificate) -> bytes:
    """Give what a senderKID is compared with: the SKI as written, else computed."""
    written = written_key_identifier(certificate)
    if written is not None:
        return written
    return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def written_key_identifier(certificate: x509.Certificate) -> bytes | None:
    """Give the senderKID of a signer, None where its certificate has no SKI.

    One that is only computed is matched by nothing in the certificate, and OpenSSL refuses it.
    """
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (x509.ExtensionNotFound, *UNREADABLE):
        return None
    return extension.value.digest
