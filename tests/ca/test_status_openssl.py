# SPDX-License-Identifier: Apache-2.0
"""OpenSSL's ocsp, crl and verify commands believe what the CA tells of its certificates."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew_emulator.ca import AUTHENTICATION, SIGNING, p256_key, p384_key, person_name, rsa_key
from selfrenew_emulator.clock import SettableClock

from .conftest import HTTP
from .published import Published, published_ca
from .test_openssl import OPENSSL, openssl

HAS_OCSP = (
    subprocess.run([OPENSSL, "ocsp", "-help"], capture_output=True, check=False).returncode == 0  # noqa: S603  a program found on the path
    if Path(OPENSSL).is_absolute()
    else False
)
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(not HAS_OCSP, reason="there is no openssl with an ocsp command"),
]
ISSUER_KEYS = {"P-256": p256_key, "P-384": p384_key, "RSA": rsa_key}


class Witness:
    """OpenSSL in a folder with the CA's certificates and CRLs."""

    def __init__(self, folder: Path, served: Published) -> None:
        self.folder = folder
        self.served = served
        for name, each in served.ca.authority.publishing.items():
            self.save(name, each.certificate)

    def save(self, name: str, certificate: x509.Certificate) -> Path:
        path = self.folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        return path

    def save_crls(self) -> Path:
        """Take the CRLs from where they are published, all into one file."""
        path = self.folder / "crls.pem"
        pems = []
        for name in ("root", "authentication", "signing"):
            der = self.folder / f"{name}.crl"
            der.write_bytes(HTTP.get(f"{self.served.url}/crl/{name}.crl").content)
            made = openssl("crl", "-inform", "DER", "-in", der)
            assert made.returncode == 0, made.stderr
            pems.append(made.stdout)
        path.write_text("".join(pems))
        return path

    def ocsp(self, issuer: str, *certificates: Path, options: tuple[str, ...] = ()) -> str:
        asked = [part for each in certificates for part in ("-cert", each)]
        done = openssl(
            *("ocsp", "-url", self.served.ocsp, "-CAfile", self.folder / "root.pem"),
            *(
                "-issuer",
                self.folder / f"{issuer}.pem",
                "-verify_other",
                self.folder / f"{issuer}.pem",
            ),
            *options,
            *asked,
        )
        assert "Response verify OK" in done.stderr, done.stdout + done.stderr
        assert "Nonce" not in done.stderr, done.stderr
        assert done.returncode == 0
        return done.stdout

    def verify(self, certificate: Path, issuer: str) -> subprocess.CompletedProcess[str]:
        return openssl(
            *("verify", "-x509_strict", "-crl_check_all", "-CRLfile", self.save_crls()),
            *("-CAfile", self.folder / "root.pem"),
            *("-untrusted", self.folder / f"{issuer}.pem", certificate),
        )


@pytest.fixture(scope="module", params=ISSUER_KEYS)
def witness(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Witness]:
    # OpenSSL compares with this machine's time.
    clock = SettableClock(datetime.now(UTC).replace(microsecond=0))
    with published_ca(clock, ISSUER_KEYS[request.param]) as served:
        yield Witness(tmp_path_factory.mktemp("openssl"), served)


@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
def test_ocsp_tells_good_superseded_and_revoked_in_one_response(
    witness: Witness, digest: str
) -> None:
    name = person_name(f"40000000000{len(digest)}")
    served = witness.served
    old = witness.save("old", served.issue(SIGNING, subject=name))
    good = witness.save("good", served.issue(SIGNING, subject=name))
    certificate = served.issue(SIGNING)
    revoked = witness.save("revoked", certificate)
    served.ca.revoke(certificate, x509.ReasonFlags.key_compromise)
    told = witness.ocsp("signing", old, good, revoked, options=(digest,))
    assert f"{old}: revoked" in told
    assert f"{good}: good" in told
    assert f"{revoked}: revoked" in told
    assert "Reason: superseded" in told
    assert "Reason: keyCompromise" in told


def test_ocsp_tells_of_the_issuers_by_the_roots_responder(witness: Witness) -> None:
    told = witness.ocsp("root", witness.folder / "signing.pem")
    assert "signing.pem: good" in told


def test_ocsp_by_a_serial_number_nobody_has_is_unknown(witness: Witness) -> None:
    told = witness.ocsp("signing", options=("-serial", "0x4711"))
    assert "0x4711: unknown" in told


def test_crls_are_signed_by_their_issuers(witness: Witness) -> None:
    witness.save_crls()
    for name in ("root", "authentication", "signing"):
        done = openssl(
            *("crl", "-inform", "DER", "-in", witness.folder / f"{name}.crl", "-noout"),
            *("-CAfile", witness.folder / f"{name}.pem", "-crlnumber"),
        )
        assert "verify OK" in done.stderr, done.stderr
        assert "crlNumber=" in done.stdout


def test_verify_takes_a_good_chain_and_refuses_a_revoked_one(witness: Witness) -> None:
    certificate = witness.served.issue(AUTHENTICATION)
    path = witness.save("checked", certificate)
    taken = witness.verify(path, "authentication")
    assert taken.returncode == 0, taken.stdout + taken.stderr
    # The CRL is then of the same second, and another.
    witness.served.ca.revoke(certificate)
    refused = witness.verify(path, "authentication")
    assert refused.returncode != 0
    assert "certificate revoked" in refused.stdout + refused.stderr
