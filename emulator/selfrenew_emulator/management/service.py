# SPDX-License-Identifier: Apache-2.0
"""The card management service as an ASGI application.

The management key never leaves it: the card's challenge comes in, the answer goes out, and only for
a session that the card's holder opened with one of the card's keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from cryptography import x509
from fastapi import FastAPI, Header, Response
from fastapi import Path as PathParameter

from selfrenew.clock import Clock
from selfrenew.piv.references import Algorithm
from selfrenew.secret import Secret
from selfrenew_emulator.certificate_status import StatusSource
from selfrenew_emulator.challenges import Challenges
from selfrenew_emulator.mail import MailSender
from selfrenew_emulator.problem import ProblemError, answer_with_problems, bearer, refusals
from selfrenew_emulator.randomness import Randomness
from selfrenew_emulator.relying_party import AssertionRefusedError, RelyingParty

from .keys import MASTER_KEY_BYTES, answer_challenge, challenge_bytes, diversify
from .models import (
    CardChallenge,
    CardChallengeAnswer,
    Challenge,
    Consent,
    ConsentGiven,
    Guid,
    UnlockAuthorised,
    UnlockCode,
    UnlockKeys,
    UnlockStart,
    UnlockStarted,
)
from .registry import ManagedCard, Registry
from .unlocking import PUK_DIGITS, Unlocking, digits

AUDIENCE = "card-management"
SESSION_LIFETIME = timedelta(minutes=30)
AUTHENTICATIONS_PER_SESSION = 20
_SESSIONS_MAX = 10_000

CardPath = Annotated[Guid, PathParameter()]


@dataclass(slots=True)
class ConsentSession:
    """A holder's consent to changes on one card."""

    guid: bytes
    ends: datetime
    authentications_left: int = AUTHENTICATIONS_PER_SESSION


