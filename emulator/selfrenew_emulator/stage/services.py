# SPDX-License-Identifier: Apache-2.0
"""The services of a stage, opened together: CA, Spine, card management, mail."""

import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509

from selfrenew.clock import Clock
from selfrenew_emulator.ca import (
    GENERAL,
    OCSP_PATH,
    PROFILES,
    CaError,
    CertificateAuthority,
    Enrolment,
    IssuerName,
    UnknownEnrolmentError,
    Variety,
)
from selfrenew_emulator.mail import MailSender, MailServer, Outbox
from selfrenew_emulator.management import CardManagement
from selfrenew_emulator.ocsp_client import OcspClient
from selfrenew_emulator.plain_http import PlainHttp
from selfrenew_emulator.randomness import Randomness
from selfrenew_emulator.spine import Spine

from .errors import StateError
from .folder import StageFolder
from .server import HOST

ISSUERS = {name: profile.issuer.value for name, profile in PROFILES.items()}
"""The issuer of each profile, for faults of one of them."""
_ENROLMENT = "bench"
_UNUSABLE = (CaError, OSError, ValueError, TypeError, sqlite3.Error)


class TrustedAuthority(Protocol):
    """What the services have to know of the CA, wherever it is."""

    @property
    def issuers(self) -> Mapping[IssuerName, x509.Certificate]:
        """The two issuers' certificates."""


@dataclass(frozen=True, slots=True)
class StageServices:
    """What a stage serves beside its CA; each has its own `app`, none knows another.

    `mail` is to be started where the apps are served, and so is what they ask the CA by.
    """

    spine: Spine
    management: CardManagement
    outbox: Outbox
    mail: MailServer


@contextmanager
def open_authority(
    folder: StageFolder,
    clock: Clock,
    randomness: Randomness,
    *,
    published_at: str | None,
    kept: bool = True,
    variety: Variety | None = None,
) -> Iterator[CertificateAuthority]:
    """Open the CA, in the folder or in memory as it is kept, and close it. Raise StateError.

    `published_at` is where others reach it over HTTP; None is where they last did.
    """
    with ExitStack() as stack:
        with _state_errors(folder):
            if kept:
                folder.ca_folder.mkdir(mode=0o700, exist_ok=True)
                ca = CertificateAuthority.open(
                    folder.ca_folder,
                    clock,
                    randomness,
                    published_at=published_at,
                    variety=variety,
                )
            else:
                ca = CertificateAuthority(
                    clock, randomness, published_at=published_at, variety=variety
                )
            stack.callback(ca.close)
        yield ca


def standing_enrolment(ca: CertificateAuthority) -> Enrolment:
    """Give the enrolment under which anybody at a stage gets certificates, made where it is not."""
    try:
        return ca.enrolment(_ENROLMENT)
    except UnknownEnrolmentError:
        return ca.enrol(_ENROLMENT, profiles=(GENERAL.name,), uses=None)


@contextmanager
def open_services(
    ca: TrustedAuthority,
    folder: StageFolder,
    clock: Clock,
    randomness: Randomness,
    mail_listener: socket.socket,
    *,
    ca_address: str,
    status_http: PlainHttp,
    kept: bool = True,
) -> Iterator[StageServices]:
    """Open the services that rely on a CA, in the folder or in memory as it is, and close them.

    The mail server takes the listener; `ca_address` is where the CA is reached over HTTP, by
    `status_http`. Raise StateError.
    """
    with ExitStack() as stack:
        with _state_errors(folder):
            services = _open(
                stack,
                ca,
                mail_listener,
                folder if kept else None,
                ca_address=ca_address,
                status_http=status_http,
                clock=clock,
                randomness=randomness,
            )
        yield services


@contextmanager
def _state_errors(folder: StageFolder) -> Iterator[None]:
    try:
        yield
    except _UNUSABLE as error:
        reason = f"its services cannot be opened ({error})"
        remedy = "Name another folder, or remove this one to start afresh."
        raise StateError(folder.path, reason, remedy) from error


def _open(
    stack: ExitStack,
    ca: TrustedAuthority,
    mail_listener: socket.socket,
    folder: StageFolder | None,
    *,
    ca_address: str,
    status_http: PlainHttp,
    clock: Clock,
    randomness: Randomness,
) -> StageServices:
    # Over HTTP even where the CA is in this process: what is between them can fail here too.
    status_of = OcspClient(
        list(ca.issuers.values()),
        clock,
        randomness,
        responder=ca_address + OCSP_PATH,
        http=status_http,
    )
    outbox = Outbox(None if folder is None else folder.mail_folder, clock)
    mail = MailServer(outbox, mail_listener)
    spine = Spine(
        issuers=[ca.issuers[IssuerName.AUTHENTICATION]],
        status_of=status_of,
        clock=clock,
        randomness=randomness,
        database=None if folder is None else folder.spine_file,
    )
    stack.callback(spine.close)
    management = CardManagement(
        issuers=list(ca.issuers.values()),
        status_of=status_of,
        clock=clock,
        randomness=randomness,
        mail=MailSender(HOST, mail.port),
        database=None if folder is None else folder.management_file,
    )
    stack.callback(management.close)
    return StageServices(spine, management, outbox, mail)
