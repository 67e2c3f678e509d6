# SPDX-License-Identifier: Apache-2.0
"""virtualsmartcard's `VirtualICC` with our card in it; its arguments are the port and an image."""

import logging
import sys
from pathlib import Path

from virtualsmartcard.VirtualSmartcard import VirtualICC

from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import SmartcardOS

if __name__ == "__main__":
    vicc = VirtualICC(None, "iso7816", "127.0.0.1", int(sys.argv[1]), logginglevel=logging.WARNING)
    vicc.os = SmartcardOS(Card.open(Path(sys.argv[2])))
    vicc.run()