class CardManagement:
    """Keeps the cards' management keys and PUKs."""

    def __init__(
        self,
        *,
        issuers: Sequence[x509.Certificate],
        status_of: StatusSource,
        clock: Clock,
        randomness: Randomness,
        mail: MailSender,
        database: Path | None = None,
        allowed_domains: Sequence[str] = ("nhs.example",),
    ) -> None:
        self._clock = clock
        self._randomness = randomness
        self._registry = Registry(database)
        self._master = self._registry.master_key(Secret(randomness(MASTER_KEY_BYTES)))
        self._challenges = Challenges(clock, randomness)
        self._trust = RelyingParty(AUDIENCE, issuers, status_of, clock)
        self._sessions: dict[str, ConsentSession] = {}
        self._unlocking = Unlocking(self._registry, mail, clock, randomness, allowed_domains)
        self.app = self._create_app()

    def new_puk(self) -> Secret:
        """Draw a PUK for a card that is being made."""
        return Secret(digits(self._randomness, PUK_DIGITS))

    def management_key(self, guid: bytes, algorithm: Algorithm) -> Secret:
        """Give the key for a card that is being made."""
        return diversify(self._master, guid, algorithm)

    def register(
        self,
        guid: bytes,
        *,
        user_id: str,
        email: str,
        puk: Secret,
        algorithm: Algorithm = Algorithm.AES192,
    ) -> None:
        """Put a card into circulation."""
        self._registry.put(ManagedCard(guid, user_id, email, algorithm, puk))

    def card(self, guid: bytes) -> ManagedCard | None:
        """Find a card in circulation, with its unlocking keys."""
        return self._registry.find(guid)

    def restore(self, card: ManagedCard) -> None:
        """Take a card back to what it was."""
        self._registry.put(card)

    def close(self) -> None:
        """Close the database."""
        self._registry.close()

    async def _consent(self, guid: bytes, assertion: str) -> ConsentGiven:
        try:
            holder = await self._trust.read(assertion, self._challenges)
        except AssertionRefusedError as refusal:
            raise ProblemError(403, refusal.reason.value, str(refusal)) from refusal
        card = self._registry.find(guid)
        if card is None or card.user_id != holder.user_id:
            raise ProblemError(403, "not_the_holder", "this card is not the signer's")
        now = self._clock()
        self._sessions = {key: kept for key, kept in self._sessions.items() if now <= kept.ends}
        if len(self._sessions) >= _SESSIONS_MAX:
            raise ProblemError(503, "busy", "too many sessions; try later", {"Retry-After": "60"})
        session = self._randomness(32).hex()
        ends = now + SESSION_LIFETIME
        self._sessions[session] = ConsentSession(guid, ends)
        return ConsentGiven(
            session=session, management_algorithm=card.algorithm.name, expires_at=ends
        )

    def _authenticate(self, token: str, guid: bytes, challenge: bytes) -> bytes:
        session = self._sessions.get(token)
        if session is None or self._clock() > session.ends:
            raise ProblemError(401, "session_ended", "the session has ended: give consent again")
        card = self._registry.find(guid)
        if session.guid != guid or card is None:
            raise ProblemError(403, "not_the_holder", "the session is for another card")
        if session.authentications_left < 1:
            raise ProblemError(429, "too_many", "too many challenges in one session")
        session.authentications_left -= 1
        if len(challenge) != challenge_bytes(card.algorithm):
            raise ProblemError(422, "wrong_length", "the challenge is not one block of the key")
        key = diversify(self._master, guid, card.algorithm)
        return answer_challenge(key, card.algorithm, challenge)

    def _create_app(self) -> FastAPI:
        app = FastAPI(
            title="Card management (emulated)",
            version="1",
            docs_url=None,
            redoc_url=None,
            responses=refusals(401, 403, 404, 409, 422, 429, 503),
        )
        answer_with_problems(app)

        @app.get("/health")
        async def health() -> dict[str, str]:
            """Say that the service is there."""
            return {"status": "ok"}

        @app.post("/challenges", status_code=201)
        async def challenge() -> Challenge:
            """Give a challenge to sign as consent."""
            value, ends = self._challenges.issue()
            return Challenge(challenge=value, audience=AUDIENCE, expires_at=ends)

        @app.post("/sessions", status_code=201)
        async def consent(body: Consent) -> ConsentGiven:
            """Open a session for a card with its holder's consent."""
            return await self._consent(bytes.fromhex(body.card), body.assertion)

        @app.post("/cards/{card}/management-authentication")
        async def authenticate(
            card: CardPath, body: CardChallenge, authorization: Annotated[str, Header()] = ""
        ) -> CardChallengeAnswer:
            """Answer the card's challenge to its management key."""
            challenge = bytes.fromhex(body.challenge)
            answer = self._authenticate(bearer(authorization), bytes.fromhex(card), challenge)
            return CardChallengeAnswer(response=answer.hex())

        self._add_unlocking(app)
        return app

    def _add_unlocking(self, app: FastAPI) -> None:
        unlocking = self._unlocking

        @app.post("/unlocks", status_code=202)
        async def start(body: UnlockStart) -> UnlockStarted:
            """Begin to unlock a card: a code goes to its holder by mail."""
            identifier, ends = await unlocking.start(bytes.fromhex(body.card))
            return UnlockStarted(unlock=identifier, expires_at=ends)

        @app.post("/unlocks/{unlock}/code")
        async def code(unlock: str, body: UnlockCode) -> UnlockAuthorised:
            """Confirm the code."""
            return UnlockAuthorised(authorisation=unlocking.check_code(unlock, body.code))

        @app.post("/unlocks/{unlock}/keys")
        async def keys(unlock: str, authorization: Annotated[str, Header()] = "") -> UnlockKeys:
            """Hand out the unlocking keys, once."""
            candidates, following = unlocking.hand_out(unlock, bearer(authorization))
            return UnlockKeys(
                candidates=[candidate.reveal().decode() for candidate in candidates],
                next=following.reveal().decode(),
            )

        @app.post("/unlocks/{unlock}/refused", status_code=204)
        async def refused(unlock: str, authorization: Annotated[str, Header()] = "") -> Response:
            """Report that the card has refused the first of two keys."""
            unlocking.refused(unlock, bearer(authorization))
            return Response(status_code=204)

        @app.post("/unlocks/{unlock}/done", status_code=204)
        async def done(unlock: str, authorization: Annotated[str, Header()] = "") -> Response:
            """Report that the card has the next key."""
            unlocking.done(unlock, bearer(authorization))
            return Response(status_code=204)
