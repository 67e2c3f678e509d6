# SPDX-License-Identifier: Apache-2.0
"""What a card office does to a blank card, in ordinary commands (SP 800-73-4 Part 2, 3)."""

from collections.abc import Callable

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from selfrenew.iso7816 import (
    ApduFormatError,
    CommandApdu,
    Instruction,
    ResponseApdu,
    StatusWord,
    Tlv,
    TlvFormatError,
    find,
)
from selfrenew.piv.objects import CertificateObject, DataObject
from selfrenew.piv.references import Algorithm, KeyReference, ReferenceDataQualifier
from selfrenew.piv.signatures import digest_for, signature_input

from .errors import CardAnswerError, CardRefusesError

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
Transmit = Callable[[bytes], bytes]
"""Sends an APDU to a powered card and returns its answer, as `Card.transmit` does."""

_APPLICATION = bytes.fromhex("A000000308")
_EXTENDED_LE = 65536
_CURVES: dict[Algorithm, ec.EllipticCurve] = {
    Algorithm.P256: ec.SECP256R1(),
    Algorithm.P384: ec.SECP384R1(),
}


class CardOffice:
    """Writes one card. Every method raises CardRefusesError or CardAnswerError."""

    def __init__(self, transmit: Transmit) -> None:
        self._transmit = transmit

    def select(self) -> None:
        """Select the PIV application."""
        self._send(
            "Selecting the PIV application",
            CommandApdu(0, Instruction.SELECT, 0x04, 0, _APPLICATION, 256),
        )

    def authenticate(self, key: bytes, algorithm: Algorithm) -> None:
        """Answer the card's challenge with its management key (Part 2, appendix A.1)."""
        what = "Authenticating with the management key"
        request = Tlv(0x7C, bytes(Tlv(0x81, b"")))
        answer = self._general_authenticate(what, KeyReference.MANAGEMENT, algorithm, request)
        cipher = TripleDES(key) if algorithm is Algorithm.TDES else AES(key)
        # One block under one key of one card: ECB is what the standard asks for.
        encryptor = Cipher(cipher, modes.ECB()).encryptor()  # noqa: S305
        challenge = _field(what, answer, 0x7C, 0x81)
        try:
            proof = encryptor.update(challenge) + encryptor.finalize()
        except ValueError as error:
            raise CardAnswerError(what, str(error)) from error
        self._general_authenticate(
            what, KeyReference.MANAGEMENT, algorithm, Tlv(0x7C, bytes(Tlv(0x82, proof)))
        )

    def verify(self, pin: bytes) -> None:
        """Present the passcode."""
        command = CommandApdu(
            0,
            Instruction.VERIFY,
            0,
            ReferenceDataQualifier.APPLICATION_PIN,
            pin.ljust(8, b"\xff"),
        )
        self._send("Verifying the passcode", command)

    def write(self, data_object: DataObject, content: bytes) -> None:
        """Replace a data object's content; empty content removes it."""
        tag = data_object.tag.to_bytes((data_object.tag.bit_length() + 7) // 8, "big")
        data = bytes(Tlv(0x5C, tag)) + bytes(Tlv(0x53, content))
        self._send(
            f"Writing the {data_object.title}",
            CommandApdu(0, Instruction.PUT_DATA, 0x3F, 0xFF, data),
        )

    def write_discovery(self, discovery: bytes) -> None:
        """Replace the discovery object, which is its own wrapper (Part 2, table 8)."""
        self._send(
            f"Writing the {DataObject.DISCOVERY.title}",
            CommandApdu(0, Instruction.PUT_DATA, 0x3F, 0xFF, discovery),
        )

    def write_certificate(self, key: KeyReference, certificate_der: bytes) -> None:
        """Write a key's certificate, and read it back: a worn card says yes and keeps nothing."""
        data_object, content = (
            DataObject.certificate_of(key),
            bytes(CertificateObject(certificate_der)),
        )
        self.write(data_object, content)
        what = f"Reading the {data_object.title} back"
        tags = bytes(Tlv(0x5C, data_object.tag.to_bytes(3, "big")))
        answer = self._send(
            what, CommandApdu(0, Instruction.GET_DATA, 0x3F, 0xFF, tags, _EXTENDED_LE)
        )
        if answer != bytes(Tlv(0x53, content)):
            raise CardAnswerError(what, "it is not what was written")

    def generate(self, key: KeyReference, algorithm: Algorithm) -> PublicKey:
        """Generate a key pair (Part 2, 3.3.2) and return its public key."""
        template = bytes(Tlv(0xAC, bytes(Tlv(0x80, bytes((algorithm,))))))
        what = f"Generating the key in slot {key:02X}"
        answer = self._send(
            what,
            CommandApdu(
                0, Instruction.GENERATE_ASYMMETRIC_KEY_PAIR, 0, key, template, _EXTENDED_LE
            ),
        )
        curve = _CURVES.get(algorithm)
        try:
            if curve is not None:
                point = _field(what, answer, 0x7F49, 0x86)
                return ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
            modulus = int.from_bytes(_field(what, answer, 0x7F49, 0x81), "big")
            exponent = int.from_bytes(_field(what, answer, 0x7F49, 0x82), "big")
            return rsa.RSAPublicNumbers(exponent, modulus).public_key()
        except ValueError as error:
            raise CardAnswerError(what, str(error)) from error

    def sign(self, key: KeyReference, algorithm: Algorithm, data: bytes) -> bytes:
        """Sign data with a key on the card; the passcode has been verified just before."""
        block = signature_input(algorithm, data, digest_for(algorithm))
        request = Tlv(0x7C, bytes(Tlv(0x82, b"")) + bytes(Tlv(0x81, block)))
        what = f"Signing with the key in slot {key:02X}"
        return _field(what, self._general_authenticate(what, key, algorithm, request), 0x7C, 0x82)

    def _general_authenticate(
        self, what: str, key: KeyReference, algorithm: Algorithm, template: Tlv
    ) -> bytes:
        command = CommandApdu(
            0, Instruction.GENERAL_AUTHENTICATE, algorithm, key, bytes(template), _EXTENDED_LE
        )
        return self._send(what, command)

    def _send(self, what: str, command: CommandApdu) -> bytes:
        try:
            response = ResponseApdu.from_bytes(self._transmit(bytes(command)))
        except ApduFormatError as error:
            raise CardAnswerError(what, str(error)) from error
        if response.sw != StatusWord.SUCCESS:
            raise CardRefusesError(what, response.sw)
        return response.data


def _field(what: str, answer: bytes, outer: int, inner: int) -> bytes:
    try:
        return find(find(answer, outer) or b"", inner) or b""
    except TlvFormatError as error:
        raise CardAnswerError(what, str(error)) from error
