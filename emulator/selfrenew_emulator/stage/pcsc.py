# SPDX-License-Identifier: Apache-2.0
"""The PC/SC stage: its cards are in a reader that every PC/SC program sees."""

import os
from types import TracebackType
from typing import Unpack

from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import PrivatePcscd, VpcdReader

from .local import LocalStage, StageOptions

SOCKET_VARIABLE = "PCSCLITE_CSOCK_NAME"
"""Names the daemon's socket to pcsc-lite, which reads it once in a process."""


class PcscStage(LocalStage):
    """A stage whose reader is a slot of a running private pcscd; the options are `LocalStage`'s.

    PC/SC programs of this process are pointed to that daemon. They cannot be pointed to another
    one afterwards, so a process has one `pcscd` for all its stages.
    """

    reader: VpcdReader[Card]

    def __init__(
        self, pcscd: PrivatePcscd, *, slot: int = 0, **options: Unpack[StageOptions]
    ) -> None:
        os.environ[SOCKET_VARIABLE] = str(pcscd.socket_file)
        name = pcscd.reader_names[slot]
        settings = {"transport": "pcsc", "location": name}
        super().__init__(pcscd.reader(slot), settings, **options)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the card out, then stop the services."""
        try:
            self.reader.close()
        finally:
            super().__exit__(kind, error, traceback)
