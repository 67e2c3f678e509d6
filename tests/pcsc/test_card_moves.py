# SPDX-License-Identifier: Apache-2.0
"""Cards that are taken out, put back, swapped, or two at once, while OpenSC's programs run."""

import threading
from pathlib import Path

import pytest
from cryptography import x509

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import LinkedCard, VpcdReader

from .conftest import Insert, Printed, Run
from .issued_card import (
    AUTHENTICATION,
    CARD_AUTHENTICATION,
    PIN,
    PKCS11_ID,
    IssuedCard,
    common_name,
    four_keys,
    issue,
)

pytestmark = pytest.mark.interop

VERIFY = b"\x00\x20\x00\x80\x08"


class PulledCard:
    """A card that a hand takes out as soon as it has answered a command."""

    def __init__(self, card: Card, slot: VpcdReader[LinkedCard], last: bytes) -> None:
        self._card, self._slot, self._last = card, slot, last
        self.hand = threading.Thread(target=slot.remove)

    @property
    def atr(self) -> bytes:
        return self._card.atr

    def power_on(self) -> bytes:
        return self._card.power_on()

    def power_off(self) -> None:
        self._card.power_off()

    def reset(self) -> None:
        self._card.reset()

    def transmit(self, command: bytes) -> bytes:
        answer = self._card.transmit(command)
        if command.startswith(self._last) and not self.hand.is_alive():
            # The reader waits for the answer before the card is out of it.
            self.hand.start()
            while self._slot.card_present:
                pass
        return answer


def sign(identifier: str) -> tuple[str, ...]:
    return (
        *("pkcs11-tool", "--login", "--pin", PIN, "--sign", "--id", identifier),
        *("--mechanism", "SHA256-RSA-PKCS", "--input-file", "message"),
        *("--output-file", "signature"),
    )


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "message").write_text("a message")
    return tmp_path


def assert_is_signed(printed: Printed, files: Path, issued: IssuedCard) -> None:
    (files / "public.pem").write_text(issued.public_pem(AUTHENTICATION))
    check = ("openssl", "dgst", "-sha256", "-verify", "public.pem", "-signature", "signature")
    assert printed(*check, "message") == "Verified OK\n"


@pytest.mark.parametrize("last", [VERIFY, bytes.fromhex("10 87 07 9A")], ids=["pin", "half sent"])
def test_a_card_pulled_out_while_it_signs_fails_the_program_and_not_the_card(
    slots: list[VpcdReader[LinkedCard]], run: Run, printed: Printed, files: Path, last: bytes
) -> None:
    issued = issue(four_keys(Algorithm.RSA2048))
    before = issued.card.state
    pulled = PulledCard(issued.card, slots[0], last)
    slots[0].insert(pulled)
    failed = run(*sign(PKCS11_ID[AUTHENTICATION]))
    pulled.hand.join(60)
    assert failed.returncode != 0
    assert "C_Sign" in failed.stderr or "C_Login" in failed.stderr
    assert not (files / "signature").exists() or not (files / "signature").read_bytes()
    assert "(empty)" in printed("pkcs11-tool", "--list-slots")
    assert issued.card.state == before
    slots[0].insert(issued.card)
    printed(*sign(PKCS11_ID[AUTHENTICATION]))
    assert_is_signed(printed, files, issued)


def test_without_a_card_each_program_says_so(slots: list[VpcdReader[LinkedCard]], run: Run) -> None:
    for program in ("opensc-tool --name", "pkcs15-tool --list-keys", "piv-tool --name"):
        said = run(*program.split())
        assert said.returncode != 0
        assert (
            "No smart card readers with a card" in said.stderr or "Card not present" in said.stderr
        )
    assert "No slot with a token was found" in run("pkcs11-tool", "--list-objects").stderr


def test_of_two_cards_the_wanted_one_is_used_and_the_other_left_alone(
    insert: Insert, run: Run, printed: Printed, slots: list[VpcdReader[LinkedCard]]
) -> None:
    first = insert({CARD_AUTHENTICATION: Algorithm.P256}, 0)
    second = insert({AUTHENTICATION: Algorithm.P384}, 1)
    wrong = ("pkcs11-tool", "--login", "--pin", "111111", "--list-objects")
    run(*wrong, "--token-label", common_name(AUTHENTICATION))
    assert (first.pin_tries, second.pin_tries) == (3, 2)
    run(*wrong, "--slot-index", "0")
    assert (first.pin_tries, second.pin_tries) == (2, 2)
    for slot, issued in zip(slots, (first, second), strict=True):
        (key,) = issued.certificates
        read = ("pkcs15-tool", "--reader", slot.name, "--read-certificate", PKCS11_ID[key])
        read_off = x509.load_pem_x509_certificate(printed(*read).encode())
        assert read_off == issued.certificates[key]


def test_a_swapped_card_is_the_one_that_is_read(
    insert: Insert, printed: Printed, slots: list[VpcdReader[LinkedCard]]
) -> None:
    first = insert({AUTHENTICATION: Algorithm.P256})
    read = ("pkcs15-tool", "--read-certificate", PKCS11_ID[AUTHENTICATION])
    assert (
        x509.load_pem_x509_certificate(printed(*read).encode())
        == first.certificates[AUTHENTICATION]
    )
    slots[0].remove()
    second = insert({AUTHENTICATION: Algorithm.P256})
    assert (
        x509.load_pem_x509_certificate(printed(*read).encode())
        == second.certificates[AUTHENTICATION]
    )
