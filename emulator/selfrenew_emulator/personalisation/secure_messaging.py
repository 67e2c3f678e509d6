# SPDX-License-Identifier: Apache-2.0
"""Gives a card what secure messaging needs: key 04, its certificate, the signer, a pairing code.

SP 800-73-4 Part 1, 3.3.7, 3.3.8 and 5.1.2; Part 2, 4.1.5. The card is powered on over its contacts
and its management key was shown before.
"""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.iso7816 import Tlv
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import KeyReference, ReferenceDataQualifier
from selfrenew_emulator.card import (
    APPLICATION_IDENTIFIER,
    Card,
    CardVerifiableCertificate,
    CipherSuite,
    Role,
    discovery_object,
    intermediate_subject,
)
from selfrenew_emulator.randomness import Randomness

from .card_office import CardOffice
from .errors import SecureMessagingSignerError

SignerKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_CERTIFICATE, _CERTIFICATE_INFO, _ERROR_DETECTION = 0x70, 0x71, 0xFE
_UNCOMPRESSED = b"\x00"
_PAIRING_CODE = 0x99
_PAIRING_CODE_DIGITS = 8
_SPARE_BYTES = 8
"""So many more bytes than the order has make the draw as good as uniform (FIPS 186-5, A.2.1)."""


def provision_secure_messaging(
    card: Card,
    *,
    suite: CipherSuite,
    signer_key: SignerKey,
    signer_certificate: x509.Certificate,
    subject_guid: bytes,
    randomness: Randomness,
) -> None:
    """Make key 04, its CVC and the object with the signer's certificate.

    `subject_guid` is the GUID in the CHUID. An RSA signer signs an Intermediate CVC, whose key is
    drawn for this card and thrown away; an EC signer has to be on the suite's curve.
    Raise SecureMessagingSignerError before the card is touched, CardRefusesError within.
    """
    issuer = _issuer(signer_certificate, signer_key)
    office = CardOffice(card.transmit)
    intermediate = b""
    if isinstance(signer_key, rsa.RSAPrivateKey):
        signing_key = _draw_key(suite, randomness)
        certificate = _intermediate(signing_key.public_key(), issuer).signed(signer_key)
        intermediate, issuer = bytes(certificate), certificate.subject
    else:
        signing_key = signer_key
        if signer_key.key_size != suite.curve_bits:
            raise SecureMessagingSignerError(
                f"its key is on {signer_key.curve.name}, which does not sign for "
                f"{suite.identifier.name}"
            )
    public_key = office.generate(KeyReference.SECURE_MESSAGING, suite.curve)
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise TypeError("key 04 is an elliptic-curve key")
    certificate = CardVerifiableCertificate(
        issuer, subject_guid, public_key, Role.CARD_APPLICATION
    ).signed(signing_key)
    # The standard has no command that loads the CVC: it goes in as the card's maker would put it.
    card.store.put_card_verifiable_certificate(bytes(certificate))
    card.store.commit()
    signer = bytes(Tlv(_CERTIFICATE, signer_certificate.public_bytes(Encoding.DER)))
    signer += bytes(Tlv(_CERTIFICATE_INFO, _UNCOMPRESSED)) + intermediate
    office.write(DataObject.SECURE_MESSAGING_SIGNER, signer + bytes(Tlv(_ERROR_DETECTION, b"")))


def provision_virtual_contact(
    card: Card, *, randomness: Randomness, pairing_code_required: bool = True
) -> bytes:
    """Give the card a pairing code and announce the virtual contact interface; return the code.

    Raise CardRefusesError where the card has no secure messaging or no contactless interface.
    """
    office = CardOffice(card.transmit)
    number = int.from_bytes(randomness(_PAIRING_CODE_DIGITS + _SPARE_BYTES), "big")
    code = str(number % 10**_PAIRING_CODE_DIGITS).zfill(_PAIRING_CODE_DIGITS).encode()
    content = bytes(Tlv(_PAIRING_CODE, code)) + bytes(Tlv(_ERROR_DETECTION, b""))
    office.write(DataObject.PAIRING_CODE, content)
    office.write_discovery(
        discovery_object(
            APPLICATION_IDENTIFIER,
            global_pin=ReferenceDataQualifier.GLOBAL_PIN in card.state.references,
            virtual_contact=True,
            pairing_code_required=pairing_code_required,
        )
    )
    return code


def _issuer(certificate: x509.Certificate, key: SignerKey) -> bytes:
    """Name the issuer of a CVC by its certificate (Part 2, table 15)."""
    if certificate.public_key() != key.public_key():
        raise SecureMessagingSignerError("its certificate is of another key")
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound as error:
        raise SecureMessagingSignerError(
            "its certificate has no subjectKeyIdentifier, after which a CVC names its issuer"
        ) from error
    return extension.value.digest[:8]


def _intermediate(key: ec.EllipticCurvePublicKey, issuer: bytes) -> CardVerifiableCertificate:
    return CardVerifiableCertificate(issuer, intermediate_subject(key), key, Role.ROOT)


def _draw_key(suite: CipherSuite, randomness: Randomness) -> ec.EllipticCurvePrivateKey:
    curve = suite.elliptic_curve
    drawn = int.from_bytes(randomness(suite.curve_bits // 8 + _SPARE_BYTES), "big")
    return ec.derive_private_key(drawn % (curve.group_order - 1) + 1, curve)
