# SPDX-License-Identifier: Apache-2.0
"""The data objects of a YubiKey: the standard's, and any that its owner likes to keep.

Among them are those that clients have agreed on: the attestation certificate (5FFF01), ykman's data
on the management key (5FFF00), and the Windows minidriver's key map and roots (5FFF10 to 5FFF15).
"""

from selfrenew.iso7816 import CommandApdu, StatusWord
from selfrenew_emulator.card.access import READ_RULES, AccessRule
from selfrenew_emulator.card.objects import ObjectCommands
from selfrenew_emulator.card.refusal import CommandRefusedError, incorrect_data

FREE_TAGS = range(0x5F0000, 0x600000)


def read_rule(tag: int) -> AccessRule | None:
    """Tell what has to come before an object is read; None where there can be no such."""
    return READ_RULES.get(tag, AccessRule.ALWAYS if tag in FREE_TAGS else None)


class YubiKeyObjects(ObjectCommands):
    """The commands about data objects, on all that a YubiKey keeps."""

    def read_rule(self, tag: int) -> AccessRule | None:
        """Tell what has to come before an object is read."""
        return read_rule(tag)

    def put(self, command: CommandApdu) -> bytes:
        """Replace a data object whole; clients tell by 6A80 that there can be no such."""
        try:
            return super().put(command)
        except CommandRefusedError as error:
            if error.sw == StatusWord.FUNCTION_NOT_SUPPORTED:
                raise incorrect_data() from error
            raise

    def _replace(self, tag: int, content: bytes) -> None:
        """Write an object, or remove it: clients delete by writing nothing."""
        if content:
            self._store.put_object(tag, content)
        else:
            self._store.remove_object(tag)
