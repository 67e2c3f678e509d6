# SPDX-License-Identifier: Apache-2.0
"""EST as its clients speak it: over HTTPS, with a secret or a certificate (RFC 7030)."""

import shutil
import socket
import ssl
import subprocess
from base64 import b64decode, b64encode, encodebytes
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
)
from cryptography.x509.oid import AttributeOID

from selfrenew_emulator.ca import Enrolment, person_name
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage
from selfrenew_emulator.stage.patience import PATIENCE_SECONDS

from .conftest import PROFILES, Desk
from .test_openssl import openssl

VALID, SUPERSEDED = CertificateState.VALID, CertificateState.SUPERSEDED
TYPE = {"content-type": "application/pkcs10"}
Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def request_for(name: x509.Name, key: Key, *extensions: x509.ExtensionType) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return encodebytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))


class Client:
    """A client at the stage's EST addresses, by a secret, a certificate or nothing."""

    def __init__(self, stage: EmbeddedStage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder
        self.base = stage.urls.cmp_https.removesuffix("/.well-known/cmp")

    def call(
        self,
        path: str,
        body: bytes | None = None,
        *,
        by: Enrolment | tuple[str, bytes] | None = None,
        shown: tuple[x509.Certificate, Key] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        context = ssl.create_default_context(cafile=self.stage.root_file)
        if shown is not None:
            context.load_cert_chain(self._pem(*shown))
        auth = None
        if isinstance(by, Enrolment):
            auth = (by.reference, by.secret.reveal())
        elif by is not None:
            auth = by
        with httpx.Client(base_url=self.base, verify=context, trust_env=False, timeout=60) as http:
            url = f"/.well-known/est/{path}"
            if body is None:
                return http.get(url, auth=auth)
            return http.post(url, content=body, headers=TYPE | (headers or {}), auth=auth)

    def _pem(self, certificate: x509.Certificate, key: Key) -> Path:
        path = self.folder / "client.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        return path


@pytest.fixture
def client(desk: Desk, tmp_path: Path) -> Iterator[Client]:
    return Client(desk.stage, tmp_path)


def certificates_in(answer: httpx.Response) -> list[x509.Certificate]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pkcs7-mime; smime-type=certs-only"
    assert answer.headers["content-transfer-encoding"] == "base64"
    return pkcs7.load_der_pkcs7_certificates(b64decode(answer.content))


def enrolled(desk: Desk, client: Client, profile: str = "signing") -> tuple[x509.Certificate, Key]:
    """Enrol somebody new by simpleenroll."""
    name, key = desk.new_name(), new_key()
    enrolment = desk.ca.enrol(subject=name, profiles=PROFILES)
    answer = client.call(f"{profile}/simpleenroll", request_for(name, key), by=enrolment)
    (certificate,) = certificates_in(answer)
    assert certificate.subject == name
    assert certificate.public_key() == key.public_key()
    return certificate, key


def test_everybody_is_given_the_trust_anchor_and_the_issuers(desk: Desk, client: Client) -> None:
    for path in ("cacerts", "signing/cacerts"):
        found = certificates_in(client.call(path))
        # They are a SET, in the order of their encodings.
        assert len(found) == 3
        assert set(found) == {desk.ca.root, *desk.ca.issuers.values()}


def test_everybody_is_given_the_root_update_that_was_announced(tmp_path: Path) -> None:
    with EmbeddedStage(clock=SettableClock(DEFAULT_NOW)) as stage:
        update = stage.ca.update_root()
        found = certificates_in(Client(stage, tmp_path).call("cacerts"))
        links = {update.old_with_new, update.new_with_old, update.identity.certificate}
        assert set(found) == {stage.ca.root, *stage.ca.issuers.values(), *links}


def test_nothing_more_is_asked_of_a_request(client: Client) -> None:
    answer = client.call("csrattrs")
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("profile", PROFILES)
def test_who_has_the_secret_is_enrolled_and_the_certificate_counts_at_once(
    desk: Desk, client: Client, profile: str
) -> None:
    certificate, _ = enrolled(desk, client, profile)
    assert desk.state_of(certificate) is VALID
    assert [each for each in desk.ca.audit() if each.message == "simpleenroll"]


def test_without_a_label_the_enrolment_says_which_profile_it_is(desk: Desk, client: Client) -> None:
    name = desk.new_name()
    enrolment = desk.ca.enrol(subject=name, profiles=["signing"])
    answer = client.call("simpleenroll", request_for(name, new_key()), by=enrolment)
    (certificate,) = certificates_in(answer)
    assert desk.valid(name, "signing") == [certificate]


def test_a_certificate_is_replaced_by_who_shows_it(desk: Desk, client: Client) -> None:
    old, old_key = enrolled(desk, client)
    request = request_for(old.subject, new_key())
    answer = client.call("simplereenroll", request, shown=(old, old_key))
    (new,) = certificates_in(answer)
    assert (desk.state_of(old), desk.state_of(new)) == (SUPERSEDED, VALID)
    refused = client.call(
        "simplereenroll", request_for(old.subject, new_key()), shown=(old, old_key)
    )
    assert refused.status_code == 403
    assert "superseded" in refused.text


def test_a_certificate_is_replaced_by_who_has_the_secret(desk: Desk, client: Client) -> None:
    name = desk.new_name()
    enrolment = desk.ca.enrol(subject=name, profiles=["general"], uses=None)
    request = request_for(name, new_key())
    assert client.call("simplereenroll", request, by=enrolment).status_code == 400
    (old,) = certificates_in(client.call("simpleenroll", request, by=enrolment))
    request = request_for(name, new_key())
    (new,) = certificates_in(client.call("simplereenroll", request, by=enrolment))
    assert (desk.state_of(old), desk.state_of(new)) == (SUPERSEDED, VALID)


@pytest.mark.parametrize("by", ["certificate", "secret"])
def test_a_certificate_is_renewed_for_the_same_key(desk: Desk, client: Client, by: str) -> None:
    name, key = desk.new_name(), new_key()
    enrolment = desk.ca.enrol(subject=name, profiles=["general"], uses=None)
    request = request_for(name, key)
    (old,) = certificates_in(client.call("simpleenroll", request, by=enrolment))
    again = client.call("simpleenroll", request, by=enrolment)
    assert (again.status_code, "already has a certificate" in again.text) == (400, True)
    if by == "certificate":
        answer = client.call("simplereenroll", request, shown=(old, key))
    else:
        answer = client.call("simplereenroll", request, by=enrolment)
    (new,) = certificates_in(answer)
    assert new.public_key() == old.public_key()
    assert (desk.state_of(old), desk.state_of(new)) == (SUPERSEDED, VALID)


def test_of_several_the_one_with_the_key_is_renewed(desk: Desk, client: Client) -> None:
    name, key = desk.new_name(), new_key()
    enrolment = desk.ca.enrol(subject=name, profiles=["general"], uses=None)
    old, newer = (
        certificates_in(client.call("simpleenroll", request_for(name, each), by=enrolment))[0]
        for each in (key, new_key())
    )
    certificates_in(client.call("simplereenroll", request_for(name, key), by=enrolment))
    assert (desk.state_of(old), desk.state_of(newer)) == (SUPERSEDED, VALID)


def test_the_certificate_beside_a_secret_is_the_one_that_is_replaced(
    desk: Desk, client: Client
) -> None:
    name, key = desk.new_name(), new_key()
    enrolment = desk.ca.enrol(subject=name, profiles=["general"], uses=None)
    old, newer = (
        certificates_in(client.call("simpleenroll", request_for(name, each), by=enrolment))[0]
        for each in (key, new_key())
    )
    request = request_for(name, new_key())
    certificates_in(client.call("simplereenroll", request, by=enrolment, shown=(old, key)))
    assert (desk.state_of(old), desk.state_of(newer)) == (SUPERSEDED, VALID)
    again = request_for(name, new_key())
    refused = client.call("simplereenroll", again, by=enrolment, shown=(old, key))
    assert (refused.status_code, "superseded" in refused.text) == (403, True)
    assert desk.state_of(newer) is VALID


def test_a_certificate_beside_a_secret_gives_no_right(desk: Desk, client: Client) -> None:
    shown = enrolled(desk, client)
    for enrolment in (desk.ca.enrol(), desk.ca.enrol(subject=desk.new_name(), profiles=PROFILES)):
        request = request_for(shown[0].subject, new_key())
        answer = client.call("simplereenroll", request, by=enrolment, shown=shown)
        assert answer.status_code in {400, 403}
    assert desk.state_of(shown[0]) is VALID


def test_a_key_renews_no_other_certificate_than_its_own(desk: Desk, client: Client) -> None:
    shown, other = enrolled(desk, client, "authentication"), enrolled(desk, client, "signing")
    answer = client.call("simplereenroll", request_for(shown[0].subject, other[1]), shown=shown)
    assert (answer.status_code, "already has a certificate" in answer.text) == (400, True)
    assert desk.state_of(shown[0]) is VALID


def test_the_other_certificate_of_a_person_vouches_as_it_does_in_cmp(
    desk: Desk, client: Client
) -> None:
    shown = enrolled(desk, client, "authentication")
    request = request_for(shown[0].subject, new_key())
    (issued,) = certificates_in(client.call("signing/simpleenroll", request, shown=shown))
    assert desk.valid(shown[0].subject, "signing") == [issued]


def test_a_registration_authority_asks_for_others_over_tls(desk: Desk, client: Client) -> None:
    office = x509.Name.from_rfc4514_string("CN=office,O=NHS TEST,C=GB")
    enrolment, key = desk.ca.enrol(profiles=["registration-authority"]), new_key()
    answer = client.call("simpleenroll", request_for(office, key), by=enrolment)
    (own,) = certificates_in(answer)
    name = desk.new_name()
    request = request_for(name, new_key())
    (issued,) = certificates_in(client.call("signing/simpleenroll", request, shown=(own, key)))
    assert desk.valid(name, "signing") == [issued]


@pytest.mark.parametrize(
    "extensions", [(), (x509.SubjectAlternativeName([x509.DNSName("other.test")]),)]
)
def test_who_replaces_a_certificate_stays_who_they_are(
    desk: Desk, client: Client, extensions: tuple[x509.ExtensionType, ...]
) -> None:
    shown = enrolled(desk, client)
    name = shown[0].subject if extensions else person_name("500000000001")
    answer = client.call("simplereenroll", request_for(name, new_key(), *extensions), shown=shown)
    assert answer.status_code == 400
    assert desk.state_of(shown[0]) is VALID


def test_a_wrong_secret_and_none_get_a_challenge(desk: Desk, client: Client) -> None:
    name = desk.new_name()
    enrolment = desk.ca.enrol(subject=name)
    request = request_for(name, new_key())
    wrong = (enrolment.reference, b"wrong")
    for answer in (
        client.call("simpleenroll", request, by=wrong),
        client.call("simpleenroll", request, by=("nobody", b"wrong")),
        client.call("simpleenroll", request),
        client.call("simpleenroll", request, headers={"authorization": "Basic ?"}),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Basic realm="EST"')
        assert enrolment.secret.reveal().decode() not in answer.text


def test_a_challenge_that_every_client_gets_has_nothing_to_read(desk: Desk, client: Client) -> None:
    request = request_for(desk.new_name(), new_key())
    for operation in ("simpleenroll", "simplereenroll"):
        answer = client.call(operation, request)
        assert (answer.status_code, answer.content) == (401, b"")


def test_a_secret_is_not_taken_in_the_clear(desk: Desk) -> None:
    url = desk.stage.urls.cmp_http.replace("cmp", "est")
    enrolment = desk.ca.enrol()
    auth = (enrolment.reference, enrolment.secret.reveal())
    for path in ("cacerts", "csrattrs"):
        assert httpx.get(f"{url}/{path}", trust_env=False).status_code == 403
    answer = httpx.post(
        f"{url}/simpleenroll", content=b"", headers=TYPE, auth=auth, trust_env=False
    )
    assert answer.status_code == 403


def test_the_policy_is_that_of_cmp(desk: Desk, client: Client) -> None:
    name = desk.new_name()
    enrolment = desk.ca.enrol(subject=name, profiles=["signing"])
    request = request_for(name, new_key())
    other = client.call("authentication/simpleenroll", request, by=enrolment)
    assert (other.status_code, "not enrolled for the profile" in other.text) == (403, True)
    named = request_for(person_name("500000000002"), new_key())
    assert client.call("simpleenroll", named, by=enrolment).status_code == 400
    assert client.call("simpleenroll", request, by=enrolment).status_code == 200
    used_up = client.call("simpleenroll", request_for(name, new_key()), by=enrolment)
    assert (used_up.status_code, "used up" in used_up.text) == (403, True)
    assert client.call("nothing/simpleenroll", request, by=enrolment).status_code == 404


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/pkcs10", 400),
        (b"not base64!", "application/pkcs10", 400),
        (b64encode(b"no request"), "application/pkcs10", 400),
        (b"", "text/plain", 415),
        (bytes(50_001), "application/pkcs10", 413),
    ],
)
def test_what_is_no_request_is_refused(
    desk: Desk, client: Client, body: bytes, content_type: str, status: int
) -> None:
    headers = {"content-type": content_type}
    answer = client.call("simpleenroll", body, by=desk.ca.enrol(), headers=headers)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_a_request_without_proof_of_its_key_is_refused(desk: Desk, client: Client) -> None:
    raw = bytearray(b64decode(request_for(desk.new_name(), new_key())))
    raw[-1] ^= 1
    answer = client.call("simpleenroll", b64encode(raw), by=desk.ca.enrol(subject=None))
    assert answer.status_code == 400


@pytest.mark.interop
@pytest.mark.skipif(
    shutil.which("openssl") is None or shutil.which("curl") is None,
    reason="there is no openssl or no curl",
)
def test_curl_and_openssl_are_a_client(desk: Desk, client: Client, tmp_path: Path) -> None:
    name = "/C=GB/O=NHS TEST/CN=est device"
    enrolment = desk.ca.enrol(profiles=["general"])
    key, request, answer = (tmp_path / each for each in ("key.pem", "request.b64", "answer.b64"))
    made = openssl(
        *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"),
        *("-keyout", key, "-subj", name, "-outform", "DER", "-out", tmp_path / "request.der"),
    )
    assert made.returncode == 0, made.stderr
    request.write_bytes(encodebytes((tmp_path / "request.der").read_bytes()))
    credentials = tmp_path / "credentials"
    secret = enrolment.secret.reveal().decode()
    credentials.write_text(f'user = "{enrolment.reference}:{secret}"\n')
    done = subprocess.run(  # noqa: S603  a program found on the path
        [
            str(shutil.which("curl")),
            *("--silent", "--show-error", "--fail", "--noproxy", "*", "--config", str(credentials)),
            *("--cacert", str(client.stage.root_file), "--output", str(answer)),
            *("--header", "Content-Type: application/pkcs10", "--data-binary", f"@{request}"),
            f"{client.base}/.well-known/est/simpleenroll",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (tmp_path / "answer.der").write_bytes(b64decode(answer.read_bytes()))
    read = openssl("pkcs7", "-inform", "DER", "-in", tmp_path / "answer.der", "-print_certs")
    assert "CN = est device" in read.stdout or "CN=est device" in read.stdout, read.stdout


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_who_shows_a_certificate_of_somebody_else_is_told_so_by_tls(
    desk: Desk, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    stranger = trustme.CA().issue_cert("stranger.test")
    context = ssl.create_default_context(cafile=desk.stage.root_file)
    context.minimum_version = context.maximum_version = version
    stranger.configure_cert(context)
    address = urlsplit(desk.stage.urls.cmp_https)
    assert address.hostname is not None
    with (
        socket.create_connection((address.hostname, address.port), PATIENCE_SECONDS) as plain,
        # A handshake of TLS 1.3 is over for the client before the server looks at its certificate.
        pytest.raises(ssl.SSLError, match="unknown ca"),
        context.wrap_socket(plain, server_hostname=address.hostname) as connection,
    ):
        connection.recv(1)


TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize(
    ("version", "link", "reason"),
    [
        (TLS_1_2, b64encode, None),
        (TLS_1_2, bytes.hex, "not the tls-unique of this connection"),
        (TLS_1_2, lambda _: "no link at all", "not the tls-unique of this connection"),
        (TLS_1_3, b64encode, "TLS 1.2 or leave it out"),
    ],
    ids=["right", "no base64", "wrong", "without such a value"],
)
def test_what_links_a_request_to_its_connection_is_checked(
    desk: Desk,
    version: ssl.TLSVersion,
    link: Callable[[bytes], str | bytes],
    reason: str | None,
) -> None:
    """RFC 7030, 3.5."""
    name = desk.new_name()
    enrolment = desk.ca.enrol(subject=name, profiles=["signing"])
    context = ssl.create_default_context(cafile=desk.stage.root_file)
    context.minimum_version = context.maximum_version = version
    address = urlsplit(desk.stage.urls.cmp_https)
    assert address.hostname is not None
    connection = HTTPSConnection(
        address.hostname, address.port, timeout=PATIENCE_SECONDS, context=context
    )
    with closing(connection):
        connection.connect()
        # Python's has a value in TLS 1.3 as well, where the standard has none (RFC 9266).
        unique = connection.sock.get_channel_binding("tls-unique")
        linked = link(unique)
        password = linked if isinstance(linked, bytes) else linked.encode()
        builder = x509.CertificateSigningRequestBuilder().subject_name(name)
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, password)
        der = builder.sign(new_key(), hashes.SHA256()).public_bytes(Encoding.DER)
        secret = f"{enrolment.reference}:{enrolment.secret.reveal().decode()}"
        credentials = {"authorization": f"Basic {b64encode(secret.encode()).decode()}"}
        path = "/.well-known/est/simpleenroll"
        connection.request("POST", path, encodebytes(der), TYPE | credentials)
        answer = connection.getresponse()
        assert (answer.status == 200) is (reason is None)
        if reason is not None:
            assert (answer.status, reason in answer.read().decode()) == (400, True)
    assert len(desk.valid(name, "signing")) == (reason is None)
