# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import permutations
from time import monotonic
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from selfrenew.clock import TIME_TOLERANCE
from selfrenew.cmp import WrongCertificateError
from selfrenew.cmp.path import (
    CMC_CA,
    CMC_RA,
    build_path,
    check_issued,
    may_be_followed,
    may_sign,
    may_speak_for_a_ca,
    shows_no_way,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
Issued = Callable[..., Any]


def leads(leaf: Any, others: list[Any], *anchors: Any, now: datetime = NOW) -> bool:
    path = build_path(
        leaf.certificate,
        [other.certificate for other in others],
        [anchor.certificate for anchor in anchors],
        now,
    )
    return path is not None


def test_a_path_has_both_ends_and_what_is_between_in_order(pki: Any, issued: Issued) -> None:
    stray = issued("stray", ca=True)
    others = [stray, pki.root, pki.person, pki.issuer]
    path = build_path(
        pki.person.certificate,
        [other.certificate for other in others],
        [stray.certificate, pki.root.certificate],
        NOW,
    )
    wanted = [pki.person, pki.issuer, pki.root]
    assert path == [holder.certificate for holder in wanted]


def test_an_anchor_is_its_own_path(pki: Any) -> None:
    for anchor in (pki.root, pki.issuer, pki.person):
        assert leads(anchor, [], anchor)


def test_an_issuer_may_be_the_anchor(pki: Any) -> None:
    assert leads(pki.person, [], pki.issuer)


def test_without_an_anchor_nothing_is_believed(pki: Any) -> None:
    assert not leads(pki.person, [pki.issuer, pki.root])


def test_without_the_issuer_there_is_no_path(pki: Any) -> None:
    assert not leads(pki.person, [], pki.root)


def test_a_ca_of_the_same_name_is_not_the_issuer(pki: Any) -> None:
    assert not leads(pki.person, [pki.stranger], pki.root)
    assert not leads(pki.person, [pki.stranger], pki.stranger)


def test_a_root_of_the_same_name_is_not_the_anchor(pki: Any, issued: Issued) -> None:
    assert not leads(pki.person, [pki.issuer], issued("root", ca=True))


@pytest.mark.parametrize("at", ["leaf", "issuer", "anchor"])
def test_the_end_holds_to_the_second_all_along_and_the_beginning_to_the_tolerance(
    pki: Any, issued: Issued, at: str
) -> None:
    ends = {"leaf": 300 * DAY, "issuer": 300 * DAY, "anchor": 300 * DAY, at: DAY}
    starts = {"leaf": -300 * DAY, "issuer": -300 * DAY, "anchor": -300 * DAY, at: -DAY}
    options = {name: {"start": NOW + starts[name], "end": NOW + ends[name]} for name in ends}
    root = issued("r", ca=True, **options["anchor"])
    issuer = root.issue("i", ca=True, **options["issuer"])
    leaf = issuer.issue("l", **options["leaf"])
    first, last = NOW - DAY - TIME_TOLERANCE, NOW + DAY
    assert all(leads(leaf, [issuer], root, now=now) for now in (first, NOW - DAY, last))
    assert not any(leads(leaf, [issuer], root, now=now) for now in (first - SECOND, last + SECOND))


def test_what_is_about_to_end_is_not_over_for_another_that_is_about_to_begin(
    pki: Any, issued: Issued
) -> None:
    stray = issued("stray", ca=True, start=NOW + 2 * SECOND)
    leaf = pki.issuer.issue("l", end=NOW + SECOND)
    assert leads(leaf, [pki.issuer, stray], pki.root)


@pytest.mark.parametrize(
    ("begin", "end", "taken"),
    [
        (TIME_TOLERANCE, DAY, True),
        (TIME_TOLERANCE + SECOND, DAY, False),
        (-DAY, timedelta(), True),
        (-DAY, -SECOND, False),
    ],
)
def test_an_issued_certificate_may_be_ahead_of_a_clock_that_is_behind(
    pki: Any, begin: timedelta, end: timedelta, *, taken: bool
) -> None:
    certificate = pki.issuer.issue("p", start=NOW + begin, end=NOW + end).certificate
    with nullcontext() if taken else pytest.raises(WrongCertificateError, match="not now"):
        check_issued(
            certificate,
            public_key=certificate.public_key(),
            subject=certificate.subject,
            others=[pki.issuer.certificate],
            anchors=[pki.root.certificate],
            now=NOW,
        )


@pytest.mark.parametrize("ca", [False, None])
def test_who_is_no_ca_issues_nothing(pki: Any, ca: bool | None) -> None:
    person = pki.issuer.issue("p", ca=ca)
    assert leads(person, [pki.issuer], pki.root)
    assert not leads(person.issue("forged"), [person, pki.issuer], pki.root)


def test_a_ca_whose_key_is_not_for_certificates_issues_nothing(
    pki: Any, usage: Callable[..., x509.KeyUsage]
) -> None:
    issuer = pki.root.issue("i", ca=True, usage=usage(digital_signature=True))
    assert not leads(issuer.issue("l"), [issuer], pki.root)


@pytest.mark.parametrize("length", [0, 1, 2])
def test_a_path_is_as_long_as_its_cas_allow(issued: Issued, length: int) -> None:
    below = [issued("r", ca=True, path_length=length)]
    root = below[0]
    for index in range(length):
        below.append(below[-1].issue(f"i{index}", ca=True))
    assert leads(below[-1].issue("l"), below[1:], root)
    below.append(below[-1].issue("one too many", ca=True))
    assert not leads(below[-1].issue("l"), below[1:], root)


def test_a_path_is_never_longer_than_eight(issued: Issued) -> None:
    below = [issued("r", ca=True)]
    for index in range(8):
        below.append(below[-1].issue(f"i{index}", ca=True))
    assert leads(below[-1].issue("l"), below[1:], below[0])
    below.append(below[-1].issue("i8", ca=True))
    assert not leads(below[-1].issue("l"), below[1:], below[0])


def test_an_unknown_critical_extension_ends_a_path(pki: Any) -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    for critical in (False, True):
        leaf = pki.root.issue("l", extensions=((odd, critical),))
        issuer = pki.root.issue("i", ca=True, extensions=((odd, critical),))
        assert leads(leaf, [], pki.root) is not critical
        assert leads(issuer.issue("l"), [issuer], pki.root) is not critical


def test_policies_and_names_that_are_critical_are_known(pki: Any) -> None:
    policy = x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)
    known = (
        (x509.CertificatePolicies([policy]), True),
        (x509.SubjectAlternativeName([x509.RFC822Name("a@x.example")]), True),
    )
    assert leads(pki.root.issue("l", extensions=known), [], pki.root)


