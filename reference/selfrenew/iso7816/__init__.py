# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of ISO/IEC 7816-4: commands, answers, status words and BER-TLV. No I/O."""

from .apdu import ApduFormatError, CommandApdu, ResponseApdu
from .errors import Iso7816Error
from .instruction import SECRET_INSTRUCTIONS, Instruction, carries_secret
from .status import StatusWord, describe_status, tries_left
from .tlv import Tlv, TlvFormatError, find, parse_tlvs

__all__ = [
    "SECRET_INSTRUCTIONS",
    "ApduFormatError",
    "CommandApdu",
    "Instruction",
    "Iso7816Error",
    "ResponseApdu",
    "StatusWord",
    "Tlv",
    "TlvFormatError",
    "carries_secret",
    "describe_status",
    "find",
    "parse_tlvs",
    "tries_left",
]
