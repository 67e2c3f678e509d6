# SPDX-License-Identifier: Apache-2.0
"""The emulated card as a reader sees it: power, reset, ATR, and bytes in, bytes out."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Self

from selfrenew.iso7816 import ApduFormatError, CommandApdu, Instruction, StatusWord
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm, KeyReference, ReferenceDataQualifier
from selfrenew_emulator.randomness import Randomness, system_randomness

from .application import AID, Application, PivApplication
from .atr import ATRS
from .authentication import MANAGEMENT_KEY_BYTES
from .channel import CommandChain, PendingAnswer
from .discovery import discovery_object
from .image import CardImage
from .keys import KeySource, generate
from .personality import Personality
from .refusal import CommandRefusedError
from .security import SecurityStatus
from .store import CardState, Store, StoredKey, StoredReference
from .yubikey import DEFAULT_MANAGEMENT_KEY, DEFAULT_PIN, DEFAULT_PUK, YubiKey, equip

_log = logging.getLogger(__name__)

_TRIES = 3
_PIN = ReferenceDataQualifier.APPLICATION_PIN
_PUK = ReferenceDataQualifier.PUK
_GLOBAL_PIN = ReferenceDataQualifier.GLOBAL_PIN


_APPLICATIONS: dict[
    Personality, Callable[[Store, SecurityStatus, Randomness, KeySource], Application]
] = {Personality.PIV: PivApplication, Personality.YUBIKEY: YubiKey}


class Card:
    """A PIV card. `transmit` takes any bytes and always answers; it never raises.

    Power it off and on, or reset it, to forget what was verified; `state` is what survives.
    """

    def __init__(
        self,
        state: CardState,
        *,
        randomness: Randomness = system_randomness,
        key_source: KeySource = generate,
    ) -> None:
        self.atr = ATRS[state.personality]
        self.store = Store(state)
        self._image: CardImage | None = None
        self._security = SecurityStatus()
        self._chain = CommandChain()
        self._answer = PendingAnswer()
        self._application = _APPLICATIONS[state.personality](
            self.store, self._security, randomness, key_source
        )

    @classmethod
    def blank(
        cls,
        *,
        pin: bytes | None = None,
        puk: bytes | None = None,
        management_key: bytes | None = None,
        management_algorithm: Algorithm = Algorithm.AES192,
        global_pin: bytes | None = None,
        personality: Personality = Personality.PIV,
        allow_tdes: bool = False,
        randomness: Randomness = system_randomness,
        key_source: KeySource = generate,
    ) -> Self:
        """Make a card without key pairs, its only object the discovery object.

        `pin`, `puk` and `global_pin` are unpadded, 1 to 8 bytes. A YubiKey has an attestation key,
        and the values of the factory for what is not given; other cards need the first three.
        Raise ValueError.
        """
        if personality is Personality.YUBIKEY:
            pin = DEFAULT_PIN if pin is None else pin
            puk = DEFAULT_PUK if puk is None else puk
            management_key = DEFAULT_MANAGEMENT_KEY if management_key is None else management_key
            allow_tdes = True
        if pin is None or puk is None or management_key is None:
            raise ValueError(f"a card of personality {personality.value} has no default secrets")
        if len(management_key) != MANAGEMENT_KEY_BYTES[management_algorithm]:
            raise ValueError(
                f"a management key for {management_algorithm.name} has "
                f"{MANAGEMENT_KEY_BYTES[management_algorithm]} bytes, not {len(management_key)}"
            )
        if management_algorithm is Algorithm.TDES and not allow_tdes:
            raise ValueError("Triple DES is off (SP 800-78-5 drops it): ask for allow_tdes=True")
        state = CardState(personality, allow_tdes=allow_tdes)
        state.keys[KeyReference.MANAGEMENT] = StoredKey(management_algorithm, management_key)
        state.objects[DataObject.DISCOVERY.tag] = discovery_object(
            AID, global_pin=global_pin is not None
        )
        for qualifier, value in ((_PIN, pin), (_PUK, puk), (_GLOBAL_PIN, global_pin)):
            if value is None:
                continue
            padded = value.ljust(8, b"\xff")
            if not value or len(padded) > 8:
                raise ValueError("a PIN and a PUK have 1 to 8 bytes")
            state.references[qualifier] = StoredReference.of(padded, randomness(16), _TRIES)
        if personality is Personality.YUBIKEY:
            equip(state, randomness, key_source)
        return cls(state, randomness=randomness, key_source=key_source)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        randomness: Randomness = system_randomness,
        key_source: KeySource = generate,
    ) -> Self:
        """Open a card image, locked against others; each change is written back at once."""
        image = CardImage.open(path)
        card = cls(image.state, randomness=randomness, key_source=key_source)
        card.store.on_commit = image.save
        card._image = image
        return card

    @property
    def state(self) -> CardState:
        """What is in the EEPROM. Read only."""
        return self.store.state

    def close(self) -> None:
        """Let a card image go; the card itself stays usable in memory."""
        if self._image is not None:
            self._image.close()
            self._image = None
            self.store.on_commit = None

    def reset(self) -> None:
        """Forget everything volatile, as a warm or a cold reset does."""
        self.store.rollback()
        self._security.clear()
        self._application.select_default()
        self._chain.clear()
        self._answer.clear()

    def power_on(self) -> bytes:
        """Give the card power; PIV is selected by default. Return the ATR."""
        self.reset()
        return self.atr

    def power_off(self) -> None:
        """Take the power away."""
        self.reset()

    def transmit(self, command: bytes) -> bytes:
        """Answer a command APDU: data and the status word."""
        try:
            answer = self._execute(bytes(command))
            self.store.commit()
        except CommandRefusedError as refusal:
            self.store.rollback()
            return refusal.sw.to_bytes(2, "big")
        except OSError as error:
            _log.error("the card's memory could not be written, it is as before: %s", error)
            self.reset()
            return StatusWord.MEMORY_FAILURE.to_bytes(2, "big")
        except Exception:  # noqa: BLE001  the one edge: a bug must show, and the card must live
            _log.exception("the card failed inside a command; its memory is as before it")
            # What the command granted before it failed is taken back with what it wrote.
            self.reset()
            return StatusWord.NO_PRECISE_DIAGNOSIS.to_bytes(2, "big")
        except BaseException:
            # Ctrl-C inside a command is power lost there: half of it must not be committed later.
            self.reset()
            raise
        return answer

    def _execute(self, raw: bytes) -> bytes:
        try:
            command = CommandApdu.from_bytes(raw)
        except ApduFormatError as error:
            self._interrupt()
            raise CommandRefusedError(StatusWord.WRONG_LENGTH) from error
        if command.cla & 0xEF:
            self._interrupt()
            raise CommandRefusedError(_class_refusal(command.cla))
        if command.ins != Instruction.GENERAL_AUTHENTICATE:
            # "Immediately before" (Part 1, 3.2.1) is over; VERIFY sets it anew.
            self._security.pin_just_verified = False
        if command.ins == Instruction.GET_RESPONSE:
            self._chain.clear()
            return self._answer.more(command)
        self._answer.clear()
        handler = self._application.handlers.get(command.ins)
        if handler is None:
            self._chain.clear()
            raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)
        whole = self._chain.collect(command) if command.cla or self._chain.open else command
        if whole is None:
            return b"\x90\x00"
        return self._answer.first(handler(whole), whole.le)

    def _interrupt(self) -> None:
        """End what only the command before this one may go on with."""
        self._security.pin_just_verified = False
        self._chain.clear()
        self._answer.clear()


def _class_refusal(cla: int) -> StatusWord:
    if cla & 0x80 or cla & 0x60:
        return StatusWord.CLASS_NOT_SUPPORTED
    if cla & 0x0C:
        return StatusWord.SECURE_MESSAGING_NOT_SUPPORTED
    return StatusWord.LOGICAL_CHANNEL_NOT_SUPPORTED
