# SPDX-License-Identifier: Apache-2.0
"""Secure messaging: the session, and how it wraps commands and answers (SP 800-73-4 Part 2, 4.2).

A command's data field holds 87 (encrypted data), 97 (Le) and 8E (MAC), an answer's 87, 99 (status
word) and 8E. Each MAC is also over the one before it, so that nothing can be replayed or moved.
"""

import hmac
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from selfrenew.iso7816 import (
    CommandApdu,
    Instruction,
    StatusWord,
    Tlv,
    TlvFormatError,
    parse_tlvs,
)
from selfrenew.piv.references import KeyReference

from .refusal import CommandRefusedError

SECURED = 0x0C
"""Bits 3 and 4 of CLA: the command is under secure messaging."""

_CRYPTOGRAM, _LE, _MAC, _STATUS = 0x87, 0x97, 0x8E, 0x99
_MAC_BYTES = 8
_MAC_HEAD = bytes((_MAC, _MAC_BYTES))
_PADDING_FOLLOWS = b"\x01"
_PADDING_START = b"\x80"
_LE_BYTES = (1, 2)
"""ISO/IEC 7816-4:2005, table 28: an Le object has one or two bytes."""
_BLOCK = 16
_ANSWER_COUNTER = 1 << 127
"""The counter of an answer is its command's with the first byte 80."""
_ORDER = ((), (_CRYPTOGRAM,), (_LE,), (_CRYPTOGRAM, _LE))

_INSTRUCTIONS = frozenset(
    {
        Instruction.GET_DATA,
        Instruction.VERIFY,
        Instruction.CHANGE_REFERENCE_DATA,
        Instruction.GENERAL_AUTHENTICATE,
    }
)
_CHAINABLE = frozenset({Instruction.VERIFY, Instruction.GENERAL_AUTHENTICATE})


def may_be_secured(command: CommandApdu) -> bool:
    """Tell whether secure messaging takes a command (4.2).

    Key establishment itself is in plain (4.1.8).
    """
    if command.ins not in _INSTRUCTIONS:
        return False
    if command.cla != SECURED and command.ins not in _CHAINABLE:
        return False
    establishes = command.p2 == KeyReference.SECURE_MESSAGING
    return not (command.ins == Instruction.GENERAL_AUTHENTICATE and establishes)


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The three keys of a session, 16 or 32 bytes each."""

    mac: bytes = field(repr=False)
    encryption: bytes = field(repr=False)
    answer_mac: bytes = field(repr=False)


class SecureSession:
    """One session from its key establishment on; after a refusal it must not be used again."""

    def __init__(self, keys: SessionKeys) -> None:
        self._keys = keys
        self._counter = 0
        self._command_chaining = bytes(_BLOCK)
        self._answer_chaining = bytes(_BLOCK)

    def unwrap(self, command: CommandApdu) -> CommandApdu:
        """Give the command inside. Raise CommandRefusedError 6987 or 6988."""
        try:
            elements = parse_tlvs(command.data)
        except TlvFormatError as error:
            raise _incorrect() from error
        tags = tuple(element.tag for element in elements)
        needs_data = command.ins != Instruction.VERIFY
        if _MAC not in tags or (needs_data and _CRYPTOGRAM not in tags):
            raise CommandRefusedError(StatusWord.SECURE_MESSAGING_DATA_MISSING)
        protected, shown = command.data[: -_MAC_BYTES - 2], command.data[-_MAC_BYTES:]
        if (
            tags[:-1] not in _ORDER
            or command.data[-_MAC_BYTES - 2 : -_MAC_BYTES] != _MAC_HEAD
            or elements[-1] != Tlv(_MAC, shown)
        ):
            raise _incorrect()
        header = bytes((SECURED, command.ins, command.p1, command.p2))
        mac = _cmac(self._keys.mac, self._command_chaining + _pad(header) + protected)
        if not hmac.compare_digest(mac[:_MAC_BYTES], shown):
            raise _incorrect()
        self._command_chaining = mac
        self._counter += 1
        fields = {element.tag: element.value for element in elements}
        # The standard's Le is always 00. A host that asks for less, or in two bytes as extended
        # length has it, is authenticated all the same, and gets the answer whole.
        if len(fields.get(_LE, b"\0")) not in _LE_BYTES:
            raise _incorrect()
        data = self._decrypt(fields[_CRYPTOGRAM]) if _CRYPTOGRAM in fields else b""
        return replace(command, cla=0, data=data)

    def wrap(self, data: bytes, sw: int) -> bytes:
        """Protect the answer to the command unwrapped last."""
        body = b""
        if data:
            encryptor = self._cipher(self._counter | _ANSWER_COUNTER).encryptor()
            cryptogram = encryptor.update(_pad(data)) + encryptor.finalize()
            body = bytes(Tlv(_CRYPTOGRAM, _PADDING_FOLLOWS + cryptogram))
        body += bytes(Tlv(_STATUS, sw.to_bytes(2, "big")))
        self._answer_chaining = _cmac(self._keys.answer_mac, self._answer_chaining + body)
        return body + bytes(Tlv(_MAC, self._answer_chaining[:_MAC_BYTES]))

    def _decrypt(self, value: bytes) -> bytes:
        cryptogram = value[1:]
        if value[:1] != _PADDING_FOLLOWS or not cryptogram or len(cryptogram) % _BLOCK:
            raise _incorrect()
        decryptor = self._cipher(self._counter).decryptor()
        padded = decryptor.update(cryptogram) + decryptor.finalize()
        data = padded.rstrip(b"\0")
        # One to sixteen bytes of padding: a longer run of zeros was never padding.
        if not data.endswith(_PADDING_START) or len(padded) - len(data) >= _BLOCK:
            raise _incorrect()
        return data[:-1]

    def _cipher(self, counter: int) -> Cipher[modes.CBC]:
        algorithm = algorithms.AES(self._keys.encryption)
        # The vector is the counter encrypted as one block: ECB is what the standard has (4.2.2).
        encryptor = Cipher(algorithm, modes.ECB()).encryptor()  # noqa: S305
        vector = encryptor.update(counter.to_bytes(_BLOCK, "big")) + encryptor.finalize()
        return Cipher(algorithm, modes.CBC(vector))


def _pad(data: bytes) -> bytes:
    padded = data + _PADDING_START
    return padded + bytes(-len(padded) % _BLOCK)


def _cmac(key: bytes, data: bytes) -> bytes:
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


def _incorrect() -> CommandRefusedError:
    return CommandRefusedError(StatusWord.SECURE_MESSAGING_DATA_INCORRECT)