@pytest.mark.parametrize("critical", [True, False])
@pytest.mark.parametrize(
    ("constraint", "leading"),
    [
        (x509.InhibitAnyPolicy(0), True),
        (x509.PolicyConstraints(None, 0), True),
        (x509.PolicyConstraints(0, None), False),
        (x509.PolicyConstraints(5, 0), False),
    ],
    ids=["inhibitAnyPolicy", "inhibitPolicyMapping", "requireExplicitPolicy", "both"],
)
def test_an_issuer_may_narrow_policies_down_but_require_none(
    pki: Any, constraint: x509.ExtensionType, leading: bool, critical: bool
) -> None:
    issuer = pki.root.issue("i", ca=True, extensions=((constraint, critical),))
    # What is not critical may be left aside by whoever does not know it (RFC 5280, 4.2).
    assert leads(issuer.issue("l"), [issuer], pki.root) is (leading or not critical)


def test_a_cross_certificate_leads_to_the_other_root(issued: Issued) -> None:
    old, new = issued("old", ca=True), issued("new", ca=True)
    issuer = new.issue("i", ca=True)
    crossed = old.issue("new", new.key, ca=True)
    leaf = issuer.issue("l")
    assert leads(leaf, [issuer, crossed], old)
    assert leads(leaf, [crossed, issuer], new)


def test_a_dead_end_is_left_for_the_way_that_leads(pki: Any, issued: Issued) -> None:
    issuer = issued("i", ca=True)
    expired = pki.root.issue("i", issuer.key, ca=True, end=NOW - DAY / 2)
    good = pki.root.issue("i", issuer.key, ca=True)
    leaf = issuer.issue("l")
    for order in permutations([issuer, expired, good]):
        assert leads(leaf, list(order), pki.root)


def test_cas_that_certify_each_other_in_a_circle_lead_nowhere(pki: Any, issued: Issued) -> None:
    one, two = issued("one", ca=True), issued("two", ca=True)
    circle = [two.issue("one", one.key, ca=True), one.issue("two", two.key, ca=True)]
    assert not leads(one.issue("l"), circle, pki.root)


