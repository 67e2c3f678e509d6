# SPDX-License-Identifier: Apache-2.0
"""OpenSSL's client and its mock server, in one process without a network, as outside witness."""

import secrets
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from selfrenew.clock import system_clock
from selfrenew.cmp.building import (
    NULL_NAME,
    Conversation,
    MacProtection,
    SignatureProtection,
    certificate_confirmation,
    certificate_request,
)
from selfrenew.cmp.crmf import CertReqMessages
from selfrenew.cmp.message import ReceivedMessage, decode, decode_list, decode_message, encode
from selfrenew.cmp.protection import (
    PrivateKeySigner,
    ProtectionError,
    verify_mac,
    verify_signature,
    verify_with,
)
from selfrenew.cmp.structures import BodyType, CertConfirmContent, CertRepMessage
from selfrenew.cmp.template import public_key_of
from selfrenew.secret import Secret

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not here"),
]

SECRET = Secret("a shared secret")
KEYS = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
}
MAC_OPTIONS = ("-ref", "me", "-secret", f"pass:{SECRET.reveal().decode()}")
SERVER_MAC = ("-srv_ref", "me", "-srv_secret", f"pass:{SECRET.reveal().decode()}")


class OpenSsl:
    """Runs `openssl cmp` with its mock server, which issues the certificate it was given."""

    def __init__(
        self, folder: Path, key: Any, issued: Callable[..., Any], *, identified: bool = True
    ) -> None:
        now = system_clock()
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        self.folder = folder
        self.holder = issued(
            "me",
            key,
            ca=True,
            start=now.replace(year=now.year - 1),
            end=now.replace(year=2099),
            extensions=((identifier, False),) if identified else (),
        )
        self.certificate: x509.Certificate = self.holder.certificate
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key.pem").write_bytes(pem)
        (folder / "cert.pem").write_bytes(self.certificate.public_bytes(Encoding.PEM))

    @property
    def signature_options(self) -> tuple[str, ...]:
        client = ("-cert", "cert.pem", "-key", "key.pem", "-trusted", "cert.pem")
        return *client, "-srv_cert", "cert.pem", "-srv_key", "key.pem", "-srv_trusted", "cert.pem"

    def run(self, command: str, *options: str) -> tuple[str, list[ReceivedMessage]]:
        """Return what it said, and the messages in the order they went."""
        files = ["-reqout", "q1,q2", "-rspout", "p1,p2", "-certout", "out.pem"]
        course = ["openssl", "cmp", "-config", "", "-use_mock_srv", "-cmd", command]
        certificate = ["-rsp_cert", "cert.pem", "-newkey", "key.pem", "-subject", "/CN=me"]
        done = subprocess.run(  # noqa: S603
            [*course, *certificate, *files, *options],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        names = [name for name in ("q1", "p1", "q2", "p2") if (self.folder / name).exists()]
        return done.stdout + done.stderr, [
            decode_message((self.folder / name).read_bytes()) for name in names
        ]

    def send(self, message: bytes, command: str, *options: str) -> str:
        """Have its mock server answer a message of ours."""
        (self.folder / "ours.der").write_bytes(message)
        said, _ = self.run(command, "-reqin", "ours.der", *options)
        return said


@pytest.fixture(params=KEYS)
def openssl(request: pytest.FixtureRequest, tmp_path: Path, issued: Callable[..., Any]) -> OpenSsl:
    return OpenSsl(tmp_path, KEYS[request.param], issued)


def test_messages_under_a_mac_are_read_and_their_mac_holds(openssl: OpenSsl) -> None:
    said, messages = openssl.run("ir", *MAC_OPTIONS, *SERVER_MAC)
    assert "received PKICONF" in said
    assert [m.body_type.standard_name for m in messages] == ["ir", "ip", "certConf", "pkiconf"]
    for message in messages:
        verify_mac(message, SECRET)
        with pytest.raises(ProtectionError, match="is wrong"):
            verify_mac(message, Secret("another"))


@pytest.mark.parametrize(
    ("digest", "mac"),
    [("sha256", "hmacWithSHA256"), ("sha512", "hmacWithSHA384"), ("sha384", "hmac-sha1")],
)
def test_macs_of_other_hashes_hold_too(
    tmp_path: Path, issued: Callable[..., Any], digest: str, mac: str
) -> None:
    openssl = OpenSsl(tmp_path, KEYS["P-256"], issued)
    _, messages = openssl.run("ir", *MAC_OPTIONS, *SERVER_MAC, "-digest", digest, "-mac", mac)
    verify_mac(messages[0], SECRET)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_messages_under_a_signature_are_read_and_it_holds(openssl: OpenSsl, digest: str) -> None:
    said, messages = openssl.run("cr", *openssl.signature_options, "-digest", digest)
    assert "received PKICONF" in said
    assert len(messages) == 4
    for message in messages:
        verify_signature(message, openssl.certificate.public_key())
        with pytest.raises(ProtectionError, match="is wrong"):
            verify_signature(message, _other(openssl.certificate.public_key()))


def _other(key: Any) -> Any:
    if isinstance(key, rsa.RSAPublicKey):
        return rsa.generate_private_key(65537, 2048).public_key()
    return ec.generate_private_key(key.curve).public_key()


def test_a_request_is_read_with_its_proof_of_possession(openssl: OpenSsl) -> None:
    _, messages = openssl.run("cr", *openssl.signature_options)
    (asked,) = decode_list(CertReqMessages, messages[0].content)
    key = public_key_of(asked.cert_req.cert_template)
    assert key == openssl.certificate.public_key()
    assert asked.popo is not None
    proof: Any = asked.popo.value
    signed = encode(asked.cert_req)
    signature = proof.signature.as_bytes()
    verify_with(proof.algorithm_identifier, key, signature, signed, what="it")
    with pytest.raises(ProtectionError):
        verify_with(proof.algorithm_identifier, key, signature, signed + b"x", what="it")


def test_the_issued_certificate_and_its_confirmation_are_read(openssl: OpenSsl) -> None:
    _, messages = openssl.run("cr", *openssl.signature_options)
    (response,) = decode(CertRepMessage, messages[1].content).response
    assert response.certified_key_pair is not None
    der = encode(response.certified_key_pair.cert_or_enc_cert.value)
    assert x509.load_der_x509_certificate(der) == openssl.certificate
    (status,) = decode_list(CertConfirmContent, messages[2].content)
    assert status.cert_hash == openssl.certificate.fingerprint(hashes.SHA256())


def conversation(by: Any) -> Conversation:
    return Conversation(by, NULL_NAME, clock=system_clock, randomness=secrets.token_bytes)


def test_a_request_of_ours_under_a_mac_is_granted(openssl: OpenSsl) -> None:
    talk = conversation(MacProtection(b"me", SECRET))
    content = certificate_request(openssl.certificate.subject, PrivateKeySigner(openssl.holder.key))
    said = openssl.send(talk.message(BodyType.IR, content), "ir", *MAC_OPTIONS, *SERVER_MAC)
    assert "actually sending ours.der" in said
    assert "received IP" in said


@pytest.mark.parametrize(
    ("kind", "answer"), [(BodyType.CR, "CP"), (BodyType.IR, "IP"), (BodyType.KUR, "KUP")]
)
def test_a_request_of_ours_under_a_signature_is_granted(
    openssl: OpenSsl, kind: BodyType, answer: str
) -> None:
    signer = PrivateKeySigner(openssl.holder.key)
    talk = conversation(SignatureProtection(signer, openssl.certificate))
    old = openssl.certificate if kind is BodyType.KUR else None
    content = certificate_request(openssl.certificate.subject, signer, old_certificate=old)
    options = openssl.signature_options
    said = openssl.send(talk.message(kind, content), kind.standard_name, *options)
    assert "actually sending ours.der" in said
    assert f"received {answer}" in said


def test_a_request_of_ours_changed_on_its_way_is_refused(openssl: OpenSsl) -> None:
    signer = PrivateKeySigner(openssl.holder.key)
    talk = conversation(SignatureProtection(signer, openssl.certificate))
    raw = talk.message(BodyType.CR, certificate_request(openssl.certificate.subject, signer))
    at = raw.index(talk.sender_nonce)
    changed = raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]
    said = openssl.send(changed, "cr", *openssl.signature_options)
    assert "actually sending ours.der" in said
    assert "received CP" not in said


def test_a_confirmation_of_ours_hashes_as_openssl_does(openssl: OpenSsl) -> None:
    _, messages = openssl.run("cr", *openssl.signature_options)
    content, pvno = certificate_confirmation(openssl.certificate)
    (ours,) = decode_list(CertConfirmContent, content)
    (theirs,) = decode_list(CertConfirmContent, messages[2].content)
    assert (ours.cert_hash, ours.cert_req_id) == (theirs.cert_hash, theirs.cert_req_id)
    assert pvno == messages[2].header.pvno == 2


def test_a_signer_without_a_key_identifier_is_found_too(
    tmp_path: Path, issued: Callable[..., Any]
) -> None:
    openssl = OpenSsl(tmp_path, KEYS["P-256"], issued, identified=False)
    signer = PrivateKeySigner(openssl.holder.key)
    talk = conversation(SignatureProtection(signer, openssl.certificate))
    raw = talk.message(BodyType.CR, certificate_request(openssl.certificate.subject, signer))
    assert "received CP" in openssl.send(raw, "cr", *openssl.signature_options)
