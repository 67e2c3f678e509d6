# SPDX-License-Identifier: Apache-2.0
"""What stands before the CA's application: it plays the faults, and tells what was asked.

The application reads the message itself, so its limits hold; the moment the message is whole it is
decided what is to happen to it.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock
from weakref import WeakKeyDictionary

from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.information import InfoType, find_info
from selfrenew.cmp.message import ReceivedMessage, decode_list, decode_message
from selfrenew.cmp.structures import BodyType, Texts

from .ca_conduct import HONEST, Exchange, conduct
from .ca_conduct import exchange as exchange_told
from .ca_exchange import CaExchange, CaMisbehaviour, Door, HttpAnswer
from .ca_trigger import CaMessage, CaTrigger
from .errors import NoDoorError
from .fault import ArmedFault
from .portal import Application, Message, Receive, Scope, Send

_CMP = "/.well-known/cmp"
_KEPT = 10_000
_TRANSACTION_ID_BYTES = 16
_NO_CMP = "no CMP"


@dataclass(frozen=True, slots=True)
class CaRecord:
    """A request and what came of it; nothing of what they hold."""

    request: str
    """The message's name, or that it was no CMP."""
    transaction_id: bytes
    fault: str | None
    status: int | None
    """The HTTP status that the CA answered with; None where it was not asked."""
    answer: str | None
    """The name of the CA's answer, whatever became of it on its way."""


class _TakenOverError(BaseException):
    """The CA is not to see the message. No Exception, so that no server's edge answers it."""