def test_a_heap_of_cross_certificates_is_given_up_soon(pki: Any, issued: Issued) -> None:
    keys = [issued("same name", ca=True) for _ in range(8)]
    heap = [above.issue("same name", below.key, ca=True) for above, below in permutations(keys, 2)]
    begun = monotonic()
    assert not leads(keys[0].issue("l"), heap, pki.root)
    # All ways through them would be tens of thousands of signatures.
    assert monotonic() - begun < 1


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["RSA", "P-384", "Ed25519"],
)
def test_a_person_may_have_any_key(pki: Any, key: Any) -> None:
    assert leads(pki.issuer.issue("l", key), [pki.issuer], pki.root)


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())],
    ids=["RSA", "P-384"],
)
def test_an_issuer_may_have_the_keys_of_a_card(issued: Issued, key: Any) -> None:
    root = issued("r", key, ca=True)
    assert leads(root.issue("l"), [], root)


@pytest.mark.parametrize(
    ("key", "may"),
    [
        (rsa.generate_private_key(65537, 1024), False),  # noqa: S505  too short on purpose
        (rsa.generate_private_key(65537, 2048), True),
        (ec.generate_private_key(ec.SECP224R1()), False),
        (ec.generate_private_key(ec.SECP256R1()), True),
        (ec.generate_private_key(ec.SECP384R1()), True),
        (ec.generate_private_key(ec.SECP521R1()), True),
        (ec.generate_private_key(ec.BrainpoolP256R1()), False),
        (ed25519.Ed25519PrivateKey.generate(), False),
        (ed448.Ed448PrivateKey.generate(), False),
    ],
    ids=lambda value: f"{type(value).__name__} {getattr(value, 'key_size', '')}",
)
def test_what_may_be_followed_is_what_leads_somewhere(issued: Issued, key: Any, may: bool) -> None:
    root = issued("r", key, ca=True)
    assert may_be_followed(root.certificate) is may
    assert leads(root.issue("l"), [], root) is may


@pytest.mark.parametrize(
    ("digest", "mask", "salt", "leading"),
    [
        (hashes.SHA256(), hashes.SHA256(), 32, True),
        (hashes.SHA512(), hashes.SHA512(), 64, True),
        (hashes.SHA256(), hashes.SHA256(), 20, False),
        (hashes.SHA512(), hashes.SHA512(), 32, False),
        (hashes.SHA256(), hashes.SHA512(), 32, False),
    ],
)
def test_a_pss_signature_of_an_issuer_has_a_salt_as_long_as_its_hash(
    digest: hashes.HashAlgorithm, mask: hashes.HashAlgorithm, salt: int, leading: bool
) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "r")])

    def sign(ca: bool, serial: int) -> x509.Certificate:
        return (
            x509.CertificateBuilder(name, name, key.public_key(), serial, NOW - DAY, NOW + DAY)
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .sign(key, digest, rsa_padding=padding.PSS(padding.MGF1(mask), salt))
        )

    assert (build_path(sign(False, 2), [], [sign(True, 1)], NOW) is not None) is leading


NONE_WITHOUT_POLICY = ((x509.PolicyConstraints(0, None), True),)
ED25519 = ed25519.Ed25519PrivateKey.generate()


def lost(certificate: x509.Certificate, others: list[Any], *anchors: Any) -> bool:
    return shows_no_way(
        certificate,
        [other.certificate for other in others],
        [anchor.certificate for anchor in anchors],
        NOW,
    )


@pytest.mark.parametrize(
    ("upper", "lower", "no_way"),
    [
        ({}, {}, False),
        ({}, {"key": ED25519}, True),
        ({}, {"key": ec.generate_private_key(ec.BrainpoolP256R1())}, True),
        ({"key": ED25519}, {}, True),
        ({}, {"extensions": NONE_WITHOUT_POLICY}, True),
        ({"extensions": NONE_WITHOUT_POLICY}, {}, True),
    ],
    ids=["good", "Ed25519", "Brainpool", "above", "policy", "policy above"],
)
def test_issuers_that_are_here_show_whether_there_is_a_way_through_them(
    pki: Any, upper: dict[str, Any], lower: dict[str, Any], no_way: bool
) -> None:
    above = pki.root.issue("above", ca=True, **upper)
    issuer = above.issue("i", ca=True, **lower)
    leaf = issuer.issue("l").certificate
    others = [pki.issuer, issuer, pki.root, above]
    assert lost(leaf, others, pki.root) is no_way
    # What is not known to lead to an anchor says nothing.
    assert not lost(leaf, [issuer], pki.root)
    assert not lost(leaf, others, pki.stranger)
    assert not lost(leaf, others)


