# SPDX-License-Identifier: Apache-2.0
"""What every scenario here comes to: the card is renewed, and the CA knows of nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

from selfrenew.piv.references import KeyReference
from selfrenew.renewal import Event, events
from selfrenew.secret import Secret
from selfrenew.transport import Reader
from selfrenew_emulator.ca import person_name
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import TEST_PASSCODE, Stage
from selfrenew_steps.card_contents import CardContents, key_goes_with, read_contents

SIGNING, AUTHENTICATION = KeyReference.DIGITAL_SIGNATURE, KeyReference.PIV_AUTHENTICATION
PASSCODE = Secret(TEST_PASSCODE)
_PASSCODE = TEST_PASSCODE.decode()
MOMENTS = [
    (moment, slot)
    for slot in (SIGNING, AUTHENTICATION)
    for moment in (events.KeyGenerated, events.CertificateIssued, events.CertificateWritten)
]
MOMENT_NAMES = [f"{moment.__name__}-{slot.name}" for moment, slot in MOMENTS]


def once(
    moment: type[Event], slot: KeyReference, act: Callable[[], object]
) -> Callable[[Event], None]:
    """Watch a renewal, and act the first time that something happens to a slot."""
    done = False

    def observe(event: Event) -> None:
        nonlocal done
        if not done and isinstance(event, moment) and getattr(event, "slot", slot) == slot:
            done = True
            act()

    return observe


@dataclass(frozen=True)
class Holder:
    """Somebody, their card in a reader, and how it was when they got it."""

    stage: Stage
    person: Person
    reader: Reader
    before: CardContents

    def assert_untouched(self) -> None:
        """The card is as it was."""
        assert read_contents(self.reader) == self.before

    def assert_a_key_counts(self) -> None:
        """One key of the card at least has a certificate that counts."""
        certificates = read_contents(self.reader).certificates
        assert any(
            key_goes_with(self.reader, slot, certificate, _PASSCODE)
            and self.stage.ca.status_of(certificate).state is CertificateState.VALID
            for slot, certificate in certificates.items()
        )

    def assert_renewed_and_nothing_else_counts(self) -> None:
        """Both certificates are new, go with their keys, and are the only ones that count."""
        certificates = read_contents(self.reader).certificates
        assert set(certificates) == {"authentication", "signing"}
        for slot, certificate in certificates.items():
            assert certificate != self.before.certificates[slot]
            assert key_goes_with(self.reader, slot, certificate, _PASSCODE)
        records = self.stage.ca.certificates_of(person_name(self.person.user_id))
        valid = {each.certificate for each in records if each.state is CertificateState.VALID}
        assert valid == set(certificates.values())


def hand_out_beside(stage: Stage, name: str = "Bob Brown") -> Holder:
    """Give somebody a card with 30 days left, in a reader of this process."""
    person, reader = stage.make_person(name), EmbeddedReader()
    reader.insert(stage.make_card(person, days_left=30))
    return Holder(stage, person, reader, read_contents(reader))
