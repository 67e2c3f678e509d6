# SPDX-License-Identifier: Apache-2.0
"""Biometric data on a card: a CBEFF header, a record, a signature over both.

SP 800-76-2, tables 13 (structure) and 14 (the patron format of PIV); SP 800-73-4 Part 1, tables 11
and 13 (the objects). The records themselves are made in `minutiae` and `portrait`.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import Enum

from selfrenew.iso7816 import Tlv

from .card_identity import CardIdentity
from .content_signer import ContentSigner

_BIOMETRIC, _ERROR_DETECTION = 0xBC, 0xFE
# Version, security options, lengths of record and signature, format owner and type, creation,
# validity (two dates), biometric type (three bytes), data type, quality, creator, FASC-N, reserved.
_HEADER = struct.Struct(">BBIHHH8s16s3sBb18s25s4x")
HEADER_BYTES = _HEADER.size
_VERSION = 0x03
_SIGNED_NOT_ENCRYPTED = 0b00001101
_FORMAT_OWNER_M1 = 0x001B
_CREATOR = b"NHS TEST"
QUALITY_NOT_SUPPORTED = -2
"""The quality of a sample for which none was computed (INCITS 358)."""


class Modality(Enum):
    """A kind of biometric data: format type, biometric type and data type of its header."""

    format_type: int
    biometric_type: int
    data_type: int

    def __init__(self, format_type: int, biometric_type: int, data_type: int) -> None:
        self.format_type = format_type
        self.biometric_type = biometric_type
        self.data_type = data_type

    FINGERPRINTS = 0x0201, 0x000008, 0b10000000
    """Processed data: templates."""
    FACE = 0x0501, 0x000002, 0b00100000
    """Raw data: an image."""


@dataclass(frozen=True, slots=True)
class BiometricRecord:
    """A record with what its header tells of it; `quality` is -2 to 100."""

    modality: Modality
    data: bytes
    quality: int
    captured: datetime

    def signed(self, signer: ContentSigner, identity: CardIdentity) -> bytes:
        """Give the content of the object; it is good until the card expires."""
        # The header holds the length of the signature that covers it, and an ECDSA signature has
        # no fixed one: the first try tells what length is to be expected.
        length = 0
        while True:
            content = self._header(length, identity) + self.data
            signature = signer.sign_biometric(content, identity)
            if len(signature) == length:
                cbeff = content + signature
                return bytes(Tlv(_BIOMETRIC, cbeff)) + bytes(Tlv(_ERROR_DETECTION, b""))
            length = len(signature)

    def _header(self, signature_bytes: int, identity: CardIdentity) -> bytes:
        return _HEADER.pack(
            _VERSION,
            _SIGNED_NOT_ENCRYPTED,
            len(self.data),
            signature_bytes,
            _FORMAT_OWNER_M1,
            self.modality.format_type,
            _moment(self.captured),
            _moment(self.captured) + _moment(_end_of(identity.expiration_date)),
            self.modality.biometric_type.to_bytes(3, "big"),
            self.modality.data_type,
            self.quality,
            _CREATOR,
            identity.fasc_n,
        )


def _moment(when: datetime) -> bytes:
    """Encode a time: a byte for each two digits, and Z."""
    utc = when.astimezone(UTC)
    century, year = divmod(utc.year, 100)
    return bytes((century, year, utc.month, utc.day, utc.hour, utc.minute, utc.second)) + b"Z"


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), UTC)
