# SPDX-License-Identifier: Apache-2.0
"""A stage: the services wired and started, people and cards made; how cards are reached varies."""

import socket
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict

import httpx
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.clock import Clock
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.secret import Secret
from selfrenew.transport import Reader
from selfrenew_emulator.ca import (
    GENERAL,
    CertificateAuthority,
    Enrolment,
    UnknownEnrolmentError,
    person_name,
)
from selfrenew_emulator.card import Card, CardImage, KeySource, Personality, generate
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.mail import Outbox
from selfrenew_emulator.management import CardManagement
from selfrenew_emulator.personalisation import (
    PROFILES,
    CardSecrets,
    EnrolmentOffice,
    personalise,
)
from selfrenew_emulator.randomness import Randomness, seeded, system_randomness
from selfrenew_emulator.reader import CardSlot
from selfrenew_emulator.spine import Person, Role, Spine

from .configuration import StageUrls, configuration_text
from .desk import desk_application
from .errors import PortTakenError
from .folder import StageDescription, StageFolder, open_folder
from .people import DEFAULT_ROLES, mail_address, new_person
from .server import Endpoint, Servers, bind
from .services import open_services
from .tls import server_context

DEFAULT_NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""The moment at which a stage without a clock of its own stands still."""
TEST_PASSCODE = b"123456"
CMP_PATH = "/.well-known/cmp"
_ENROLMENT = "bench"
_CHUID_LIFE = timedelta(days=5 * 365)
_PORTS = ("cmp_http", "cmp_https", "management", "spine", "desk")


class StageOptions(TypedDict, total=False):
    """The keywords of `Stage` that every kind of stage takes."""

    clock: Clock | None
    seed: str | int | None
    state: Path | None
    key_source: KeySource
    ports: dict[str, int] | None


class Stage:
    """A running stage; enter it to start, leave it to stop.

    `reader` is where its cards are put in, `reader_settings` how the reference reaches them there.
    `clock` None stands still at DEFAULT_NOW. `seed` None draws on the system's randomness where a
    `state` folder is kept, and on a fixed seed where none is. `ports` fixes ports by name.
    """

    def __init__(
        self,
        reader: CardSlot,
        reader_settings: Mapping[str, str],
        *,
        clock: Clock | None = None,
        seed: str | int | None = None,
        state: Path | None = None,
        key_source: KeySource = generate,
        ports: dict[str, int] | None = None,
    ) -> None:
        self.clock: Clock = SettableClock(DEFAULT_NOW) if clock is None else clock
        self.reader = reader
        self._reader_settings = reader_settings
        self._randomness = _randomness(seed, kept=state is not None)
        self._state = state
        self._key_source = key_source
        self._wanted = dict(ports or {})
        self._stack = ExitStack()
        self.folder: StageFolder
        self.ca: CertificateAuthority
        self.spine: Spine
        self.management: CardManagement
        self.outbox: Outbox
        self.enrolment: Enrolment
        self.urls: StageUrls

    @property
    def direct_reader(self) -> Reader | None:
        """The reader for programs in this process; None where it is what `config_file` names."""
        return None

    @property
    def root_file(self) -> Path:
        """The CA's root, PEM: the one trust anchor for CMP, certificates and TLS."""
        return self.folder.root_file

    @property
    def config_file(self) -> Path:
        """A configuration for `selfrenew --config`."""
        return self.folder.config_file

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def make_person(
        self, name: str = "Alice Archer", roles: tuple[Role, ...] = DEFAULT_ROLES
    ) -> Person:
        """Make somebody up and let the Spine know them."""
        person = new_person(name, roles, self._randomness)
        self.spine.register(person)
        return person

    def make_card(
        self,
        person: Person,
        *,
        days_left: float = 30,
        signing_days_left: float | None = None,
        passcode: bytes = TEST_PASSCODE,
        algorithm: Algorithm = Algorithm.P256,
        personality: Personality = Personality.PIV,
    ) -> Card:
        """Make a person's card; `signing_days_left` lets the two certificates differ."""
        guid = self._randomness(16)
        management_key = self.management.management_key(guid, Algorithm.AES192)
        secrets = CardSecrets(Secret(passcode), management_key, Algorithm.AES192)
        puk = self.management.new_puk()
        card = Card.blank(
            pin=passcode,
            puk=puk.reveal(),
            management_key=management_key.reveal(),
            management_algorithm=secrets.management_algorithm,
            personality=personality,
            randomness=self._randomness,
            key_source=self._key_source,
        )
        now = self.clock()
        days = {
            KeyReference.PIV_AUTHENTICATION: days_left,
            KeyReference.DIGITAL_SIGNATURE: (
                days_left if signing_days_left is None else signing_days_left
            ),
        }
        subject = person_name(person.user_id)
        enrolment = self.ca.enrol(subject=subject, profiles=PROFILES.values(), uses=len(PROFILES))
        personalise(
            card.transmit,
            EnrolmentOffice(
                self.urls.cmp_http,
                enrolment,
                clock=self.clock,
                randomness=self._randomness,
                http=self._http,
            ),
            secrets=secrets,
            subject=subject,
            guid=guid,
            expiration_date=(now + _CHUID_LIFE).date(),
            not_after={key: now + timedelta(days=left) for key, left in days.items()},
            algorithm=algorithm,
        )
        self.management.register(
            guid,
            user_id=person.user_id,
            email=mail_address(person),
            puk=puk,
            algorithm=secrets.management_algorithm,
        )
        card.reset()
        return card

    def write_card(self, path: Path, card: Card, *, overwrite: bool = False) -> None:
        """Put a card into an image file. Raise CardImageExistsError."""
        CardImage.create(path, card.state, overwrite=overwrite)

    def _start(self, stack: ExitStack) -> None:
        path = self._state
        if path is None:
            temporary = tempfile.TemporaryDirectory(prefix="selfrenew-stage-")
            path = Path(stack.enter_context(temporary))
        self.folder = stack.enter_context(open_folder(path))
        known = StageDescription()
        if self.folder.description_file.exists():
            known = self.folder.read_description()
        self._open_services(stack)
        self._http = stack.enter_context(httpx.Client(trust_env=False))
        listeners = {
            name: stack.enter_context(_listen(self._wanted.get(name), known.ports.get(name)))
            for name in _PORTS
        }
        context = server_context(self.ca.tls_issuer.certificate, self.ca.tls_issuer.key)
        token = Secret(self._randomness(16).hex())
        desk = desk_application(self._order, token.reveal().decode())
        applications = {
            "cmp_http": self.ca.app,
            "cmp_https": self.ca.app,
            "management": self.management.app,
            "spine": self.spine.app,
            "desk": desk,
        }
        endpoints = {
            name: Endpoint(application, listeners[name], None if name == "cmp_http" else context)
            for name, application in applications.items()
        }
        self.urls = StageUrls(
            cmp_http=endpoints["cmp_http"].url + CMP_PATH,
            cmp_https=endpoints["cmp_https"].url + CMP_PATH,
            management=endpoints["management"].url,
            spine=endpoints["spine"].url,
            desk=endpoints["desk"].url,
        )
        self._write_folder({name: each.port for name, each in endpoints.items()}, token)
        stack.enter_context(Servers(list(endpoints.values())))

    def _open_services(self, stack: ExitStack) -> None:
        services = stack.enter_context(
            open_services(self.folder, self.clock, self._randomness, kept=self._state is not None)
        )
        self.ca, self.spine = services.ca, services.spine
        self.management, self.outbox = services.management, services.outbox
        try:
            self.enrolment = self.ca.enrolment(_ENROLMENT)
        except UnknownEnrolmentError:
            self.enrolment = self.ca.enrol(_ENROLMENT, profiles=(GENERAL.name,), uses=None)

    def _write_folder(self, ports: dict[str, int], token: Secret) -> None:
        folder = self.folder
        folder.write(folder.root_file, self.ca.root.public_bytes(Encoding.PEM).decode())
        secret = self.enrolment.secret.reveal().decode()
        folder.write(folder.enrolment_secret_file, secret, secret=True)
        folder.write(folder.desk_token_file, token.reveal().decode() + "\n", secret=True)
        text = configuration_text(
            self.urls, reader=self._reader_settings, root=folder.root_file.name
        )
        folder.write(folder.config_file, text)
        folder.write_description(StageDescription(ports, self.enrolment.reference, self.urls.desk))

    def _order(
        self, name: str, days_left: int, algorithm: Algorithm, personality: Personality
    ) -> Card:
        return self.make_card(
            self.make_person(name),
            days_left=days_left,
            algorithm=algorithm,
            personality=personality,
        )


def _randomness(seed: str | int | None, *, kept: bool) -> Randomness:
    # A kept stage must not draw the same identifiers again at its next start.
    if seed is None and kept:
        return system_randomness
    return seeded(0 if seed is None else seed)


def _listen(wanted: int | None, last: int | None) -> socket.socket:
    """Bind the port asked for, else the last start's, else any free one."""
    if wanted is not None:
        return bind(wanted)
    try:
        return bind(last or 0)
    except PortTakenError:
        return bind()
