# SPDX-License-Identifier: Apache-2.0
"""What every stage is to those who use it, wherever its services and its card are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Unpack

from cryptography import x509

from selfrenew.clock import Clock
from selfrenew.transport import Reader
from selfrenew_emulator.ca import AuditEntry, IssuerName, Record
from selfrenew_emulator.card import Card
from selfrenew_emulator.certificate_status import CertificateStatus
from selfrenew_emulator.mail import Mailboxes, MailRefusal
from selfrenew_emulator.reader import CardSlot
from selfrenew_emulator.spine import Person, Role

from .card_maker import CardOptions
from .configuration import StageUrls
from .folder import StageFolder
from .people import DEFAULT_ROLES


class StageAuthority(Protocol):
    """The CA as who runs a stage sees it."""

    @property
    def root(self) -> x509.Certificate:
        """The trust anchor."""

    @property
    def issuers(self) -> Mapping[IssuerName, x509.Certificate]:
        """The two issuers' certificates."""

    def status_of(self, certificate: x509.Certificate) -> CertificateStatus:
        """Tell the standing of a certificate."""

    def revoke(
        self,
        certificate: x509.Certificate,
        reason: x509.ReasonFlags = x509.ReasonFlags.unspecified,
    ) -> bool:
        """Revoke a certificate; False where it no longer counted."""

    def audit(self) -> list[AuditEntry]:
        """List every CMP message that was answered, oldest first."""

    def certificates_of(self, subject: x509.Name) -> list[Record]:
        """List all certificates ever issued to a subject, in the order of their issue."""


class Stage(Protocol):
    """Card, CA, card management and Spine, running."""

    @property
    def clock(self) -> Clock:
        """What everything goes by."""

    @property
    def reader(self) -> CardSlot:
        """Where cards are put in."""

    @property
    def direct_reader(self) -> Reader | None:
        """The reader for programs in this process; None where it is what `config_file` names."""

    @property
    def ca(self) -> StageAuthority:
        """The CA."""

    @property
    def outbox(self) -> Mailboxes:
        """The mail that was sent."""

    @property
    def mail(self) -> MailRefusal:
        """The mail server."""

    @property
    def urls(self) -> StageUrls:
        """Where the services answer."""

    @property
    def folder(self) -> StageFolder:
        """The files for programs beside the stage."""

    @property
    def root_file(self) -> Path:
        """The CA's root, PEM: the one trust anchor for CMP, certificates and TLS."""

    @property
    def config_file(self) -> Path:
        """A configuration for `selfrenew --config`."""

    def make_person(
        self, name: str = "Alice Archer", roles: tuple[Role, ...] = DEFAULT_ROLES
    ) -> Person:
        """Make somebody up and let the Spine know them."""

    def make_card(self, person: Person, **options: Unpack[CardOptions]) -> Card:
        """Make a person's card; the options are those of `CardMaker.make`."""

    def write_card(self, path: Path, card: Card, *, overwrite: bool = False) -> None:
        """Put a card into an image file. Raise CardImageExistsError."""
