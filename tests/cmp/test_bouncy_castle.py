# SPDX-License-Identifier: Apache-2.0
"""Our client against a CA on Bouncy Castle's classes, as EJBCA and others are built on them."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from selfrenew.clock import system_clock
from selfrenew.cmp import CaRejectedError, UntrustedAnswerError, WrongCertificateError
from selfrenew.cmp.building import SignatureProtection
from selfrenew.cmp.checking import Trust
from selfrenew.cmp.client import CmpClient, PendingCertificate
from selfrenew.cmp.path import check_issued
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import BodyType

SOURCE = Path(__file__).with_name("BouncyCastleCa.java")
JARS = [Path("/usr/share/java") / f"{name}.jar" for name in ("bcpkix", "bcprov", "bcutil")]
CLASS_PATH = os.pathsep.join(map(str, JARS))

pytestmark = pytest.mark.interop


@pytest.fixture(scope="session")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("javac")
    if compiler is None or not all(jar.exists() for jar in JARS):
        text = "There is no Bouncy Castle: apt-get install default-jdk-headless libbcpkix-java"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(text)
    folder = tmp_path_factory.mktemp("java")
    # Debian's jars name others that a CA has no use for.
    options = ["-Werror", "-Xlint:all,-path", "-cp", CLASS_PATH, "-d", str(folder)]
    subprocess.run([compiler, *options, str(SOURCE)], check=True)  # noqa: S603  our own
    return folder


@dataclass
class BouncyCastle:
    """What a test asks of the CA, and what the CA was told."""

    client: CmpClient
    issuer: Any
    person: Any
    root: Any
    slept: list[float]
    _process: "subprocess.Popen[str]"

    def ask(self, key: Any) -> PendingCertificate:
        """Ask as a renewal does, vouched for by the other slot's key."""
        self.client.probe()
        return self.client.request(
            BodyType.CR,
            subject=self.person.certificate.subject,
            key=PrivateKeySigner(key),
            protection=SignatureProtection(
                PrivateKeySigner(self.person.key),
                self.person.certificate,
                (self.issuer.certificate,),
            ),
        )

    def renew(self, key: Any) -> x509.Certificate:
        pending = self.ask(key)
        self.check(pending, key)
        pending.confirm()
        return pending.certificate

    def check(self, pending: PendingCertificate, key: Any) -> None:
        check_issued(
            pending.certificate,
            public_key=key.public_key(),
            subject=self.person.certificate.subject,
            others=pending.others,
            anchors=(self.root.certificate,),
            now=system_clock(),
        )

    def end(self) -> list[str]:
        """End it, and give what it was told."""
        said, _ = self._process.communicate(timeout=60)
        return said.split()


@pytest.fixture
def started(
    classes: Path,
    tmp_path: Path,
    http: httpx.Client,
    issued: Callable[..., Any],
    usage: Callable[..., Any],
) -> Any:
    """Start a CA with an issuer's key, what it signs with, and what it does otherwise."""
    processes: list[subprocess.Popen[str]] = []

    def start(*words: str, key: Any = None, algorithm: str = "SHA256withECDSA") -> BouncyCastle:
        now = system_clock()
        period = {"start": now - timedelta(days=800), "end": now + timedelta(days=3000)}
        both = usage(digital_signature=True, key_cert_sign=True)
        key = key or ec.generate_private_key(ec.SECP256R1())
        root = issued("root", ca=True, usage=both, **period)
        issuer = root.issue("issuer", key, ca=True, usage=both, **period)
        person = issuer.issue("person", usage=usage(digital_signature=True), **period)
        (tmp_path / "issuer.der").write_bytes(issuer.certificate.public_bytes(Encoding.DER))
        raw = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "issuer.key").write_bytes(raw)
        kind = "RSA" if isinstance(key, rsa.RSAPrivateKey) else "EC"
        command = ["java", "-cp", f"{classes}{os.pathsep}{CLASS_PATH}", SOURCE.stem]
        process = subprocess.Popen(  # noqa: S603  our own
            [*command, str(tmp_path), kind, algorithm, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        url, slept = f"http://127.0.0.1:{process.stdout.readline().strip()}/cmp", list[float]()
        client = CmpClient(
            url,
            http=http,
            trust=Trust((root.certificate,)),
            clock=system_clock,
            sleep=slept.append,
        )
        return BouncyCastle(client, issuer, person, root, slept, process)

    yield start
    for process in processes:
        process.communicate(timeout=60)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), "SHA256withRSA"),
        (lambda: rsa.generate_private_key(65537, 3072), "SHA512withRSA"),
        (lambda: rsa.generate_private_key(65537, 2048), "SHA256withRSAandMGF1"),
        (lambda: ec.generate_private_key(ec.SECP256R1()), "SHA256withECDSA"),
        (lambda: ec.generate_private_key(ec.SECP384R1()), "SHA384withECDSA"),
        (lambda: ec.generate_private_key(ec.SECP521R1()), "SHA512withECDSA"),
    ],
    ids=["RSA", "RSA with SHA-512", "RSASSA-PSS", "P-256", "P-384", "P-521"],
)
def test_both_slots_certificates_are_issued_and_confirmed(
    started: Callable[..., BouncyCastle], key: Callable[[], Any], algorithm: str
) -> None:
    ca = started(key=key(), algorithm=algorithm)
    ca.renew(rsa.generate_private_key(65537, 2048))
    ca.renew(ec.generate_private_key(ec.SECP384R1()))
    assert ca.end() == ["confirmed", "confirmed"]


@pytest.mark.parametrize(
    ("words", "slept"),
    [
        ("chunked", []),
        ("modifying", []),
        ("sparing", []),
        ("waiting", [7]),
        ("delayed", [7]),
        ("waiting sparing modifying", [7]),
    ],
)
def test_what_it_does_otherwise_makes_no_difference(
    started: Callable[..., BouncyCastle], words: str, slept: list[float]
) -> None:
    ca = started(*words.split())
    ca.renew(ec.generate_private_key(ec.SECP256R1()))
    assert ca.slept == slept
    assert ca.end() == ["confirmed"]


def test_a_refusal_is_told_and_ends_the_transaction(started: Callable[..., BouncyCastle]) -> None:
    ca = started("refusing")
    with pytest.raises(CaRejectedError, match=r'badCertTemplate \("not in this profile"\)'):
        ca.ask(ec.generate_private_key(ec.SECP256R1()))
    assert ca.end() == []


def test_a_refusal_without_protection_is_told_as_hearsay(
    started: Callable[..., BouncyCastle],
) -> None:
    ca = started("refusing", "unprotected")
    with pytest.raises(UntrustedAnswerError, match=r"It says badCertTemplate \(.not in this"):
        ca.ask(ec.generate_private_key(ec.SECP256R1()))
    assert ca.end() == ["error"]


def test_a_certificate_that_is_not_taken_is_rejected(started: Callable[..., BouncyCastle]) -> None:
    ca = started()
    pending = ca.ask(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(WrongCertificateError, match="another key"):
        ca.check(pending, ec.generate_private_key(ec.SECP256R1()))
    pending.reject("not mine")
    assert ca.end() == ["rejected"]
