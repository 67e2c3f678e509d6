# SPDX-License-Identifier: Apache-2.0
"""Server certificates below the CA's root are what RFC 5280, RFC 8813 and browsers ask for."""

import socket
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from selfrenew_emulator.ca import CertificateAuthority, KeyMaker, p256_key, p384_key, rsa_key
from selfrenew_emulator.stage import DEFAULT_NOW, Endpoint, Servers, bind
from selfrenew_emulator.stage.patience import PATIENCE_SECONDS
from selfrenew_emulator.stage.tls import context_of, server_context, server_identity
from tests.linting import lint
from tests.silent_clients import everything_closed


def identity_of(*names: str, now: datetime = DEFAULT_NOW, make_key: KeyMaker = p256_key) -> bytes:
    ca = CertificateAuthority(lambda: now, make_key=make_key)
    key, chain = server_identity(ca, names)
    context_of(key, chain)
    leaf, above = x509.load_pem_x509_certificates(chain)
    assert above == ca.tls_issuer.certificate
    leaf.verify_directly_issued_by(above)
    assert load_pem_private_key(key, None).public_key() == leaf.public_key()
    return chain


@pytest.mark.parametrize("make_key", [p256_key, p384_key, rsa_key])
def test_a_server_certificate_is_for_servers_alone(make_key: KeyMaker) -> None:
    leaf, _ = x509.load_pem_x509_certificates(identity_of("portal", make_key=make_key))
    # A name of one label, as localhost, is none of the Internet's.
    assert {code for code, _ in lint(leaf)} == {"pkix.invalid_domain_name_syntax"}
    assert "TEST" in leaf.subject.rfc4514_string()
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_encipherment
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


def test_it_is_valid_now_and_not_for_too_long() -> None:
    leaf, issuer = x509.load_pem_x509_certificates(identity_of())
    assert leaf.not_valid_before_utc < datetime.now(UTC) < leaf.not_valid_after_utc
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < timedelta(days=825)
    assert leaf.not_valid_after_utc <= issuer.not_valid_after_utc


@pytest.mark.parametrize("year", [1990, 2060])
def test_a_stage_of_another_time_has_one_within_its_issuers(year: int) -> None:
    chain = identity_of(now=datetime(year, 1, 1, tzinfo=UTC))
    leaf, issuer = x509.load_pem_x509_certificates(chain)
    assert issuer.not_valid_before_utc <= leaf.not_valid_before_utc <= leaf.not_valid_after_utc
    assert leaf.not_valid_after_utc <= issuer.not_valid_after_utc


def test_it_names_loopback_and_what_it_was_given_once() -> None:
    chain = identity_of("portal", "localhost", "*.test", "b\u00fccher.test", "::1")
    leaf, _ = x509.load_pem_x509_certificates(chain)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = ["localhost", "portal", "*.test", "xn--bcher-kva.test"]
    assert names.get_values_for_type(x509.DNSName) == hosts
    assert [*map(str, names.get_values_for_type(x509.IPAddress))] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize("name", ["", "no name", "-a", "a-", "a..b", "a_b", "x" * 64, "a@b.test"])
def test_what_is_no_name_of_a_server_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"name of a server|label"):
        identity_of(name)


def test_a_client_that_speaks_no_tls_is_not_waited_for() -> None:
    ca = CertificateAuthority(lambda: DEFAULT_NOW)
    endpoint = Endpoint(ca.app, bind(), server_context(ca))
    with (
        Servers([endpoint]),
        socket.create_connection(("127.0.0.1", endpoint.port), PATIENCE_SECONDS) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: ca\r\n\r\n")
        assert connection.recv(1) == b""
    ca.close()


def test_a_client_that_stays_after_an_alert_is_left_where_the_servers_are() -> None:
    ca = CertificateAuthority(lambda: DEFAULT_NOW)
    with everything_closed():
        endpoint = Endpoint(ca.app, bind(), server_context(ca))
        with (
            socket.create_connection(("127.0.0.1", endpoint.port), PATIENCE_SECONDS) as connection,
            Servers([endpoint]),
        ):
            # A ClientHello with nothing in it (RFC 8446, 4.1.2), which is a decode_error (6.2).
            connection.sendall(bytes.fromhex("16 0301 0004 01 000000"))
            assert connection.recv(7)[5:] == bytes((2, 50))
    ca.close()
