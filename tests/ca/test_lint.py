# SPDX-License-Identifier: Apache-2.0
"""pkilint finds nothing in what the CA issues, after RFC 5280 and, for OCSP, RFC 6960."""

from collections.abc import Callable, Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew_emulator.ca import PROFILES, linting, p256_key, p384_key, rsa_key
from tests.linting import lint, lint_crl, lint_response

from .conftest import HTTP
from .published import Published, published_ca
from .requesting import with_text_of_type
from .test_ocsp import post, request_for

ISSUER_KEYS = {"P-256": p256_key, "P-384": p384_key, "RSA": rsa_key}
PUBLISHING = ("root", "authentication", "signing", "services")
HOLDER_KEYS: dict[str, Callable[[], rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey]] = {
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
}


@pytest.fixture(scope="module", params=ISSUER_KEYS)
def served(request: pytest.FixtureRequest) -> Iterator[Published]:
    with published_ca(make_key=ISSUER_KEYS[request.param]) as published:
        yield published


def test_the_linter_finds_what_is_wrong(served: Published) -> None:
    wrong = x509.CertificateBuilder(
        x509.Name([]), x509.Name([]), served.ca.root.public_key(), 2**150
    )
    wrong = wrong.not_valid_before(served.clock()).not_valid_after(served.clock())
    root = served.ca.authority.root
    assert lint(wrong.sign(root.key, root.certificate.signature_hash_algorithm))


@pytest.mark.parametrize("kind", [0x1C, 0x02], ids=["UniversalString", "INTEGER"])
def test_what_the_linter_cannot_decode_is_a_finding(served: Published, kind: int) -> None:
    found = linting.lint_certificate(with_text_of_type(kind, served.ca.root))
    assert found
    assert kind == 0x02 or [each.code for each in found] == ["selfrenew.not_decoded"]


def test_bytes_that_are_no_certificate_are_a_finding() -> None:
    (found,) = linting.lint_certificate(b"\x30\x00")
    assert found.code == "selfrenew.not_decoded"
    assert "decoding" in found.path


def test_the_certificates_of_the_ca_itself_are_clean(served: Published) -> None:
    for issued in served.ca.authority.own_certificates:
        assert lint(issued) == [], issued.subject.rfc4514_string()


@pytest.mark.parametrize("profile", PROFILES)
def test_a_certificate_of_every_profile_is_clean(served: Published, profile: str) -> None:
    assert lint(served.issue(PROFILES[profile])) == []


@pytest.mark.parametrize("kind", HOLDER_KEYS)
def test_a_certificate_for_every_kind_of_key_is_clean(served: Published, kind: str) -> None:
    for profile in ("signing", "key-management"):
        key = PrivateKeySigner(HOLDER_KEYS[kind]())
        assert lint(served.issue(PROFILES[profile], key)) == []


@pytest.mark.parametrize("issuer", PUBLISHING)
def test_the_crl_of_every_issuer_is_clean(served: Published, issuer: str) -> None:
    for reason in (x509.ReasonFlags.unspecified, x509.ReasonFlags.key_compromise):
        served.ca.revoke(served.issue(PROFILES["signing"]), reason)
        served.ca.revoke(served.issue(PROFILES["authentication"]), reason)
    der = HTTP.get(f"{served.url}/crl/{issuer}.crl").content
    assert lint_crl(der) == []


@pytest.mark.parametrize("profile", ["authentication", "signing"])
def test_ocsp_responses_and_their_responder_are_clean(served: Published, profile: str) -> None:
    good, revoked = served.issue(PROFILES[profile]), served.issue(PROFILES[profile])
    served.ca.revoke(revoked, x509.ReasonFlags.key_compromise)
    for asked in (good, revoked, served.ask(PROFILES[profile]).certificate):
        response = post(served, request_for(served, asked, x509.OCSPNonce(bytes(32))))
        assert response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
        der = response.public_bytes(Encoding.DER)
        assert lint_response(der) == []
        (responder,) = response.certificates
        assert lint(responder) == []
