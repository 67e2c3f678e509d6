# SPDX-License-Identifier: Apache-2.0
"""What is sent to a card that speaks T=0, seen where PC/SC takes it."""

import pytest
from smartcard import scard

from selfrenew.transport.pcsc.connection import PcscConnection

CASES = {
    "case 1": ("00200080", "0020008000"),
    "case 2": ("00C0000008", "00C0000008"),
    "case 2 with Le 00": ("00C0000000", "00C0000000"),
    "case 3": ("0020008008313233343536FFFF", "0020008008313233343536FFFF"),
    "case 4": ("00CB3FFF035C017E00", "00CB3FFF035C017E"),
    "case 4 with 255 bytes": ("00CB3FFFFF" + 255 * "5C" + "00", "00CB3FFFFF" + 255 * "5C"),
}


class Card:
    """Stands for PC/SC with a card in a reader; keeps what it is sent and how."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, protocol: int) -> None:
        self.sent: list[tuple[object, bytes]] = []
        done = scard.SCARD_S_SUCCESS
        name = "selfrenew.transport.pcsc.connection."
        monkeypatch.setattr(name + "open_context", lambda: 1)
        monkeypatch.setattr(name + "reader_state", lambda *_: (None, 0x20, b""))
        monkeypatch.setattr(name + "event_count", lambda _: 1)
        monkeypatch.setattr(scard, "SCardConnect", lambda *_: (done, 1, protocol))
        monkeypatch.setattr(scard, "SCardTransmit", self.transmit)

    def transmit(self, _: int, pci: object, command: list[int]) -> tuple[int, list[int]]:
        self.sent.append((pci, bytes(command)))
        return scard.SCARD_S_SUCCESS, [0x90, 0x00]


@pytest.mark.parametrize(("command", "carried"), CASES.values(), ids=CASES)
def test_t0_carries_a_header_p3_and_data_of_one_direction(
    command: str, carried: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Card(monkeypatch, scard.SCARD_PROTOCOL_T0)
    PcscConnection("Desk").transmit(bytes.fromhex(command))
    assert card.sent == [(scard.SCARD_PCI_T0, bytes.fromhex(carried))]


@pytest.mark.parametrize(("command", "_"), CASES.values(), ids=CASES)
def test_t1_carries_a_command_as_it_is(
    command: str, _: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Card(monkeypatch, scard.SCARD_PROTOCOL_T1)
    PcscConnection("Desk").transmit(bytes.fromhex(command))
    assert card.sent == [(scard.SCARD_PCI_T1, bytes.fromhex(command))]
