# SPDX-License-Identifier: Apache-2.0
"""The CMP responder: a message in, an answer out (RFC 9810, 5; RFC 9483, 3.5 and 3.6)."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from selfrenew.clock import Clock
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import MalformedMessageError, ReceivedMessage, decode_message
from selfrenew.cmp.structures import BodyType, FailureInfo
from selfrenew_emulator.faults import conduct, tell_asked
from selfrenew_emulator.randomness import Randomness

from .answers import NONCE_BYTES, RESPONSE_TO, VERSIONS, Answers
from .authority import Authority
from .certifying import Certifying
from .delaying import Delaying, Handler
from .enrolling import Enroller
from .errors import RequestRefusedError
from .informing import Informing, PublishedCrls
from .profiles import Profile
from .records import AuditEntry
from .registering import Registering
from .requester import Anybody, Requester, identify
from .revoking import Revoking
from .root_update import RootUpdate
from .store import Store
from .transactions import begin, require_first, require_kind

_log = logging.getLogger(__name__)

TIME_TOLERANCE = timedelta(minutes=5)
_NONCES = range(NONCE_BYTES, 4 * NONCE_BYTES + 1)
"""The lengths that are taken: 16 bytes are the rule, and more are no harm up to some length."""
OPENING = frozenset({*RESPONSE_TO, BodyType.RR, BodyType.GENM})
"""The messages that begin a transaction."""


class Responder:
    """Answers CMP messages for one CA."""

    def __init__(
        self,
        authority: Authority,
        store: Store,
        clock: Clock,
        randomness: Randomness,
        *,
        crls: PublishedCrls | None = None,
        root_update: Callable[[], RootUpdate | None] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._enroller = Enroller(authority, store, clock)
        self._answers = Answers(authority, clock, randomness)
        self._registering = Registering(
            store, self._answers, lambda inner, named: self.answer(inner, named)[0]
        )
        self.delaying = Delaying(store, self._answers, clock)
        certifying = Certifying(self._enroller, store, self._answers, clock)
        revoking = Revoking(self._enroller, store, self._answers)
        self._informing = Informing(authority, self._answers, crls=crls, root_update=root_update)
        self._handlers: dict[BodyType, Handler] = {
            **dict.fromkeys(RESPONSE_TO, certifying.request),
            BodyType.CERTCONF: certifying.confirm,
            BodyType.ERROR: certifying.close,
            BodyType.RR: revoking.revoke,
            BodyType.GENM: self._informing.inform,
        }

    def answer(self, raw: bytes, profile: Profile | None) -> tuple[bytes, bool]:
        """Answer any bytes, and tell whether they were CMP; `profile` is the one the path names."""
        try:
            message = decode_message(raw)
        except CmpFormatError as error:
            refusal = RequestRefusedError(FailureInfo.badDataFormat, str(error))
            header = error.header if isinstance(error, MalformedMessageError) else None
            return self._answers.unreadable(header, refusal), False
        tell_asked(message)
        requester: Requester | Anybody | None = None
        try:
            self._enroller.withdraw_overdue()
            requester = self._identify(message)
            _check_header(message, self._clock())
            _refuse_as_ordered()
            with self._store.change():
                answer, told = self._dispatch(raw, message, requester, profile)
                self._note(message, requester, told)
                return answer, True
        except RequestRefusedError as error:
            refusal = error
            _log.info("%s refused: %s", message.describe(), refusal)
        except Exception:  # noqa: BLE001  the one edge: a bug must show as one, and be logged
            _log.exception("%s failed inside the CA", message.describe())
            refusal = RequestRefusedError(FailureInfo.systemFailure, "the CA failed; try later")
        self._note(message, requester, str(refusal))
        return self._answers.refusal(message, requester, refusal), True

    def _identify(self, message: ReceivedMessage) -> Requester | Anybody:
        bare = message.header.protection_alg is None and message.protection is None
        if message.body_type is BodyType.GENM and bare:
            return Anybody()
        try:
            return identify(message, self._store, self._clock)
        except RequestRefusedError:
            # What is wrong with the header comes first, as it does for who is identified.
            _check_header(message, self._clock())
            if message.body_type not in OPENING:
                require_kind(self._store, message)
            raise

    def _note(
        self, message: ReceivedMessage, requester: Requester | Anybody | None, told: str
    ) -> None:
        self._store.note(
            AuditEntry(
                self._clock(),
                message.header.transaction_id or b"",
                message.body_type.standard_name,
                "" if requester is None else requester.identity.decode(),
                told,
            )
        )

    def _dispatch(
        self,
        raw: bytes,
        message: ReceivedMessage,
        requester: Requester | Anybody,
        profile: Profile | None,
    ) -> tuple[bytes, str]:
        if isinstance(requester, Anybody):
            require_first(message)
            return self._informing.inform(message, requester, profile)
        if message.body_type is BodyType.NESTED:
            return self._registering.answer_all(message, requester, profile)
        if message.body_type in OPENING:
            begin(self._store, message, requester)
            later = self.delaying.hold(raw, message, requester, profile)
            return later or self._act(message, requester, profile)
        if message.body_type is BodyType.POLLREQ:
            return self.delaying.poll(message, requester, self._act)
        if message.body_type is BodyType.ERROR and self.delaying.abandon(message, requester):
            return self._answers.confirmed(message, requester), "forgot what was held"
        return self._act(message, requester, profile)

    def _act(
        self, message: ReceivedMessage, requester: Requester, profile: Profile | None
    ) -> tuple[bytes, str]:
        handle = self._handlers.get(message.body_type)
        if handle is None:
            raise RequestRefusedError(
                FailureInfo.badRequest, f"{message.body_type.standard_name} is not answered here"
            )
        return handle(message, requester, profile)


def _refuse_as_ordered() -> None:
    refusal = conduct.get().refuse
    if refusal is not None:
        raise RequestRefusedError(refusal.reason, refusal.text)


def _check_header(message: ReceivedMessage, now: datetime) -> None:
    header = message.header
    if header.pvno not in VERSIONS:
        raise RequestRefusedError(
            FailureInfo.unsupportedVersion, "this pvno is not supported, 2 and 3 are"
        )
    if len(header.transaction_id or b"") != NONCE_BYTES:
        missing = header.transaction_id is None
        raise RequestRefusedError(
            FailureInfo.badDataFormat if missing else FailureInfo.badRequest,
            "transactionID has to have 16 bytes (RFC 9483, 3.1)",
        )
    if len(header.sender_nonce or b"") not in _NONCES:
        raise RequestRefusedError(
            FailureInfo.badSenderNonce, "senderNonce has to have 16 bytes (RFC 9483, 3.1)"
        )
    time = header.message_time
    if time is not None and abs(time.as_datetime() - now) > TIME_TOLERANCE:
        raise RequestRefusedError(
            FailureInfo.badTime, f"messageTime is more than {TIME_TOLERANCE} off: set the clock"
        )
