# SPDX-License-Identifier: Apache-2.0
"""What a PIV command means, for a log: the object, the key, the algorithm, never a secret."""

from enum import IntEnum

from selfrenew.iso7816 import CommandApdu, Instruction, TlvFormatError, find, parse_tlvs

from .objects import DataObject
from .references import Algorithm, KeyReference, ReferenceDataQualifier

_BY_NAME = 0x04
_FORGET = 0xFF
_TAG_LIST = 0x5C
_CONTROL_REFERENCE_TEMPLATE = 0xAC
_KEY_ALGORITHM = 0x80
_OBJECTS = {data_object.tag: data_object for data_object in DataObject}


def describe_command(command: CommandApdu) -> str:
    """Put a command in words.

    >>> describe_command(CommandApdu(0, 0xCB, 0x3F, 0xFF, bytes.fromhex("5C035FC105")))
    'GET DATA of the authentication certificate'
    """
    try:
        instruction = Instruction(command.ins)
    except ValueError:
        return f"INS {command.ins:02X}"
    name = instruction.name.replace("_", " ")
    match instruction:
        case Instruction.SELECT if command.data and command.p1 == _BY_NAME:
            return f"{name} of the application {command.data.hex().upper()}"
        case Instruction.GET_DATA | Instruction.PUT_DATA:
            return f"{name} of the {_object(command.data)}"
        case Instruction.VERIFY if not command.data:
            what = "forget" if command.p1 == _FORGET else "tries left of"
            return f"{name}: {what} the {_named(ReferenceDataQualifier, command.p2)}"
        case (
            Instruction.VERIFY | Instruction.CHANGE_REFERENCE_DATA | Instruction.RESET_RETRY_COUNTER
        ):
            return f"{name} of the {_named(ReferenceDataQualifier, command.p2)}"
        case Instruction.GENERAL_AUTHENTICATE:
            key, algorithm = _named(KeyReference, command.p2), _named(Algorithm, command.p1)
            return f"{name} with the {key} key ({command.p2:02X}), {algorithm}"
        case Instruction.GENERATE_ASYMMETRIC_KEY_PAIR:
            key = _named(KeyReference, command.p2)
            return f"{name} as the {key} key ({command.p2:02X}), {_algorithm(command.data)}"
    return name


def _named(kind: type[IntEnum], number: int) -> str:
    try:
        return kind(number).name.replace("_", " ")
    except ValueError:
        return f"{number:02X}"


def _object(data: bytes) -> str:
    try:
        first = parse_tlvs(data)[0]
    except (TlvFormatError, IndexError):
        return "?"
    number = int.from_bytes(first.value, "big")
    known = _OBJECTS.get(number) if first.tag == _TAG_LIST else None
    return known.title if known else f"object {number:X}"


def _algorithm(data: bytes) -> str:
    try:
        template = find(data, _CONTROL_REFERENCE_TEMPLATE)
        algorithm = None if template is None else find(template, _KEY_ALGORITHM)
    except TlvFormatError:
        algorithm = None
    return _named(Algorithm, algorithm[0]) if algorithm else "?"
