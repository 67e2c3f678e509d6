# SPDX-License-Identifier: Apache-2.0
"""OpenSSL's CMP client gets, renews and rejects certificates, without being told to be lenient."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew_emulator.ca import CertificateAuthority, Delay
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


def test_a_request_without_a_subject_is_for_the_requesters_own(client: Client) -> None:
    """OpenSSL leaves the subject out then, and signs no poposkInput."""
    first = client.cmp(
        "ir", "own.pem", "-newkey", client.key("own", "EC:P-256"), *client.by_secret()
    )
    assert first is not None, client.said
    own = ("-newkey", client.key("own2", "EC:P-256"), "-subject", "/", *client.by_key("own"))
    more = client.cmp("cr", "own2.pem", *own)
    assert more is not None, client.said
    assert more.subject == first.subject


def test_a_pkcs10_request_is_taken(client: Client) -> None:
    key, request = client.key("p10", "EC:P-256"), client.folder / "p10.csr"
    made = openssl("req", "-new", "-key", key, "-subj", NAME, "-out", request)
    assert made.returncode == 0, made.stderr
    issued = client.cmp("p10cr", "p10.pem", "-csr", request, *client.by_secret())
    assert issued is not None, client.said
    assert client.ca.status_of(issued).state is CertificateState.VALID


def test_what_was_granted_with_changes_is_taken_and_confirmed(client: Client) -> None:
    key = client.key("changed", "EC:P-256")
    options = ["-newkey", key, "-days", "9999", "-sans", "changed.test", *client.by_secret()]
    issued = client.cmp("ir", "changed.pem", *options)
    assert issued is not None, client.said
    assert "grantedWithMods" in client.said
    assert client.ca.status_of(issued).state is CertificateState.VALID


def test_another_issuer_is_not_asked_here(client: Client) -> None:
    key = client.key("elsewhere", "EC:P-256")
    options = ["-newkey", key, "-issuer", "/CN=another CA", *client.by_secret()]
    assert client.cmp("ir", "elsewhere.pem", *options) is None
    assert "wrongAuthority" in client.said


def test_implicit_confirmation_is_granted(client: Client) -> None:
    key = client.key("implicit", "EC:P-256")
    issued = client.cmp(
        "ir", "implicit.pem", "-newkey", key, "-implicit_confirm", *client.by_secret()
    )
    assert issued is not None, client.said
    assert client.ca.status_of(issued).state is CertificateState.VALID


def test_a_certificate_is_revoked_by_its_key_and_under_the_secret(client: Client) -> None:
    for name, by in (("own", client.by_key("own")), ("office", client.by_secret())):
        issued = client.cmp(
            "ir", f"{name}.pem", "-newkey", client.key(name, "EC:P-256"), *client.by_secret()
        )
        assert issued is not None, client.said
        old = client.folder / f"{name}.pem"
        client.cmp("rr", "none.pem", "-oldcert", old, "-revreason", "1", *by)
        assert "revocation accepted" in client.said
        assert client.ca.status_of(issued).state is CertificateState.REVOKED
        client.cmp("rr", "none.pem", "-oldcert", old, *by)
        assert "certRevoked" in client.said


# Those of RFC 9810 whose names OpenSSL's library knows and which ask without a value.
@pytest.mark.parametrize(
    "kind",
    [
        *("caCerts", "signKeyPairTypes", "encKeyPairTypes", "preferredSymmAlg", "currentCRL"),
        *("rootCaKeyUpdate", "certReqTemplate", "caKeyUpdateInfo"),
    ],
)
def test_information_is_told_under_the_secret_and_by_key(client: Client, kind: str) -> None:
    client.cmp("ir", "asker.pem", "-newkey", client.key("asker", "EC:P-256"), *client.by_secret())
    for by in (client.by_secret(), client.by_key("asker")):
        client.cmp("genm", "none.pem", "-infotype", kind, *by)
        assert "received GENP" in client.said, client.said


@pytest.mark.parametrize("command", ["ir", "p10cr", "kur"])
def test_a_certificate_that_comes_later_is_polled_for(client: Client, command: str) -> None:
    name = f"late-{command}"
    key, request = client.key(name, "EC:P-256"), client.folder / f"{name}.csr"
    by, what = client.by_secret(), ["-newkey", key]
    if command == "p10cr":
        openssl("req", "-new", "-key", key, "-subj", NAME, "-out", request)
        what = ["-csr", request]
    if command == "kur":
        client.cmp("ir", f"{name}.pem", "-newkey", key, *by)
        by, what = client.by_key(name), ["-newkey", client.key(f"{name}2", "EC:P-256")]
    client.ca.delay(Delay(timedelta(seconds=1), check_after_seconds=1))
    try:
        issued = client.cmp(command, f"{name}-new.pem", *what, *by)
    finally:
        client.ca.delay(None)
    assert issued is not None, client.said
    assert "received polling response" in client.said or "waiting" in client.said
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


def test_an_offer_of_no_language_is_refused_by_name(client: Client) -> None:
    # It can only send it without the languages that it is to name (RFC 9810, 5.3.19.13).
    client.cmp("genm", "none.pem", "-infotype", "suppLangTags", *client.by_secret())
    assert "PKIFailureInfo: badRequest" in client.said, client.said


CERTIFYING = ("ir", "cr", "kur", "p10cr")


def asked_for(client: Client, command: str, name: str, by: list[str | Path]) -> list[str | Path]:
    """Give the options of a request for a new key, or for the request of one."""
    key = client.key(name, "EC:P-256")
    if command != "p10cr":
        return ["-newkey", key, *by]
    request = client.folder / f"{name}.csr"
    made = openssl("req", "-new", "-key", key, "-subj", NAME, "-out", request)
    assert made.returncode == 0, made.stderr
    return ["-csr", request, *by]


# kur is by the key of what it updates, never under a secret (RFC 9483, 4.1.3).
@pytest.mark.parametrize(
    ("command", "by"),
    [
        *((command, "key") for command in CERTIFYING),
        *((command, "secret") for command in CERTIFYING if command != "kur"),
    ],
)
@pytest.mark.parametrize("how", ["explicit", "implicit", "polled"])
def test_every_request_is_granted_however_protected_and_confirmed(
    client: Client, command: str, by: str, how: str
) -> None:
    name = f"all-{command}-{by}-{how}"
    protection: list[str | Path] = [*client.by_secret()]
    if by == "key":
        client.cmp("ir", f"{name}.pem", *asked_for(client, "ir", name, protection))
        protection = client.by_key(name)
    options = asked_for(client, command, f"{name}2", protection)
    if how == "implicit":
        options.append("-implicit_confirm")
    if how == "polled":
        client.ca.delay(Delay(timedelta(seconds=1), check_after_seconds=1))
    try:
        issued = client.cmp(command, f"{name}2.pem", *options)
    finally:
        client.ca.delay(None)
    assert issued is not None, client.said
    assert client.ca.status_of(issued).state is CertificateState.VALID
    assert ("sending CERTCONF" in client.said) == (how != "implicit"), client.said
    assert ("received PKICONF" in client.said) == (how != "implicit"), client.said
    assert ("sending POLLREQ" in client.said) == (how == "polled"), client.said
    audit = client.ca.audit()
    # How often it polls depends on how busy the machine is.
    said = dict.fromkeys(
        each.message for each in audit if each.transaction_id == audit[-1].transaction_id
    )
    assert (
        list(said)
        == {
            "explicit": [command, "certConf"],
            "implicit": [command],
            "polled": [command, "pollReq", "certConf"],
        }[how]
    )


def test_a_certificate_that_is_not_liked_is_rejected_and_withdrawn(client: Client) -> None:
    # The client checks what it was given against other anchors than those of the answers.
    other = CertificateAuthority(lambda: datetime.now(UTC))
    anchor = client.folder / "other.pem"
    anchor.write_bytes(other.root.public_bytes(Encoding.PEM))
    other.close()
    options = asked_for(client, "ir", "disliked", [*client.by_secret()])
    assert client.cmp("ir", "disliked.pem", *options, "-out_trusted", anchor) is None
    assert "sending CERTCONF" in client.said, client.said
    assert client.ca.audit()[-1].answer.startswith("withdrew ")


def test_a_request_for_another_and_a_revocation_of_anothers_are_refused_by_name(
    client: Client,
) -> None:
    for name in ("mine", "theirs"):
        options = asked_for(client, "ir", name, [*client.by_secret()])
        assert client.cmp("ir", f"{name}.pem", *options) is not None, client.said
    again: list[str | Path] = ["-newkey", client.folder / "mine.key", *client.by_secret()]
    assert client.cmp("ir", "again.pem", *again) is None
    assert "duplicateCertReq" in client.said, client.said
    client.cmp("rr", "none.pem", "-oldcert", client.folder / "theirs.pem", *client.by_key("mine"))
    assert "notAuthorized" in client.said, client.said
