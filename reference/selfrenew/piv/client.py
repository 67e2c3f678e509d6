# SPDX-License-Identifier: Apache-2.0
"""The card commands a renewal needs, as methods (SP 800-73-4 Part 2, 3.1 to 3.3).

One client serves one connection; the caller selects the application first. Secrets go from here to
the card and nowhere else.
"""

import logging

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from selfrenew import messages
from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.iso7816 import (
    CommandApdu,
    Instruction,
    ResponseApdu,
    StatusWord,
    Tlv,
    TlvFormatError,
    parse_tlvs,
    tries_left,
)
from selfrenew.secret import Secret
from selfrenew.transport.channel import open_channel
from selfrenew.transport.connection import CardConnection

from .discovery import primary_pin
from .errors import (
    CardAnswerError,
    GlobalPinBlockedError,
    GlobalPinError,
    NotAuthenticatedError,
    NotPivCardError,
    PasscodeBlockedError,
    PukBlockedError,
    UnreadableObjectError,
    WrongPasscodeError,
    WrongPukError,
)
from .objects import CardholderUniqueIdentifier, CertificateObject, DataObject
from .reference_data import ReferenceDataFormatError, encode_reference_data
from .references import Algorithm, KeyReference, ReferenceDataQualifier
from .signatures import algorithm_of, signature_input
from .trace import describe_command

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_log = logging.getLogger("selfrenew.piv")

_APPLICATION = bytes.fromhex("A000000308")
_DYNAMIC_AUTHENTICATION_TEMPLATE = 0x7C
_CHALLENGE = 0x81
_RESPONSE = 0x82
_PUBLIC_KEY_TEMPLATE = 0x7F49
_DATA = 0x53
_NO_SUCH_DATA = frozenset({StatusWord.FILE_NOT_FOUND, StatusWord.REFERENCED_DATA_NOT_FOUND})
_EC_CURVES: dict[Algorithm, ec.EllipticCurve] = {
    Algorithm.P256: ec.SECP256R1(),
    Algorithm.P384: ec.SECP384R1(),
}


_FORGET = 0xFF
"""P1 of VERIFY that takes a verified passcode back."""


