# SPDX-License-Identifier: Apache-2.0
"""What only the card office gets from the CA: further profiles, and what its enrolments name."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from selfrenew.cmp.building import SignatureProtection
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import BodyType
from selfrenew_emulator.ca import CertificateAuthority
from selfrenew_emulator.certificate_status import CertificateState

from .conftest import PROFILES, Desk, new_key

OFFICE_PROFILES = ("key-management", "card-authentication", "content-signing")
NAMES = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:example:card")])
POLICY = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.999.7"), None)])
PURPOSE = x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.999.8")])


def extension(
    value: x509.ExtensionType, *, critical: bool = False
) -> x509.Extension[x509.ExtensionType]:
    return x509.Extension(value.oid, critical, value)


def usages(certificate: x509.Certificate) -> set[str]:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    names = ("digital_signature", "content_commitment", "key_encipherment", "key_agreement")
    return {name for name in names if getattr(usage, name)}


@pytest.mark.parametrize("profile", OFFICE_PROFILES)
def test_an_office_profile_is_for_enrolments_alone(desk: Desk, profile: str) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), profile)
    talk.ask(holder.name, new_key())
    assert talk.reasons == {"notAuthorized"}
    talk = desk.talk(desk.enrolled(uses=None), profile)
    talk.ask(holder.name, new_key(), BodyType.IR)
    assert talk.reasons == {"notAuthorized"}
    talk = desk.talk(desk.enrolled(profiles=(profile,)), profile)
    talk.ask(desk.new_name(), new_key(), BodyType.IR)
    assert talk.reasons == {"notAuthorized"}


@pytest.mark.parametrize("profile", OFFICE_PROFILES)
@pytest.mark.parametrize("wanted", ["authentication", "signing", "general", None])
def test_a_certificate_of_an_office_profile_vouches_for_nothing(
    desk: Desk, profile: str, wanted: str | None
) -> None:
    name, key = desk.new_name(), new_key()
    talk = desk.talk(desk.enrolled(subject=name, profiles=(profile,)), profile)
    talk.ask(name, key, BodyType.IR)
    certificate = talk.certificate
    talk.confirm()
    assert desk.state_of(certificate) is CertificateState.VALID
    talk = desk.talk(SignatureProtection(key, certificate), wanted)
    talk.ask(name, new_key())
    assert talk.reasons == {"notAuthorized"}


@pytest.mark.parametrize(
    ("profile", "rsa_key", "expected"),
    [
        ("key-management", False, {"key_agreement"}),
        ("key-management", True, {"key_encipherment"}),
        ("card-authentication", False, {"digital_signature"}),
        ("content-signing", False, {"digital_signature", "content_commitment"}),
    ],
)
def test_the_usage_follows_from_profile_and_key(
    desk: Desk, profile: str, rsa_key: bool, expected: set[str]
) -> None:
    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = ec.generate_private_key(
        ec.SECP256R1()
    )
    if rsa_key:
        private = rsa.generate_private_key(65537, 2048)
    name = desk.new_name()
    talk = desk.talk(desk.enrolled(subject=name, profiles=(profile,)), profile)
    talk.ask(name, PrivateKeySigner(private), BodyType.IR)
    assert usages(talk.certificate) == expected


def test_a_holder_keeps_several_encryption_certificates(desk: Desk) -> None:
    name = desk.new_name()
    mac = desk.enrolled(subject=name, profiles=("key-management",), uses=2)
    for _ in range(2):
        talk = desk.talk(mac, "key-management")
        talk.ask(name, new_key(), BodyType.IR)
        talk.confirm()
    assert len(desk.valid(name, "key-management")) == 2


def test_what_an_enrolment_names_is_in_the_certificates_of_that_profile(desk: Desk) -> None:
    name = desk.new_name()
    added = (extension(NAMES), extension(POLICY), extension(PURPOSE, critical=True))
    mac = desk.enrolled(
        subject=name, profiles=PROFILES, uses=2, extensions={"authentication": added}
    )
    with_names, without = (desk.talk(mac, profile) for profile in PROFILES)
    for talk in (with_names, without):
        talk.ask(name, new_key(), BodyType.IR)
    for each in added:
        found = with_names.certificate.extensions.get_extension_for_oid(each.oid)
        assert (found.value, found.critical) == (each.value, each.critical)
    for each in (NAMES, PURPOSE):
        with pytest.raises(x509.ExtensionNotFound):
            without.certificate.extensions.get_extension_for_oid(each.oid)


@pytest.mark.parametrize("update", [True, False], ids=["kur", "cr"])
def test_the_certificate_that_replaces_another_has_them_too(desk: Desk, *, update: bool) -> None:
    name = desk.new_name()
    added = {"authentication": (extension(NAMES), extension(PURPOSE))}
    mac = desk.enrolled(subject=name, profiles=PROFILES, uses=2, extensions=added)
    keys = {profile: new_key() for profile in PROFILES}
    certificates = {}
    for profile, key in keys.items():
        talk = desk.talk(mac, profile)
        talk.ask(name, key, BodyType.IR)
        certificates[profile] = talk.certificate
        talk.confirm()
    voucher = "authentication" if update else "signing"
    by = SignatureProtection(keys[voucher], certificates[voucher])
    talk = desk.talk(by, "authentication")
    talk.ask(name, new_key(), BodyType.KUR if update else BodyType.CR)
    extensions = talk.certificate.extensions
    assert extensions.get_extension_for_class(x509.SubjectAlternativeName).value == NAMES
    assert extensions.get_extension_for_class(x509.ExtendedKeyUsage).value == PURPOSE


@pytest.mark.parametrize(
    "own",
    [
        x509.BasicConstraints(ca=True, path_length=None),
        x509.KeyUsage(*([True] * 9)),
        x509.SubjectKeyIdentifier(b"chosen"),
    ],
    ids=["BasicConstraints", "KeyUsage", "SubjectKeyIdentifier"],
)
def test_no_enrolment_names_what_the_ca_decides(desk: Desk, own: x509.ExtensionType) -> None:
    with pytest.raises(ValueError, match="the CA decides"):
        desk.ca.enrol(extensions={"general": (extension(own),)})


def test_they_are_kept_over_a_restart(tmp_path: Path) -> None:
    added = {"general": (extension(NAMES), extension(PURPOSE, critical=True))}
    opened = CertificateAuthority.open(tmp_path)
    reference = opened.enrol(extensions=added, not_after=None).reference
    opened.close()
    again = CertificateAuthority.open(tmp_path)
    kept = {each.oid: each for each in again.enrolment(reference).extensions["general"]}
    again.close()
    assert kept.keys() == {NAMES.oid, PURPOSE.oid}
    assert kept[PURPOSE.oid].critical
    assert kept[NAMES.oid].value.public_bytes() == NAMES.public_bytes()
