# SPDX-License-Identifier: Apache-2.0
"""The stage's card office: makes people's cards with the stage's CA and card management."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Protocol, TypedDict

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.clock import Clock
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew.secret import Secret
from selfrenew_emulator.ca import (
    CARD_AUTHENTICATION,
    CONTENT_SIGNING,
    KEY_MANAGEMENT,
    Enrolment,
    Extensions,
    person_name,
)
from selfrenew_emulator.card import Card, Interfaces, KeySource, Personality
from selfrenew_emulator.management import CardManagement
from selfrenew_emulator.personalisation import (
    PROFILES,
    CardIdentity,
    CardSecrets,
    Completion,
    ContentSigner,
    EnrolmentOffice,
    Holder,
    card_extensions,
    holder_extensions,
    new_guid,
    padded,
    personalise,
    signer_curve,
    signer_extensions,
)
from selfrenew_emulator.personalisation.key_management import RETIRED_KEYS
from selfrenew_emulator.randomness import Randomness
from selfrenew_emulator.spine import Person

from .errors import NoSuchCardError
from .people import mail_address

TEST_PASSCODE = b"123456"
_CARD_LIFE = timedelta(days=5 * 365)
_MANAGEMENT_ALGORITHM = Algorithm.AES192
_SIGNER = x509.Name.from_rfc4514_string("CN=NHS TEST Card Office G2,OU=cards,O=NHS TEST,C=GB")


class CardOptions(TypedDict, total=False):
    """The keywords that say what card to make; `CardMaker.make` explains them."""

    days_left: float
    signing_days_left: float | None
    passcode: bytes
    algorithm: Algorithm
    personality: Personality
    interfaces: Interfaces
    complete: bool
    certificate_padding: int
    pairing_code_required: bool
    global_pin: bytes | None


class EnrollingAuthority(Protocol):
    """Lets somebody ask for first certificates; `CertificateAuthority` is one."""

    def enrol(
        self,
        *,
        subject: x509.Name | None = None,
        profiles: Iterable[str] = ...,
        uses: int | None = 1,
        extensions: Mapping[str, Iterable[x509.Extension[x509.ExtensionType]]] | None = None,
    ) -> Enrolment:
        """Make an enrolment."""


class CardMaker:
    """Makes cards. The HTTP client stays its owner's."""

    def __init__(
        self,
        ca: EnrollingAuthority,
        management: CardManagement,
        *,
        cmp_url: Callable[[], str],
        http: httpx.Client,
        clock: Clock,
        randomness: Randomness,
        key_source: KeySource,
    ) -> None:
        self._ca = ca
        self._management = management
        self._cmp_url = cmp_url
        self._http = http
        self._clock = clock
        self._randomness = randomness
        self._key_source = key_source
        self._signers: dict[str, ContentSigner] = {}

    def make(
        self,
        person: Person,
        *,
        days_left: float = 30,
        signing_days_left: float | None = None,
        passcode: bytes = TEST_PASSCODE,
        algorithm: Algorithm = Algorithm.P256,
        personality: Personality = Personality.PIV,
        interfaces: Interfaces = Interfaces.CONTACT,
        complete: bool = False,
        certificate_padding: int = 0,
        pairing_code_required: bool = True,
        global_pin: bytes | None = None,
    ) -> Card:
        """Make a person's card.

        `signing_days_left` lets the two certificates differ. A `complete` card has every object and
        every key, not the pair alone, and over the contactless interface, where it has one, secure
        messaging and the virtual contact interface, whose pairing code may be waived.
        `certificate_padding` makes the pair's certificates so many bytes longer, and those that
        replace them.
        Raise NoSuchCardError before anything is made, PersonalisationError later.
        """
        _check(personality, interfaces, complete=complete, pairing_code=pairing_code_required)
        now = self._clock()
        identity = CardIdentity(new_guid(self._randomness), (now + _CARD_LIFE).date())
        management_key = self._management.management_key(identity.guid, _MANAGEMENT_ALGORITHM)
        secrets = CardSecrets(Secret(passcode), management_key, _MANAGEMENT_ALGORITHM)
        puk = self._management.new_puk()
        card = Card.blank(
            pin=passcode,
            puk=puk.reveal(),
            management_key=management_key.reveal(),
            management_algorithm=secrets.management_algorithm,
            global_pin=global_pin,
            personality=personality,
            # No card is written through the air: one without contacts loses them when it is made.
            interfaces=Interfaces.DUAL if interfaces is Interfaces.CONTACTLESS else interfaces,
            randomness=self._randomness,
            key_source=self._key_source,
        )
        holder = Holder(person.name, person_name(person.user_id))
        extensions = holder_extensions(identity) if complete else {}
        if certificate_padding:
            extensions = padded(extensions, certificate_padding)
        holders = self._holders_office(holder.subject, extensions, complete=complete)
        end = now + timedelta(days=days_left)
        signing_days = days_left if signing_days_left is None else signing_days_left
        personalise(
            card.transmit,
            holders,
            secrets=secrets,
            subject=holder.subject,
            identity=identity,
            not_after={
                KeyReference.PIV_AUTHENTICATION: end,
                KeyReference.DIGITAL_SIGNATURE: now + timedelta(days=signing_days),
            },
            algorithm=algorithm,
        )
        if complete:
            Completion(
                card,
                holder,
                identity,
                secrets,
                self._signer(signer_curve(algorithm)),
                holders=holders,
                cards=self._cards_office(identity),
                randomness=self._randomness,
                key_source=self._key_source,
            ).run(
                now,
                algorithm=algorithm,
                not_after=end,
                pairing_code_required=pairing_code_required,
            )
        self._management.register(
            identity.guid,
            user_id=person.user_id,
            email=mail_address(person),
            puk=puk,
            algorithm=secrets.management_algorithm,
        )
        card.reset()
        if interfaces is Interfaces.CONTACTLESS:
            state = replace(card.state, interfaces=interfaces)
            card = Card(state, randomness=self._randomness, key_source=self._key_source)
        return card

    def _holders_office(
        self, subject: x509.Name, extensions: Mapping[str, Extensions], *, complete: bool
    ) -> EnrolmentOffice:
        profiles = list(PROFILES.values())
        uses = len(profiles)
        if not complete:
            return self._office(
                self._ca.enrol(subject=subject, profiles=profiles, uses=uses, extensions=extensions)
            )
        return self._office(
            self._ca.enrol(
                subject=subject,
                profiles=[*profiles, KEY_MANAGEMENT.name],
                uses=uses + 1 + len(RETIRED_KEYS),
                extensions=extensions,
            )
        )

    def _cards_office(self, identity: CardIdentity) -> EnrolmentOffice:
        return self._office(
            self._ca.enrol(
                subject=identity.subject,
                profiles=[CARD_AUTHENTICATION.name],
                extensions=card_extensions(identity),
            )
        )

    def _signer(self, curve: ec.EllipticCurve) -> ContentSigner:
        """Give the office's signer, made when it is first needed."""
        if curve.name not in self._signers:
            enrolment = self._ca.enrol(
                subject=_SIGNER, profiles=[CONTENT_SIGNING.name], extensions=signer_extensions()
            )
            self._signers[curve.name] = ContentSigner.enrolled(
                self._office(enrolment), _SIGNER, curve
            )
        return self._signers[curve.name]

    def _office(self, enrolment: Enrolment) -> EnrolmentOffice:
        return EnrolmentOffice(
            self._cmp_url(),
            enrolment,
            clock=self._clock,
            randomness=self._randomness,
            http=self._http,
        )


def _check(
    personality: Personality, interfaces: Interfaces, *, complete: bool, pairing_code: bool
) -> None:
    if personality is Personality.YUBIKEY and interfaces is not Interfaces.CONTACT:
        raise NoSuchCardError("a card of personality yubikey has contacts alone")
    if not pairing_code and (not complete or interfaces is Interfaces.CONTACT):
        raise NoSuchCardError(
            "a pairing code is waived on a complete card with a contactless interface only"
        )