class PivClient:
    """Speaks to the PIV application of one connected card."""

    def __init__(self, connection: CardConnection) -> None:
        self.connection = connection
        self._channel = open_channel(connection)
        self._known_pin: ReferenceDataQualifier | None = None
        self.passcode_refused = False

    def select(self) -> None:
        """Select the PIV application. Raise NotPivCardError for any other card."""
        response = self._send(Instruction.SELECT, 0x04, 0x00, _APPLICATION, le=256)
        if response.sw != StatusWord.SUCCESS:
            raise NotPivCardError(response.sw)

    def guid(self) -> bytes:
        """Read the card's 16-byte GUID from its CHUID, which names the card to card management."""
        raw = self.read_object(DataObject.CHUID)
        if raw is None:
            raise UnreadableObjectError("identifier (CHUID)", "it is missing")
        try:
            return CardholderUniqueIdentifier.from_bytes(raw).guid
        except ValueError as error:
            raise UnreadableObjectError("identifier (CHUID)", str(error)) from error

    def tries_left(self) -> int:
        """Ask how many tries the passcode has left, without using one.

        A card tells that only while the passcode is not verified, as it may be by another program;
        then it is made to forget it first (SP 800-73-4 Part 2, 3.2.1: P1 FF), by a reset where it
        is of an older standard that has no such command.
        """
        pin = self._pin()
        response = self._send(Instruction.VERIFY, 0x00, pin)
        if response.sw == StatusWord.SUCCESS:
            if self._send(Instruction.VERIFY, _FORGET, pin).sw != StatusWord.SUCCESS:
                self.connection.reset()
                self.select()
            response = self._send(Instruction.VERIFY, 0x00, pin)
        if response.sw == StatusWord.AUTHENTICATION_METHOD_BLOCKED:
            return 0
        left = tries_left(response.sw)
        if left is None:
            raise CardAnswerError(messages.ASKING_TRIES, response.sw)
        return left

    def verify(self, passcode: Secret) -> None:
        """Present the passcode; each wrong one uses up a try, one of no form does not."""
        data = encode_reference_data(passcode)
        response = self._send(Instruction.VERIFY, 0x00, self._pin(), data)
        self.passcode_refused = response.sw != StatusWord.SUCCESS
        self._judge_passcode(messages.VERIFYING, response.sw)

    def change_passcode(self, old: Secret, new: Secret) -> None:
        """Replace the passcode; a wrong old one uses up a try."""
        data = encode_reference_data(old) + encode_reference_data(new)
        response = self._send(Instruction.CHANGE_REFERENCE_DATA, 0x00, self._pin(), data)
        self._judge_passcode(messages.CHANGING_PASSCODE, response.sw)

    def unlockable(self) -> bool:
        """Tell whether a PUK unlocks the passcode (Part 2, 3.2.3: 80 alone)."""
        return self._pin() is not ReferenceDataQualifier.GLOBAL_PIN

    def check_unlockable(self) -> None:
        """Raise GlobalPinError where no PUK unlocks the passcode."""
        if not self.unlockable():
            raise GlobalPinError

    def reset_passcode(self, puk: Secret, new: Secret) -> None:
        """Set a new passcode and unlock the card with the PUK. Raise GlobalPinError."""
        data = encode_reference_data(puk) + encode_reference_data(new)
        self.check_unlockable()
        pin = ReferenceDataQualifier.APPLICATION_PIN
        response = self._send(Instruction.RESET_RETRY_COUNTER, 0x00, pin, data)
        _judge_puk(messages.UNLOCKING, response.sw)

    def change_puk(self, old: Secret, new: Secret) -> None:
        """Replace the PUK."""
        data = encode_reference_data(old) + encode_reference_data(new)
        puk = ReferenceDataQualifier.PUK
        response = self._send(Instruction.CHANGE_REFERENCE_DATA, 0x00, puk, data)
        _judge_puk(messages.REPLACING_KEY, response.sw)

    def read_object(self, data_object: DataObject) -> bytes | None:
        """Read a data object's content, the 53 wrapper taken off; None where it is empty."""
        response = self._send(Instruction.GET_DATA, 0x3F, 0xFF, _tag_list(data_object), le=256)
        if response.sw in _NO_SUCH_DATA:
            return None
        what = messages.READING_OBJECT.format(object=data_object.title)
        _judge(what, response.sw)
        try:
            wrapper = Tlv.from_bytes(response.data)
        except TlvFormatError as error:
            raise UnreadableObjectError(data_object.title, str(error)) from error
        if wrapper.tag not in {_DATA, data_object.tag}:
            raise UnreadableObjectError(data_object.title, f"it is tagged {wrapper.tag:X}, not 53")
        return wrapper.value or None

    def write_object(self, data_object: DataObject, content: bytes) -> None:
        """Replace a data object's content; needs management authentication."""
        data = _tag_list(data_object) + bytes(Tlv(_DATA, content))
        response = self._send(Instruction.PUT_DATA, 0x3F, 0xFF, data)
        _judge(messages.WRITING_OBJECT.format(object=data_object.title), response.sw)

    def read_certificate(self, key: KeyReference) -> x509.Certificate | None:
        """Read a key's certificate; None where there is none. Raise UnreadableObjectError."""
        data_object = DataObject.certificate_of(key)
        raw = self.read_object(data_object)
        if raw is None:
            return None
        try:
            return load_certificate(CertificateObject.from_bytes(raw).certificate_der)
        except (ValueError, UnreadableCertificateError) as error:
            raise UnreadableObjectError(data_object.title, str(error)) from error

    def write_certificate(self, key: KeyReference, certificate_der: bytes) -> None:
        """Write a key's certificate."""
        self.write_object(DataObject.certificate_of(key), bytes(CertificateObject(certificate_der)))

    def generate_key(self, key: KeyReference, algorithm: Algorithm) -> PublicKey:
        """Generate a key pair on the card, **overwriting the old one**, and return the public key.

        SP 800-73-4 Part 2, 3.3.2 and table 11.
        """
        template = bytes(Tlv(0xAC, bytes(Tlv(0x80, bytes([algorithm])))))
        response = self._send(Instruction.GENERATE_ASYMMETRIC_KEY_PAIR, 0x00, key, template, le=256)
        what = messages.GENERATING.format(key=f"{key:02X}")
        _judge(what, response.sw)
        return _public_key(response.data, algorithm)

    def sign(
        self, key: KeyReference, algorithm: Algorithm, data: bytes, digest: hashes.HashAlgorithm
    ) -> bytes:
        """Sign data with a key on the card: PKCS#1 v1.5 for RSA, DER-encoded ECDSA otherwise."""
        block = signature_input(algorithm, data, digest)
        template = Tlv(
            _DYNAMIC_AUTHENTICATION_TEMPLATE,
            bytes(Tlv(_RESPONSE, b"")) + bytes(Tlv(_CHALLENGE, block)),
        )
        return self._authenticate(
            messages.SIGNING.format(key=f"{key:02X}"), key, algorithm, template, _RESPONSE
        )

    def management_challenge(self, algorithm: Algorithm) -> bytes:
        """Ask the card for a challenge to answer with its management key (Part 2, appendix A.1)."""
        template = Tlv(_DYNAMIC_AUTHENTICATION_TEMPLATE, bytes(Tlv(_CHALLENGE, b"")))
        return self._authenticate(
            messages.ASKING_CHALLENGE,
            KeyReference.MANAGEMENT,
            algorithm,
            template,
            _CHALLENGE,
        )

    def answer_management_challenge(self, algorithm: Algorithm, answer: bytes) -> None:
        """Give the card card management's answer to its challenge."""
        template = Tlv(_DYNAMIC_AUTHENTICATION_TEMPLATE, bytes(Tlv(_RESPONSE, answer)))
        response = self._send(
            Instruction.GENERAL_AUTHENTICATE,
            algorithm,
            KeyReference.MANAGEMENT,
            bytes(template),
        )
        _judge(messages.AUTHENTICATING, response.sw)

    def _judge_passcode(self, attempted: str, sw: int) -> None:
        left = tries_left(sw)
        if sw == StatusWord.AUTHENTICATION_METHOD_BLOCKED or left == 0:
            raise PasscodeBlockedError if self.unlockable() else GlobalPinBlockedError
        if left is not None:
            raise WrongPasscodeError(left)
        if sw == StatusWord.INCORRECT_DATA:
            # The security status and the counter are as before (Part 2, 3.2.1.1 and 3.2.2).
            raise ReferenceDataFormatError(messages.PASSCODE_ON_NO_CARD)
        _judge(attempted, sw)

    def _pin(self) -> ReferenceDataQualifier:
        """Name the PIN that is the passcode: asked of the card once, when it is first needed."""
        if self._known_pin is None:
            try:
                discovery = self.read_object(DataObject.DISCOVERY)
            except (CardAnswerError, UnreadableObjectError):
                discovery = None
            self._known_pin = primary_pin(discovery)
        return self._known_pin

    def _authenticate(
        self, what: str, key: KeyReference, algorithm: Algorithm, template: Tlv, wanted: int
    ) -> bytes:
        response = self._send(
            Instruction.GENERAL_AUTHENTICATE, algorithm, key, bytes(template), le=256
        )
        _judge(what, response.sw)
        try:
            outer = Tlv.from_bytes(response.data)
            for inner in parse_tlvs(outer.value):
                if inner.tag == wanted:
                    return inner.value
        except TlvFormatError as error:
            raise UnreadableObjectError("answer to GENERAL AUTHENTICATE", str(error)) from error
        raise UnreadableObjectError("answer to GENERAL AUTHENTICATE", f"no tag {wanted:02X} in it")

    def _send(
        self, ins: Instruction, p1: int, p2: int, data: bytes = b"", le: int | None = None
    ) -> ResponseApdu:
        command = CommandApdu(0x00, ins, p1, p2, data, le)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s", describe_command(command))
        return self._channel.send(command)


