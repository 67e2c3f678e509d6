# SPDX-License-Identifier: Apache-2.0
"""Unlocking a card: a code by mail, then the PUK, once, and replaced at once.

Valid for fifteen minutes from the start, whatever happens in between; few tries; only to addresses
of allowed domains. Who asks learns nothing of whether the card is known: where no code can be sent
a message goes to the registration desk instead, so that each start sends one and takes as long.
"""

import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage

from selfrenew.clock import Clock
from selfrenew.secret import Secret
from selfrenew_emulator.mail import AddressRefusedError, MailDownError, MailSender
from selfrenew_emulator.problem import ProblemError
from selfrenew_emulator.randomness import Randomness

from .registry import ManagedCard, Registry

LIFETIME = timedelta(minutes=15)
TRIES = 5
PUK_DIGITS = 8
REGISTRATION_DESK = "registration.desk@smartcards.example"
_SENDER = "Smartcard Service <no-reply@smartcards.example>"
_CODE_DIGITS = 8
_OPEN_MAX = 1_000
_log = logging.getLogger("selfrenew_emulator.management")


@dataclass(slots=True)
class Unlock:
    """One unlock under way; `code` None where no mail could be sent.

    `first` is the likelier of two PUKs, once they were handed out.
    """

    card: ManagedCard | None
    code: str | None
    ends: datetime
    tries_left: int = TRIES
    authorisation: str | None = None
    handed_out: bool = False
    first: Secret | None = None


