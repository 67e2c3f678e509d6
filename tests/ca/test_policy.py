# SPDX-License-Identifier: Apache-2.0
"""Who may have which certificate."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.cmp.building import MacProtection, SignatureProtection
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import BodyType, FailureInfo
from selfrenew.secret import Secret
from selfrenew_emulator.ca import GENERAL, CertificateAuthority, person_name
from selfrenew_emulator.ca.errors import RequestRefusedError
from selfrenew_emulator.ca.requests import read_pkcs10
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.stage import DEFAULT_NOW

from .conftest import PROFILES, Desk, new_key
from .requesting import pkcs10

DAY = timedelta(days=1)
ELSEWHERE = x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB")


@pytest.mark.parametrize(("profile", "voucher"), [PROFILES, PROFILES[::-1]])
def test_the_other_certificate_of_a_person_vouches(desk: Desk, profile: str, voucher: str) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by(voucher), profile)
    talk.ask(holder.name, new_key())
    assert talk.certificate.subject == holder.name
    assert talk.confirm().body_type is BodyType.PKICONF
    assert desk.state_of(holder.certificates[profile]) is CertificateState.SUPERSEDED
    assert desk.state_of(holder.certificates[voucher]) is CertificateState.VALID


def test_a_certificate_vouches_for_nobody_else(desk: Desk) -> None:
    holder, other = desk.new_holder(), desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(other.name, new_key())
    assert talk.reasons == {"notAuthorized"}


def test_an_empty_subject_asks_for_ones_own(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(x509.Name([]), new_key())
    assert talk.certificate.subject == holder.name


def test_an_enrolment_has_its_subject_its_profiles_and_its_uses(desk: Desk) -> None:
    name = desk.new_name()
    mac = desk.enrolled(subject=name, profiles=("signing",), uses=1)
    talk = desk.talk(mac, "authentication")
    talk.ask(name, new_key(), BodyType.IR)
    assert talk.reasons == {"notAuthorized"}
    talk = desk.talk(mac, "signing")
    talk.ask(person_name("999999999999"), new_key(), BodyType.IR)
    assert talk.reasons == {"badCertTemplate"}
    talk = desk.talk(mac, "signing")
    talk.ask(name, new_key(), BodyType.IR)
    talk.confirm()
    talk = desk.talk(mac, "signing")
    talk.ask(name, new_key(), BodyType.IR)
    assert talk.reasons == {"notAuthorized"}


def test_a_general_enrolment_takes_no_persons_name(desk: Desk) -> None:
    mac = desk.enrolled(uses=None)
    talk = desk.talk(mac)
    talk.ask(person_name("123456789012"), new_key(), BodyType.IR)
    assert talk.reasons == {"notAuthorized"}
    talk = desk.talk(mac)
    talk.ask(ELSEWHERE, new_key(), BodyType.IR)
    assert talk.certificate.subject == ELSEWHERE


OWN_NAMES = (
    "CN=NHS TEST CMP G2,OU=CA,O=NHS TEST,C=GB",
    "CN=NHS TEST Root Authority G2,OU=CA,O=NHS TEST,C=GB",
    "CN=nhs test cmp g2,OU=ca,O=nhs  test,C=GB",
    "CN=another,OU=CA,O=NHS TEST,C=GB",
)


@pytest.mark.parametrize("name", OWN_NAMES)
@pytest.mark.parametrize("by", ["anybody", "enrolled", "general", "registrar", "owner"])
def test_nobody_is_certified_in_a_name_of_the_ca_itself(desk: Desk, name: str, by: str) -> None:
    subject, key = x509.Name.from_rfc4514_string(name), new_key()
    if by == "owner":
        with pytest.raises(RequestRefusedError, match="own names") as refused:
            desk.ca.issue(read_pkcs10(pkcs10(key, subject.public_bytes())))
        assert refused.value.reason is FailureInfo.notAuthorized
        return
    if by in {"general", "registrar"}:
        profile = "registration-authority" if by == "registrar" else "general"
        voucher = new_key()
        first = desk.talk(desk.enrolled(profiles=(profile,)))
        first.ask(ELSEWHERE, voucher, BodyType.IR)
        certificate = first.certificate
        first.confirm()
        talk = desk.talk(SignatureProtection(voucher, certificate), "general")
        talk.ask(subject, key)
    else:
        talk = desk.talk(desk.enrolled(subject=subject if by == "enrolled" else None))
        talk.ask(x509.Name([]) if by == "enrolled" else subject, key, BodyType.IR)
    assert talk.reasons == {"notAuthorized"}
    assert desk.ca.certificates_of(subject) == []


@pytest.mark.parametrize("name", ["CN=x,OU=CA,O=other,C=GB", "CN=x,OU=cards,O=NHS TEST,C=GB"])
def test_half_a_name_of_the_ca_is_anybodys(desk: Desk, name: str) -> None:
    talk = desk.talk(desk.enrolled())
    talk.ask(x509.Name.from_rfc4514_string(name), new_key(), BodyType.IR)
    assert talk.certificate.subject == x509.Name.from_rfc4514_string(name)


def test_a_general_certificate_gets_no_profile_of_people(desk: Desk) -> None:
    key, mac = new_key(), desk.enrolled(uses=None)
    talk = desk.talk(mac)
    talk.ask(ELSEWHERE, key, BodyType.IR)
    certificate = talk.certificate
    talk.confirm()
    talk = desk.talk(SignatureProtection(key, certificate), "signing")
    talk.ask(x509.Name([]), new_key())
    assert talk.reasons == {"notAuthorized"}


def test_a_renewal_gets_the_full_term_and_no_other(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, new_key(), not_after=desk.clock() + timedelta(days=9999))
    certificate = talk.certificate
    assert certificate.not_valid_before_utc == desk.clock()
    assert certificate.not_valid_after_utc == desk.clock() + timedelta(days=730, minutes=30)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),  # noqa: S505  which is the point
        ec.generate_private_key(ec.SECP521R1()),
    ],
    ids=["RSA-1024", "P-521"],
)
def test_a_weak_or_unknown_key_is_refused(
    desk: Desk, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, PrivateKeySigner(key))
    assert talk.reasons & {"badCertTemplate", "badAlg", "badPOP"}


def test_a_key_that_has_a_certificate_gets_no_other(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    talk.ask(holder.name, holder.keys["authentication"])
    assert talk.reasons == {"duplicateCertReq"}


@pytest.mark.parametrize("standing", ["superseded", "revoked", "expired", "pending"])
def test_a_certificate_that_does_not_count_vouches_for_nothing(desk: Desk, standing: str) -> None:
    holder = desk.new_holder()
    by = holder.by("authentication")
    if standing == "revoked":
        desk.ca.revoke(holder.certificates["authentication"])
    elif standing == "expired":
        desk.clock.advance(timedelta(days=31))
    else:
        key = new_key()
        talk = desk.talk(holder.by("signing"), "authentication")
        talk.ask(holder.name, key)
        if standing == "pending":
            by = SignatureProtection(key, talk.certificate)
        else:
            talk.confirm()
    talk = desk.talk(by, "signing")
    talk.ask(holder.name, new_key())
    assert talk.reasons & {"certRevoked", "signerNotTrusted"}


def test_a_foreign_certificate_vouches_for_nothing(desk: Desk) -> None:
    holder, key = desk.new_holder(), new_key()
    other = CertificateAuthority(desk.clock)
    issuing = other.authority.issuers[next(iter(other.authority.issuers))]
    foreign = (
        x509.CertificateBuilder()
        .subject_name(holder.name)
        .issuer_name(issuing.certificate.subject)
        .public_key(key.public_key)  # type: ignore[arg-type]
        .serial_number(holder.certificates["signing"].serial_number)
        .not_valid_before(desk.clock())
        .not_valid_after(desk.clock() + timedelta(days=9))
        .sign(issuing.key, hashes.SHA256())
    )
    talk = desk.talk(SignatureProtection(key, foreign), "signing")
    talk.ask(holder.name, new_key())
    assert talk.reasons == {"signerNotTrusted"}
    other.close()


def test_a_wrong_secret_and_an_unknown_reference_are_told_alike(desk: Desk) -> None:
    name = desk.new_name()
    good = desk.enrolled(subject=name, profiles=PROFILES)
    for bad in (
        MacProtection(good.reference, Secret("guessed")),
        MacProtection(b"nobody", good.secret),
    ):
        talk = desk.talk(bad, "signing")
        talk.ask(name, new_key(), BodyType.IR)
        assert talk.reasons == {"badMessageCheck"}
    assert desk.ca.certificates_of(name) == []


def test_an_unprotected_request_gets_nothing(desk: Desk) -> None:
    talk = desk.talk(None, "signing")
    talk.ask(desk.new_name(), new_key())
    assert talk.reasons & {"badMessageCheck", "wrongIntegrity", "badRequest", "signerNotTrusted"}


@pytest.mark.parametrize(
    ("begin", "end"),
    [(datetime(1949, 12, 31, tzinfo=UTC), DEFAULT_NOW), (DEFAULT_NOW, DEFAULT_NOW - DAY)],
    ids=["before 1950", "after its end"],
)
def test_no_certificate_begins_when_none_can(desk: Desk, begin: datetime, end: datetime) -> None:
    key: Any = new_key().public_key
    with pytest.raises(ValueError, match="must be"):
        desk.ca.authority.issue(GENERAL, ELSEWHERE, key, begin, end)


@pytest.mark.parametrize("year", [1900, 1951])
def test_a_validity_that_no_certificate_can_have_is_refused(desk: Desk, year: int) -> None:
    name = desk.new_name()
    talk = desk.talk(desk.enrolled(subject=name, profiles=PROFILES), "signing")
    talk.ask(name, new_key(), BodyType.IR, datetime(year, 1, 1, tzinfo=UTC))
    assert talk.reasons == {"badCertTemplate"}


def test_nothing_is_issued_after_the_issuers_end(desk: Desk) -> None:
    last = desk.ca.issuers[GENERAL.issuer].not_valid_after_utc - timedelta(seconds=1)
    desk.clock.set(last)
    talk = desk.talk(desk.enrolled())
    talk.ask(ELSEWHERE, new_key(), BodyType.IR)
    assert talk.reasons == {"systemUnavail"}
    with pytest.raises(RequestRefusedError, match="issuer's certificate ends"):
        desk.ca.issue(read_pkcs10(pkcs10(new_key(), ELSEWHERE.public_bytes())))
    desk.clock.set(last - DAY)
    talk = desk.talk(desk.enrolled())
    talk.ask(ELSEWHERE, new_key(), BodyType.IR)
    assert talk.certificate.not_valid_after_utc == last


def test_an_update_keeps_the_subject_without_naming_the_old_certificate(desk: Desk) -> None:
    key = new_key()
    first = desk.talk(desk.enrolled())
    first.ask(ELSEWHERE, key, BodyType.IR)
    certificate = first.certificate
    assert first.confirm().body_type is BodyType.PKICONF
    talk = desk.talk(SignatureProtection(key, certificate))
    talk.ask(x509.Name.from_rfc4514_string("CN=another,O=NHS TEST,C=GB"), new_key(), BodyType.KUR)
    assert talk.reasons == {"notAuthorized"}
    assert desk.state_of(certificate) is CertificateState.VALID


def test_a_pkcs10_request_whose_name_is_no_text_cannot_be_read() -> None:
    builder = x509.CertificateSigningRequestBuilder(x509.Name.from_rfc4514_string("CN=zq"))
    request = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    raw = request.public_bytes(Encoding.DER).replace(b"zq", b"\xff\xfe")
    with pytest.raises(RequestRefusedError, match="cannot be read") as refused:
        read_pkcs10(raw)
    assert refused.value.reason is FailureInfo.badDataFormat