def _tag_list(data_object: DataObject) -> bytes:
    tag = data_object.tag
    return bytes(Tlv(0x5C, tag.to_bytes((tag.bit_length() + 7) // 8, "big")))


def _judge(attempted: str, sw: int) -> None:
    if sw == StatusWord.SUCCESS:
        return
    if sw == StatusWord.SECURITY_STATUS_NOT_SATISFIED:
        raise NotAuthenticatedError(attempted, sw)
    raise CardAnswerError(attempted, sw)


def _judge_puk(attempted: str, sw: int) -> None:
    left = tries_left(sw)
    if sw == StatusWord.AUTHENTICATION_METHOD_BLOCKED or left == 0:
        raise PukBlockedError
    if left is not None:
        raise WrongPukError(left)
    _judge(attempted, sw)


def _public_key(raw: bytes, algorithm: Algorithm) -> PublicKey:
    what = "new public key"
    try:
        template = Tlv.from_bytes(raw)
        if template.tag != _PUBLIC_KEY_TEMPLATE:
            raise UnreadableObjectError(what, f"its template is tagged {template.tag:X}")
        fields = {tlv.tag: tlv.value for tlv in parse_tlvs(template.value)}
        curve = _EC_CURVES.get(algorithm)
        if curve is not None:
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, fields[0x86])
        modulus = int.from_bytes(fields[0x81], "big")
        exponent = int.from_bytes(fields[0x82], "big")
        public_key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        if algorithm_of(public_key) is not algorithm:
            raise UnreadableObjectError(what, f"it has {public_key.key_size} bits")
    except KeyError as error:
        raise UnreadableObjectError(what, f"tag {error.args[0]:02X} is missing") from error
    except (TlvFormatError, ValueError) as error:
        raise UnreadableObjectError(what, str(error)) from error
    return public_key
