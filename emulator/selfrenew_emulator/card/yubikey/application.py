# SPDX-License-Identifier: Apache-2.0
"""The applications of a YubiKey, PIV and management, of which one is selected at a time."""

from selfrenew.iso7816 import CommandApdu, Instruction, StatusWord, Tlv
from selfrenew_emulator.card.application import AID, Handler, check_select, is_right_truncated_aid
from selfrenew_emulator.card.keys import KeySource
from selfrenew_emulator.card.refusal import CommandRefusedError
from selfrenew_emulator.card.security import SecurityStatus
from selfrenew_emulator.card.store import Store
from selfrenew_emulator.card.vendor import VendorInstruction
from selfrenew_emulator.card.virtual_contact import InterfaceRules
from selfrenew_emulator.randomness import Randomness

from . import management_application
from .attestation import Attestation
from .firmware import SERIAL_BYTES, VERSION
from .key_commands import YubiKeyKeyCommands
from .management_application import ManagementApplication
from .metadata import Metadata
from .objects import YubiKeyObjects
from .references import YubiKeyReferences
from .reset import Reset

_RID_BYTES = 5
# Shorter than the standard's: neither label nor algorithms.
_PROPERTY_TEMPLATE = bytes(
    Tlv(
        0x61,
        bytes(Tlv(0x4F, AID[_RID_BYTES:])) + bytes(Tlv(0x79, bytes(Tlv(0x4F, AID[:_RID_BYTES])))),
    )
)


class YubiKey:
    """All applications; `handlers` are the commands of the one that is selected."""

    def __init__(
        self, store: Store, security: SecurityStatus, randomness: Randomness, key_source: KeySource
    ) -> None:
        self._store = store
        self._security = security
        rules = InterfaceRules(store, security)
        references = YubiKeyReferences(store, security, rules, randomness)
        objects = YubiKeyObjects(store, security, rules)
        key_commands = YubiKeyKeyCommands(store, security, rules, randomness, key_source)
        self._piv: dict[int, Handler] = {
            Instruction.SELECT: self.select,
            Instruction.GET_DATA: objects.get,
            Instruction.VERIFY: references.verify,
            Instruction.CHANGE_REFERENCE_DATA: references.change,
            Instruction.RESET_RETRY_COUNTER: references.reset,
            Instruction.GENERAL_AUTHENTICATE: key_commands.general_authenticate,
            Instruction.PUT_DATA: objects.put,
            Instruction.GENERATE_ASYMMETRIC_KEY_PAIR: key_commands.generate,
            VendorInstruction.MOVE_KEY: key_commands.move,
            VendorInstruction.GET_METADATA: Metadata(store).get,
            VendorInstruction.GET_SERIAL: self.serial,
            VendorInstruction.ATTEST: Attestation(store, randomness).attest,
            VendorInstruction.SET_PIN_RETRIES: references.set_retries,
            VendorInstruction.RESET: Reset(store, security, references.set_defaults).reset,
            VendorInstruction.GET_VERSION: self.version,
            VendorInstruction.IMPORT_KEY: key_commands.import_key,
            VendorInstruction.SET_MANAGEMENT_KEY: key_commands.set_management_key,
        }
        self._management = ManagementApplication(store)
        self._management_handlers: dict[int, Handler] = {
            Instruction.SELECT: self.select,
            management_application.READ_CONFIG: self._management.read_config,
        }
        self.handlers = self._piv

    def select_default(self) -> None:
        """Select PIV, as a reset does."""
        self.handlers = self._piv

    def select(self, command: CommandApdu) -> bytes:
        """Select PIV or the management application; a refusal leaves the one that is selected.

        The security status is PIV's, and ends when the other application is selected
        (SP 800-73-4 Part 2, 3.1.1).
        """
        check_select(command)
        if command.data == management_application.AID:
            self._security.clear()
            self.handlers = self._management_handlers
            answer = self._management.greet()
        elif is_right_truncated_aid(command.data):
            self.handlers = self._piv
            answer = _PROPERTY_TEMPLATE
        else:
            raise CommandRefusedError(StatusWord.FILE_NOT_FOUND)
        return b"" if command.p2 == 0x0C else answer

    def version(self, command: CommandApdu) -> bytes:
        """Answer the firmware's version."""
        _check_no_parameters(command)
        return VERSION

    def serial(self, command: CommandApdu) -> bytes:
        """Answer the serial number."""
        _check_no_parameters(command)
        return (self._store.state.serial or 0).to_bytes(SERIAL_BYTES, "big")


def _check_no_parameters(command: CommandApdu) -> None:
    if command.p1 or command.p2:
        raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
