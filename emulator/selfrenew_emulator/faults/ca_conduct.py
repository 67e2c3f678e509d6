# SPDX-License-Identifier: Apache-2.0
"""How the CA conducts itself on one message: honestly, unless a fault says otherwise.

What only the CA can do wrong, because it has to sign it, is asked for here at the moment it is
done. The conduct on a message is that of the task that answers it, so honest code hands no lies
around.
"""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from selfrenew.cmp.message import Message, ReceivedMessage
from selfrenew.cmp.protection import Signer, protect
from selfrenew.cmp.structures import BodyType, FailureInfo
from selfrenew.secret import Secret

CaKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Holder(Protocol):
    """A certificate with its key."""

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate."""

    @property
    def key(self) -> CaKey:
        """Its key."""


@dataclass(frozen=True, slots=True)
class AnsweringKeys:
    """Whose signature answers have, and who could have certified that."""

    signer: Holder
    authorities: Sequence[Holder]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal of what could have been granted."""

    reason: FailureInfo
    text: str


@dataclass(frozen=True, slots=True)
class Hold:
    """How long a request is held, and how soon to ask for it again."""

    seconds: int
    check_after_seconds: int


def _as_issued(certificate: x509.Certificate, _: CaKey) -> x509.Certificate:
    return certificate


def _protected(message: Message, by: Signer | Secret, _: AnsweringKeys) -> bytes:
    return protect(message, by)


@dataclass(frozen=True, slots=True)
class Conduct:
    """What is done with one message; by default nothing but what is right."""

    refuse: Refusal | None = None
    hold: Hold | None = None
    certify: Callable[[x509.Certificate, CaKey], x509.Certificate] = _as_issued
    """Gives the certificate in place of the right one, signed with its issuer's key."""
    protect: Callable[[Message, Signer | Secret, AnsweringKeys], bytes] = _protected
    """Protects the answer and encodes it."""


@dataclass(slots=True)
class Exchange:
    """What the CA has read and answered, for who stands before it and need not decode it again."""

    asked: ReceivedMessage | None = None
    answered: BodyType | None = None


exchange: ContextVar[Exchange | None] = ContextVar("exchange", default=None)
"""Where the CA tells of the message at hand, if anybody asks."""


def tell_asked(message: ReceivedMessage) -> None:
    """Tell what was read; of messages within a message the outermost counts."""
    told = exchange.get()
    if told is not None and told.asked is None:
        told.asked = message


def tell_answered(kind: BodyType) -> None:
    """Tell what is answered; what is said last is what goes out."""
    told = exchange.get()
    if told is not None:
        told.answered = kind


HONEST = Conduct()
conduct: ContextVar[Conduct] = ContextVar("conduct", default=HONEST)
"""The conduct on the message at hand."""