class CaFront:
    """An ASGI application before another one; without faults it changes nothing.

    `issuers` names the issuer of each profile that an address may name.
    """

    def __init__(self, application: Application, issuers: Mapping[str, str] | None = None) -> None:
        self._application = application
        self._issuers = dict(issuers or {})
        self._armed: Sequence[ArmedFault] = ()
        self._let_by: WeakKeyDictionary[ArmedFault, int] = WeakKeyDictionary()
        self._issuer_of: dict[bytes, str] = {}
        """Of transactions whose first message named a profile, which the others need not."""
        self._last: bytes | None = None
        self._shut = False
        self._resting = False
        self._one_rest = Lock()
        self.door: Door | None = None
        """The sockets it is reached by, where they can be shut."""
        self._history: deque[CaRecord] = deque(maxlen=_KEPT)

    @property
    def history(self) -> tuple[CaRecord, ...]:
        """The requests that came, oldest first; of very many the latest."""
        return tuple(self._history)

    def play(self, armed: Sequence[ArmedFault]) -> None:
        """Play what is in this list from now on. Raise NoDoorError."""
        self._armed = armed
        self.refresh()

    def refresh(self) -> None:
        """Refuse connections, or take them again, as what is armed says. Raise NoDoorError."""
        refusing = [each for each in self._armed if _of(each).shuts and _is_now(each)]
        if self._resting:
            refusing = []
        if refusing and self.door is None:
            raise NoDoorError(refusing[0].order.fault.name)
        if refusing and not self._shut and self.door is not None:
            self._shut = True
            refusing[0].strike()
            self.door.shut()
        elif not refusing and self._shut and self.door is not None:
            self._shut = False
            self.door.open()

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Play nothing meanwhile: what asks now is not what is under test."""
        with self._one_rest:
            shut = self._shut
            self._resting = True
            self.refresh()
            try:
                yield
            finally:
                self._resting = False
                # What has shut it may have been cleared meanwhile, and another one armed.
                if shut and self.door is not None and any(_of(each).shuts for each in self._armed):
                    self._shut = True
                    self.door.shut()
                else:
                    self.refresh()

    def read(self, path: str, raw: bytes) -> CaMessage:
        """Tell what a request is to a fault that waits for messages."""
        return self._read(path, _decoded(raw))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not scope["path"].startswith(_CMP):
            await self._application(scope, receive, send)
            return
        raw = bytearray()
        exchange = CaExchange(scope, receive, send, last=self._last)
        struck: ArmedFault | None = None
        asked = CaMessage(None)
        said: list[Message] = []

        async def heard() -> Message:
            nonlocal struck, asked
            message = await receive()
            if message["type"] == "http.request":
                raw.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    asked, struck = self._meet(scope["path"], bytes(raw))
                    if struck is not None:
                        conduct.set(_of(struck).conduct)
                        if _of(struck).instead is not None:
                            raise _TakenOverError
            return message

        async def kept(message: Message) -> None:
            said.append(message)

        honest, told = conduct.set(HONEST), Exchange()
        telling = exchange_told.set(told)
        try:
            await self._application(scope, heard, kept)
        except _TakenOverError:
            self._note(asked, struck, None)
            await self._instead(exchange, struck)
            return
        finally:
            conduct.reset(honest)
            exchange_told.reset(telling)
        answer = _answer(said)
        self._last = answer.body
        if struck is None:
            asked = self._read(scope["path"], told.asked or _decoded(bytes(raw)))
            self._note(asked, None, answer, told.answered)
            await _repeat(said, send)
        else:
            self._note(asked, struck, answer)
            await _of(struck).afterwards(exchange, answer)

    async def _instead(self, exchange: CaExchange, struck: ArmedFault | None) -> None:
        misbehaviour = NOTHING if struck is None else _of(struck)
        if misbehaviour.shuts and self.door is not None:
            self._shut = True
            self.door.shut()
            await exchange.hung_up()
        elif misbehaviour.instead is not None:
            await misbehaviour.instead(exchange)

    def _read(self, path: str, message: ReceivedMessage | None) -> CaMessage:
        profile = next((name for before, name in pairwise(path.split("/")) if before == "p"), "")
        issuer = self._issuers.get(profile)
        if message is None:
            return CaMessage(None, issuer=issuer)
        # A stranger's could be of any length, and it is kept.
        transaction_id = (message.header.transaction_id or b"")[:_TRANSACTION_ID_BYTES]
        if issuer is None:
            issuer = self._issuer_named(message, transaction_id)
        return CaMessage(message.body_type, transaction_id, issuer)

    def _issuer_named(self, message: ReceivedMessage, transaction_id: bytes) -> str | None:
        """Find the issuer of the profile that a message names, or the first of its transaction."""
        issuer = self._issuers.get(_cert_profile(message))
        if issuer is None:
            return self._issuer_of.get(transaction_id)
        self._issuer_of[transaction_id] = issuer
        if len(self._issuer_of) > _KEPT:
            self._issuer_of.pop(next(iter(self._issuer_of)))
        return issuer

    def _meet(self, path: str, raw: bytes) -> tuple[CaMessage, ArmedFault | None]:
        """Read a message where a fault may strike it, and choose that fault."""
        if self._resting or not any(each.active for each in self._armed):
            # The CA decodes it and tells; once is enough.
            return CaMessage(None), None
        asked = self._read(path, _decoded(raw))
        return asked, self._strike(asked)

    def _strike(self, message: CaMessage) -> ArmedFault | None:
        """Choose the one fault that is to strike here, and count it."""
        for armed in self._armed:
            misbehaviour = armed.order.what
            if not isinstance(misbehaviour, CaMisbehaviour) or not armed.active:
                continue
            if not misbehaviour.trigger.fits(message):
                continue
            if misbehaviour.needs_last and self._last is None:
                continue
            gone_by = self._let_by.get(armed, 0)
            if gone_by < misbehaviour.trigger.after:
                self._let_by[armed] = gone_by + 1
                continue
            armed.strike()
            return armed
        return None

    def _note(
        self,
        asked: CaMessage,
        struck: ArmedFault | None,
        answer: HttpAnswer | None,
        answered: BodyType | None = None,
    ) -> None:
        if struck is not None:
            # A fault may have made anything of it.
            told = None if answer is None else _decoded(answer.body)
            answered = None if told is None else told.body_type
        self._history.append(
            CaRecord(
                _NO_CMP if asked.kind is None else asked.kind.standard_name,
                asked.transaction_id,
                None if struck is None else struck.order.fault.name,
                None if answer is None else answer.status,
                None if answer is None else _name(answered),
            )
        )


NOTHING = CaMisbehaviour(CaTrigger())
"""What a fault of something else does to a CA."""


def _of(armed: ArmedFault) -> CaMisbehaviour:
    what = armed.order.what
    return what if isinstance(what, CaMisbehaviour) else NOTHING


def _is_now(armed: ArmedFault) -> bool:
    """Tell whether connections are refused already, and not from a message on that is to come."""
    trigger = _of(armed).trigger
    return trigger == CaTrigger() or armed.strikes > 0


def _decoded(raw: bytes) -> ReceivedMessage | None:
    try:
        return decode_message(raw)
    except CmpFormatError:
        return None


def _cert_profile(message: ReceivedMessage) -> str:
    """Give the profile that certProfile names (RFC 9810, 5.1.1.4), nothing where it names none."""
    try:
        _, value = find_info(message.header.general_info, InfoType.CERT_PROFILE)
        names = [] if value is None else decode_list(Texts, value)
    except CmpFormatError:
        return ""
    return names[0] if len(names) == 1 else ""


def _name(kind: BodyType | None) -> str:
    return _NO_CMP if kind is None else kind.standard_name


async def _repeat(said: Sequence[Message], send: Send) -> None:
    for message in said:
        await send(message)


def _answer(said: Sequence[Message]) -> HttpAnswer:
    start, *rest = said
    body = b"".join(message.get("body", b"") for message in rest)
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    content_type = headers.pop("content-type", "")
    headers.pop("content-length", None)
    return HttpAnswer(start["status"], content_type, body, tuple(headers.items()))
