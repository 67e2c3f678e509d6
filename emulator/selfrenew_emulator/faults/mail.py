# SPDX-License-Identifier: Apache-2.0
"""A mail server that takes no mail, by the reply that the order names, loses it, or keeps it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from selfrenew_emulator.mail import MailHandling

from .fault import ArmedFault, Fault, FaultTarget
from .moment import span_of

_BY = "by"
_REPLY = re.compile(r"[45][0-5][0-9] [\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class MailRefusal:
    """The reply to a MAIL command (RFC 5321, 4.2)."""

    reply: str = "421 4.3.2 Service shutting down"

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "MailRefusal":
        """Read an order's parameters. Raise ValueError."""
        refusal = cls(**parameters)
        if not _REPLY.fullmatch(refusal.reply):
            raise ValueError(f"a refusal is like '{cls().reply}', not '{refusal.reply}'")
        return refusal

    @property
    def handling(self) -> MailHandling:
        """What the server is to do."""
        return MailHandling(refusal=self.reply)


@dataclass(frozen=True, slots=True)
class MailLoss:
    """The server takes a message and delivers it to nobody."""

    handling: MailHandling = MailHandling(lost=True)  # noqa: RUF009  it is frozen


@dataclass(frozen=True, slots=True)
class MailDelay:
    """The server takes a message and delivers it after a while."""

    handling: MailHandling

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "MailDelay":
        """Read an order's parameters. Raise ValueError."""
        delay = span_of(parameters, _BY, "20m")
        if delay <= timedelta():
            raise ValueError(f"'{_BY}' is a time to wait, not '{parameters.get(_BY)}'")
        return cls(MailHandling(delay=delay))


_A_MESSAGE = "a message that a service hands to the mail server"
MAIL_REFUSED = Fault(
    "mail.refused",
    FaultTarget.MAIL,
    "A mail server is restarted, or puts an unknown sender off until it comes again. The code that "
    "unlocks a card is then on its way to nobody.",
    "Says that no code was sent, instead of asking for it, and can be asked again later.",
    MailRefusal.read,
    ("reply",),
)
MAIL_LOST = Fault(
    "mail.lost",
    FaultTarget.MAIL,
    "A filter for spam, or a mailbox that is full, swallows a message behind the server that took "
    "it. Who waits for the code never gets one.",
    "Lets its holder ask for another code, which counts; nothing is done with the card before one "
    "was entered.",
    lambda _: MailLoss(),
    times=1,
    trigger=_A_MESSAGE,
)
MAIL_LATE = Fault(
    "mail.late",
    FaultTarget.MAIL,
    "Mail waits in queues, or is put off by a server that does not know its sender yet; a code is "
    "valid for 15 minutes.",
    "Says that a code which came too late does not count any more, and how to get another one.",
    MailDelay.read,
    (_BY,),
    times=1,
    trigger=_A_MESSAGE,
)
MAIL_FAULTS = (MAIL_REFUSED, MAIL_LOST, MAIL_LATE)


class MailFaults:
    """Tells a mail server what is to become of what comes next."""

    def __init__(self, armed: Sequence[ArmedFault]) -> None:
        self._armed = armed

    def __call__(self) -> MailHandling | None:
        """Give what is to become of it; None delivers the mail."""
        for armed in self._armed:
            trouble = armed.order.what
            if isinstance(trouble, MailRefusal | MailLoss | MailDelay) and armed.active:
                armed.strike()
                return trouble.handling
        return None
