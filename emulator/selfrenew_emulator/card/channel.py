# SPDX-License-Identifier: Apache-2.0
"""The card's side of long commands and answers: chaining and GET RESPONSE.

ISO/IEC 7816-4, as SP 800-73-4 Part 2 uses it: the command syntax of each command in section 3 says
whether it may be chained (table 2). An interrupted chain has no effect, and the command that
interrupted it is carried out (3.2.4).
"""

from dataclasses import replace

from selfrenew.iso7816 import CommandApdu, Instruction, StatusWord

from .refusal import CommandRefusedError
from .vendor import VendorInstruction

_CHAINING = 0x10
_CHAIN_MAX_BYTES = 65_535
_CHAINABLE: frozenset[int] = frozenset(
    {
        Instruction.VERIFY,
        Instruction.GENERAL_AUTHENTICATE,
        Instruction.PUT_DATA,
        Instruction.GENERATE_ASYMMETRIC_KEY_PAIR,
        VendorInstruction.IMPORT_KEY,
    }
)
_SUCCESS = bytes.fromhex("9000")


class CommandChain:
    """Collects the parts of a chained command."""

    def __init__(self) -> None:
        self._head: tuple[int, int, int, int] | None = None
        self._parts = bytearray()

    @property
    def open(self) -> bool:
        """Whether a chain has begun and not ended."""
        return self._head is not None

    def clear(self) -> None:
        """Drop what was collected."""
        self._head = None
        self._parts.clear()

    def collect(self, command: CommandApdu) -> CommandApdu | None:
        """Add a command; return the whole one at the chain's end, None before it."""
        # With the bits of secure messaging: it is for all of a chain or for none (Part 2, 4.2).
        head = (command.cla & ~_CHAINING, command.ins, command.p1, command.p2)
        if self._head is not None and head != self._head:
            self.clear()
        if command.cla & _CHAINING:
            if command.ins not in _CHAINABLE:
                raise CommandRefusedError(StatusWord.COMMAND_CHAINING_NOT_SUPPORTED)
            if len(self._parts) + len(command.data) > _CHAIN_MAX_BYTES:
                self.clear()
                raise CommandRefusedError(StatusWord.NOT_ENOUGH_MEMORY)
            self._head = head
            self._parts += command.data
            return None
        if self._head is None:
            return command
        whole = replace(command, data=bytes(self._parts) + command.data)
        self.clear()
        return whole


class PendingAnswer:
    """Hands out an answer in the portions that Le asks for."""

    def __init__(self) -> None:
        self._rest = b""

    def clear(self) -> None:
        """Drop what was not fetched."""
        self._rest = b""

    def first(self, data: bytes, le: int | None) -> bytes:
        """Answer as much as was asked for, 61xx where more is left."""
        size = 256 if le is None else le
        if len(data) <= size:
            return data + _SUCCESS
        self._rest = data[size:]
        return data[:size] + self._status()

    def more(self, command: CommandApdu) -> bytes:
        """Answer GET RESPONSE. Raise CommandRefusedError where it is chained or nothing is left."""
        if command.cla:
            raise CommandRefusedError(StatusWord.COMMAND_CHAINING_NOT_SUPPORTED)
        if command.p1 or command.p2:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        if not self._rest:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        rest, self._rest = self._rest, b""
        return self.first(rest, command.le)

    def _status(self) -> bytes:
        left = len(self._rest)
        return bytes((0x61, left if left < 256 else 0x00))
