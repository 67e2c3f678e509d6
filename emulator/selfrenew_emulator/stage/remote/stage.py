# SPDX-License-Identifier: Apache-2.0
"""A stage whose programs run apart from this process, and are asked and told things over HTTP."""

import os
import secrets
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

from selfrenew.piv.references import ReferenceDataQualifier
from selfrenew.transport import Reader
from selfrenew_emulator.card import Card, CardImage, StoredReference
from selfrenew_emulator.clock import FileClock
from selfrenew_emulator.randomness import system_randomness
from selfrenew_emulator.spine import Person, Role
from selfrenew_emulator.stage.card_maker import CardOptions
from selfrenew_emulator.stage.card_order import CardOrder
from selfrenew_emulator.stage.configuration import StageUrls, configuration_text
from selfrenew_emulator.stage.folder import StageFolder
from selfrenew_emulator.stage.local import DEFAULT_NOW
from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE
from selfrenew_emulator.stage.people import DEFAULT_ROLES, new_person
from selfrenew_emulator.stage.portal import CONTACTS, portal_configuration_text, portal_url

from .ca import RemoteAuthority
from .client import ControlClient
from .faults import RemoteCaFront, RemoteFaults
from .portal import PortalHost
from .reader import RemoteKeyMaking, RemoteReader
from .services import RemoteDesk, RemoteMail, RemoteOutbox

_CLOCKS = ("ca", "services", "portal")


@dataclass(frozen=True, slots=True)
class Controls:
    """Where the control APIs answer."""

    ca: str
    services: str
    reader: str


def shared_clock(folder: StageFolder) -> FileClock:
    """Give the clock of all programs that share a folder; each reads a file of its own."""
    return FileClock(*(folder.clock_file(name) for name in _CLOCKS))


class RemoteStage:
    """A stage of running programs; enter it to use it. Leaving it ends none of them.

    Its clock is the programs' where they were started with the clocks of the shared folder.
    PC/SC programs of this process are pointed to the pcscd at `socket_file`, for good.
    """

    def __init__(
        self,
        folder: StageFolder,
        urls: StageUrls,
        controls: Controls,
        portal: PortalHost,
        *,
        socket_file: Path,
    ) -> None:
        os.environ[SOCKET_VARIABLE] = str(socket_file)
        self.folder = folder
        self.urls = urls
        self.portal = portal
        self.clock = shared_clock(folder)
        self.direct_reader: Reader | None = None
        self._stack = ExitStack()
        token = folder.read_control_token()
        ca, services, reader = (
            self._stack.enter_context(closing(ControlClient(url, token)))
            for url in (controls.ca, controls.services, controls.reader)
        )
        self.ca = RemoteAuthority(ca)
        self.ca_front = RemoteCaFront(ca)
        self.ca_faults = RemoteFaults(ca)
        self.outbox = RemoteOutbox(services)
        self.mail = RemoteMail(services)
        self.mail_faults = RemoteFaults(services)
        self.reader = RemoteReader(reader)
        self.second_reader = RemoteReader(reader, 1)
        self.key_making = RemoteKeyMaking(reader)
        self.faults = RemoteFaults(reader)
        self._desk = RemoteDesk(services)
        text = configuration_text(
            urls,
            reader={"transport": "pcsc", "location": self.reader.name},
            root=folder.root_file.name,
            portal=portal_url(portal.port),
        )
        folder.write(folder.config_file, text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def collect_logs(self, folder: Path) -> None:
        """Write what the programs have said into a folder, where that is kept for somebody."""

    @property
    def root_file(self) -> Path:
        """The CA's root, PEM: the one trust anchor for CMP, certificates and TLS."""
        return self.folder.root_file

    @property
    def config_file(self) -> Path:
        """A configuration for `selfrenew --config`."""
        return self.folder.config_file

    def begin(self) -> None:
        """Put back what a test may have changed: the time, the mail server, the reader.

        People, cards and certificates stay; who needs none of before makes new ones.
        """
        self.clock.set(DEFAULT_NOW)
        self.mail.refusal = None
        self.key_making.go_on()
        for faults in (self.faults, self.ca_faults, self.mail_faults):
            faults.clear()
        if self.reader.card_present:
            self.reader.remove()

    def make_person(
        self, name: str = "Alice Archer", roles: tuple[Role, ...] = DEFAULT_ROLES
    ) -> Person:
        """Make somebody up and let the Spine know them."""
        person = new_person(name, roles, system_randomness)
        self._desk.register(person)
        return person

    def make_card(self, person: Person, **options: Unpack[CardOptions]) -> Card:
        """Make a person's card; the options are those of `CardMaker.make`."""
        ordered: dict[str, Any] = dict(options)
        passcode, global_pin = ordered.pop("passcode", None), ordered.pop("global_pin", None)
        order = CardOrder(
            person.name, user_id=person.user_id, has_global_pin=global_pin is not None, **ordered
        )
        card = self._desk.order(order)
        _set_reference(card, ReferenceDataQualifier.APPLICATION_PIN, passcode)
        _set_reference(card, ReferenceDataQualifier.GLOBAL_PIN, global_pin)
        return card

    def write_card(self, path: Path, card: Card, *, overwrite: bool = False) -> None:
        """Put a card into an image file, one in the reader as it is now.

        Raise CardImageExistsError.
        """
        self.reader.look_at(card)
        CardImage.create(path, card.state, overwrite=overwrite)

    def write_portal(
        self,
        *,
        agent: Mapping[str, str | int] | None = None,
        contacts: Mapping[str, str] = CONTACTS,
    ) -> None:
        """Write what the portal is started with: certificate, key and configuration."""
        folder = self.folder
        key, chain = self.ca.tls_certificate(())
        folder.write(folder.portal_certificate_file, chain.decode())
        folder.write(folder.portal_key_file, key.decode(), secret=True)
        text = portal_configuration_text(
            self.portal.port,
            listen=self.portal.listen,
            spine=self.portal.spine,
            root=folder.root_file.name,
            name=folder.portal_config_file.stem,
            agent=agent or {},
            contacts=contacts,
        )
        folder.write(folder.portal_config_file, text)


def _set_reference(card: Card, qualifier: ReferenceDataQualifier, value: bytes | None) -> None:
    """Give a card a passcode here, since it is sent nowhere."""
    if value is None:
        return
    known = card.state.references[qualifier]
    padded = value.ljust(8, b"\xff")
    reference = StoredReference.of(padded, secrets.token_bytes(16), known.tries_limit)
    card.store.put_reference(qualifier, reference)
    card.store.commit()
