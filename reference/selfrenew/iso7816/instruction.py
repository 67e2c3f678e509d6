# SPDX-License-Identifier: Apache-2.0
"""Instruction bytes of the PIV card commands (SP 800-73-4 Part 2, table 2)."""

from enum import IntEnum, unique


@unique
class Instruction(IntEnum):
    """INS, named as the standard names the command."""

    VERIFY = 0x20
    CHANGE_REFERENCE_DATA = 0x24
    RESET_RETRY_COUNTER = 0x2C
    GENERATE_ASYMMETRIC_KEY_PAIR = 0x47
    GENERAL_AUTHENTICATE = 0x87
    SELECT = 0xA4
    GET_RESPONSE = 0xC0
    GET_DATA = 0xCB
    PUT_DATA = 0xDB


SECRET_INSTRUCTIONS = frozenset(
    {
        Instruction.VERIFY,
        Instruction.CHANGE_REFERENCE_DATA,
        Instruction.RESET_RETRY_COUNTER,
    }
)
"""Commands whose data is a PIN or a PUK: never to be printed."""

_KNOWN = frozenset(Instruction)


def carries_secret(ins: int) -> bool:
    """Tell whether a command's data must never be printed.

    An instruction that is not the standard's counts: vendors import keys with some of theirs.

    >>> [carries_secret(ins) for ins in (Instruction.VERIFY, Instruction.GET_DATA, 0xFE)]
    [True, False, True]
    """
    return ins in SECRET_INSTRUCTIONS or ins not in _KNOWN
