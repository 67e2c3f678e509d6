# SPDX-License-Identifier: Apache-2.0
"""SELECT, and the table of the PIV application's commands (SP 800-73-4 Part 2, table 2)."""

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from selfrenew.iso7816 import CommandApdu, Instruction, StatusWord, Tlv
from selfrenew.piv.references import Algorithm
from selfrenew_emulator.randomness import Randomness

from .authentication import KeyCommands
from .key_establishment import suite_of
from .keys import KeySource
from .objects import ObjectCommands
from .references import ReferenceCommands
from .refusal import CommandRefusedError
from .security import SecurityStatus
from .store import Store
from .virtual_contact import InterfaceRules

AID = bytes.fromhex("A000000308000010000100")
_SHORTEST_AID = 5
_LABEL = b"PIV"
_ALGORITHMS = (
    Algorithm.RSA2048,
    Algorithm.RSA3072,
    Algorithm.RSA4096,
    Algorithm.AES128,
    Algorithm.AES192,
    Algorithm.AES256,
    Algorithm.P256,
    Algorithm.P384,
)

Handler = Callable[[CommandApdu], bytes]


class Application(Protocol):
    """What takes commands: one application, or several of which one is selected."""

    handlers: dict[int, Handler]

    def select_default(self) -> None:
        """Select what is selected after a reset."""


class PivApplication:
    """The application; `handlers` maps INS to the command."""

    def __init__(
        self, store: Store, security: SecurityStatus, randomness: Randomness, key_source: KeySource
    ) -> None:
        rules = InterfaceRules(store, security)
        references = ReferenceCommands(store, security, rules, randomness)
        objects = ObjectCommands(store, security, rules)
        key_commands = KeyCommands(store, security, rules, randomness, key_source)
        self._store = store
        self.handlers: dict[int, Handler] = {
            Instruction.SELECT: self.select,
            Instruction.GET_DATA: objects.get,
            Instruction.VERIFY: references.verify,
            Instruction.CHANGE_REFERENCE_DATA: references.change,
            Instruction.RESET_RETRY_COUNTER: references.reset,
            Instruction.GENERAL_AUTHENTICATE: key_commands.general_authenticate,
            Instruction.PUT_DATA: objects.put,
            Instruction.GENERATE_ASYMMETRIC_KEY_PAIR: key_commands.generate,
        }

    def select(self, command: CommandApdu) -> bytes:
        """Select PIV by its full or right-truncated AID; any other leaves it selected (3.1.1).

        Selecting it again keeps the security status, as the standard says.
        """
        check_select(command)
        if not is_right_truncated_aid(command.data):
            raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)
        if command.p2 == 0x0C:
            return b""
        state = self._store.state
        suite = suite_of(state)
        return _property_template(state.allow_tdes, suite and suite.identifier)

    def select_default(self) -> None:
        """Keep PIV selected, the only application there is."""


def check_select(command: CommandApdu) -> None:
    """Raise CommandRefusedError where a SELECT is not by name, for an answer or for none."""
    if command.p1 != 0x04 or command.p2 not in {0x00, 0x0C}:
        raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)


def is_right_truncated_aid(aid: bytes) -> bool:
    """Tell whether an AID names PIV, whole or cut off behind the RID."""
    return len(aid) >= _SHORTEST_AID and AID.startswith(aid)


@lru_cache(maxsize=8)
def _property_template(allow_tdes: bool, suite: Algorithm | None) -> bytes:
    """Build the application property template (Part 2, tables 3 to 5)."""
    # The suite comes first: OpenSC looks at the first algorithm of a template alone.
    supported = [] if suite is None else [suite]
    if allow_tdes:
        supported.append(Algorithm.TDES)
    supported += _ALGORITHMS
    algorithms = b"".join(bytes(Tlv(0x80, bytes([algorithm]))) for algorithm in supported)
    algorithms += bytes(Tlv(0x06, b"\x00"))
    authority = bytes(Tlv(0x79, bytes(Tlv(0x4F, AID[:_SHORTEST_AID]))))
    body = bytes(Tlv(0x4F, AID)) + authority + bytes(Tlv(0x50, _LABEL))
    return bytes(Tlv(0x61, body + bytes(Tlv(0xAC, algorithms))))
