# SPDX-License-Identifier: Apache-2.0
"""What of a conversation may be recorded: what is known to be public, and nothing else.

Hidden are the data of VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER and of every instruction
that the standard does not have; every value of an authentication by a symmetric key, as the
management key's; what a key gives out that decrypts or agrees, and an answer by a signing key to
anything but a signature's block; the objects that only the passcode opens, among them the one where
programs keep a management key and the one with the pairing code; all that goes by secure messaging;
what other applications are told and answer; and commands that cannot be read.
(SP 800-73-4 Part 1, tables 2, 4a and 4b; Part 2, 3.1 to 3.3 and appendix A.)

A part of a chain has the rule of its beginning, and GET RESPONSE that of the command whose answer
goes on.
"""

import re
from dataclasses import dataclass
from enum import IntEnum, unique

from selfrenew.iso7816 import (
    ApduFormatError,
    CommandApdu,
    Instruction,
    StatusWord,
    Tlv,
    TlvFormatError,
    carries_secret,
    parse_tlvs,
)
from selfrenew.piv import Algorithm, KeyReference
from selfrenew_emulator.card import MANAGEMENT_KEY_BYTES
from selfrenew_emulator.card.access import EC_BITS, READ_RULES, RSA_BITS, SIGNING_KEYS, AccessRule
from selfrenew_emulator.card.application import is_right_truncated_aid
from selfrenew_emulator.card.vendor import (
    ATTESTATION_CERTIFICATE,
    VendorAlgorithm,
    VendorInstruction,
)
from selfrenew_emulator.card.yubikey import management_application

from .masked import MaskedBytes

_CHAINED = 0x10
_SECURE_MESSAGING = 0x0C
_BY_NAME = 0x04
_TAG_LIST = 0x5C
_TEMPLATE = 0x7C
_IN_TEMPLATE = frozenset({0x80, 0x81, 0x82, 0x85})
_TO_SIGN = frozenset({0x81, 0x82})
_MORE = 0x61
_TDES_BY_DEFAULT = 0x00
_RSA = frozenset({*RSA_BITS, VendorAlgorithm.RSA1024})
_SIGNING_CURVES = frozenset({*EC_BITS, VendorAlgorithm.ED25519})
_ASYMMETRIC = _RSA | _SIGNING_CURVES | {VendorAlgorithm.X25519}
# A template that has the beginning of a block of EMSA-PKCS1-v1_5 (RFC 8017, 9.2) signed. Any other
# block may be a cryptogram, and the answer to it a key that was encrypted with the certificate's.
_LENGTH = rb"(?:\x81.|\x82..)"
_SIGNATURE_BLOCK = re.compile(
    rb"\x7c" + _LENGTH + rb"(?:\x82\x00)?\x81" + _LENGTH + rb"\x00\x01\xff", re.DOTALL
)
_TELL_ONLY = frozenset(
    {
        VendorInstruction.GET_METADATA,
        VendorInstruction.GET_SERIAL,
        VendorInstruction.ATTEST,
        VendorInstruction.GET_VERSION,
    }
)
"""Yubico's instructions whose answers describe the card, its keys and their public halves."""


@unique
class Rule(IntEnum):
    """How much of some data is told; a higher one tells less."""

    SHOW = 0
    LENGTHS = 1
    """Tags and lengths of a template, not its values."""
    HIDE = 2


@unique
class _Application(IntEnum):
    PIV = 0
    YUBIKEY_MANAGEMENT = 1
    ANOTHER = 2


@dataclass(frozen=True, slots=True)
class _Rules:
    command: Rule
    answer: Rule


_PUBLIC = _Rules(Rule.SHOW, Rule.SHOW)
_SECRET = _Rules(Rule.HIDE, Rule.HIDE)


class Masker:
    """Follows one card's conversation; ask it of each command, and then of its answer."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, as the card does after a reset."""
        self._application = _Application.PIV
        self._selected: _Application | None = None
        self._chain: tuple[tuple[int, int, int], _Rules] | None = None
        self._begun: tuple[tuple[int, int, int], _Rules] | None = None
        self._rules = _SECRET
        self._goes_on = False

    def command(self, raw: bytes) -> MaskedBytes:
        """Mask a command."""
        begun, self._begun = self._begun, None
        self._selected = None
        try:
            apdu = CommandApdu.from_bytes(raw)
        except ApduFormatError:
            self._rules = _SECRET
            return MaskedBytes.of(raw, range(len(raw)))
        self._rules = self._judge(apdu, begun)
        if apdu.cla & _CHAINED:
            self._chain = _head(apdu), self._rules
        else:
            self._chain = None
        part = begun is not None or self._chain is not None
        start = data_at(raw, apdu)
        hidden = _hidden(apdu.data, self._rules.command, part=part)
        return MaskedBytes.of(raw, [start + at for at in hidden])

    def answer(self, raw: bytes) -> MaskedBytes:
        """Mask the answer to the last command; its status word is never hidden."""
        data, sw = raw[:-2], int.from_bytes(raw[-2:], "big")
        if len(raw) < 2:
            data, sw = raw, 0
        if sw == StatusWord.SUCCESS:
            self._begun = self._chain
            if self._selected is not None:
                self._application = self._selected
        part = self._goes_on or sw >> 8 == _MORE
        self._goes_on = sw >> 8 == _MORE
        return MaskedBytes.of(raw, _hidden(data, self._rules.answer, part=part))

    def _judge(
        self, apdu: CommandApdu, begun: tuple[tuple[int, int, int], _Rules] | None
    ) -> _Rules:
        goes_on = self._goes_on
        if apdu.ins == Instruction.GET_RESPONSE:
            return _Rules(Rule.HIDE, self._rules.answer if goes_on else Rule.HIDE)
        self._goes_on = False
        own = self._own(apdu)
        if begun is None or begun[0] != _head(apdu):
            return own
        # What begins as a command of its own may be one, where the card has dropped the chain.
        if apdu.ins != Instruction.GENERAL_AUTHENTICATE and _named_object(apdu.data) is not None:
            return own
        return begun[1]

    def _own(self, apdu: CommandApdu) -> _Rules:
        if apdu.cla & _SECURE_MESSAGING:
            return _SECRET
        if apdu.ins == Instruction.SELECT and apdu.p1 == _BY_NAME:
            self._selected = _application(apdu.data)
            return _PUBLIC
        if self._application is _Application.ANOTHER:
            return _SECRET
        if self._application is _Application.YUBIKEY_MANAGEMENT:
            tells = apdu.ins == management_application.READ_CONFIG
            return _Rules(Rule.HIDE, Rule.SHOW if tells else Rule.HIDE)
        if carries_secret(apdu.ins):
            return _Rules(Rule.HIDE, Rule.SHOW if apdu.ins in _TELL_ONLY else Rule.HIDE)
        if apdu.ins in {Instruction.GET_DATA, Instruction.PUT_DATA}:
            return _about_an_object(apdu)
        if apdu.ins == Instruction.GENERAL_AUTHENTICATE:
            return _by_a_key(apdu)
        return _PUBLIC


