# SPDX-License-Identifier: Apache-2.0
"""Programs that do a renewal wrongly on purpose, each in one way that looks harmless."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509

from selfrenew.cli.driving import DrivenReference, Ending, drive
from selfrenew.clock import Clock
from selfrenew.cmp.client import CmpClient, PendingCertificate
from selfrenew.config import Reference
from selfrenew.piv.card_key import CardKey
from selfrenew.piv.signatures import algorithm_of
from selfrenew.renewal import Renewal, RenewalOutcome
from selfrenew.renewal.plan import Step
from selfrenew.secret import Secret
from selfrenew.transport import CardConnection, NeighbouredReader, Reader
from selfrenew_emulator.campaign.client import OpenClient

WRONG_PASSCODE = 5


class WithoutVoucher(Renewal):
    """Makes both keys at once, since both are to be new anyway."""

    def _renew(
        self, step: Step, voucher: x509.Certificate, old: x509.Certificate | None
    ) -> x509.Certificate:
        self._client.generate_key(step.voucher, algorithm_of(voucher.public_key()))
        return super()._renew(step, voucher, old)


class ConfirmedEarly(Renewal):
    """Tells the CA that the certificate is in its place once the card has said that it took it."""

    def _take(
        self, pending: PendingCertificate, key: CardKey, subject: x509.Name, ca: CmpClient
    ) -> None:
        read = self._client.read_certificate

        def confirm_and_read(slot: Any) -> x509.Certificate | None:
            pending.confirm()
            # What comes later has been done.
            pending.confirm = lambda: None  # type: ignore[method-assign]
            return read(slot)

        self._client.read_certificate = confirm_and_read  # type: ignore[method-assign]
        try:
            super()._take(pending, key, subject, ca)
        finally:
            self._client.read_certificate = read  # type: ignore[method-assign]


class Mutant(DrivenReference):
    """Renews as a mutated workflow does."""

    def __init__(self, reference: Reference, workflow: type[Renewal]) -> None:
        super().__init__(reference)
        self._workflow = workflow
        self._wired = reference

    def renew(self, passcode: Secret) -> Ending:
        mutated = _Mutated(self._wired, self._workflow)
        return DrivenReference(mutated).renew(passcode)  # type: ignore[arg-type]


class _Mutated:
    """The reference with another workflow inside."""

    def __init__(self, reference: Reference, workflow: type[Renewal]) -> None:
        self._reference = reference
        self._workflow = workflow

    def renew(self, passcode: Secret, *, observe: Callable[..., None]) -> RenewalOutcome:
        reference = self._reference
        with closing(reference.reader.connect()) as connection:
            return self._workflow(
                connection, reference.services, passcode, reference.clock, observe=observe
            ).run()


class Persistent(DrivenReference):
    """Presents a passcode again that the card has refused: it may have been a mistake."""

    def renew(self, passcode: Secret) -> Ending:
        ending = super().renew(passcode)
        return super().renew(passcode) if ending.code == WRONG_PASSCODE else ending


class Silent(DrivenReference):
    """Says that all is well whatever happened."""

    def renew(self, passcode: Secret) -> Ending:
        return Ending(0, super().renew(passcode).text)


class Misleading(DrivenReference):
    """Sends people away for what has not happened."""

    def renew(self, passcode: Secret) -> Ending:
        ending = super().renew(passcode)
        text = ending.text.replace("expired", "is missing").replace("mismatched", "missing")
        return Ending(ending.code, text)


class Talkative(DrivenReference):
    """Tells the passcode, to be helpful."""

    def renew(self, passcode: Secret) -> Ending:
        ending = super().renew(passcode)
        if ending.code == 0:
            return ending
        return Ending(ending.code, f"{ending.text} Your passcode is {passcode.reveal().decode()}.")


def _reference(driven: DrivenReference) -> Reference:
    return driven._reference  # noqa: SLF001  a mutant is made of it


def _made_of(mutant: Callable[[Reference], DrivenReference]) -> OpenClient:
    """Open the reference, and have a mutant in its place."""

    def open_mutant(
        config_file: Path,
        reader: Reader,
        clock: Clock,
        line: httpx.BaseTransport | None,
        sleep: Callable[[float], None],
    ) -> DrivenReference:
        return mutant(_reference(drive(config_file, reader, clock, line, sleep)))

    return open_mutant


without_voucher = _made_of(partial(Mutant, workflow=WithoutVoucher))
confirmed_early = _made_of(partial(Mutant, workflow=ConfirmedEarly))
persistent = _made_of(Persistent)
silent = _made_of(Silent)
misleading = _made_of(Misleading)
talkative = _made_of(Talkative)


def by_the_wall_clock(
    config_file: Path,
    reader: Reader,
    clock: Clock,
    line: httpx.BaseTransport | None,
    sleep: Callable[[float], None],
) -> DrivenReference:
    """Takes the local time for UTC, as who forgets the zone does."""

    def on_the_wall() -> datetime:
        return datetime.fromtimestamp(clock().timestamp()).replace(tzinfo=UTC)  # noqa: DTZ006

    return drive(config_file, reader, on_the_wall, line, sleep)


class _Newest:
    """The reader that came last, since somebody has just put a card into it."""

    def __init__(self, first: Reader) -> None:
        self._first = first
        self.name, self.card_present = first.name, True

    def connect(self) -> CardConnection:
        readers: list[Reader] = [self._first]
        if isinstance(self._first, NeighbouredReader):
            readers += self._first.neighbours
        return readers[-1].connect()


def newest_reader(
    config_file: Path,
    reader: Reader,
    clock: Clock,
    line: httpx.BaseTransport | None,
    sleep: Callable[[float], None],
) -> DrivenReference:
    return drive(config_file, _Newest(reader), clock, line, sleep)
