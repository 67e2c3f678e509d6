# SPDX-License-Identifier: Apache-2.0
"""A factory-fresh emulated YubiKey with Yubico's library connected to it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from yubikit import piv
from yubikit.core import TRANSPORT
from yubikit.core.smartcard import ApduError, SmartCardConnection

from selfrenew_emulator.card import Card

from .cards import KEY, PIN, factory_fresh


class Connection(SmartCardConnection):  # type: ignore[misc]
    """The library's connection, straight to a card in this process."""

    transport = TRANSPORT.USB

    def __init__(self, card: Card) -> None:
        self._card = card

    def send_and_receive(self, apdu: bytes) -> tuple[bytes, int]:
        answer = self._card.transmit(apdu)
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    def close(self) -> None:
        self._card.power_off()


class NfcConnection(Connection):
    """What ykman takes a reader for whose card's ATR is not that of a key on USB."""

    transport = TRANSPORT.NFC


@dataclass
class Desk:
    """A factory-fresh card and a session with it."""

    card: Card = field(default_factory=factory_fresh)

    def __post_init__(self) -> None:
        self.card.power_on()
        self.session = piv.PivSession(Connection(self.card))

    def sign_in(self) -> Any:
        self.session.authenticate(KEY)
        self.session.verify_pin(PIN)
        return self.session


def refused(call: Callable[[], object]) -> int:
    with pytest.raises(ApduError) as caught:
        call()
    return int(caught.value.sw)


def assert_is_signed_by(public: Any, signature: bytes, message: bytes) -> None:
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    else:
        public.verify(signature, message)
