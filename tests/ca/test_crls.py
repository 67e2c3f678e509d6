# SPDX-License-Identifier: Apache-2.0
"""The CRLs: what is on them, when another is made, and where they are (RFC 5280, 5)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from selfrenew_emulator.ca import (
    AUTHENTICATION,
    SIGNING,
    CertificateAuthority,
    IssuerName,
    KeyMaker,
    p256_key,
    p384_key,
    person_name,
    rsa_key,
)
from selfrenew_emulator.stage import DEFAULT_NOW

from .conftest import HTTP
from .published import Published, published_ca

NAMES = ("root", "authentication", "signing", "services")


@pytest.fixture(scope="module")
def _served() -> Iterator[Published]:
    with published_ca() as served:
        yield served


@pytest.fixture
def served(_served: Published) -> Iterator[Published]:
    _served.clock.set(DEFAULT_NOW)
    yield _served
    _served.clock.set(DEFAULT_NOW)


def crl_of(served: Published, name: str) -> x509.CertificateRevocationList:
    answer = HTTP.get(f"{served.url}/crl/{name}.crl")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pkix-crl"
    return x509.load_der_x509_crl(answer.content)


def number_of(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def entry_for(
    served: Published, certificate: x509.Certificate, name: str = "authentication"
) -> x509.RevokedCertificate | None:
    return crl_of(served, name).get_revoked_certificate_by_serial_number(certificate.serial_number)


@pytest.mark.parametrize("make_key", [p256_key, p384_key, rsa_key])
def test_each_issuer_signs_a_crl_of_its_own(make_key: KeyMaker) -> None:
    with published_ca(make_key=make_key) as served:
        for name, issuer in served.ca.authority.publishing.items():
            crl = crl_of(served, name)
            assert crl.issuer == issuer.certificate.subject
            assert crl.is_signature_valid(issuer.certificate.public_key())  # type: ignore[arg-type]
            own = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
            named = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
            assert named.key_identifier == own.value.digest
            assert crl.last_update_utc == served.clock()
            assert crl.next_update_utc == served.clock() + timedelta(hours=24)


def test_a_revoked_certificate_is_on_its_issuers_crl_alone_with_time_and_reason(
    served: Published,
) -> None:
    certificate = served.issue(AUTHENTICATION)
    assert entry_for(served, certificate) is None
    served.clock.advance(timedelta(hours=1))
    served.ca.revoke(certificate, x509.ReasonFlags.key_compromise)
    entry = entry_for(served, certificate)
    assert entry is not None
    assert entry.revocation_date_utc == served.clock()
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value
    assert reason.reason is x509.ReasonFlags.key_compromise
    assert entry_for(served, certificate, "signing") is None


def test_a_superseded_one_is_on_it_as_superseded(served: Published) -> None:
    name = person_name("300000000002")
    old = served.issue(SIGNING, subject=name)
    new = served.issue(SIGNING, subject=name)
    entry = entry_for(served, old, "signing")
    assert entry is not None
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value
    assert reason.reason is x509.ReasonFlags.superseded
    assert entry_for(served, new, "signing") is None


def test_an_unspecified_reason_is_left_out(served: Published) -> None:
    certificate = served.issue()
    served.ca.revoke(certificate)
    entry = entry_for(served, certificate)
    assert entry is not None
    assert not list(entry.extensions)


def test_what_awaits_its_confirmation_is_on_none(served: Published) -> None:
    assert entry_for(served, served.ask().certificate) is None


def test_it_is_the_same_one_until_something_is_revoked_or_it_is_old(served: Published) -> None:
    certificate = served.issue()
    first = crl_of(served, "authentication")
    served.clock.advance(timedelta(hours=1))
    assert crl_of(served, "authentication") == first
    served.ca.revoke(certificate)
    second = crl_of(served, "authentication")
    assert number_of(second) == number_of(first) + 1
    served.clock.advance(timedelta(hours=24))
    third = crl_of(served, "authentication")
    assert number_of(third) == number_of(second) + 1
    assert [each.serial_number for each in third] == [each.serial_number for each in second]


def test_numbers_go_on_where_a_kept_ca_is_opened_again(tmp_path: Path) -> None:
    numbers = []
    for _ in range(3):
        ca = CertificateAuthority.open(tmp_path, lambda: DEFAULT_NOW)
        numbers.append(number_of(ca.crl(IssuerName.SIGNING)))
        ca.close()
    assert numbers == [1, 2, 3]


def test_certificates_name_the_addresses_where_all_this_is(served: Published) -> None:
    for certificate in (served.issue(), served.ca.issuers[IssuerName.SIGNING]):
        extensions = certificate.extensions
        (point,) = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert point.full_name is not None
        crl = x509.load_der_x509_crl(HTTP.get(point.full_name[0].value).content)
        assert crl.issuer == certificate.issuer
        access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        ocsp, issuers = (each.access_location.value for each in access)
        assert ocsp == served.ocsp
        answer = HTTP.get(issuers)
        assert answer.headers["content-type"].startswith("application/pkcs7-mime")
        (issuer,) = pkcs7.load_der_pkcs7_certificates(answer.content)
        certificate.verify_directly_issued_by(issuer)


def test_a_ca_without_an_address_names_none() -> None:
    ca = CertificateAuthority(lambda: DEFAULT_NOW)
    for certificate in ca.authority.own_certificates:
        named = {each.oid for each in certificate.extensions}
        assert not {x509.CRLDistributionPoints.oid, x509.AuthorityInformationAccess.oid} & named
    ca.close()


@pytest.mark.parametrize("name", NAMES)
def test_each_issuers_certificate_is_there(served: Published, name: str) -> None:
    answer = HTTP.get(f"{served.url}/certificates/{name}.cer")
    assert answer.headers["content-type"] == "application/pkix-cert"
    found = x509.load_der_x509_certificate(answer.content)
    assert found == served.ca.authority.publishing[name].certificate


@pytest.mark.parametrize("path", ["crl/nobody.crl", "certificates/nobody.cer"])
def test_an_unknown_issuer_is_told_which_there_are(served: Published, path: str) -> None:
    answer = HTTP.get(f"{served.url}/{path}")
    assert answer.status_code == 404
    assert "root, authentication, signing" in answer.text
