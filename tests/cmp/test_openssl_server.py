# SPDX-License-Identifier: Apache-2.0
"""Our client against OpenSSL's mock server over HTTP, in a network namespace of their own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
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


class Folder:
    """The files that server and client find their certificates and keys in."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, holder: Any) -> None:
        certificate = holder.certificate.public_bytes(Encoding.PEM)
        key = holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.path / f"{name}.pem").write_bytes(certificate)
        (self.path / f"{name}-key.pem").write_bytes(key)

    def run(
        self,
        kind: str,
        *options: str,
        signer: str,
        secret: str | None = None,
        reject: bool = False,
    ) -> dict[str, Any]:
        own: Sequence[str] = ("-srv_cert", f"{signer}.pem", "-srv_key", f"{signer}-key.pem")
        own = (*own, "-srv_trusted", "anchor.pem", "-srv_untrusted", f"{signer}.pem")
        if secret is not None:
            own = ("-srv_ref", "me", "-srv_secret", f"pass:{secret}")
        plan = {"options": [*own, *options], "kind": kind, "secret": secret, "reject": reject}
        done = subprocess.run(  # noqa: S603
            [*UNSHARE, sys.executable, str(PROGRAM), str(self.path), json.dumps(plan)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        log = self.path / "server.log"
        assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")
        said: dict[str, Any] = json.loads(done.stdout)
        return said


@pytest.fixture
def period() -> dict[str, datetime]:
    now = system_clock()
    return {"start": now.replace(year=now.year - 1, day=1), "end": now.replace(year=2099, day=1)}


def named(key: Any) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    return ((x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),)


@pytest.fixture
def transact(
    tmp_path: Path,
    issued: Callable[..., Any],
    usage: Callable[..., Any],
    period: dict[str, datetime],
) -> Transact:
    """Ask OpenSSL's server for a certificate; it issues the one that the asker has."""
    key, folder = ec.generate_private_key(ec.SECP256R1()), Folder(tmp_path)
    signing = usage(digital_signature=True)
    holder = issued("me", key, usage=signing, extensions=named(key), **period)
    for name in ("person", "new", "anchor"):
        folder.write(name, holder)
    return partial(folder.run, signer="person")


@pytest.fixture
def transact_with_issuer(
    tmp_path: Path,
    issued: Callable[..., Any],
    usage: Callable[..., Any],
    period: dict[str, datetime],
) -> Transact:
    """Ask it as an issuer under a root, with a key of its own, which issues for another key."""

    def run(
        kind: str, *options: str, key: Any = None, person_key: Any = None, **more: Any
    ) -> dict[str, Any]:
        folder = Folder(tmp_path)
        keys = [
            ec.generate_private_key(ec.SECP256R1()),
            key or ec.generate_private_key(ec.SECP256R1()),
            person_key or ec.generate_private_key(ec.SECP256R1()),
            ec.generate_private_key(ec.SECP256R1()),
        ]
        both = usage(digital_signature=True, key_cert_sign=True)
        root = issued("root", keys[0], ca=True, usage=both, extensions=named(keys[0]), **period)
        issuer = root.issue(
            "issuer", keys[1], ca=True, usage=both, extensions=named(keys[1]), **period
        )
        signing = usage(digital_signature=True)
        person, new = (
            issuer.issue("me", each, usage=signing, extensions=named(each), **period)
            for each in keys[2:]
        )
        for name, holder in (
            ("anchor", root),
            ("issuer", issuer),
            ("person", person),
            ("new", new),
        ):
            folder.write(name, holder)
        return folder.run(kind, *options, signer="issuer", **more)

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


@pytest.mark.parametrize("options", [(), ("-accept_unprotected",)])
def test_answers_without_protection_are_not_used(
    transact: Transact, options: tuple[str, ...]
) -> None:
    said = transact("cr", "-send_unprotected", *options)
    assert said["error"] == "ProtectionError"
    assert "It was not used" in said["text"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("-pkistatus", "2", "-failure", "9", "-statusstring", "no, thanks"), "badPOP"),
        (("-send_error",), "badRequest"),
    ],
)
def test_a_refusal_without_protection_is_hearsay(
    transact: Transact, options: tuple[str, ...], reason: str
) -> None:
    said = transact("cr", "-send_unprot_err", *options)
    assert said["error"] == "UntrustedAnswerError"
    assert f'anybody may have sent it. It says {reason} ("' in said["text"]


def test_an_error_message_is_a_refusal(transact: Transact) -> None:
    said = transact("cr", "-send_error")
    assert (said["error"], "badRequest" in said["text"]) == ("CaRejectedError", True)


def test_several_reasons_and_a_text_are_told(transact: Transact) -> None:
    bits = 1 << 2 | 1 << 19
    said = transact("cr", "-pkistatus", "2", "-failurebits", str(bits), "-statusstring", "né")
    assert 'badCertTemplate, badRequest ("né")' in said["text"]


KEYS: dict[str, Callable[[], Any]] = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
}


@pytest.mark.parametrize("kind", KEYS)
def test_an_issuer_may_have_a_key_of_any_kind(transact_with_issuer: Transact, kind: str) -> None:
    said = transact_with_issuer("cr", key=KEYS[kind]())
    assert said == {"same": True, "done": True, "slept": []}


@pytest.mark.parametrize("kind", ["RSA", "P-384"])
def test_a_person_may_sign_with_a_key_of_another_kind(
    transact_with_issuer: Transact, kind: str
) -> None:
    said = transact_with_issuer("cr", person_key=KEYS[kind]())
    assert said == {"same": True, "done": True, "slept": []}


@pytest.mark.parametrize(
    "options",
    [
        ("-grant_implicitconf",),
        ("-accept_unprotected",),
        ("-pkistatus", "1", "-statusstring", "with changes"),
        ("-rsp_capubs", "anchor.pem"),
        ("-rsp_extracerts", "issuer.pem"),
        ("-digest", "sha512"),
        ("-srv_ref", "me", "-srv_secret", "pass:unused"),
    ],
    ids=lambda options: options[0],
)
def test_what_a_server_may_do_otherwise_makes_no_difference(
    transact_with_issuer: Transact, options: tuple[str, ...]
) -> None:
    said = transact_with_issuer("cr", *options)
    assert said == {"same": True, "done": True, "slept": []}


def test_a_certificate_of_an_issuer_is_rejected(transact_with_issuer: Transact) -> None:
    assert transact_with_issuer("cr", reject=True)["done"]