class Unlocking:
    """Leads unlocks from the start to the replaced PUK."""

    def __init__(
        self,
        registry: Registry,
        mail: MailSender,
        clock: Clock,
        randomness: Randomness,
        allowed_domains: Sequence[str],
    ) -> None:
        self._registry = registry
        self._mail = mail
        self._clock = clock
        self._randomness = randomness
        self._domains = frozenset(domain.casefold() for domain in allowed_domains)
        self._unlocks: dict[str, Unlock] = {}

    async def start(self, guid: bytes) -> tuple[str, datetime]:
        """Begin, and mail a code where the card is known and its holder's address allowed.

        Raise ProblemError, `mail_down` where no mail goes out: nothing has begun then.
        """
        self._forget_ended()
        if len(self._unlocks) >= _OPEN_MAX:
            raise ProblemError(429, "too_many", "too many unlocks at once", {"Retry-After": "60"})
        card = self._registry.find(guid)
        unlock = Unlock(card, None, self._clock() + LIFETIME)
        identifier = self._randomness(16).hex()
        code = digits(self._randomness, _CODE_DIGITS)
        try:
            if await self._send_code(card, code):
                unlock.code = code
            else:
                await self._mail.send(_report(guid))
        except MailDownError as error:
            _log.warning("an unlock cannot begin: %s", error)
            raise ProblemError(
                503, "mail_down", "no mail goes out, so there is no code", {"Retry-After": "60"}
            ) from error
        self._unlocks[identifier] = unlock
        return identifier, unlock.ends

    async def _send_code(self, card: ManagedCard | None, code: str) -> bool:
        """Send a code; False where there is nobody to send it to."""
        if card is None or not self._may_write_to(card.email):
            return False
        try:
            await self._mail.send(_code(card.email, code))
        except AddressRefusedError as error:
            _log.warning("an unlock code has no recipient: %s", error)
            return False
        return True

    def _may_write_to(self, text: str) -> bool:
        try:
            # One address and nothing else: a list of them ends in the last one's domain.
            address = Address(addr_spec=text)
        except (ValueError, IndexError, HeaderParseError):
            return False
        return bool(address.username) and address.domain.casefold() in self._domains

    def check_code(self, identifier: str, code: str) -> str:
        """Exchange the code for an authorisation. Raise ProblemError."""
        unlock = self._open(identifier)
        if unlock.tries_left <= 0:
            raise ProblemError(403, "no_tries_left", "no tries are left: start the unlock again")
        unlock.tries_left -= 1
        if unlock.code is None or not hmac.compare_digest(unlock.code.encode(), code.encode()):
            raise ProblemError(
                403, "wrong_code", f"the code is not valid, {unlock.tries_left} tries are left"
            )
        unlock.code = None
        unlock.authorisation = self._randomness(32).hex()
        return unlock.authorisation

    def hand_out(self, identifier: str, authorisation: str) -> tuple[list[Secret], Secret]:
        """Give the PUKs the card may have, likeliest first, and the next one; once."""
        unlock, card = self._authorised(identifier, authorisation)
        if unlock.handed_out:
            raise ProblemError(403, "handed_out", "the keys were handed out before: start again")
        unlock.handed_out = True
        card = self._registry.find(card.guid) or card
        # A rotation that broke off may have set the pending one; replacing that would lose it.
        if card.next_puk is not None:
            both = [card.next_puk, card.puk]
            candidates = both[::-1] if card.next_refused else both
            unlock.first = candidates[0]
            return candidates, card.next_puk
        following = Secret(digits(self._randomness, PUK_DIGITS))
        self._registry.put(replace(card, next_puk=following, next_refused=False))
        return [card.puk], following

    def refused(self, identifier: str, authorisation: str) -> None:
        """Take note that the card has not the likelier PUK, so that the other one is from now on.

        Each wrong one uses up a try, and so does each unlock that breaks off: who had to find out
        anew every time would soon have blocked the card.
        """
        unlock, card = self._authorised(identifier, authorisation)
        card = self._registry.find(card.guid) or card
        if unlock.first is None:
            raise ProblemError(409, "not_handed_out", "no two keys were handed out for this card")
        self._registry.put(replace(card, next_refused=unlock.first == card.next_puk))

    def done(self, identifier: str, authorisation: str) -> None:
        """Take note that the card has the next PUK."""
        unlock, card = self._authorised(identifier, authorisation)
        card = self._registry.find(card.guid) or card
        if not unlock.handed_out or card.next_puk is None:
            raise ProblemError(409, "not_handed_out", "no new key was handed out for this card")
        self._registry.put(replace(card, puk=card.next_puk, next_puk=None))
        del self._unlocks[identifier]

    def _open(self, identifier: str) -> Unlock:
        unlock = self._unlocks.get(identifier)
        if unlock is None:
            raise ProblemError(404, "unknown_unlock", "there is no such unlock: start it again")
        if self._clock() > unlock.ends:
            raise ProblemError(403, "code_expired", "15 minutes have passed: start it again")
        return unlock

    def _authorised(self, identifier: str, authorisation: str) -> tuple[Unlock, ManagedCard]:
        unlock = self._open(identifier)
        expected = unlock.authorisation
        if (
            expected is None
            or unlock.card is None
            or not hmac.compare_digest(expected.encode(), authorisation.encode())
        ):
            raise ProblemError(403, "not_authorised", "the code has to be confirmed first")
        return unlock, unlock.card

    def _forget_ended(self) -> None:
        now = self._clock()
        for identifier in [key for key, unlock in self._unlocks.items() if now > unlock.ends]:
            del self._unlocks[identifier]


def digits(randomness: Randomness, length: int) -> str:
    """Draw decimal digits; the bias of 2**-64 does not matter here."""
    return str(int.from_bytes(randomness(length + 8), "big") % 10**length).zfill(length)


def _code(address: str, code: str) -> EmailMessage:
    return _message(
        address,
        "Your code to unlock your smartcard",
        f"Your code is {code}\n\nIt is valid for 15 minutes from when you started. If you did not "
        "ask to unlock your smartcard, tell your Registration Authority.\n",
    )


def _report(guid: bytes) -> EmailMessage:
    return _message(
        REGISTRATION_DESK,
        "A smartcard that no unlock code can be sent for",
        f"Somebody asked to unlock the card {guid.hex()}. It is not in circulation, or its holder "
        "has no email address of an allowed domain that takes mail.\n",
    )


def _message(address: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = _SENDER
    message["To"] = address
    message["Subject"] = subject
    message.set_content(text)
    return message
