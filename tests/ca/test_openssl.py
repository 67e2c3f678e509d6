# SPDX-License-Identifier: Apache-2.0
"""OpenSSL's CMP client gets, renews and rejects certificates, without being told to be lenient."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew_emulator.ca import CertificateAuthority
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.stage.server import Endpoint, Servers, bind

OPENSSL = shutil.which("openssl") or "openssl"
HAS_CMP = (
    shutil.which("openssl") is not None
    and subprocess.run([OPENSSL, "cmp", "-help"], capture_output=True, check=False).returncode == 0  # noqa: S603  a program found on the path
)
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(not HAS_CMP, reason="there is no openssl with a cmp command (3.0 has one)"),
]
NAME = "/C=GB/O=NHS TEST/CN=bench device"


def openssl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  a program found on the path
        [OPENSSL, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


class Client:
    """OpenSSL in a folder of its own, enrolled at a CA that runs on this machine's clock."""

    def __init__(self, folder: Path, ca: CertificateAuthority, url: str) -> None:
        self.folder = folder
        self.ca = ca
        self._server = url.removeprefix("http://")
        enrolment = ca.enrol("bench", uses=None)
        (folder / "root.pem").write_bytes(ca.root.public_bytes(Encoding.PEM))
        (folder / "secret").write_bytes(enrolment.secret.reveal())

    def key(self, name: str, algorithm: str) -> Path:
        path = self.folder / f"{name}.key"
        kind, _, size = algorithm.partition(":")
        option = "rsa_keygen_bits" if kind == "RSA" else "ec_paramgen_curve"
        made = openssl("genpkey", "-algorithm", kind, "-pkeyopt", f"{option}:{size}", "-out", path)
        assert made.returncode == 0, made.stderr
        return path

    def cmp(self, command: str, out: str, *options: str | Path) -> x509.Certificate | None:
        path = self.folder / out
        done = openssl(
            "cmp",
            *("-cmd", command, "-server", self._server, "-path", ".well-known/cmp"),
            *("-subject", NAME, "-trusted", self.folder / "root.pem", "-certout", path),
            *("-recipient", "/CN=CMP", "-msg_timeout", "20"),
            *options,
        )
        self.said = done.stdout + done.stderr
        return x509.load_pem_x509_certificate(path.read_bytes()) if path.exists() else None

    def by_secret(self) -> list[str]:
        return ["-ref", "bench", "-secret", f"file:{self.folder / 'secret'}"]

    def by_key(self, name: str) -> list[str | Path]:
        return ["-cert", self.folder / f"{name}.pem", "-key", self.folder / f"{name}.key"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    ca = CertificateAuthority(lambda: datetime.now(UTC))
    endpoint = Endpoint(ca.app, bind(), None)
    with Servers([endpoint]):
        yield Client(tmp_path_factory.mktemp("openssl"), ca, endpoint.url)
    ca.close()


@pytest.mark.parametrize("algorithm", ["EC:P-256", "EC:P-384", "RSA:2048"])
def test_a_certificate_is_issued_updated_and_used_to_ask_for_more(
    client: Client, algorithm: str
) -> None:
    name = algorithm.replace(":", "")
    first = client.cmp(
        "ir", f"{name}.pem", "-newkey", client.key(name, algorithm), *client.by_secret()
    )
    assert first is not None, client.said
    assert client.ca.status_of(first).state is CertificateState.VALID
    more = client.cmp(
        "cr", f"{name}2.pem", "-newkey", client.key(f"{name}2", algorithm), *client.by_key(name)
    )
    assert more is not None, client.said
    assert client.ca.status_of(first).state is CertificateState.VALID
    newer = client.cmp(
        "kur", f"{name}3.pem", "-newkey", client.key(f"{name}3", algorithm), *client.by_key(name)
    )
    assert newer is not None, client.said
    assert client.ca.status_of(first).state is CertificateState.SUPERSEDED
    assert client.ca.status_of(newer).state is CertificateState.VALID


def test_a_pkcs10_request_is_taken(client: Client) -> None:
    key, request = client.key("p10", "EC:P-256"), client.folder / "p10.csr"
    made = openssl("req", "-new", "-key", key, "-subj", NAME, "-out", request)
    assert made.returncode == 0, made.stderr
    issued = client.cmp("p10cr", "p10.pem", "-csr", request, *client.by_secret())
    assert issued is not None, client.said
    assert client.ca.status_of(issued).state is CertificateState.VALID


def test_implicit_confirmation_is_granted(client: Client) -> None:
    key = client.key("implicit", "EC:P-256")
    issued = client.cmp(
        "ir", "implicit.pem", "-newkey", key, "-implicit_confirm", *client.by_secret()
    )
    assert issued is not None, client.said
    assert client.ca.status_of(issued).state is CertificateState.VALID


def test_a_wrong_secret_gets_nothing(client: Client) -> None:
    key = client.key("wrong", "EC:P-256")
    options = ["-ref", "bench", "-secret", "pass:wrong"]
    assert client.cmp("ir", "wrong.pem", "-newkey", key, *options) is None
    assert "badMessageCheck" in client.said or "rejection" in client.said


def test_the_chain_of_a_certificate_verifies(client: Client) -> None:
    key, chain = client.key("chain", "EC:P-256"), client.folder / "chain.pem"
    issued = client.cmp("ir", "leaf.pem", "-newkey", key, "-chainout", chain, *client.by_secret())
    assert issued is not None, client.said
    checked = openssl(
        *("verify", "-x509_strict", "-CAfile", client.folder / "root.pem", "-untrusted", chain),
        client.folder / "leaf.pem",
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
