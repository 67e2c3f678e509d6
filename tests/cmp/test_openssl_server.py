# SPDX-License-Identifier: Apache-2.0
"""Our client against OpenSSL's mock server over HTTP, in a network namespace of their own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from selfrenew.clock import system_clock

PROGRAM = Path(__file__).with_name("openssl_server.py")
SECRET = "a shared secret"
USER = () if os.geteuid() == 0 else ("--user", "--map-root-user")
# Its own processes too, so that none outlives a test.
UNSHARE = ("unshare", "--net", "--pid", "--fork", "--kill-child", *USER, "--")


def _has_namespaces() -> bool:
    if shutil.which("unshare") is None or shutil.which("openssl") is None:
        return False
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, check=False)  # noqa: S603
    return tried.returncode == 0


pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        not _has_namespaces(), reason="needs openssl and network namespaces (unshare)"
    ),
]
Transact = Callable[..., dict[str, Any]]


@pytest.fixture
def transact(tmp_path: Path, issued: Callable[..., Any], usage: Callable[..., Any]) -> Transact:
    """Ask OpenSSL's server for a certificate; it issues the one that the asker has."""
    key, now = ec.generate_private_key(ec.SECP256R1()), system_clock()
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    holder = issued(
        "me",
        key,
        usage=usage(digital_signature=True),
        start=now.replace(year=now.year - 1, day=1),
        end=now.replace(year=2099, day=1),
        extensions=((identifier, False),),
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "cert.pem").write_bytes(holder.certificate.public_bytes(Encoding.PEM))

    def run(
        kind: str, *options: str, secret: str | None = None, reject: bool = False
    ) -> dict[str, Any]:
        signed: Sequence[str] = (
            *("-srv_cert", "cert.pem", "-srv_key", "key.pem", "-srv_trusted", "cert.pem"),
        )
        mac = ("-srv_ref", "me", "-srv_secret", f"pass:{secret}")
        own = signed if secret is None else mac
        plan = {"options": [*own, *options], "kind": kind, "secret": secret, "reject": reject}
        done = subprocess.run(  # noqa: S603
            [*UNSHARE, sys.executable, str(PROGRAM), str(tmp_path), json.dumps(plan)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        log = tmp_path / "server.log"
        assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    return run


@pytest.mark.parametrize("kind", ["ir", "cr", "kur"])
def test_a_certificate_is_asked_for_and_confirmed_under_a_signature(
    transact: Transact, kind: str
) -> None:
    assert transact(kind) == {"same": True, "done": True, "slept": []}


@pytest.mark.parametrize("kind", ["ir", "cr"])
def test_a_certificate_is_asked_for_and_confirmed_under_a_secret(
    transact: Transact, kind: str
) -> None:
    assert transact(kind, secret=SECRET) == {"same": True, "done": True, "slept": []}


def test_a_certificate_is_rejected(transact: Transact) -> None:
    assert transact("cr", reject=True)["done"]


def test_a_server_that_needs_time_is_asked_again_when_it_says(transact: Transact) -> None:
    said = transact("cr", "-poll_count", "2", "-check_after", "7")
    assert said == {"same": True, "done": True, "slept": [7]}


@pytest.mark.parametrize(("bit", "error"), [(9, "CaRejectedError"), (24, "CaDownError")])
def test_a_refusal_names_its_reason(transact: Transact, bit: int, error: str) -> None:
    said = transact("cr", "-pkistatus", "2", "-failure", str(bit))
    reason = {9: "badPOP", 24: "systemUnavail"}[bit]
    assert (said["error"], reason in said["text"]) == (error, True)


@pytest.mark.parametrize("option", ["-send_unprotected"])
def test_answers_without_protection_are_not_used(transact: Transact, option: str) -> None:
    said = transact("cr", option)
    assert said["error"] == "ProtectionError"
    assert "It was not used" in said["text"]
