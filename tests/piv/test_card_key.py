# SPDX-License-Identifier: Apache-2.0
"""A key on the card whose passcode is wanted each time though its slot does not say so."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.config import assemble, load_configuration
from selfrenew.piv import KeyReference
from selfrenew.piv.card_key import CardKey
from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import NotAuthenticatedError, WrongPasscodeError
from selfrenew.secret import Secret
from selfrenew_emulator.card import Card, Personality
from selfrenew_emulator.card.vendor import PinPolicy
from selfrenew_emulator.stage import EmbeddedStage
from selfrenew_steps.card_contents import tries_left

AUTHENTICATION = KeyReference.PIV_AUTHENTICATION
PASSCODE = Secret("123456")


@pytest.fixture
def stage() -> Iterator[EmbeddedStage]:
    with EmbeddedStage() as stage:
        yield stage


def insert_strict_card(stage: EmbeddedStage) -> Card:
    """Insert a YubiKey made to want the passcode each time for 9A, too."""
    card = stage.make_card(stage.make_person(), days_left=30, personality=Personality.YUBIKEY)
    key = card.state.keys[AUTHENTICATION]
    card.store.put_key(AUTHENTICATION, replace(key, pin_policy=PinPolicy.ALWAYS))
    card.store.commit()
    stage.reader.insert(card)
    return card


def test_a_card_that_wants_the_passcode_each_time_is_renewed(stage: EmbeddedStage) -> None:
    insert_strict_card(stage)
    configuration = load_configuration(stage.config_file)
    with assemble(configuration, reader=stage.reader, clock=stage.clock) as reference:
        assert len(reference.renew(PASSCODE).new) == 2
    assert tries_left(stage.reader) == 3


def test_a_wrong_passcode_is_presented_once_to_a_card_that_wants_it_each_time(
    stage: EmbeddedStage,
) -> None:
    insert_strict_card(stage)
    client = PivClient(stage.reader.connect())
    client.select()
    certificate = client.read_certificate(AUTHENTICATION)
    assert certificate is not None
    key = CardKey.certified(client, AUTHENTICATION, certificate, Secret("000000"))
    with pytest.raises(WrongPasscodeError):
        key.sign(b"message")
    with pytest.raises(NotAuthenticatedError):
        key.sign(b"message")
    assert tries_left(stage.reader) == 2


@dataclass
class NeverSatisfied:
    """A connection to a card that takes any passcode and signs for nobody."""

    signed: int = 0
    verified: list[bytes] = field(default_factory=list)
    atr: bytes = b"\x3b\x00"

    def transmit(self, command: bytes) -> bytes:
        if command[1] == 0x87:
            self.signed += 1
            return b"\x69\x82"
        if command[1] == 0x20:
            self.verified.append(command)
        return b"\x90\x00"

    def reset(self) -> None:
        pass

    def exclusive(self) -> AbstractContextManager[object]:
        return nullcontext()

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("reference", "signed"),
    [(AUTHENTICATION, 2), (KeyReference.DIGITAL_SIGNATURE, 1)],
)
def test_a_card_that_refuses_after_the_passcode_is_not_asked_again(
    reference: KeyReference, signed: int
) -> None:
    connection = NeverSatisfied()
    public_key = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    key = CardKey(PivClient(connection), reference, public_key, PASSCODE)
    with pytest.raises(NotAuthenticatedError):
        key.sign(b"message")
    assert connection.signed == signed
    assert len(connection.verified) == 1
