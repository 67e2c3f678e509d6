# SPDX-License-Identifier: Apache-2.0
"""ATTEST: a certificate in which the attestation key says that a key was made on this YubiKey.

Its form is that of Yubico's "PIV attestation" page; the attestation key is the emulator's own.
"""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from selfrenew.iso7816 import CommandApdu, StatusWord, Tlv
from selfrenew.piv.objects import CertificateObject
from selfrenew_emulator.card.keys import load_key
from selfrenew_emulator.card.refusal import CommandRefusedError, incorrect_data
from selfrenew_emulator.card.store import Store, StoredKey
from selfrenew_emulator.card.vendor import ATTESTATION_CERTIFICATE, ATTESTATION_KEY, KeyOrigin
from selfrenew_emulator.randomness import Randomness

from .factory import serial_number
from .firmware import FORM_FACTOR_USB_C_KEYCHAIN, VERSION
from .policies import SLOTS, pin_policy, touch_policy

_YUBICO = "1.3.6.1.4.1.41482.3"
_FIRMWARE, _SERIAL, _POLICIES, _FORM_FACTOR = (
    x509.ObjectIdentifier(f"{_YUBICO}.{number}") for number in (3, 7, 8, 9)
)
_DER_INTEGER = 0x02

_Signer = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Attestation:
    """The attesting side of a card."""

    def __init__(self, store: Store, randomness: Randomness) -> None:
        self._store = store
        self._randomness = randomness

    def attest(self, command: CommandApdu) -> bytes:
        """Answer a certificate of the key that P1 names; of an imported key there is none."""
        reference = command.p1
        if reference not in SLOTS or command.p2:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        stored = self._store.state.keys.get(reference)
        if stored is None or stored.origin is KeyOrigin.IMPORTED:
            # Clients tell by 6A80 that there is no key to be attested.
            raise incorrect_data()
        signer, issuer = self._issuer()
        certificate = self._builder(reference, stored, issuer)
        digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        return certificate.sign(signer, digest).public_bytes(Encoding.DER)

    def _issuer(self) -> tuple[_Signer, x509.Certificate]:
        """Take the attestation key and its certificate; the owner may have replaced either."""
        state = self._store.state
        stored = state.keys.get(ATTESTATION_KEY)
        key = None if stored is None else load_key(stored.material)
        if not isinstance(key, _Signer):
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        try:
            content = CertificateObject.from_bytes(state.objects.get(ATTESTATION_CERTIFICATE, b""))
            certificate = x509.load_der_x509_certificate(content.certificate_der)
            # Read here, as they are read late and may be malformed in a certificate that loads.
            _ = (
                certificate.subject,
                certificate.not_valid_before_utc,
                certificate.not_valid_after_utc,
            )
        except ValueError as error:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED) from error
        return key, certificate

    def _builder(
        self, reference: int, stored: StoredKey, issuer: x509.Certificate
    ) -> x509.CertificateBuilder:
        name = f"YubiKey PIV Attestation {reference:02x}"
        policies = bytes((pin_policy(reference, stored), touch_policy(stored)))
        builder = x509.CertificateBuilder(
            issuer.subject,
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
            load_key(stored.material).public_key(),
            serial_number(self._randomness),
            issuer.not_valid_before_utc,
            issuer.not_valid_after_utc,
        )
        for oid, value in (
            (_FIRMWARE, VERSION),
            (_SERIAL, _der_integer(self._store.state.serial or 0)),
            (_POLICIES, policies),
            (_FORM_FACTOR, bytes((FORM_FACTOR_USB_C_KEYCHAIN,))),
        ):
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
        return builder


def _der_integer(number: int) -> bytes:
    return bytes(Tlv(_DER_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big")))
