# SPDX-License-Identifier: Apache-2.0
"""Handoffs and sessions: who sits behind which browser, kept in this process alone.

A session ends after 15 minutes without a sign of life and after 12 hours in any case. When the
portal starts anew all are gone, and pages get themselves another by a handoff. What a browser
holds is looked up by its digest, so that a copy of this memory's keys opens nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import takewhile
from threading import Lock

from selfrenew.clock import Clock
from selfrenew.secret import Secret

HANDOFF_LIFETIME = timedelta(seconds=60)
IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
_HANDOFFS_MAX = 10_000
_SESSIONS_MAX = 100_000
_TOKEN_BYTES = 32


class TooManyError(Exception):
    """More wait than are kept: come back later."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who the Spine says it is."""

    user_id: str
    name: str
    role: str | None


@dataclass(frozen=True, slots=True)
class Visit:
    """What an agent tells of the browser it sends; without a person the session is limited."""

    launch: str
    pairing_secret: Secret = field(repr=False)
    port: int
    card: bytes | None
    person: Person | None

    @property
    def limited(self) -> bool:
        """Whether nobody is signed in, so that only an unlock is to be had."""
        return self.person is None


@dataclass(frozen=True, slots=True)
class Session:
    """A visit that a browser took up."""

    visit: Visit
    began: datetime
    seen: datetime

    def ends(self) -> datetime:
        """Tell when it ends unless there is another sign of life."""
        return min(self.seen + IDLE, self.began + LONGEST)


class Sessions:
    """Keeps handoffs until they are taken or too old, and sessions until they end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._handoffs: dict[str, tuple[Visit, datetime]] = {}
        self._sessions: dict[str, Session] = {}

    def hand_off(self, visit: Visit) -> tuple[str, datetime]:
        """Keep a visit; return the code that takes it up once, and its end. Raise TooManyError."""
        now = self._clock()
        code = secrets.token_urlsafe(_TOKEN_BYTES)
        with self._lock:
            self._forget(now)
            if len(self._handoffs) >= _HANDOFFS_MAX:
                raise TooManyError
            self._handoffs[_digest(code)] = (visit, now + HANDOFF_LIFETIME)
        return code, now + HANDOFF_LIFETIME

    def take_up(self, code: str, instead_of: str | None = None) -> tuple[str, Session] | None:
        """Begin the session of a handoff; return its token. None where the code is not good.

        The browser's session until now ends, whoever's it was. Raise TooManyError.
        """
        now = self._clock()
        with self._lock:
            self._forget(now)
            if instead_of is not None:
                self._sessions.pop(_digest(instead_of), None)
            if len(self._sessions) >= _SESSIONS_MAX:
                raise TooManyError
            found = self._handoffs.pop(_digest(code), None)
            if found is None or found[1] <= now:
                return None
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            session = Session(found[0], now, now)
            self._sessions[_digest(token)] = session
        return token, session

    def find(self, token: str) -> Session | None:
        """Find a session; looking is the sign of life that keeps it."""
        now, digest = self._clock(), _digest(token)
        with self._lock:
            session = self._sessions.pop(digest, None)
            if session is None or session.ends() <= now:
                return None
            # Put in anew, so that all are in the order in which they were seen.
            session = self._sessions[digest] = replace(session, seen=now)
        return session

    def end(self, token: str) -> None:
        """End a session, if there is one."""
        with self._lock:
            self._sessions.pop(_digest(token), None)

    def _forget(self, now: datetime) -> None:
        # Both are in the order of their ends, but for sessions that end after LONGEST: those are
        # found out by `find`, and are here for no longer than IDLE after it.
        late = takewhile(lambda each: each[1][1] <= now, self._handoffs.items())
        for digest in [digest for digest, _ in late]:
            del self._handoffs[digest]
        unseen = takewhile(lambda each: each[1].seen + IDLE <= now, self._sessions.items())
        for digest in [digest for digest, _ in unseen]:
            del self._sessions[digest]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
