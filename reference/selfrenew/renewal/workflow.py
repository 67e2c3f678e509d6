# SPDX-License-Identifier: Apache-2.0
"""The renewal itself: cross-vouching, safe against a card pulled out at any instant.

At every APDU boundary one of the two keys has a valid certificate that matches it; from any of them
a renewal run again finishes, with nothing but the card, the passcode and the services.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew import messages
from selfrenew.clock import Clock
from selfrenew.cmp.building import SignatureProtection
from selfrenew.cmp.client import CmpClient, PendingCertificate
from selfrenew.cmp.errors import CmpError, WrongCertificateError
from selfrenew.cmp.path import build_path, check_issued, has_begun_and_not_ended
from selfrenew.cmp.structures import BodyType
from selfrenew.piv.card_key import CardKey
from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import PivError
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.piv.signatures import algorithm_of
from selfrenew.secret import Secret
from selfrenew.services import (
    CardManagementClient,
    ManagementSession,
    ServiceError,
    ServiceRefusedError,
    SpineClient,
)
from selfrenew.transport.connection import CardConnection, TransportError

from . import events
from .errors import (
    CardSwappedError,
    NotDueError,
    NotProvenError,
    RenewalError,
    RenewalInterruptedError,
    TwoHoldersError,
    VoucherNotValidError,
)
from .inspection import Inspection, SlotState, inspect, proves_possession
from .plan import Plan, Step, plan_renewal

_log = logging.getLogger(__name__)
_SIGN_IN_KEY = KeyReference.PIV_AUTHENTICATION


@dataclass(frozen=True, slots=True)
class Services:
    """Who takes part: a CA client for each slot's profile, card management, the Spine."""

    ca: Mapping[KeyReference, CmpClient]
    management: CardManagementClient
    spine: SpineClient


@dataclass(frozen=True, slots=True)
class RenewalOutcome:
    """The old and the new certificate of each slot that was renewed."""

    old: Mapping[KeyReference, x509.Certificate | None]
    new: Mapping[KeyReference, x509.Certificate]

    @property
    def text(self) -> str:
        """What the holder is told."""
        return messages.SUCCESS


