# SPDX-License-Identifier: Apache-2.0
"""A stage for a module's tests, each with a person and a card of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.piv.references import Algorithm
from selfrenew.renewal import Renewal, RenewalOutcome
from selfrenew.secret import Secret
from selfrenew.transport import CardConnection
from selfrenew_emulator.ca import person_name
from selfrenew_emulator.card import Card
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage
from selfrenew_steps.card_contents import CardContents, key_goes_with, read_contents, tries_left

PASSCODE = "123456"


@dataclass(frozen=True)
class Bench:
    """A person, her card in the reader, and the reference that renews it."""

    stage: EmbeddedStage
    person: Person
    card: Card
    before: CardContents
    connect: Callable[[], CardConnection]

    def reference(self, *, behind: timedelta = timedelta()) -> Reference:
        """Assemble the reference, its clock behind everybody else's."""
        return assemble(
            load_configuration(self.stage.config_file),
            reader=self.stage.reader,
            clock=lambda: self.stage.clock() - behind,
        )

    def renewal(
        self, reference: Reference, connection: CardConnection | None = None, **options: object
    ) -> Renewal:
        return Renewal(
            connection or self.connect(),
            reference.services,
            Secret(PASSCODE),
            reference.clock,
            **options,  # type: ignore[arg-type]
        )

    def renew(self) -> RenewalOutcome:
        with self.reference() as reference:
            return self.renewal(reference).run()

    def put_back(self) -> None:
        if not self.stage.reader.card_present:
            self.stage.reader.insert(self.card)

    def counting_slots(self) -> set[str]:
        """Name the slots whose key goes with a certificate that the CA holds for valid."""
        return {
            slot
            for slot, certificate in read_contents(self.stage.reader).certificates.items()
            if self.stage.ca.status_of(certificate).state is CertificateState.VALID
            and certificate.not_valid_after_utc >= self.stage.clock()
            and key_goes_with(self.stage.reader, slot, certificate, PASSCODE)
        }

    def assert_renewed_and_nothing_else_counts(self) -> None:
        after = read_contents(self.stage.reader)
        assert self.counting_slots() == {"authentication", "signing"}
        for slot, certificate in after.certificates.items():
            assert certificate != self.before.certificates[slot]
        records = self.stage.ca.certificates_of(person_name(self.person.user_id))
        valid = {each.certificate for each in records if each.state is CertificateState.VALID}
        assert valid == set(after.certificates.values())
        assert tries_left(self.stage.reader) == 3

    def assert_signs_in(self) -> None:
        """Take the card out and put it back, and sign in with what is on it."""
        card = self.stage.reader.remove()
        self.stage.reader.insert(card)
        on_card = read_contents(self.stage.reader).certificates["authentication"]
        with self.reference() as reference:
            session = reference.session()
            login = session.sign_in(Secret(PASSCODE), lambda roles: roles[-1])
            assert login.certificate_serial == on_card.serial_number
            assert reference.services.spine.validate(login.spine.ticket).valid
            session.end()


@pytest.fixture(scope="module")
def module_stage() -> Iterator[EmbeddedStage]:
    with EmbeddedStage(clock=SettableClock(DEFAULT_NOW)) as stage:
        yield stage


MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench(module_stage: EmbeddedStage) -> Iterator[MakeBench]:
    clock = module_stage.clock
    assert isinstance(clock, SettableClock)

    def make(
        *,
        days_left: float = 30,
        signing_days_left: float | None = None,
        algorithm: Algorithm = Algorithm.P256,
    ) -> Bench:
        clock.set(DEFAULT_NOW)
        person = module_stage.make_person()
        card = module_stage.make_card(
            person,
            days_left=days_left,
            signing_days_left=signing_days_left,
            algorithm=algorithm,
        )
        if module_stage.reader.card_present:
            module_stage.reader.remove()
        module_stage.reader.insert(card)
        before = read_contents(module_stage.reader)
        return Bench(module_stage, person, card, before, module_stage.reader.connect)

    yield make
    clock.set(DEFAULT_NOW)
    if module_stage.reader.card_present:
        module_stage.reader.remove()
