# SPDX-License-Identifier: Apache-2.0
"""The agent's session: a card, its holder signed in to the Spine, until the card is removed."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field

from cryptography import x509

from selfrenew.clock import Clock
from selfrenew.piv.card_key import CardKey
from selfrenew.piv.client import PivClient
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import Inspection, RenewalState, inspect, judge_standing
from selfrenew.renewal.inspection import SlotState
from selfrenew.secret import Secret
from selfrenew.services import Role, ServiceError, ServiceRefusedError, SpineClient, SpineLogin
from selfrenew.transport.connection import CardConnection, Reader

from .errors import (
    CertificateExpiredError,
    NoCertificateError,
    NoSuchRoleError,
    UnsupportedAtSignInError,
)
from .notice import ExpiryNotice, expiry_notice

ChooseRole = Callable[[Sequence[Role]], Role]
_LOG_OUT_SECONDS = 5.0
_REMOVAL_SECONDS = 1.0
"""How long who notices a removal waits for the Spine; the next card may be in already."""


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody signed in: who, in which role, with which certificate and card."""

    spine: SpineLogin = field(repr=False)
    role: Role | None
    guid: bytes
    notice: ExpiryNotice | None

    @property
    def certificate_serial(self) -> int:
        """The serial number of the certificate that signed in."""
        return self.spine.certificate_serial


@dataclass(frozen=True, slots=True)
class _KeyOfAMoment:
    """Signs with the card held, which has forgotten the passcode when it is let go.

    Other programs have the card while the Spine is waited for, and could sign with what is verified
    on it.
    """

    connection: CardConnection
    client: PivClient
    passcode: Secret = field(repr=False)
    certificate: x509.Certificate

    def sign(self, data: bytes) -> bytes:
        """Sign as a `CardKey` does. Raise PivError or TransportError."""
        reference = KeyReference.PIV_AUTHENTICATION
        key = CardKey.certified(self.client, reference, self.certificate, self.passcode)
        with self.connection.exclusive():
            self.client.select()
            self.client.verify(self.passcode)
            signature = key.sign(data)
            self.connection.reset()
        return signature


class AgentSession:
    """One card in one reader. Removing the card ends the session; `card_removed` is told of it.

    That may be done by another thread, at any moment of a sign-in too.
    """

    def __init__(
        self, reader: Reader, spine: SpineClient, clock: Clock, *, portal_url: str
    ) -> None:
        self._reader = reader
        self._spine = spine
        self._clock = clock
        self._portal_url = portal_url
        self._handover = threading.Lock()
        self.login: Login | None = None

    def sign_in(self, passcode: Secret, choose_role: ChooseRole) -> Login:
        """Verify the passcode, have the card sign in, and work in a role.

        The notice is made anew each time, so who said 'No' is asked again. Raise AgentError,
        PivError, TransportError or ServiceError.
        """
        self.end()
        # Let go at once: the card is for other programs too, and forgets the passcode by that.
        with closing(self._reader.connect()) as connection:
            return self._sign_in(connection, passcode, choose_role)

    def _sign_in(
        self, connection: CardConnection, passcode: Secret, choose_role: ChooseRole
    ) -> Login:
        client = PivClient(connection)
        with connection.exclusive():
            client.select()
            inspection = inspect(client, self._clock())
            slot = inspection.slots[KeyReference.PIV_AUTHENTICATION]
            certificate = slot.certificate
            if certificate is None:
                raise NoCertificateError
            if slot.state is SlotState.UNSUPPORTED:
                raise UnsupportedAtSignInError
            client.verify(passcode)
            # It forgets the passcode again, since the Spine may take any time to answer.
            connection.reset()
        try:
            key = _KeyOfAMoment(connection, client, passcode, certificate)
            spine = self._spine.sign_in(key, certificate)
        except ServiceRefusedError as error:
            if error.reason == "expired":
                raise CertificateExpiredError(certificate.not_valid_after_utc) from error
            raise
        try:
            role = self._take_role(spine, choose_role)
            login = Login(spine, role, inspection.guid, self._notice(inspection))
            with connection.exclusive(), self._handover:
                # The card may have been out since it signed; from here on `card_removed` ends it.
                client.select()
                self.login = login
        except BaseException:
            self._log_out(spine)
            raise
        return login

    def _notice(self, inspection: Inspection) -> ExpiryNotice | None:
        now = self._clock()
        renewable = judge_standing(inspection, now).state is not RenewalState.UNSUPPORTED
        return expiry_notice(inspection.certificates, now, self._portal_url, renewable=renewable)

    def _take_role(self, spine: SpineLogin, choose_role: ChooseRole) -> Role | None:
        if not spine.roles:
            return None
        role = choose_role(spine.roles)
        if role not in spine.roles:
            raise NoSuchRoleError(role.id, spine.roles)
        self._spine.select_role(spine, role)
        return role

    def card_removed(self) -> None:
        """End the session because the card is gone."""
        self.end(_REMOVAL_SECONDS)

    def end(self, patience_seconds: float = _LOG_OUT_SECONDS) -> None:
        """Log out. A Spine that does not answer keeps neither the session nor who ends it."""
        with self._handover:
            login, self.login = self.login, None
        if login is not None:
            thread = threading.Thread(
                target=self._log_out, args=(login.spine,), name="log-out", daemon=True
            )
            thread.start()
            thread.join(patience_seconds)

    def _log_out(self, spine: SpineLogin) -> None:
        # Where it fails, the ticket is forgotten here and ends there by itself.
        with suppress(ServiceError):
            self._spine.log_out(spine)
