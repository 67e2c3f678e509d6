# SPDX-License-Identifier: Apache-2.0
"""The emulated card as a reader sees it: power, reset, ATR, and bytes in, bytes out."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Self

from selfrenew.iso7816 import ApduFormatError, CommandApdu, Instruction, StatusWord
from selfrenew.piv.references import Algorithm
from selfrenew_emulator.randomness import Randomness, system_randomness

from .access import CONTACT_ONLY
from .application import Application, PivApplication
from .atr import ATRS, CONTACTLESS_ATR
from .blank import BlankSecrets, blank_state
from .channel import CommandChain, PendingAnswer
from .image import CardImage
from .interface import Interface, Interfaces, NoSuchInterfaceError
from .key_establishment import suite_of
from .keys import KeySource, generate
from .personality import Personality
from .refusal import CommandRefusedError
from .secure_messaging import SECURED, SecureSession, may_be_secured
from .security import SecurityStatus
from .store import (
    CONTACTLESS_RESERVE,
    CardState,
    Store,
    StoredKey,
)
from .tearing import Tear, torn_state
from .yubikey import YubiKey

_log = logging.getLogger(__name__)


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
        self.store = Store(state)
        self._image: CardImage | None = None
        self._security = SecurityStatus(interface=state.interfaces.default)
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
        interfaces: Interfaces = Interfaces.CONTACT,
        contactless_reserve: int = CONTACTLESS_RESERVE,
        symmetric_card_authentication_key: StoredKey | None = None,
        randomness: Randomness = system_randomness,
        key_source: KeySource = generate,
    ) -> Self:
        """Make a card without key pairs, its only object the discovery object.

        `pin`, `puk` and `global_pin` are unpadded, 1 to 8 bytes. `contactless_reserve` is how many
        tries of a PIN are left when it is blocked over the contactless interface. The symmetric
        card authentication key shares 9E with the key pair that is made there. A YubiKey has an
        attestation key, and the values of the factory for what is not given; other cards need the
        first three. Raise ValueError.
        """
        secrets = BlankSecrets(pin, puk, management_key, management_algorithm, global_pin)
        state = blank_state(
            secrets,
            personality=personality,
            allow_tdes=allow_tdes,
            interfaces=interfaces,
            contactless_reserve=contactless_reserve,
            symmetric_card_authentication_key=symmetric_card_authentication_key,
            randomness=randomness,
            key_source=key_source,
        )
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

    @property
    def atr(self) -> bytes:
        """The answer to reset, over the interface the card was powered on through."""
        if self._security.interface is Interface.CONTACTLESS:
            return CONTACTLESS_ATR
        return ATRS[self.store.state.personality]

    def power_on(self, interface: Interface | None = None) -> bytes:
        """Give the card power; PIV is selected by default. Return the ATR.

        Without an interface it is the contacts, where the card has them.
        Raise NoSuchInterfaceError.
        """
        interfaces = self.state.interfaces
        interface = interface or interfaces.default
        if not interfaces.has(interface):
            raise NoSuchInterfaceError(interface, interfaces)
        self._security.interface = interface
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

    def lose_power_within(
        self, command: bytes, tear: Tear, randomness: Randomness = system_randomness
    ) -> None:
        """Work on a command and lose the power before its writes are whole.

        What is committed ahead of a comparison, a retry counter, stays. Without a write it is as if
        the power had gone before the command.
        """
        self.fail_within(command, tear, randomness)
        self.reset()

    def fail_within(
        self, command: bytes, tear: Tear, randomness: Randomness = system_randomness
    ) -> None:
        """Work on a command and fail before its writes are whole, with the power on."""
        try:
            self._execute(bytes(command))
        except CommandRefusedError:
            self.store.rollback()
            return
        if self.store.writing:
            before = self.store.committed
            self.store.replace_state(torn_state(before, self.state, tear, randomness))

    def _execute(self, raw: bytes) -> bytes:
        try:
            command = CommandApdu.from_bytes(raw)
        except ApduFormatError as error:
            self._interrupt()
            raise CommandRefusedError(StatusWord.WRONG_LENGTH) from error
        secured = command.cla & SECURED
        if command.cla & 0xE3 or secured not in {0, SECURED}:
            self._interrupt()
            raise CommandRefusedError(_class_refusal(command.cla))
        if command.ins != Instruction.GENERAL_AUTHENTICATE:
            # "Immediately before" (Part 1, 3.2.1) is over; VERIFY sets it anew.
            self._security.pin_just_verified = False
        if secured:
            return self._execute_secured(command)
        if command.ins == Instruction.GET_RESPONSE:
            self._chain.clear()
            return self._answer.more(command)
        self._answer.clear()
        handler = self._application.handlers.get(command.ins)
        if handler is None:
            self._chain.clear()
            raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)
        contactless = self._security.interface is Interface.CONTACTLESS
        if contactless and command.ins in CONTACT_ONLY:
            self._chain.clear()
            raise CommandRefusedError(StatusWord.FUNCTION_NOT_SUPPORTED)
        whole = self._chain.collect(command) if command.cla or self._chain.open else command
        if whole is None:
            return b"\x90\x00"
        return self._answer.first(handler(whole), whole.le)

    def _execute_secured(self, command: CommandApdu) -> bytes:
        """Carry out a command under secure messaging (SP 800-73-4 Part 2, 4.2).

        A refusal of the wrapping is answered in plain and ends the session (4.3); a refusal of what
        was inside is an answer like any other.
        """
        security = self._security
        self._answer.clear()
        try:
            session = self._session_for(command)
            whole = self._chain.collect(command)
            if whole is None:
                return b"\x90\x00"
            inner = session.unwrap(whole)
        except CommandRefusedError:
            security.session = None
            self._interrupt()
            raise
        security.secured = True
        try:
            data, sw = self._application.handlers[inner.ins](inner), int(StatusWord.SUCCESS)
        except CommandRefusedError as refusal:
            self.store.rollback()
            data, sw = b"", refusal.sw
        finally:
            security.secured = False
        return self._answer.first(session.wrap(data, sw), whole.le)

    def _session_for(self, command: CommandApdu) -> SecureSession:
        if suite_of(self.state) is None or not (
            self._security.session is None or may_be_secured(command)
        ):
            raise CommandRefusedError(StatusWord.SECURE_MESSAGING_NOT_SUPPORTED)
        if self._security.session is None:
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        return self._security.session

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
