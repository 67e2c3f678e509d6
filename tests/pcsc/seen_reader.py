# SPDX-License-Identifier: Apache-2.0
"""A reader whose cards every program sees when the test goes on."""

import time
from contextlib import suppress

from selfrenew.transport import TransportError
from selfrenew.transport.pcsc import PcscReader
from selfrenew_emulator.reader import LinkedCard, VpcdReader


class SeenReader(VpcdReader[LinkedCard]):
    """A slot whose card every program sees once it is in, and none once it is out.

    pcscd powers a card a moment before it tells its clients, and so with one that is gone.
    """

    def insert(self, card: LinkedCard) -> None:
        super().insert(card)
        assert PcscReader(self.name).wait_for_card(20), (
            f"pcscd does not show the card in {self.name}"
        )

    def remove(self) -> LinkedCard:
        card = super().remove()
        deadline = time.monotonic() + 20
        # A test may have ended pcscd, and then nothing shows the card.
        with suppress(TransportError):
            while PcscReader(self.name).card_present:
                assert time.monotonic() < deadline, f"pcscd still shows the card in {self.name}"
        return card
