# SPDX-License-Identifier: Apache-2.0
"""A stage in this process: the services wired and started; how cards are reached varies."""

import socket
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict, Unpack

from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.clock import Clock
from selfrenew.secret import Secret
from selfrenew.transport import Reader
from selfrenew_emulator.ca import CertificateAuthority, Enrolment
from selfrenew_emulator.card import Card, CardImage, KeySource, generate
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import CaFront, FaultBoard
from selfrenew_emulator.mail import MailServer, Outbox
from selfrenew_emulator.management import CardManagement
from selfrenew_emulator.plain_http import PlainHttp
from selfrenew_emulator.randomness import Randomness, seeded, system_randomness
from selfrenew_emulator.reader import TappedSlot
from selfrenew_emulator.spine import Person, Role, Spine

from .card_maker import CardMaker, CardOptions
from .client_certificates import ask_for_certificates
from .configuration import StageUrls, configuration_text
from .desk import desk_application, ordering
from .folder import StageDescription, StageFolder, open_folder
from .people import DEFAULT_ROLES, new_person
from .portal import portal_configuration_text, portal_url
from .server import CMP_PATH, HOST, Endpoint, Servers, bind, bind_again, url_of
from .services import ISSUERS, open_authority, open_services, standing_enrolment
from .tls import context_of, http_client, server_identity

