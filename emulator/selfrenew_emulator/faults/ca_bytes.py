# SPDX-License-Identifier: Apache-2.0
"""Answers of bytes that no strict encoder would emit, and no strict decoder may take."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from selfrenew.iso7816 import Tlv

from .ca_exchange import CaExchange, CaMisbehaviour, HttpAnswer
from .ca_trigger import PARAMETERS, STRIKES_AT, CaTrigger, number
from .fault import Fault, FaultTarget

_SEQUENCE = 0x30
_INDEFINITE = 0x80
_END_OF_CONTENTS = b"\x00\x00"
_HUGE = b"\x84\x7f\xff\xff\xff"
_JUNK = b"\x04\x04junk"
_DEEP = 10_000
_DEEPEST = 200_000

Distort = Callable[[bytes], bytes]


def indefinite(message: bytes) -> bytes:
    """Give the outermost SEQUENCE an indefinite length (X.690, 8.1.3.6), as BER may.

    >>> indefinite(bytes.fromhex("3003020105")).hex()
    '30800201050000'
    """
    content = bytes(Tlv.from_bytes(message).value)
    return bytes((_SEQUENCE, _INDEFINITE)) + content + _END_OF_CONTENTS


def trailed(message: bytes) -> bytes:
    """Let more follow a whole message."""
    return message + _JUNK


def huge(message: bytes) -> bytes:
    """Announce two gigabytes.

    >>> huge(bytes.fromhex("3003020105")).hex()
    '30847fffffff020105'
    """
    return bytes((_SEQUENCE,)) + _HUGE + bytes(Tlv.from_bytes(message).value)


def nested(depth: int) -> bytes:
    """Put so many SEQUENCEs into one another.

    >>> nested(3).hex()
    '300430023000'
    """
    # From the innermost outwards, each head once, so that the time does not grow as the square.
    heads = []
    length = 0
    for _ in range(depth):
        octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
        short = length < 0x80
        head = bytes((_SEQUENCE, length)) if short else bytes((_SEQUENCE, 0x80 | len(octets)))
        head = head if short else head + octets
        heads.append(head)
        length += len(head)
    return b"".join(reversed(heads))


def _distorting(distort: Distort) -> Callable[[Mapping[str, str]], CaMisbehaviour]:
    async def send(exchange: CaExchange, answer: HttpAnswer) -> None:
        await exchange.send(replace(answer, body=distort(answer.body)))

    return lambda parameters: CaMisbehaviour(CaTrigger.read(parameters), afterwards=send)


def _deep(parameters: Mapping[str, str]) -> CaMisbehaviour:
    depth = number("depth", parameters, default=_DEEP, most=_DEEPEST)
    return _distorting(lambda _: nested(depth))(parameters)


def _fault(
    name: str,
    reason: str,
    read: Callable[[Mapping[str, str]], CaMisbehaviour],
    *parameters: str,
) -> Fault:
    client = "Uses nothing of it, ends in bounded time and memory, and tells the CA."
    return Fault(
        name, FaultTarget.CA, reason, client, read, (*parameters, *PARAMETERS), trigger=STRIKES_AT
    )


RAW_BYTES = (
    _fault(
        "ca.indefinite-length",
        "An old encoder writes BER with indefinite lengths where DER is due.",
        _distorting(indefinite),
    ),
    _fault(
        "ca.trailing-data",
        "More bytes follow the message, which two decoders may understand in two ways.",
        _distorting(trailed),
    ),
    _fault(
        "ca.huge-length",
        "A length of two gigabytes, on which a decoder reserves memory before it looks.",
        _distorting(huge),
    ),
    _fault(
        "ca.deep-nesting",
        "Thousands of SEQUENCEs in one another, which end a decoder that calls itself for each.",
        _deep,
        "depth",
    ),
)
