# SPDX-License-Identifier: Apache-2.0
"""A CA that issues something else than what was asked for: it is not written, and the CA hears so.

The CA is the stage's own, over HTTPS; only what it puts into a certificate is changed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from selfrenew.cmp.errors import WrongCertificateError
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import Event, RenewalInterruptedError, events
from selfrenew_emulator.ca import person_name
from selfrenew_emulator.ca.authority import Authority
from selfrenew_emulator.ca.profiles import AUTHENTICATION, SIGNING, Profile
from selfrenew_emulator.ca.records import Extensions
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW
from selfrenew_steps.card_contents import read_contents

from .conftest import Bench, MakeBench

BEFORE_WRITING = [
    events.Inspected,
    events.PreflightPassed,
    events.ManagementAuthenticated,
    events.SlotStarted,
    events.KeyGenerated,
]
A_SLOT = [
    events.SlotStarted,
    events.KeyGenerated,
    events.CertificateIssued,
    events.CertificateWritten,
    events.Confirmed,
]


@dataclass(frozen=True)
class Order:
    """What the CA means to put into a certificate."""

    authority: Authority
    profile: Profile
    subject: x509.Name
    public_key: CertificatePublicKeyTypes
    begin: datetime
    end: datetime
    extensions: Extensions = ()


def issue(order: Order) -> x509.Certificate:
    return Authority.issue(
        order.authority,
        order.profile,
        order.subject,
        order.public_key,
        order.begin,
        order.end,
        extensions=order.extensions,
    )


def reissue(
    order: Order, change: Callable[[x509.CertificateBuilder], x509.CertificateBuilder]
) -> x509.Certificate:
    """Sign what the CA would have issued once more, with something added."""
    whole = issue(order)
    builder = x509.CertificateBuilder(
        whole.issuer,
        whole.subject,
        order.public_key,
        whole.serial_number,
        whole.not_valid_before_utc,
        whole.not_valid_after_utc,
        list(whole.extensions),
    )
    return change(builder).sign(order.authority.issuers[order.profile.issuer].key, hashes.SHA256())


@contextmanager
def ca_that(
    bench: Bench, wrong: Callable[[Order], x509.Certificate]
) -> Iterator[list[x509.Certificate]]:
    """Have the CA issue something else, and list what it issued."""
    authority, issued = bench.stage.ca.authority, list[x509.Certificate]()

    def misissue(*asked: object, extensions: Extensions) -> x509.Certificate:
        issued.append(wrong(Order(authority, *asked, extensions)))  # type: ignore[arg-type]
        return issued[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authority, "issue", misissue)
        yield issued


ANOTHER_KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
OTHERS = {
    SIGNING.name: replace(AUTHENTICATION, name="signing"),
    AUTHENTICATION.name: replace(SIGNING, name="authentication"),
}
DAY = timedelta(days=1)


def for_another_key(order: Order) -> x509.Certificate:
    return issue(replace(order, public_key=ANOTHER_KEY))


def for_another_person(order: Order) -> x509.Certificate:
    return issue(replace(order, subject=person_name("999999999999")))


def of_another_root(order: Order) -> x509.Certificate:
    return issue(replace(order, authority=_rogue()))


@cache
def _rogue() -> Authority:
    # Made once, so that none of its serial numbers comes twice to the same database.
    return Authority.create(DEFAULT_NOW, seeded("rogue"))


def of_the_other_slots_kind(order: Order) -> x509.Certificate:
    return issue(replace(order, profile=OTHERS[order.profile.name]))


def expired_already(order: Order) -> x509.Certificate:
    return issue(replace(order, begin=order.begin - 9 * DAY, end=order.begin - DAY))


def not_valid_yet(order: Order) -> x509.Certificate:
    return issue(replace(order, begin=order.begin + DAY))


WRONG = {
    for_another_key: "for another key",
    for_another_person: "CN=999999999999",
    of_another_root: "trusted root",
    of_the_other_slots_kind: "not one for the (signing|authentication) slot",
    expired_already: "which is not now",
    not_valid_yet: "which is not now",
}


@pytest.mark.parametrize("profile", [SIGNING.name, AUTHENTICATION.name])
@pytest.mark.parametrize(
    ("wrong", "told"), list(WRONG.items()), ids=[wrong.__name__ for wrong in WRONG]
)
def test_a_wrong_certificate_is_rejected_and_not_written(
    make_bench: MakeBench, wrong: Callable[[Order], x509.Certificate], told: str, profile: str
) -> None:
    bench, seen = make_bench(), list[Event]()

    def wrong_in_one_profile(order: Order) -> x509.Certificate:
        return wrong(order) if order.profile.name == profile else issue(order)

    with (
        ca_that(bench, wrong_in_one_profile) as issued,
        bench.reference() as reference,
        pytest.raises(RenewalInterruptedError, match=told) as broken,
    ):
        bench.renewal(reference, observe=seen.append).run()
    assert isinstance(broken.value.cause, WrongCertificateError)
    assert "rejected and not written" in str(broken.value)
    # What had to be written was the new key alone; the slot's object is as it was.
    done = [] if profile == SIGNING.name else A_SLOT
    assert [type(event) for event in seen] == [
        *BEFORE_WRITING[:3],
        *done,
        *BEFORE_WRITING[3:],
    ]
    after = read_contents(bench.stage.reader).certificates
    assert after[profile] == bench.before.certificates[profile]
    assert bench.counting_slots() == {"signing", "authentication"} - {profile}
    # certConf told the CA at once, which withdrew it.
    assert bench.stage.ca.status_of(issued[-1]).state is CertificateState.REVOKED
    assert [entry.answer.split()[0] for entry in bench.stage.ca.audit()[-2:]] == [
        "issued",
        "withdrew",
    ]
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


def test_swapped_profiles_do_not_supersede_the_certificate_that_vouches(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()
    with bench.reference() as reference:
        ca = dict(reference.services.ca)
        sign_in, signing = KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE
        swapped = {sign_in: ca[signing], signing: ca[sign_in]}
        mixed_up = replace(reference, services=replace(reference.services, ca=swapped))
        with pytest.raises(RenewalInterruptedError, match="profiles in the configuration"):
            bench.renewal(mixed_up).run()
    assert bench.counting_slots() == {"authentication"}
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


def test_a_certificate_cut_short_by_the_ca_is_taken_as_it_is(make_bench: MakeBench) -> None:
    bench = make_bench()
    with ca_that(bench, lambda order: issue(replace(order, end=order.begin + 400 * DAY))):
        bench.renew()
    for certificate in read_contents(bench.stage.reader).certificates.values():
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == 400 * DAY
    bench.assert_renewed_and_nothing_else_counts()


def test_a_large_certificate_is_on_the_card_to_the_last_byte(make_bench: MakeBench) -> None:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.1"), bytes(0x900))
    bench = make_bench()

    def large(order: Order) -> x509.Certificate:
        return reissue(order, lambda builder: builder.add_extension(extension, critical=False))

    with ca_that(bench, large) as issued:
        bench.renew()
    assert set(read_contents(bench.stage.reader).certificates.values()) == set(issued)
    bench.assert_renewed_and_nothing_else_counts()
