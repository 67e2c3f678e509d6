# SPDX-License-Identifier: Apache-2.0
"""The Spine's sign-in service as an ASGI application."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI, Header, Response

from selfrenew.clock import Clock
from selfrenew_emulator.certificate_status import StatusSource
from selfrenew_emulator.challenges import Challenges
from selfrenew_emulator.problem import ProblemError, answer_with_problems, bearer, refusals
from selfrenew_emulator.randomness import Randomness
from selfrenew_emulator.relying_party import AssertionRefusedError, RelyingParty

from .directory import Directory, Person, Role, Session
from .models import (
    Challenge,
    RoleChoice,
    RoleModel,
    SignedIn,
    SignIn,
    TicketAnswer,
    TicketQuery,
)

AUDIENCE = "spine"
SESSION_LIFETIME = timedelta(hours=12)


class Spine:
    """Signs people in with certificates of the authentication issuer."""

    def __init__(
        self,
        *,
        issuers: Sequence[x509.Certificate],
        status_of: StatusSource,
        clock: Clock,
        randomness: Randomness,
        database: Path | None = None,
    ) -> None:
        self._clock = clock
        self._randomness = randomness
        self._directory = Directory(database)
        self._challenges = Challenges(clock, randomness)
        self._trust = RelyingParty(AUDIENCE, issuers, status_of, clock)
        self.app = self._create_app()

    def register(self, person: Person) -> None:
        """Make a person known."""
        self._directory.register(person)

    def person(self, user_id: str) -> Person | None:
        """Find a person who is known."""
        return self._directory.person(user_id)

    def close(self) -> None:
        """Close the database."""
        self._directory.close()

    async def _sign_in(self, assertion: str) -> SignedIn:
        try:
            holder = await self._trust.read(assertion, self._challenges)
        except AssertionRefusedError as refusal:
            raise ProblemError(403, refusal.reason.value, str(refusal)) from refusal
        person = self._directory.person(holder.user_id)
        if person is None:
            raise ProblemError(403, "no_such_person", "the holder is not in the directory")
        ticket = self._randomness(32).hex()
        ends = self._clock() + SESSION_LIFETIME
        certificate = holder.certificate
        der = certificate.public_bytes(Encoding.DER)
        self._directory.open_session(ticket, person.user_id, der, ends)
        return SignedIn(
            ticket=ticket,
            user_id=person.user_id,
            name=person.name,
            roles=[_role(role) for role in person.roles],
            certificate_serial=f"{certificate.serial_number:x}",
            expires_at=ends,
            logout_url="/session",
        )

    async def _validate(self, ticket: str) -> TicketAnswer:
        session = self._directory.session(ticket)
        reason = await self._dead(session)
        if session is None or reason is not None:
            return TicketAnswer(valid=False, reason=reason)
        certificate = x509.load_der_x509_certificate(session.certificate_der)
        person = self._directory.person(session.user_id)
        return TicketAnswer(
            valid=True,
            user_id=session.user_id,
            name=None if person is None else person.name,
            role=_chosen(person, session),
            certificate_serial=f"{certificate.serial_number:x}",
        )

    async def _dead(self, session: Session | None) -> str | None:
        ended = self._ended(session)
        if session is None or ended is not None:
            return ended
        # A ticket lives no longer than the certificate that got it.
        refusal = await self._trust.judge(x509.load_der_x509_certificate(session.certificate_der))
        return None if refusal is None else refusal.value

    def _ended(self, session: Session | None) -> str | None:
        if session is None:
            return "unknown"
        if session.dead is not None:
            return session.dead
        return "expired" if self._clock() > session.ends else None

    def _log_out(self, ticket: str) -> None:
        # Nothing is granted on the certificate here, so that who wants to go need not wait for the
        # CA to tell of it.
        ended = self._ended(self._directory.session(ticket))
        if ended is not None:
            raise _invalid(ended)
        self._directory.end_session(ticket, "logged_out")

    async def _choose(self, ticket: str, role_id: str) -> TicketAnswer:
        session = await self._living(ticket)
        person = self._directory.person(session.user_id)
        if person is None or role_id not in {role.id for role in person.roles}:
            raise ProblemError(422, "no_such_role", "the person does not have this role")
        self._directory.set_role(ticket, role_id)
        return await self._validate(ticket)

    async def _living(self, ticket: str) -> Session:
        session = self._directory.session(ticket)
        reason = await self._dead(session)
        if session is None or reason is not None:
            raise _invalid(reason or "unknown")
        return session

    def _create_app(self) -> FastAPI:
        app = FastAPI(
            title="Spine sign-in (emulated)",
            version="1",
            docs_url=None,
            redoc_url=None,
            responses=refusals(401, 403, 422, 503),
        )
        answer_with_problems(app)

        @app.get("/health")
        async def health() -> dict[str, str]:
            """Say that the service is there."""
            return {"status": "ok"}

        @app.post("/challenges", status_code=201)
        async def challenge() -> Challenge:
            """Give a challenge to sign; it can be answered once, for five minutes."""
            value, ends = self._challenges.issue()
            return Challenge(challenge=value, audience=AUDIENCE, expires_at=ends)

        @app.post("/sessions", status_code=201)
        async def sign_in(body: SignIn) -> SignedIn:
            """Sign in with a signed challenge."""
            return await self._sign_in(body.assertion)

        @app.put("/session/role")
        async def choose(
            body: RoleChoice, authorization: Annotated[str, Header()] = ""
        ) -> TicketAnswer:
            """Choose the role to work in."""
            return await self._choose(bearer(authorization), body.role_id)

        @app.delete("/session", status_code=204)
        async def log_out(authorization: Annotated[str, Header()] = "") -> Response:
            """End the session."""
            self._log_out(bearer(authorization))
            return Response(status_code=204)

        @app.post("/tickets/validation")
        async def validate(body: TicketQuery) -> TicketAnswer:
            """Tell an application whether a ticket is good, and whose it is."""
            return await self._validate(body.ticket)

        return app


def _invalid(reason: str) -> ProblemError:
    return ProblemError(401, reason, "the ticket is not valid: sign in again")


def _chosen(person: Person | None, session: Session) -> RoleModel | None:
    for role in person.roles if person else ():
        if role.id == session.role_id:
            return _role(role)
    return None


def _role(role: Role) -> RoleModel:
    return RoleModel(**asdict(role))
