# SPDX-License-Identifier: Apache-2.0
"""A trace in words: commands by name, chains and long answers put together, BER-TLV as a tree."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.iso7816 import (
    ApduFormatError,
    CommandApdu,
    Instruction,
    TlvFormatError,
    describe_status,
    parse_tlvs,
)
from selfrenew.piv import CertificateObject, DataObjectFormatError
from selfrenew.piv.trace import describe_command
from selfrenew_emulator.card.vendor import VendorInstruction

from .events import Event, EventKind, Trace
from .masked import NOTHING, MaskedBytes
from .masking import data_at

_CHAINED = 0x10
_CONSTRUCTED = 0x20
_OBJECT = 0x53
_CERTIFICATE = 0x70
_IN_TLV = frozenset({*Instruction, VendorInstruction.GET_METADATA})
_ABOUT_OBJECTS = frozenset({Instruction.GET_DATA, Instruction.PUT_DATA})


@dataclass(frozen=True, slots=True)
class Node:
    """A data object; `words` says what is in it where that is known."""

    tag: int
    value: MaskedBytes
    children: tuple["Node", ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Decoded:
    """An event and what it means.

    `tree` is that of a whole: it stands at the last command of a chain and at the last answer.
    """

    event: Event
    words: str
    tree: tuple[Node, ...] = ()


def decode(trace: Trace) -> Iterator[Decoded]:
    """Put each event in words, in order."""
    decoder = _Decoder()
    for event in trace.events:
        yield decoder.decode(event)


def describe(command: MaskedBytes) -> str:
    """Put a command in words, hidden bytes as asterisks.

    >>> describe(MaskedBytes.from_text("0020008002****"))
    'VERIFY of the APPLICATION PIN (0020008002****)'
    """
    apdu = parse(command)
    words = (
        "a command that cannot be read" if apdu is None else _words(apdu, data_of(command, apdu))
    )
    return f"{words} ({command})"


def tree_of(data: MaskedBytes) -> tuple[Node, ...]:
    """Read data as BER-TLV; nothing where it is none, or where its structure is hidden."""
    try:
        # A byte of a value is hidden where it goes by what the hidden bytes are filled with.
        one, other = parse_tlvs(data.filled(0x00)), parse_tlvs(data.filled(0xFF))
    except TlvFormatError:
        return ()
    if [(tlv.tag, len(tlv.value)) for tlv in one] != [(tlv.tag, len(tlv.value)) for tlv in other]:
        return ()
    pairs = zip(one, other, strict=True)
    return tuple(_node(first.tag, _common(first.value, second.value)) for first, second in pairs)


def _node(tag: int, value: MaskedBytes) -> Node:
    if tag == _OBJECT:
        children = tree_of(value)
        holds = any(child.tag == _CERTIFICATE for child in children)
        words = _certificate(value) if holds and not value.hidden else ""
        return Node(tag, value, children, words)
    # What stands in 70 is DER, which is shown as the certificate that it is.
    if tag != _CERTIFICATE and _first_byte(tag) & _CONSTRUCTED:
        return Node(tag, value, tree_of(value))
    return Node(tag, value)


def _common(one: bytes, other: bytes) -> MaskedBytes:
    return MaskedBytes(tuple(a if a == b else None for a, b in zip(one, other, strict=True)))


def _first_byte(tag: int) -> int:
    return tag.to_bytes(4, "big").lstrip(b"\0")[:1][0] if tag else 0


def _certificate(value: MaskedBytes) -> str:
    try:
        der = CertificateObject.from_bytes(value.filled()).certificate_der
        certificate = load_certificate(der)
    except (DataObjectFormatError, UnreadableCertificateError) as error:
        return f"no certificate: {error}"
    return (
        f"certificate {certificate.serial_number:X} for {certificate.subject.rfc4514_string()}, "
        f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"
    )


def parse(command: MaskedBytes) -> CommandApdu | None:
    """Parse a command, hidden bytes as zeros; None for one whose very form is hidden."""
    if None in command.octets[:4]:
        return None
    try:
        return CommandApdu.from_bytes(command.filled())
    except ApduFormatError:
        return None


def data_of(command: MaskedBytes, apdu: CommandApdu) -> MaskedBytes:
    """Give the data of a command that was parsed from its bytes, with what is hidden in it."""
    start = data_at(command.filled(), apdu)
    return command.part(start, start + len(apdu.data))


def _words(apdu: CommandApdu, data: MaskedBytes) -> str:
    """Describe a command with the data of its whole chain."""
    if apdu.ins in set(VendorInstruction):
        return VendorInstruction(apdu.ins).name.replace("_", " ")
    hidden = apdu.ins in _ABOUT_OBJECTS and data.hidden and data.octets[0] is None
    if hidden:
        return f"{Instruction(apdu.ins).name.replace('_', ' ')} of an object that is hidden"
    return describe_command(replace(apdu, data=data.filled()))


class _Decoder:
    def __init__(self) -> None:
        self._chain = NOTHING
        self._head: tuple[int, int, int] | None = None
        self._answered = NOTHING
        self._ins: int | None = None

    def decode(self, event: Event) -> Decoded:
        if event.kind is EventKind.COMMAND:
            return self._command(event)
        if event.kind is EventKind.ANSWER:
            return self._answer(event)
        self._chain, self._head, self._answered = NOTHING, None, NOTHING
        words = event.reason or event.kind.value.replace("-", " ")
        return Decoded(event, f"ATR {event.content}" if event.content.octets else words)

    def _command(self, event: Event) -> Decoded:
        apdu = parse(event.content)
        if apdu is None:
            self._ins, self._head = None, None
            return Decoded(event, describe(event.content))
        data, head = data_of(event.content, apdu), (apdu.ins, apdu.p1, apdu.p2)
        whole = self._chain + data if head == self._head else data
        self._chain, self._head = NOTHING, None
        if apdu.ins != Instruction.GET_RESPONSE:
            self._ins, self._answered = apdu.ins, NOTHING
        if apdu.cla & _CHAINED:
            self._chain, self._head = whole, head
            name = _words(replace(apdu, data=b""), NOTHING).partition(" of the ")[0]
            return Decoded(event, f"{name}, a part of a chain: {len(whole)} bytes so far")
        in_tlv = apdu.ins in _IN_TLV - {Instruction.SELECT}
        return Decoded(event, _words(apdu, whole), tree_of(whole) if in_tlv else ())

    def _answer(self, event: Event) -> Decoded:
        content = event.content
        if len(content) < 2 or None in content.octets[-2:]:
            return Decoded(event, f"no answer: {len(content)} bytes, which is less than a status")
        sw = int.from_bytes(content.part(-2).filled(), "big")
        self._answered += content.part(0, -2)
        words = describe_status(sw)
        if len(self._answered):
            words = f"{len(self._answered)} bytes, {words}"
        if sw >> 8 == 0x61:
            return Decoded(event, words)
        tree = tree_of(self._answered) if self._ins in _IN_TLV else ()
        self._answered = NOTHING
        return Decoded(event, words, tree)