class Renewal:
    """One renewal of the card on one connection.

    `algorithm` None keeps each slot's own. `guid` is the card the holder signed in with, where they
    did: another one is refused before anything is asked of it.
    """

    def __init__(
        self,
        connection: CardConnection,
        services: Services,
        passcode: Secret,
        clock: Clock,
        *,
        algorithm: Algorithm | None = None,
        guid: bytes | None = None,
        observe: Callable[[events.Event], None] = lambda _: None,
    ) -> None:
        self._connection = connection
        self._client = PivClient(connection)
        self._services = services
        self._passcode = passcode
        self._clock = clock
        self._algorithm = algorithm
        self._guid = guid
        self._observe = observe
        self._known: list[x509.Certificate] = []

    def run(self) -> RenewalOutcome:
        """Renew what is to be renewed, and prove it by a sign-in.

        Raise RenewalError; before the first write also PivError, TransportError, ServiceError and
        CmpError, all of which leave the card as it was.
        """
        with self._connection.exclusive(), self._forgetting():
            self._client.select()
            if self._guid is not None and self._client.guid() != self._guid:
                raise CardSwappedError
            inspection = inspect(self._client, self._clock(), self._passcode)
            inspection, plan, session = self._agree(inspection)
            self._observe(events.Inspected(inspection, plan))
            current = {
                key: slot.certificate
                for key, slot in inspection.slots.items()
                if slot.certificate is not None
            }
            self._preflight(plan.steps, current)
            self._authenticate_management(session)
            renewed: dict[KeyReference, x509.Certificate] = {}
            for step in plan.steps:
                voucher = renewed.get(step.voucher) or current[step.voucher]
                self._check_voucher(step, voucher)
                renewed[step.slot] = self._renew(step, voucher, current.get(step.slot))
            self._prove({**current, **renewed})
            return RenewalOutcome({key: current.get(key) for key in renewed}, renewed)

    def _look_again(self, key: CardKey, refusal: ServiceRefusedError) -> None:
        """Tell a refusal apart that is the card's doing. Raise RenewalInterruptedError.

        A key that was good when its certificate was confirmed may have been lost since.
        """
        if not proves_possession(key):
            cause = WrittenWrongError()
            voucher = KeyReference.DIGITAL_SIGNATURE
            raise RenewalInterruptedError(_SIGN_IN_KEY, voucher, cause) from refusal

    @contextmanager
    def _forgetting(self) -> Iterator[None]:
        """Have the card forget at the end who was authenticated to it, for whoever comes next."""
        try:
            yield
        finally:
            with suppress(TransportError):
                self._connection.reset()

    def _agree(self, inspection: Inspection) -> tuple[Inspection, Plan, ManagementSession]:
        """Plan, and get card management's consent under the key that vouches first.

        A certificate that was written but never confirmed looks good on the card, and so does one
        that a tool wrote in another name; only the services know better. A slot whose certificate
        they do not accept is renewed again.
        """
        while True:
            try:
                plan = plan_renewal(inspection, self._clock())
            except (NotDueError, TwoHoldersError):
                unaccepted = self._find_unaccepted(inspection)
                if unaccepted is None:
                    raise
                inspection = inspection.without(unaccepted)
                continue
            voucher = plan.steps[0].voucher
            try:
                return inspection, plan, self._open_session(inspection, voucher)
            except ServiceRefusedError as error:
                if error.certificate_counts:
                    raise
                inspection = inspection.without(voucher)

    def _find_unaccepted(self, inspection: Inspection) -> KeyReference | None:
        """Name a slot that looks good and is not.

        Raise ServiceError where that cannot be asked: not due is only what is known to count.
        """
        # First what would vouch: of one that has expired that is told, and not that it is refused.
        for slot in sorted(inspection.slots.values(), key=lambda slot: not slot.vouches):
            if slot.state is SlotState.UNSUPPORTED:
                continue
            try:
                self._open_session(inspection, slot.key)
            except ServiceRefusedError as error:
                if not error.certificate_counts:
                    return slot.key
        return None

    def _open_session(self, inspection: Inspection, voucher: KeyReference) -> ManagementSession:
        certificate = inspection.slots[voucher].certificate
        if certificate is None:
            raise LookupError(f"{voucher.name} was planned to vouch without a certificate")
        key = self._certified(voucher, certificate)
        return self._services.management.open_session(inspection.guid, key, certificate)

    def _preflight(
        self, steps: tuple[Step, ...], current: Mapping[KeyReference, x509.Certificate]
    ) -> None:
        """Have everybody answer who is needed once writing has begun.

        Card management has answered already, with its consent.
        """
        for step in steps:
            self._services.ca[step.slot].probe(current.get(step.slot))
        self._services.spine.probe()
        self._observe(events.PreflightPassed())

    def _authenticate_management(self, session: ManagementSession) -> None:
        challenge = self._client.management_challenge(session.algorithm)
        answer = self._services.management.answer_challenge(session, challenge)
        self._client.answer_management_challenge(session.algorithm, answer)
        self._observe(events.ManagementAuthenticated())

    def _check_voucher(self, step: Step, voucher: x509.Certificate) -> None:
        """Look at the clock once more: a key is overwritten only while the other one counts."""
        now = self._clock()
        if not has_begun_and_not_ended(voucher, now):
            raise VoucherNotValidError(step.voucher, voucher, now)

    def _renew(
        self, step: Step, voucher: x509.Certificate, old: x509.Certificate | None
    ) -> x509.Certificate:
        self._observe(events.SlotStarted(step.slot, step.voucher))
        try:
            return self._replace(step, voucher, old)
        except (PivError, TransportError, CmpError, ServiceError) as error:
            raise RenewalInterruptedError(step.slot, step.voucher, error) from error

    def _replace(
        self, step: Step, voucher: x509.Certificate, old: x509.Certificate | None
    ) -> x509.Certificate:
        slot, ca = step.slot, self._services.ca[step.slot]
        algorithm = self._algorithm or algorithm_of((old or voucher).public_key())
        public_key = self._client.generate_key(slot, algorithm)
        self._observe(events.KeyGenerated(slot))
        key = CardKey(self._client, slot, public_key, self._passcode)
        vouching = self._certified(step.voucher, voucher)
        pending = ca.request(
            BodyType.CR,
            subject=voucher.subject,
            key=key,
            protection=SignatureProtection(vouching, voucher, self._chain(voucher, ca)),
        )
        try:
            self._take(pending, key, voucher.subject, ca)
        except (PivError, CmpError) as error:
            # The CA has to know, so that no certificate lives on that is on no card.
            _reject(pending, error)
            raise
        pending.confirm()
        self._observe(events.Confirmed(slot, old, pending.certificate))
        return pending.certificate

    def _take(
        self, pending: PendingCertificate, key: CardKey, subject: x509.Name, ca: CmpClient
    ) -> None:
        """Check the certificate, write it, read it back, try it."""
        certificate, slot = pending.certificate, key.reference
        check_issued(
            certificate,
            public_key=key.public_key,
            subject=subject,
            others=pending.others,
            anchors=ca.trust.anchors,
            now=self._clock(),
        )
        _check_purpose(slot, certificate)
        self._known.extend(pending.others)
        self._observe(events.CertificateIssued(slot, certificate))
        self._client.write_certificate(slot, certificate.public_bytes(Encoding.DER))
        if self._client.read_certificate(slot) != certificate:
            raise WrittenWrongError
        if not proves_possession(key):
            raise WrittenWrongError
        self._observe(events.CertificateWritten(slot))

    def _prove(self, certificates: Mapping[KeyReference, x509.Certificate]) -> None:
        """Sign in with the new key, the card as fresh as if it had just been put in."""
        certificate = certificates[_SIGN_IN_KEY]
        spine = self._services.spine
        try:
            self._connection.reset()
            self._client.select()
            self._client.verify(self._passcode)
            key = self._certified(_SIGN_IN_KEY, certificate)
            try:
                login = spine.sign_in(key, certificate)
            except ServiceRefusedError as error:
                self._look_again(key, error)
                raise
        except (PivError, TransportError, ServiceError) as error:
            raise NotProvenError(error) from error
        try:
            spine.log_out(login)
        except ServiceError as error:
            # The proof is there already; the ticket is forgotten here and ends by itself.
            _log.info("the session that proved the renewal was not logged out: %s", error)
        if login.certificate_serial != certificate.serial_number:
            raise NotProvenError(RenewalError(messages.SIGNED_IN_ANOTHER))
        self._observe(events.SignedIn(certificate.serial_number))

    def _certified(self, reference: KeyReference, certificate: x509.Certificate) -> CardKey:
        return CardKey.certified(self._client, reference, certificate, self._passcode)

    def _chain(self, certificate: x509.Certificate, ca: CmpClient) -> tuple[x509.Certificate, ...]:
        """Give the certificates between a voucher and the anchor, as far as they are known."""
        path = build_path(certificate, self._known, ca.trust.anchors, self._clock())
        return tuple(path[1:-1]) if path else ()


class WrittenWrongError(PivError):
    """What was written is not what is read back, or does not go with the key."""

    def __init__(self) -> None:
        super().__init__(messages.WRITTEN_WRONG)


def _check_purpose(slot: KeyReference, certificate: x509.Certificate) -> None:
    """Require the slot's own kind of certificate. Raise WrongCertificateError.

    The other kind may come of addresses that were mixed up; to confirm it would supersede the
    certificate that vouches. Only the signing one carries nonRepudiation.
    """
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        signs_documents = usage.content_commitment
    except x509.ExtensionNotFound:
        signs_documents = False
    if signs_documents is not (slot is KeyReference.DIGITAL_SIGNATURE):
        wanted = messages.SLOT_NAMES[slot]
        raise WrongCertificateError(messages.WRONG_PURPOSE.format(slot=wanted))


def _reject(pending: PendingCertificate, why: Exception) -> None:
    try:
        pending.reject(str(why))
    except (CmpError, PivError, TransportError) as error:
        # The CA withdraws what is not confirmed anyway; the first error is the one to tell.
        _log.warning("the rejection did not reach the CA: %s", error)
