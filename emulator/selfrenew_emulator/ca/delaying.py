# SPDX-License-Identifier: Apache-2.0
"""Delivering an answer later: pollReq and pollRep (RFC 9810, 5.3.22; RFC 9483, 4.4).

A request that is held is answered `waiting`, a request for a certificate in the answer of its kind
and any other by an error. It is acted on when it is asked for in time, as if it had come just then:
what is decided, and by which standing of the requester, is decided at that moment.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from selfrenew.clock import Clock
from selfrenew.cmp.building import WHOLE_MESSAGE
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import ReceivedMessage, decode_list, decode_message
from selfrenew.cmp.structures import BodyType, FailureInfo, PollReqContent
from selfrenew_emulator.faults import conduct

from .answers import RESPONSE_TO, Answers
from .errors import RequestRefusedError
from .policy import registers_others
from .profiles import PROFILES, Profile
from .records import Held
from .requester import Requester
from .requests import read_request
from .store import Store
from .transactions import find, require_nonce, require_report, transaction_of

CERTIFICATE_REQUESTS = frozenset(RESPONSE_TO)
Handler = Callable[[ReceivedMessage, Requester, Profile | None], tuple[bytes, str]]
"""Gives the answer to a kind of message, and what the audit trail is to say of it."""


@dataclass(frozen=True)
class Delay:
    """For how long requests of some kinds are held, and how soon to ask for them again."""

    duration: timedelta
    check_after_seconds: int = 5
    kinds: frozenset[BodyType] = CERTIFICATE_REQUESTS


class Delaying:
    """Holds requests where it is told to; `delay` None holds those only that are held already."""

    def __init__(self, store: Store, answers: Answers, clock: Clock) -> None:
        self.delay: Delay | None = None
        self._store = store
        self._answers = answers
        self._clock = clock

    def hold(
        self, raw: bytes, message: ReceivedMessage, requester: Requester, profile: Profile | None
    ) -> tuple[bytes, str] | None:
        """Answer that the answer comes later; None where it need not."""
        delay = _ordered_delay(message.body_type) or self.delay
        if delay is None or message.body_type not in delay.kinds:
            return None
        cert_req_id = WHOLE_MESSAGE
        if message.body_type in CERTIFICATE_REQUESTS:
            # What is malformed is told at once.
            cert_req_id = read_request(
                message, requester, verified=registers_others(requester.right)
            ).cert_req_id
        held = Held(
            raw,
            None if profile is None else profile.name,
            self._clock() + delay.duration,
            delay.check_after_seconds,
            cert_req_id,
            self._answers.nonce(),
        )
        self._store.hold(transaction_of(message), held)
        answer = self._answers.waiting(message, requester, cert_req_id, nonce=held.nonce)
        return answer, f"holds it until {held.due.isoformat()}"

    def poll(
        self, message: ReceivedMessage, requester: Requester, handle: Handler
    ) -> tuple[bytes, str]:
        """Answer pollReq: with the answer that was held if it is due, with pollRep before."""
        find(self._store, message, requester)
        held = self._store.held(transaction_of(message))
        if held is None:
            raise RequestRefusedError(
                FailureInfo.badRequest, "no answer of this transaction is due later"
            )
        require_nonce(message, held.nonce)
        _require_certificate(message, held.cert_req_id)
        left = (held.due - self._clock()).total_seconds()
        if left > 0:
            seconds = min(math.ceil(left), held.check_after_seconds)
            nonce = self._answers.nonce()
            self._store.expect_poll(transaction_of(message), nonce)
            answer = self._answers.later(message, requester, held.cert_req_id, seconds, nonce=nonce)
            return answer, f"asks to come again after {seconds} s"
        self._store.release(transaction_of(message))
        request = decode_message(held.request)
        # The answer is to the message that came last (RFC 9810, 5.1.1).
        request.header.sender_nonce = message.header.sender_nonce
        profile = None if held.profile is None else PROFILES[held.profile]
        return handle(request, requester, profile)

    def abandon(self, message: ReceivedMessage, requester: Requester) -> bool:
        """Forget a request that its requester gives up; tell whether one was held.

        Raise RequestRefusedError for a report on another message, or for none.
        """
        held = self._store.held(transaction_of(message))
        if held is None:
            return False
        find(self._store, message, requester)
        require_nonce(message, held.nonce)
        require_report(message)
        return self._store.release(transaction_of(message))


def _ordered_delay(kind: BodyType) -> Delay | None:
    hold = conduct.get().hold
    if hold is None:
        return None
    return Delay(timedelta(seconds=hold.seconds), hold.check_after_seconds, frozenset({kind}))


def _require_certificate(message: ReceivedMessage, cert_req_id: int) -> None:
    try:
        asked = [each.cert_req_id for each in decode_list(PollReqContent, message.content)]
    except CmpFormatError as error:
        raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error
    if len(asked) != 1 or asked[0] not in {cert_req_id, WHOLE_MESSAGE}:
        raise RequestRefusedError(
            FailureInfo.badRequest, f"certReqId has to be {cert_req_id} here, or {WHOLE_MESSAGE}"
        )
