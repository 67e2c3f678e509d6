# SPDX-License-Identifier: Apache-2.0
"""Status words (ISO/IEC 7816-4:2020, tables 6 and 7; SP 800-73-4 Part 1, table 6)."""

from enum import IntEnum, unique
from typing import Self


@unique
class StatusWord(IntEnum):
    """SW1-SW2 with its meaning; 61xx, 63Cx and 6Cxx carry a number, see describe_status."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """Make a member from its number and the standard's words for it."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    SUCCESS = 0x9000, "success"
    VERIFICATION_FAILED = 0x6300, "verification failed"
    MEMORY_FAILURE = 0x6581, "memory failure"
    WRONG_LENGTH = 0x6700, "wrong length"
    LOGICAL_CHANNEL_NOT_SUPPORTED = 0x6881, "logical channel not supported"
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882, "secure messaging not supported"
    LAST_COMMAND_OF_CHAIN_EXPECTED = 0x6883, "last command of the chain expected"
    COMMAND_CHAINING_NOT_SUPPORTED = 0x6884, "command chaining not supported"
    SECURITY_STATUS_NOT_SATISFIED = 0x6982, "security status not satisfied"
    AUTHENTICATION_METHOD_BLOCKED = 0x6983, "authentication method blocked"
    CONDITIONS_NOT_SATISFIED = 0x6985, "conditions of use not satisfied"
    SECURE_MESSAGING_DATA_MISSING = 0x6987, "secure messaging data objects missing"
    SECURE_MESSAGING_DATA_INCORRECT = 0x6988, "secure messaging data objects incorrect"
    INCORRECT_DATA = 0x6A80, "incorrect parameter in the command data"
    FUNCTION_NOT_SUPPORTED = 0x6A81, "function not supported"
    FILE_NOT_FOUND = 0x6A82, "data object or application not found"
    NOT_ENOUGH_MEMORY = 0x6A84, "not enough memory"
    INCORRECT_P1_P2 = 0x6A86, "incorrect parameter in P1 or P2"
    REFERENCED_DATA_NOT_FOUND = 0x6A88, "referenced data or reference data not found"
    WRONG_PARAMETERS = 0x6B00, "wrong parameters P1-P2"
    INSTRUCTION_NOT_SUPPORTED = 0x6D00, "instruction not supported"
    CLASS_NOT_SUPPORTED = 0x6E00, "class not supported"
    NO_PRECISE_DIAGNOSIS = 0x6F00, "no precise diagnosis"


_BY_NUMBER: dict[int, StatusWord] = {int(word): word for word in StatusWord}


def tries_left(sw: int) -> int | None:
    """Read the tries left off 63Cx; None for any other status word.

    >>> tries_left(0x63C2)
    2
    """
    return sw & 0x0F if sw & 0xFFF0 == 0x63C0 else None


def describe_status(sw: int) -> str:
    """Name a status word; one that is not known is told by its number.

    >>> describe_status(0x6982)
    '6982 (security status not satisfied)'
    """
    left = tries_left(sw)
    if left is not None:
        meaning = f"verification failed, {left} left"
    elif sw >> 8 == 0x61:
        meaning = f"{sw & 0xFF or 'at least 256'} more bytes"
    elif sw >> 8 == 0x6C:
        meaning = f"wrong Le, {sw & 0xFF or 256} is right"
    else:
        known = _BY_NUMBER.get(sw)
        meaning = known.meaning if known else "a status this program does not know"
    return f"{sw:04X} ({meaning})"
