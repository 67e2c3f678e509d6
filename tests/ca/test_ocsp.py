# SPDX-License-Identifier: Apache-2.0
"""The OCSP responder, read with another implementation than it answers with (RFC 6960)."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from selfrenew.cmp.message import decode, encode
from selfrenew.iso7816 import Tlv
from selfrenew_emulator.ca import (
    AUTHENTICATION,
    SIGNING,
    CertificateAuthority,
    KeyMaker,
    p256_key,
    p384_key,
    person_name,
    rsa_key,
)
from selfrenew_emulator.ca.ocsp_structures import OcspRequest, TbsRequest
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import DEFAULT_NOW, Endpoint, Servers, bind
from selfrenew_emulator.stage.server import url_of
from selfrenew_emulator.stage.tls import server_identity

from .conftest import HTTP
from .published import Published, published_ca

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus
Status = ocsp.OCSPResponseStatus
TYPE = "application/ocsp-request"


@pytest.fixture(scope="module")
def _served() -> Iterator[Published]:
    with published_ca() as served:
        yield served


@pytest.fixture
def served(_served: Published) -> Iterator[Published]:
    _served.clock.set(DEFAULT_NOW)
    yield _served
    _served.clock.set(DEFAULT_NOW)


def issuer_of(served: Published, certificate: x509.Certificate) -> x509.Certificate:
    authority = served.ca.authority
    return next(
        each.certificate
        for each in authority.publishing.values()
        if each.certificate.subject == certificate.issuer
    )


def request_for(
    served: Published,
    certificate: x509.Certificate,
    *extensions: x509.ExtensionType,
    algorithm: hashes.HashAlgorithm | None = None,
    critical: bool = False,
) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        certificate, issuer_of(served, certificate), algorithm or hashes.SHA256()
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.build().public_bytes(Encoding.DER)


def post(served: Published, raw: bytes) -> ocsp.OCSPResponse:
    answer = HTTP.post(served.ocsp, content=raw, headers={"content-type": TYPE})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/ocsp-response"
    return ocsp.load_der_ocsp_response(answer.content)


def ask(served: Published, certificate: x509.Certificate) -> ocsp.OCSPResponse:
    response = post(served, request_for(served, certificate))
    assert response.response_status is Status.SUCCESSFUL
    assert response.serial_number == certificate.serial_number
    return response


def test_a_confirmed_certificate_is_good(served: Published) -> None:
    response = ask(served, served.issue())
    assert response.certificate_status is GOOD
    assert response.revocation_time_utc is None


def test_one_that_was_never_confirmed_is_on_hold_and_not_good(served: Published) -> None:
    talk = served.ask()
    certificate = talk.certificate
    response = ask(served, certificate)
    assert response.certificate_status is REVOKED
    assert response.revocation_reason is x509.ReasonFlags.certificate_hold
    talk.confirm()
    assert ask(served, certificate).certificate_status is GOOD


def test_one_whose_confirmation_never_came_is_revoked_without_a_reason(served: Published) -> None:
    certificate = served.ask().certificate
    served.clock.advance(timedelta(minutes=11))
    served.issue()
    response = ask(served, certificate)
    assert response.certificate_status is REVOKED
    assert response.revocation_reason is None


def test_a_superseded_one_is_revoked_since_then_as_superseded(served: Published) -> None:
    name = person_name("300000000001")
    old = served.issue(SIGNING, subject=name)
    served.clock.advance(timedelta(hours=1))
    served.issue(SIGNING, subject=name)
    response = ask(served, old)
    assert response.certificate_status is REVOKED
    assert response.revocation_reason is x509.ReasonFlags.superseded
    assert response.revocation_time_utc == served.clock()


@pytest.mark.parametrize(
    "reason", [each for each in x509.ReasonFlags if each is not x509.ReasonFlags.unspecified]
)
def test_a_revoked_one_has_its_reason(served: Published, reason: x509.ReasonFlags) -> None:
    certificate = served.issue()
    served.ca.revoke(certificate, reason)
    assert ask(served, certificate).revocation_reason is reason


def request_of_another_issuer(served: Published, certificate: x509.Certificate) -> bytes:
    asked = ocsp.load_der_ocsp_request(request_for(served, served.issue()))
    request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        asked.issuer_name_hash,
        asked.issuer_key_hash,
        certificate.serial_number,
        asked.hash_algorithm,
    )
    return request.build().public_bytes(Encoding.DER)


def test_a_serial_number_that_its_issuer_never_gave_is_unknown(served: Published) -> None:
    response = post(served, request_of_another_issuer(served, served.issue(SIGNING)))
    assert response.certificate_status is UNKNOWN


def test_issuers_and_the_signer_of_messages_are_good(served: Published) -> None:
    for certificate in served.ca.authority.own_certificates:
        assert ask(served, certificate).certificate_status is GOOD


def test_a_servers_certificate_is_good_and_its_serial_number_of_no_other_issuer(
    served: Published,
) -> None:
    _, chain = server_identity(served.ca)
    certificate = x509.load_pem_x509_certificate(chain)
    assert ask(served, certificate).certificate_status is GOOD
    response = post(served, request_of_another_issuer(served, certificate))
    assert response.certificate_status is UNKNOWN


def test_who_signs_responses_is_good(served: Published) -> None:
    (responder,) = ask(served, served.issue()).certificates
    assert ask(served, responder).certificate_status is GOOD


def test_the_next_root_is_good_where_the_present_one_certified_it(served: Published) -> None:
    update = served.ca.update_root()
    assert ask(served, update.new_with_old).certificate_status is GOOD
    # Its issuer is the next root, which does not answer yet.
    by_next = ocsp.OCSPRequestBuilder().add_certificate(
        update.old_with_new, update.identity.certificate, hashes.SHA256()
    )
    response = post(served, by_next.build().public_bytes(Encoding.DER))
    assert response.response_status is Status.UNAUTHORIZED


def test_what_a_ca_made_itself_is_good_after_its_next_start_too(tmp_path: Path) -> None:
    clock = SettableClock(DEFAULT_NOW)
    first = CertificateAuthority.open(tmp_path, clock)
    _, chain = server_identity(first)
    first.close()
    again, listener = CertificateAuthority.open(tmp_path, clock), bind()
    with Servers([Endpoint(again.app, listener)]):
        served = Published(again, clock, url_of(listener))
        assert ask(served, x509.load_pem_x509_certificate(chain)).certificate_status is GOOD
    again.close()


def test_who_is_of_no_issuer_here_is_not_told(served: Published) -> None:
    with published_ca() as other:
        raw = request_for(other, other.issue())
    assert post(served, raw).response_status is Status.UNAUTHORIZED


@pytest.mark.parametrize(
    "algorithm",
    [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()],  # noqa: S303  RFC 6960's own
)
def test_the_certificate_is_named_by_any_hash(
    served: Published, algorithm: hashes.HashAlgorithm
) -> None:
    raw = request_for(served, served.issue(), algorithm=algorithm)
    response = post(served, raw)
    assert response.certificate_status is GOOD
    assert response.hash_algorithm.name == algorithm.name
    asked = ocsp.load_der_ocsp_request(raw)
    assert response.issuer_key_hash == asked.issuer_key_hash
    assert response.issuer_name_hash == asked.issuer_name_hash


def test_a_response_says_from_when_until_when_it_counts(served: Published) -> None:
    response = ask(served, served.issue())
    assert response.produced_at_utc == response.this_update_utc == served.clock()
    assert response.next_update_utc == served.clock() + timedelta(minutes=10)


@pytest.mark.parametrize("size", [1, 16, 32, 128])
def test_a_nonce_comes_back(served: Published, size: int) -> None:
    nonce = x509.OCSPNonce(bytes(range(size)))
    response = post(served, request_for(served, served.issue(), nonce))
    found = response.extensions.get_extension_for_class(x509.OCSPNonce)
    assert (found.value, found.critical) == (nonce, False)


@pytest.mark.parametrize("size", [0, 129])
def test_a_nonce_of_no_length_or_too_long_is_malformed(served: Published, size: int) -> None:
    raw = request_for(served, served.issue(), x509.OCSPNonce(bytes(size)))
    assert post(served, raw).response_status is Status.MALFORMED_REQUEST


def test_without_a_nonce_none_comes_back(served: Published) -> None:
    assert not list(ask(served, served.issue()).extensions)


def test_an_unknown_extension_matters_only_where_it_is_critical(served: Published) -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.1"), b"\x05\x00")
    certificate = served.issue()
    tolerated = post(served, request_for(served, certificate, odd))
    assert tolerated.certificate_status is GOOD
    refused = post(served, request_for(served, certificate, odd, critical=True))
    assert refused.response_status is Status.MALFORMED_REQUEST


@pytest.mark.parametrize("make_key", [p256_key, p384_key, rsa_key])
def test_each_issuer_has_its_own_responder_that_is_not_to_be_asked_about(
    make_key: KeyMaker,
) -> None:
    with published_ca(make_key=make_key) as served:
        for profile in (AUTHENTICATION, SIGNING):
            certificate = served.issue(profile)
            response = ask(served, certificate)
            issuer = served.ca.issuers[profile.issuer]
            (responder,) = response.certificates
            responder.verify_directly_issued_by(issuer)
            extensions = responder.extensions
            usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            assert list(usage) == [ExtendedKeyUsageOID.OCSP_SIGNING]
            assert extensions.get_extension_for_class(x509.OCSPNoCheck)
            key_name = x509.SubjectKeyIdentifier.from_public_key(responder.public_key())
            assert response.responder_key_hash == key_name.digest
            assert_is_signed(response, responder)


def assert_is_signed(response: ocsp.OCSPResponse, responder: x509.Certificate) -> None:
    key, digest = responder.public_key(), response.signature_hash_algorithm
    signature, data = response.signature, response.tbs_response_bytes
    assert digest is not None
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), digest)
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(signature, data, ec.ECDSA(digest))


def test_the_responder_is_another_before_its_certificate_ends(served: Published) -> None:
    certificate = served.issue()
    (first,) = ask(served, certificate).certificates
    served.clock.advance(timedelta(days=1))
    assert ask(served, certificate).certificates == [first]
    served.clock.set(first.not_valid_after_utc - timedelta(hours=1))
    (second,) = ask(served, certificate).certificates
    assert second != first
    served.clock.set(DEFAULT_NOW - timedelta(days=1))
    (earlier,) = ask(served, certificate).certificates
    assert earlier.not_valid_before_utc <= served.clock() <= earlier.not_valid_after_utc


def test_the_responder_ends_with_its_issuer_and_answers_after_it(served: Published) -> None:
    certificate = served.issue()
    end = issuer_of(served, certificate).not_valid_after_utc
    responders = []
    for hours in (-200, -1, -0.5, 1, 2):
        served.clock.set(end + timedelta(hours=hours))
        (responder,) = ask(served, certificate).certificates
        assert responder.not_valid_before_utc <= served.clock()
        assert responder.not_valid_after_utc < end
        responders.append(responder)
    # What would last no longer is not made anew for each answer.
    assert len(set(responders)) == 2


def test_a_responder_that_begins_after_its_issuers_end_has_ended_too() -> None:
    with published_ca() as served:
        certificate = served.issue()
        end = issuer_of(served, certificate).not_valid_after_utc
        served.clock.set(end + timedelta(days=9))
        (responder,) = ask(served, certificate).certificates
        assert responder.not_valid_after_utc < end


def together(*requests: bytes) -> bytes:
    """Put several requests into one."""
    asked = [decode(OcspRequest, raw).tbs_request.request_list[0] for raw in requests]
    return encode(OcspRequest(tbs_request=TbsRequest(version=0, request_list=asked)))


def test_several_certificates_are_told_of_in_one_response(served: Published) -> None:
    good, revoked, other = served.issue(), served.issue(), served.issue(SIGNING)
    served.ca.revoke(revoked, x509.ReasonFlags.key_compromise)
    raw = together(*(request_for(served, each) for each in (good, revoked, other)))
    told = [(each.serial_number, each.certificate_status) for each in post(served, raw).responses]
    assert told == [
        (good.serial_number, GOOD),
        (revoked.serial_number, REVOKED),
        # Its issuer is another, whose responder did not sign this.
        (other.serial_number, UNKNOWN),
    ]


@pytest.mark.parametrize("count", [0, 101])
def test_so_many_certificates_are_not_told_of(served: Published, count: int) -> None:
    raw = together(*[request_for(served, served.issue())] * count)
    assert post(served, raw).response_status is Status.MALFORMED_REQUEST


NAMES = {
    "otherName": b"\xa0\x08\x06\x02\x2a\x03\xa0\x02\x05\x00",
    "rfc822Name": b"\x81\x06a@test",
    "dNSName": b"\x82\x04test",
    "x400Address": b"\xa3\x02\x30\x00",
    "directoryName": bytes(Tlv(0xA4, x509.Name.from_rfc4514_string("CN=somebody").public_bytes())),
    "ediPartyName": b"\xa5\x05\xa1\x03\x0c\x01x",
    "uniformResourceIdentifier": b"\x86\x06urn:x:",
    "iPAddress": b"\x87\x04\x7f\0\0\1",
    "registeredID": b"\x88\x02\x2a\x03",
    None: b"\x02\x01\x00",
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_requester_may_give_a_name(served: Published, kind: str | None) -> None:
    certificate = served.issue()
    (asked,) = decode(OcspRequest, request_for(served, certificate)).tbs_request.request_list
    # requestorName [1] { GeneralName } stands before the list of requests.
    named = bytes(Tlv(0xA1, NAMES[kind]))
    requests = bytes(Tlv(0x30, encode(asked)))
    response = post(served, bytes(Tlv(0x30, bytes(Tlv(0x30, named + requests)))))
    if kind is None:
        assert response.response_status is Status.MALFORMED_REQUEST
    else:
        assert response.certificate_status is GOOD


def test_a_get_has_the_request_in_its_path_escaped_or_not(served: Published) -> None:
    certificate = served.issue()
    # With so many bytes both characters of base64 that a path takes differently are likely there.
    nonce = x509.OCSPNonce(b"\xff\xef\xbe\xfb" * 8)
    raw = request_for(served, certificate, nonce)
    text = b64encode(raw).decode()
    assert {"/", "+"} & set(text)
    for path in (quote(text, safe=""), text):
        answer = HTTP.get(f"{served.ocsp}/{path}")
        response = ocsp.load_der_ocsp_response(answer.content)
        assert response.certificate_status is GOOD
        assert response.extensions.get_extension_for_class(x509.OCSPNonce).value == nonce


def test_another_content_type_and_a_long_body_are_refused(served: Published) -> None:
    headers = {"content-type": "application/octet-stream"}
    assert HTTP.post(served.ocsp, content=b"0", headers=headers).status_code == 415
    headers = {"content-type": TYPE}
    assert HTTP.post(served.ocsp, content=bytes(20_001), headers=headers).status_code == 413


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_malformed(served_once: Published, raw: bytes) -> None:
    assert post(served_once, raw).response_status is Status.MALFORMED_REQUEST


@pytest.fixture(scope="module")
def served_once(_served: Published) -> Published:
    return _served
