# SPDX-License-Identifier: Apache-2.0
"""The services of a stage, opened together: CA, Spine, card management, mail."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from selfrenew.clock import Clock
from selfrenew_emulator.ca import CaError, CertificateAuthority, IssuerName
from selfrenew_emulator.mail import Outbox
from selfrenew_emulator.management import CardManagement
from selfrenew_emulator.randomness import Randomness
from selfrenew_emulator.spine import Spine

from .errors import StateError
from .folder import StageFolder


@dataclass(frozen=True, slots=True)
class StageServices:
    """What a stage serves; each has its own `app`, none knows another."""

    ca: CertificateAuthority
    spine: Spine
    management: CardManagement
    outbox: Outbox


@contextmanager
def open_services(
    folder: StageFolder, clock: Clock, randomness: Randomness, *, kept: bool
) -> Iterator[StageServices]:
    """Open the services, in the folder where it is kept, else in memory, and close them.

    Raise StateError.
    """
    with ExitStack() as stack:
        try:
            services = _open(stack, folder, clock, randomness, kept=kept)
        except (CaError, OSError, ValueError, TypeError, sqlite3.Error) as error:
            reason = f"its services cannot be opened ({error})"
            remedy = "Name another folder, or remove this one to start afresh."
            raise StateError(folder.path, reason, remedy) from error
        yield services


def _open(
    stack: ExitStack, folder: StageFolder, clock: Clock, randomness: Randomness, *, kept: bool
) -> StageServices:
    if kept:
        folder.ca_folder.mkdir(mode=0o700, exist_ok=True)
        ca = CertificateAuthority.open(folder.ca_folder, clock, randomness)
    else:
        ca = CertificateAuthority(clock, randomness)
    stack.callback(ca.close)
    outbox = Outbox(folder.mail_folder if kept else None)
    spine = Spine(
        issuers=[ca.issuers[IssuerName.AUTHENTICATION]],
        status_of=ca.status_of,
        clock=clock,
        randomness=randomness,
        database=folder.spine_file if kept else None,
    )
    stack.callback(spine.close)
    management = CardManagement(
        issuers=list(ca.issuers.values()),
        status_of=ca.status_of,
        clock=clock,
        randomness=randomness,
        outbox=outbox,
        database=folder.management_file if kept else None,
    )
    stack.callback(management.close)
    return StageServices(ca, spine, management, outbox)