DEFAULT_NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""The moment at which a stage without a clock of its own stands still."""
_NO_PORTAL = "https://portal.test/urswebapp/?operation=selfRenewSmartcard"
_PORTS = ("cmp_http", "cmp_https", "status", "management", "spine", "desk", "mail")


class StageOptions(TypedDict, total=False):
    """The keywords of `LocalStage` that every kind of it takes."""

    clock: Clock | None
    seed: str | int | None
    state: Path | None
    key_source: KeySource
    ports: dict[str, int] | None
    status_http: PlainHttp | None


class LocalStage:
    """A running stage; enter it to start, leave it to stop.

    `reader` is where its cards are put in, `reader_settings` how the reference reaches them there.
    `clock` None stands still at DEFAULT_NOW. `seed` None draws on the system's randomness where a
    `state` folder is kept, and on a fixed seed where none is. `ports` fixes ports by name,
    `status_http` is what the services ask the CA by.
    """

    def __init__(
        self,
        reader: TappedSlot,
        reader_settings: Mapping[str, str],
        *,
        clock: Clock | None = None,
        seed: str | int | None = None,
        state: Path | None = None,
        key_source: KeySource = generate,
        ports: dict[str, int] | None = None,
        status_http: PlainHttp | None = None,
    ) -> None:
        self.clock: Clock = SettableClock(DEFAULT_NOW) if clock is None else clock
        self.reader = reader
        self._reader_settings = reader_settings
        self._randomness = _randomness(seed, kept=state is not None)
        self._state = state
        self._key_source = key_source
        self._wanted = dict(ports or {})
        self._status_http = status_http or PlainHttp()
        self._stack = ExitStack()
        self._ports: dict[str, int] = {}
        self._portal = _NO_PORTAL
        self.folder: StageFolder
        self.ca: CertificateAuthority
        self.ca_front: CaFront
        """Where the CA's faults are played, and its requests are told."""
        self.spine: Spine
        self.management: CardManagement
        self.outbox: Outbox
        self.mail: MailServer
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

    def suffer(self, faults: FaultBoard) -> None:
        """Have a board's faults befall this stage: its reader, mail, CA and clock.

        The card that comes instead of another one, or beside it, is Bob Brown's, made for that.
        """
        surroundings = faults.surroundings
        if surroundings.clock is None and isinstance(self.clock, SettableClock):
            surroundings.clock = self.clock
        if surroundings.other_card is None:
            surroundings.other_card = lambda: self.make_card(self.make_person("Bob Brown"))
        faults.attach_reader(self.reader)
        faults.attach_mail(self.mail)
        faults.attach_ca(self.ca_front)

    def make_person(
        self, name: str = "Alice Archer", roles: tuple[Role, ...] = DEFAULT_ROLES
    ) -> Person:
        """Make somebody up and let the Spine know them."""
        person = new_person(name, roles, self._randomness)
        self.spine.register(person)
        return person

    def catch_up(self) -> None:
        """Return when what had been sent to the services by now is answered."""
        self._servers.catch_up()

    def make_card(self, person: Person, **options: Unpack[CardOptions]) -> Card:
        """Make a person's card; the options are those of `CardMaker.make`.

        Faults of the CA wait until it is made.
        """
        with self.ca_front.at_rest():
            return self._cards.make(person, **options)

    def write_card(self, path: Path, card: Card, *, overwrite: bool = False) -> None:
        """Put a card into an image file. Raise CardImageExistsError."""
        CardImage.create(path, card.state, overwrite=overwrite)

    def add_portal(self) -> str:
        """Write what a portal beside the stage is started with, and give the page's address.

        `config_file` names that address from then on. The port is the last start's, where the
        stage is kept, or one that was free. Raise StateError.
        """
        folder, port = self.folder, self._ports.get("portal")
        if port is None:
            with bind() as listener:
                port = int(listener.getsockname()[1])
        key, chain = server_identity(self.ca)
        folder.write(folder.portal_certificate_file, chain.decode())
        folder.write(folder.portal_key_file, key.decode(), secret=True)
        text = portal_configuration_text(
            port,
            spine=self.urls.spine,
            root=folder.root_file.name,
            name=folder.portal_config_file.stem,
        )
        folder.write(folder.portal_config_file, text)
        self._ports["portal"] = port
        self._portal = portal_url(port)
        self._describe()
        return self._portal

    def _start(self, stack: ExitStack) -> None:
        path = self._state
        if path is None:
            temporary = tempfile.TemporaryDirectory(prefix="selfrenew-stage-")
            path = Path(stack.enter_context(temporary))
        self.folder = stack.enter_context(open_folder(path))
        known = StageDescription()
        if self.folder.description_file.exists():
            known = self.folder.read_description()
        listeners = {
            name: stack.enter_context(bind_again(self._wanted.get(name, 0), known.ports.get(name)))
            for name in _PORTS
        }
        self._open_services(stack, listeners["mail"], url_of(listeners["status"]))
        self._cards = CardMaker(
            self.ca,
            self.management,
            cmp_url=lambda: self.urls.cmp_http,
            http=stack.enter_context(http_client()),
            clock=self.clock,
            randomness=self._randomness,
            key_source=self._key_source,
        )
        identity = server_identity(self.ca)
        context = context_of(*identity)
        # EST knows its clients by their certificates.
        asking = context_of(*identity)
        ask_for_certificates(asking, [self.ca.root, *self.ca.issuers.values()])
        contexts = {"cmp_http": None, "cmp_https": asking, "status": None}
        token = Secret(self._randomness(16).hex())
        self.ca_front = CaFront(self.ca.app, ISSUERS)
        make = self.ca_front.at_rest()(ordering(self.spine, self._cards, self._randomness))
        desk = desk_application(make, token.reveal().decode())
        applications = {
            "cmp_http": self.ca_front,
            "cmp_https": self.ca_front,
            # Apart from CMP, which may be away while people still sign in.
            "status": self.ca.app,
            "management": self.management.app,
            "spine": self.spine.app,
            "desk": desk,
        }
        endpoints = {
            name: Endpoint(application, listeners[name], contexts.get(name, context))
            for name, application in applications.items()
        }
        self.urls = StageUrls(
            cmp_http=endpoints["cmp_http"].url + CMP_PATH,
            cmp_https=endpoints["cmp_https"].url + CMP_PATH,
            management=endpoints["management"].url,
            spine=endpoints["spine"].url,
            desk=endpoints["desk"].url,
            mail=f"smtp://{HOST}:{self.mail.port}",
        )
        ports = {name: int(each.getsockname()[1]) for name, each in listeners.items()}
        self._ports = {**known.ports, **ports}
        self._write_folder(token)
        self._servers = stack.enter_context(
            Servers(list(endpoints.values()), [self.mail, self._status_http])
        )
        self.ca_front.door = self._servers.door(endpoints["cmp_http"], endpoints["cmp_https"])

    def _open_services(
        self, stack: ExitStack, mail_listener: socket.socket, ca_address: str
    ) -> None:
        kept = self._state is not None
        folder, clock, randomness = self.folder, self.clock, self._randomness
        self.ca = stack.enter_context(
            open_authority(folder, clock, randomness, kept=kept, published_at=ca_address)
        )
        services = stack.enter_context(
            open_services(
                self.ca,
                folder,
                clock,
                randomness,
                mail_listener,
                ca_address=ca_address,
                status_http=self._status_http,
                kept=kept,
            )
        )
        self.spine, self.management = services.spine, services.management
        self.outbox, self.mail = services.outbox, services.mail
        self.enrolment = standing_enrolment(self.ca)

    def _write_folder(self, token: Secret) -> None:
        folder = self.folder
        folder.write(folder.root_file, self.ca.root.public_bytes(Encoding.PEM).decode())
        secret = self.enrolment.secret.reveal().decode()
        folder.write(folder.enrolment_secret_file, secret, secret=True)
        folder.write(folder.desk_token_file, token.reveal().decode() + "\n", secret=True)
        self._describe()

    def _describe(self) -> None:
        folder = self.folder
        text = configuration_text(
            self.urls,
            reader=self._reader_settings,
            root=folder.root_file.name,
            portal=self._portal,
        )
        folder.write(folder.config_file, text)
        description = StageDescription(self._ports, self.enrolment.reference, self.urls.desk)
        folder.write_description(description)


def _randomness(seed: str | int | None, *, kept: bool) -> Randomness:
    # A kept stage must not draw the same identifiers again at its next start.
    if seed is None and kept:
        return system_randomness
    return seeded(0 if seed is None else seed)
