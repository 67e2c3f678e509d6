# SPDX-License-Identifier: Apache-2.0
"""A CA served at the address that its certificates name, and certificates issued by it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cryptography import x509

from selfrenew.cmp.building import NULL_NAME, Conversation, MacProtection
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import BodyType
from selfrenew_emulator.ca import (
    GENERAL,
    CertificateAuthority,
    KeyMaker,
    Profile,
    p256_key,
    person_name,
)
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW
from selfrenew_emulator.stage.server import Endpoint, Servers, bind, url_of

from .conftest import Talk, new_key


@dataclass
class Published:
    """The CA, its clock, and whoever asks it for certificates."""

    ca: CertificateAuthority
    clock: SettableClock
    url: str
    holders: int = 0

    @property
    def ocsp(self) -> str:
        return self.url + "/ocsp"

    def ask(
        self,
        profile: Profile = GENERAL,
        key: PrivateKeySigner | None = None,
        subject: x509.Name | None = None,
    ) -> Talk:
        """Get a certificate that is still pending."""
        self.holders += 1
        name = subject or person_name(f"{200_000_000_000 + self.holders}")
        enrolment = self.ca.enrol(subject=name, profiles=[profile.name])
        by = MacProtection(enrolment.reference.encode(), enrolment.secret)
        talk = Talk(
            f"{self.url}/.well-known/cmp/p/{profile.name}",
            self.clock,
            Conversation(by, NULL_NAME, clock=self.clock, randomness=seeded(self.holders)),
        )
        talk.ask(name, key or new_key(), BodyType.IR)
        return talk

    def issue(
        self,
        profile: Profile = GENERAL,
        key: PrivateKeySigner | None = None,
        subject: x509.Name | None = None,
    ) -> x509.Certificate:
        """Get a certificate and confirm it."""
        talk = self.ask(profile, key, subject)
        certificate = talk.certificate
        assert talk.confirm().body_type is BodyType.PKICONF
        return certificate


@contextmanager
def published_ca(
    clock: SettableClock | None = None, make_key: KeyMaker = p256_key
) -> Iterator[Published]:
    listener = bind()
    url = url_of(listener)
    kept = clock or SettableClock(DEFAULT_NOW)
    ca = CertificateAuthority(kept, make_key=make_key, published_at=url)
    with Servers([Endpoint(ca.app, listener, None)]):
        yield Published(ca, kept, url)
    ca.close()
