# SPDX-License-Identifier: Apache-2.0
"""The management application: what device this is. Its configuration can be read, not written."""

from selfrenew.iso7816 import CommandApdu, StatusWord, Tlv
from selfrenew_emulator.card.refusal import CommandRefusedError
from selfrenew_emulator.card.store import Store

from .firmware import FORM_FACTOR_USB_C_KEYCHAIN, SERIAL_BYTES, VERSION, version_text

AID = bytes.fromhex("A000000527471117")
READ_CONFIG = 0x1D

_USB_SUPPORTED, _SERIAL, _USB_ENABLED, _FORM_FACTOR, _VERSION = range(0x01, 0x06)
_AUTO_EJECT_TIMEOUT, _CHALLENGE_RESPONSE_TIMEOUT, _DEVICE_FLAGS = range(0x06, 0x09)
_CONFIGURATION_LOCK = 0x0A
_FIPS_CAPABLE, _FIPS_APPROVED, _PIN_COMPLEXITY = range(0x14, 0x17)
_RESET_BLOCKED = 0x18
_PIV_ALONE = bytes.fromhex("0010")
_NONE = bytes(2)
_OFF = b"\x00"
_CHALLENGE_RESPONSE_SECONDS = 15


class ManagementApplication:
    """The commands of the management application."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def greet(self) -> bytes:
        """Answer being selected; clients read the version out of the text."""
        return f"Virtual mgr - FW version {version_text()}".encode()

    def read_config(self, command: CommandApdu) -> bytes:
        """Answer the only page (P1 00) of the device's description, behind its length."""
        if command.p1 or command.p2:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        serial = (self._store.state.serial or 0).to_bytes(SERIAL_BYTES, "big")
        page = b"".join(
            bytes(Tlv(tag, value))
            for tag, value in (
                (_USB_SUPPORTED, _PIV_ALONE),
                (_SERIAL, serial),
                (_USB_ENABLED, _PIV_ALONE),
                (_FORM_FACTOR, bytes((FORM_FACTOR_USB_C_KEYCHAIN,))),
                (_VERSION, VERSION),
                (_AUTO_EJECT_TIMEOUT, bytes(2)),
                (_CHALLENGE_RESPONSE_TIMEOUT, bytes((_CHALLENGE_RESPONSE_SECONDS,))),
                (_DEVICE_FLAGS, _OFF),
                (_CONFIGURATION_LOCK, _OFF),
                (_FIPS_CAPABLE, _NONE),
                (_FIPS_APPROVED, _NONE),
                (_PIN_COMPLEXITY, _OFF),
                (_RESET_BLOCKED, _NONE),
            )
        )
        return bytes((len(page),)) + page
