# SPDX-License-Identifier: Apache-2.0
"""GET DATA and PUT DATA (SP 800-73-4 Part 2, 3.1.2 and 3.3.1)."""

from selfrenew.iso7816 import CommandApdu, StatusWord, Tlv, TlvFormatError, parse_tlvs
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import ReferenceDataQualifier

from .access import CONTACTLESS_READ_RULES, READ_RULES, AccessRule, ContactlessRule
from .refusal import CommandRefusedError, incorrect_data
from .security import SecurityStatus
from .store import Store
from .virtual_contact import InterfaceRules, can_keep, pairing_code, policy_of

_TAG_LIST = 0x5C
_DATA = 0x53
_OBJECT_MAX_BYTES = 32_768
_MEMORY_BYTES = 160_000
_BARE = frozenset({DataObject.DISCOVERY.tag, DataObject.BIOMETRIC_GROUP_TEMPLATE.tag})
"""Objects that are their own wrapper, not put in a 53."""


class ObjectCommands:
    """The commands about data objects."""

    def __init__(self, store: Store, security: SecurityStatus, rules: InterfaceRules) -> None:
        self._store = store
        self._security = security
        self._rules = rules

    def read_rule(self, tag: int) -> AccessRule | None:
        """Tell what has to come before an object is read; None where the card has no such."""
        return READ_RULES.get(tag)

    def get(self, command: CommandApdu) -> bytes:
        """Answer a data object in its wrapper."""
        data = command.data
        if (command.p1, command.p2) != (0x3F, 0xFF):
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        if len(data) < 3 or data[0] != _TAG_LIST or data[1] != len(data) - 2:
            raise incorrect_data()
        tag = _tag(data[2:])
        rule = self.read_rule(tag)
        if rule is None:
            raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)
        self._rules.require(CONTACTLESS_READ_RULES.get(tag, ContactlessRule.NEVER))
        self._security.require(rule)
        content = self._store.state.objects.get(tag)
        if content is None:
            raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)
        return content if tag in _BARE else bytes(Tlv(_DATA, content))

    def put(self, command: CommandApdu) -> bytes:
        """Replace a data object whole."""
        if (command.p1, command.p2) != (0x3F, 0xFF):
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        self._security.require_management()
        tag, content = _parse_put(command.data)
        if self.read_rule(tag) is None:
            raise CommandRefusedError(StatusWord.FUNCTION_NOT_SUPPORTED)
        used = sum(map(len, self._store.state.objects.values()))
        used -= len(self._store.state.objects.get(tag, b""))
        if len(content) > _OBJECT_MAX_BYTES or used + len(content) > _MEMORY_BYTES:
            raise CommandRefusedError(StatusWord.NOT_ENOUGH_MEMORY)
        self._replace(tag, content)
        if tag in {DataObject.DISCOVERY.tag, DataObject.PAIRING_CODE.tag}:
            self._follow_policy(tag)
        return b""

    def _replace(self, tag: int, content: bytes) -> None:
        """Write an object; the standard keeps an unused one with zero length (Part 1, 4.1)."""
        self._store.put_object(tag, content)

    def _follow_policy(self, written: int) -> None:
        """Hold the card to the discovery object, or refuse an object that would not be true."""
        state = self._store.state
        policy = policy_of(state)
        if written == DataObject.DISCOVERY.tag:
            kept = can_keep(state, policy)
        else:
            kept = not policy.virtual_contact or pairing_code(state) is not None
        if not kept:
            raise incorrect_data()
        # What satisfies no rule any more, or has another value now, is no longer verified either.
        self._security.verified.discard(ReferenceDataQualifier.PAIRING_CODE)
        if not policy.global_pin:
            self._security.verified.discard(ReferenceDataQualifier.GLOBAL_PIN)


def _tag(raw: bytes) -> int:
    if not raw or not raw[0]:
        raise incorrect_data()
    return int.from_bytes(raw, "big")


def _parse_put(data: bytes) -> tuple[int, bytes]:
    try:
        tlvs = parse_tlvs(data)
    except TlvFormatError as error:
        raise incorrect_data() from error
    if len(tlvs) == 1 and tlvs[0].tag in _BARE:
        return tlvs[0].tag, data
    if [tlv.tag for tlv in tlvs] != [_TAG_LIST, _DATA]:
        raise incorrect_data()
    tag = _tag(tlvs[0].value)
    if tag in _BARE:
        raise incorrect_data()
    return tag, tlvs[1].value
