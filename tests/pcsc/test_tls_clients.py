# SPDX-License-Identifier: Apache-2.0
"""TLS clients sign in to a website with the card's authentication certificate.

OpenSSL's and GnuTLS's clients, and those of NSS, the library that Firefox and Chromium take a
card's certificates through.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.piv.references import Algorithm

from .conftest import Insert, Printed, Run
from .issued_card import (
    AUTHENTICATION,
    PIN,
    PKCS11_ID,
    IssuedCard,
    common_name,
    four_keys,
    issuer,
)

pytestmark = pytest.mark.interop

CARD = f"pkcs11:manufacturer=piv_II;id=%{PKCS11_ID[AUTHENTICATION]}"
CERTIFICATE, KEY = f"{CARD};type=cert", f"{CARD};type=private"
GREETING = f"Hello {common_name(AUTHENTICATION)}\n"


@dataclass(frozen=True)
class Website:
    """A website that greets whoever has a certificate of the card's issuer, by name."""

    server: Any
    root: Path

    @property
    def request(self) -> str:
        return f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\n\r\n"


@pytest.fixture
def website(tls_loopback: Any, tls_root: Path, answered: Any) -> Website:
    tls_loopback.says_goodbye = True
    tls_loopback.context.verify_mode = ssl.CERT_REQUIRED
    tls_loopback.context.load_verify_locations(cadata=issuer().public_bytes(Encoding.DER))

    def greet(request: Any) -> bytes:
        visitor = x509.load_der_x509_certificate(request.client_certificate)
        (name,) = visitor.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return bytes(answered(f"Hello {name.value}\n".encode()))

    tls_loopback.respond = greet
    return Website(tls_loopback, tls_root)


@pytest.fixture(params=[Algorithm.RSA2048, Algorithm.P256], ids=lambda each: each.name)
def issued(request: pytest.FixtureRequest, insert: Insert) -> IssuedCard:
    return insert(four_keys(request.param))


def test_curl_signs_in(issued: IssuedCard, run: Run, website: Website, opensc_module: Path) -> None:
    settings = {"PKCS11_MODULE_PATH": opensc_module}
    curl = ("curl", "--silent", "--show-error", "--cacert", website.root, website.server.url)
    card = ("--engine", "pkcs11", "--cert-type", "ENG", "--cert", CERTIFICATE, "--key-type", "ENG")
    nobody = run(*curl)
    assert nobody.returncode != 0
    wrong = run(*curl, *card, "--key", f"{KEY};pin-value=111111", **settings)
    assert wrong.returncode != 0
    assert issued.pin_tries == 2
    assert not website.server.seen
    signed_in = run(*curl, *card, "--key", f"{KEY};pin-value={PIN}", **settings)
    assert signed_in.stdout == GREETING
    assert issued.pin_tries == 3


def test_openssl_signs_in(
    issued: IssuedCard, printed: Printed, website: Website, opensc_module: Path
) -> None:
    printed("pkcs15-tool", "--read-certificate", PKCS11_ID[AUTHENTICATION], "--output", "card.pem")
    said = printed(
        *("openssl", "s_client", "-quiet", "-ign_eof", "-verify_return_error"),
        *("-connect", f"127.0.0.1:{website.server.port}", "-CAfile", website.root),
        *("-engine", "pkcs11", "-keyform", "engine", "-key", f"{KEY};pin-value={PIN}"),
        *("-cert", "card.pem"),
        stdin=website.request,
        PKCS11_MODULE_PATH=opensc_module,
    )
    assert said.endswith(GREETING)


def test_gnutls_signs_in(
    issued: IssuedCard, run: Run, website: Website, opensc_module: Path
) -> None:
    said = run(
        *("gnutls-cli", "--provider", opensc_module, "--x509cafile", website.root),
        *("--x509certfile", CERTIFICATE, "--x509keyfile", KEY),
        *("--port", str(website.server.port), "127.0.0.1"),
        stdin=website.request,
        GNUTLS_PIN=PIN,
    )
    assert GREETING in said.stdout, said.stderr


@pytest.fixture
def browser_store(
    issued: IssuedCard, run: Run, printed: Printed, website: Website, opensc_module: Path
) -> str:
    """NSS's database as a browser keeps it: it trusts the website and knows OpenSC's module."""
    store = "sql:."
    printed("certutil", "-N", "-d", store, "--empty-password")
    printed("certutil", "-A", "-d", store, "-n", "root", "-t", "C,,", "-i", website.root)
    # Its exit status tells of the second reader, where there is no token.
    said = run("modutil", "-dbdir", store, "-add", "OpenSC", "-libfile", opensc_module, "-force")
    assert 'Module "OpenSC" added to database.' in said.stdout + said.stderr
    return store


def test_a_browsers_store_sees_the_card(browser_store: str, run: Run) -> None:
    said = run("modutil", "-dbdir", browser_store, "-list", "OpenSC").stdout
    assert f"Token Name: {common_name(AUTHENTICATION)}" in said
    assert "Login Type: Login required" in said


def test_a_browsers_library_signs_in(
    browser_store: str, run: Run, printed: Printed, website: Website, tmp_path: Path
) -> None:
    token = common_name(AUTHENTICATION)
    nickname = f"{token}:Certificate for PIV Authentication"
    (tmp_path / "pin").write_text(PIN)
    (tmp_path / "request").write_text(website.request)
    listed = printed("certutil", "-L", "-d", browser_store, "-h", token, "-f", "pin")
    assert sum("u,u,u" in line for line in listed.splitlines()) == 6
    assert nickname in listed
    said = run(
        *("tstclnt", "-4", "-h", "127.0.0.1", "-p", str(website.server.port)),
        *("-d", browser_store, "-n", nickname, "-W", "pin", "-A", "request"),
    )
    assert GREETING in said.stdout, said.stderr
