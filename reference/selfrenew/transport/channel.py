# SPDX-License-Identifier: Apache-2.0
"""How a command of any size crosses a link that takes short APDUs: small processors, stacked.

Command chaining, response chaining with GET RESPONSE (61xx) and the corrected Le (6Cxx) of ISO/IEC
7816-4. Short APDUs with chaining work on every PIV card, extended length does not.
"""

import logging
from dataclasses import replace
from typing import Protocol

from selfrenew import messages
from selfrenew.iso7816 import (
    CommandApdu,
    Instruction,
    ResponseApdu,
    carries_secret,
    describe_status,
)

from .connection import CardConnection, TransportError

_CHAINING = 0x10
_SHORT_DATA_MAX = 255
_SHORT_LE_MAX = 256
_ANSWER_MAX = 65536
_log = logging.getLogger("selfrenew.transport")


class Processor(Protocol):
    """One layer of the stack."""

    def send(self, command: CommandApdu) -> ResponseApdu:
        """Send one command and return its answer."""


class ShortApdus:
    """The lowest layer: bytes over the connection, each command logged with its secrets masked."""

    def __init__(self, connection: CardConnection) -> None:
        self._connection = connection

    def send(self, command: CommandApdu) -> ResponseApdu:
        """Send one short command. Raise TransportError where the answer is not one."""
        raw = self._connection.transmit(bytes(command))
        if len(raw) < 2:
            raise TransportError(messages.CARD_ANSWER_SHORT.format(number=len(raw)))
        response = ResponseApdu.from_bytes(raw)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s -> %s", _describe(command), _describe_response(response))
        return response


class CommandChaining:
    """Splits data over 255 bytes into a chain of commands."""

    def __init__(self, inner: Processor) -> None:
        self._inner = inner

    def send(self, command: CommandApdu) -> ResponseApdu:
        """Send a command of any length; a refusal in the middle ends the chain."""
        data = command.data
        while len(data) > _SHORT_DATA_MAX:
            part = CommandApdu(
                command.cla | _CHAINING,
                command.ins,
                command.p1,
                command.p2,
                data[:_SHORT_DATA_MAX],
            )
            response = self._inner.send(part)
            if response.sw != 0x9000:
                return response
            data = data[_SHORT_DATA_MAX:]
        le = None if command.le is None else min(command.le, _SHORT_LE_MAX)
        return self._inner.send(replace(command, data=data, le=le))


class ResponseChaining:
    """Fetches the rest of an answer that did not fit."""

    def __init__(self, inner: Processor) -> None:
        self._inner = inner

    def send(self, command: CommandApdu) -> ResponseApdu:
        """Send a command and collect its whole answer. Raise TransportError past 64 KiB."""
        response = self._exchange(command)
        data = bytearray(response.data)
        while response.sw >> 8 == 0x61:
            le = response.sw & 0xFF or _SHORT_LE_MAX
            response = self._exchange(CommandApdu(0x00, Instruction.GET_RESPONSE, 0, 0, le=le))
            if not response.data and response.sw >> 8 == 0x61:
                raise TransportError(messages.CARD_ANSWER_MISSING)
            data += response.data
            if len(data) > _ANSWER_MAX:
                raise TransportError(messages.CARD_ANSWER_ENDLESS)
        return ResponseApdu(bytes(data), response.sw)

    def _exchange(self, command: CommandApdu) -> ResponseApdu:
        """Send one command, once more with the Le that the card names where it is another."""
        response = self._inner.send(command)
        if response.sw >> 8 == 0x6C:
            response = self._inner.send(replace(command, le=response.sw & 0xFF or _SHORT_LE_MAX))
        return response


def open_channel(connection: CardConnection) -> Processor:
    """Stack the processors on a connection."""
    return CommandChaining(ResponseChaining(ShortApdus(connection)))


def _describe(command: CommandApdu) -> str:
    try:
        name = Instruction(command.ins).name.replace("_", " ")
    except ValueError:
        name = f"INS {command.ins:02X}"
    head = f"{name} {command.cla:02X} {command.ins:02X} {command.p1:02X} {command.p2:02X}"
    if not command.data:
        return head
    if carries_secret(command.ins):
        return f"{head} [{len(command.data)} bytes masked]"
    return f"{head} {command.data.hex()}"


def _describe_response(response: ResponseApdu) -> str:
    status = describe_status(response.sw)
    return f"{response.data.hex()} {status}" if response.data else status