def _head(apdu: CommandApdu) -> tuple[int, int, int]:
    return apdu.ins, apdu.p1, apdu.p2


def data_at(raw: bytes, apdu: CommandApdu) -> int:
    """Tell where the data begins, behind a length of one byte or of three."""
    return 7 if apdu.data and not raw[4] else 5


def _application(aid: bytes) -> _Application:
    if is_right_truncated_aid(aid):
        return _Application.PIV
    if aid == management_application.AID:
        return _Application.YUBIKEY_MANAGEMENT
    return _Application.ANOTHER


def _named_object(data: bytes) -> int | None:
    """Read the tag that data begins with a list of; None where it is not whole or not one."""
    if len(data) < 2 or data[0] != _TAG_LIST:
        return None
    try:
        tag_list = Tlv.from_bytes(data[: 2 + data[1]])
    except TlvFormatError:
        return None
    return int.from_bytes(tag_list.value, "big")


def _about_an_object(apdu: CommandApdu) -> _Rules:
    tag = _named_object(apdu.data)
    reads = apdu.ins == Instruction.GET_DATA
    if tag is None or (reads and len(apdu.data) != 2 + apdu.data[1]):
        return _SECRET
    if READ_RULES.get(tag) is AccessRule.ALWAYS or tag == ATTESTATION_CERTIFICATE:
        return _PUBLIC
    # Which object is read may be told.
    return _Rules(Rule.SHOW if reads else Rule.HIDE, Rule.HIDE)


def _by_a_key(apdu: CommandApdu) -> _Rules:
    algorithm, key = apdu.p1, apdu.p2
    if key == KeyReference.MANAGEMENT or algorithm in {_TDES_BY_DEFAULT, *MANAGEMENT_KEY_BYTES}:
        return _Rules(Rule.LENGTHS, Rule.LENGTHS)
    if key == KeyReference.SECURE_MESSAGING and algorithm in {Algorithm.CS2, Algorithm.CS7}:
        return _PUBLIC
    if algorithm not in _ASYMMETRIC:
        return _SECRET
    signs = key in SIGNING_KEYS and _asks_for_a_signature(algorithm, apdu.data)
    return _Rules(Rule.SHOW, Rule.SHOW if signs else Rule.HIDE)


def _asks_for_a_signature(algorithm: int, data: bytes) -> bool:
    if algorithm in _RSA:
        return _SIGNATURE_BLOCK.match(data) is not None
    tags = _template_tags(data)
    return algorithm in _SIGNING_CURVES and tags is not None and tags <= _TO_SIGN


def _template_tags(data: bytes) -> frozenset[int] | None:
    try:
        return frozenset(tlv.tag for tlv in parse_tlvs(_template(data)))
    except TlvFormatError:
        return None


def _template(data: bytes) -> bytes:
    template = Tlv.from_bytes(data)
    if template.tag != _TEMPLATE:
        raise TlvFormatError("it is no dynamic authentication template")
    return template.value


def _hidden(data: bytes, rule: Rule, *, part: bool) -> list[int]:
    """List the places in data that a rule hides; a part of more has no structure to be told."""
    if rule is Rule.SHOW:
        return []
    everything = list(range(len(data)))
    if rule is Rule.HIDE or part:
        return everything
    try:
        inner = _template(data)
        tlvs = parse_tlvs(inner)
    except TlvFormatError:
        return everything
    if not {tlv.tag for tlv in tlvs} <= _IN_TEMPLATE:
        return everything
    hidden: list[int] = []
    end = len(data) - len(inner)
    for tlv in tlvs:
        end += len(bytes(tlv))
        hidden += range(end - len(tlv.value), end)
    # Lengths in a longer form than they need would have put the places wrong.
    return hidden if end == len(data) else everything
