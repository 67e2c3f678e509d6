# SPDX-License-Identifier: Apache-2.0
"""OpenSC, through pcscd."""

from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import LinkedCard, VpcdReader

from .conftest import Run


def test_opensc_tool_sees_the_card(
    slots: list[VpcdReader[LinkedCard]], blank_card: Card, run: Run
) -> None:
    slots[0].insert(blank_card)
    atr = run("opensc-tool", "--reader", slots[0].name, "--atr")
    assert atr.stdout.strip().replace(":", "") == blank_card.atr.hex()
    name = run("opensc-tool", "--reader", slots[0].name, "--name")
    assert name.stdout.strip() == "Personal Identity Verification Card"