def test_what_has_ended_is_taken_as_it_was_and_an_issuer_that_has_says_nothing(pki: Any) -> None:
    before = NOW - DAY / 2
    issuer = pki.root.issue("i", ED25519, ca=True)
    ended = pki.root.issue("i", ED25519, ca=True, end=NOW - SECOND)
    for old, known, no_way in (
        (True, issuer, True),
        (True, ended, True),
        (False, issuer, True),
        (False, ended, False),
    ):
        leaf = issuer.issue("l", end=before if old else NOW + DAY)
        assert lost(leaf.certificate, [known], pki.root) is no_way


def test_an_anchor_in_the_middle_and_a_circle_are_no_way_to_be_lost_on(issued: Issued) -> None:
    one, two = issued("one", ca=True), issued("two", ca=True)
    circle = [two.issue("one", one.key, ca=True), one.issue("two", two.key, ca=True)]
    assert not lost(one.issue("l").certificate, circle, issued("r", ca=True))
    assert not lost(one.issue("l").certificate, [one, *circle], two)
    odd = issued("odd", ED25519, ca=True)
    assert lost(odd.issue("l").certificate, [], odd)


@pytest.mark.parametrize(("salt", "no_way"), [(32, False), (20, True)])
def test_an_issuers_signature_shows_whether_there_is_a_way_through_it(
    pki: Any, salt: int, no_way: bool
) -> None:
    key = rsa.generate_private_key(65537, 2048)
    issuer = pki.root.issue("i", key, ca=True)
    name = issuer.certificate.subject
    leaf = (
        x509.CertificateBuilder(name, name, key.public_key(), 2, NOW - DAY, NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256(), rsa_padding=padding.PSS(padding.MGF1(hashes.SHA256()), salt))
    )
    assert lost(leaf, [issuer], pki.root) is no_way


def test_a_hash_of_former_days_says_nothing_of_the_next_certificate(pki: Any) -> None:
    key, issuer = pki.issuer.key, pki.issuer.certificate.subject
    leaf = (
        x509.CertificateBuilder(
            issuer, pki.stranger.certificate.subject, key.public_key(), 2, NOW - DAY, NOW + DAY
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA224())
    )
    assert build_path(leaf, [pki.issuer.certificate], [pki.root.certificate], NOW) is None
    assert not lost(leaf, [pki.issuer], pki.root)


@pytest.mark.parametrize(
    ("options", "may"),
    [
        ({"ca": True}, True),
        ({"purposes": (CMC_CA,)}, True),
        ({"purposes": (CMC_RA, x509.ExtendedKeyUsageOID.CLIENT_AUTH)}, True),
        ({"purposes": (x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)}, False),
        ({"purposes": (x509.ExtendedKeyUsageOID.SERVER_AUTH,)}, False),
        ({}, False),
        ({"ca": None}, False),
    ],
)
def test_only_a_ca_or_its_delegate_speaks_for_one(
    issued: Issued, options: dict[str, Any], may: bool
) -> None:
    assert may_speak_for_a_ca(issued("x", **options).certificate) is may


def test_a_key_signs_messages_where_its_usage_says_so_or_nothing(
    issued: Issued, usage: Callable[..., x509.KeyUsage]
) -> None:
    assert may_sign(issued("x").certificate)
    assert may_sign(issued("x", usage=usage(digital_signature=True)).certificate)
    assert not may_sign(issued("x", usage=usage(key_cert_sign=True)).certificate)
    assert not may_sign(issued("x", ca=True, usage=usage(key_cert_sign=True)).certificate)


def test_a_certificate_that_leads_nowhere_says_what_was_found(pki: Any) -> None:
    with pytest.raises(WrongCertificateError) as caught:
        check_issued(
            pki.person.certificate,
            public_key=pki.person.certificate.public_key(),
            subject=pki.person.certificate.subject,
            others=[],
            anchors=[],
            now=NOW,
        )
    assert "trusted root (no trust anchors are configured). It was rejected" in str(caught.value)
