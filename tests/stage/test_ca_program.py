# SPDX-License-Identifier: Apache-2.0
import ssl
import stat
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.secret import Secret
from selfrenew_emulator.ca import IssuerName, person_name
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.personalisation import EnrolmentOffice
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW, ControlRefusedError, ControlUnreachableError
from selfrenew_emulator.stage.remote.ca import RemoteAuthority
from selfrenew_emulator.stage.remote.client import ControlClient, wait_for

ALICE = person_name("123456789012")
CRITICAL = x509.Extension(
    x509.OID_EXTENDED_KEY_USAGE,
    critical=True,
    value=x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]),
)


def issue(
    authority: RemoteAuthority, served_ca: dict[str, str], **options: Any
) -> x509.Certificate:
    enrolment = authority.enrol(subject=ALICE, profiles=["authentication"], **options)
    with httpx.Client(trust_env=False, timeout=60) as http:
        office = EnrolmentOffice(
            served_ca["cmp"],
            enrolment,
            clock=lambda: DEFAULT_NOW,
            randomness=seeded(1),
            http=http,
        )
        key = PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))
        return office.enrol("authentication", ALICE, key)


def test_a_certificate_is_enrolled_told_of_and_revoked_from_another_process(
    authority: RemoteAuthority, served_ca: dict[str, str]
) -> None:
    certificate = issue(authority, served_ca)
    assert authority.status_of(certificate).state is CertificateState.VALID
    assert authority.revoke(certificate, x509.ReasonFlags.key_compromise)
    assert not authority.revoke(certificate)
    assert authority.status_of(certificate).state is CertificateState.REVOKED
    [record] = authority.certificates_of(ALICE)
    assert record.certificate == certificate
    assert record.reason is x509.ReasonFlags.key_compromise
    assert record.since == DEFAULT_NOW
    assert [entry.message for entry in authority.audit()] == ["ir", "certConf"]


def test_a_next_root_is_announced_from_another_process(authority: RemoteAuthority) -> None:
    new = authority.update_root()
    assert new.subject == authority.root.subject
    assert new.public_key() != authority.root.public_key()


def test_an_enrolment_comes_back_as_it_was_made(authority: RemoteAuthority) -> None:
    made = authority.enrol(
        "desk-7",
        subject=ALICE,
        profiles=["authentication", "signing"],
        uses=None,
        not_after=DEFAULT_NOW + timedelta(days=3),
        extensions={"authentication": [CRITICAL]},
    )
    found = authority.enrolment("desk-7")
    assert found == made
    assert found.secret.reveal() == made.secret.reveal()
    assert found.subject == ALICE.public_bytes()
    [extension] = found.extensions["authentication"]
    assert extension.critical
    assert extension.value.public_bytes() == CRITICAL.value.public_bytes()


def test_what_is_enrolled_with_an_extension_is_issued_with_it(
    authority: RemoteAuthority, served_ca: dict[str, str]
) -> None:
    certificate = issue(authority, served_ca, extensions={"authentication": [CRITICAL]})
    assert certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage) == CRITICAL


def test_what_the_ca_does_not_do_is_refused_with_the_reason(authority: RemoteAuthority) -> None:
    foreign = authority.root
    with pytest.raises(ControlRefusedError, match="there is no profile 'moon'"):
        authority.enrol(profiles=["moon"])
    with pytest.raises(ControlRefusedError, match="no enrolment with the reference nobody"):
        authority.enrolment("nobody")
    with pytest.raises(ControlRefusedError, match="was not issued by this CA"):
        authority.revoke(foreign)
    with pytest.raises(ControlRefusedError, match="404"):
        authority.enrolment("../audit/x")
    assert authority.status_of(foreign).state is CertificateState.UNKNOWN


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/certificates/status", b'{"certificate": "bm9uZQ=="}'),
        ("/certificates/status", b'{"certificate": "*"}'),
        ("/certificates/status", b"{"),
        ("/certificates/revocations", b"{}"),
        ("/enrolments", b'{"profiles": ["general"], "subject": "no name"}'),
        ("/enrolments", b'{"profiles": ["general"], "uses": 0}'),
        ("/tls-certificates", b'{"names": ["no name at all"]}'),
    ],
)
def test_a_malformed_request_is_the_senders_fault(
    authority: RemoteAuthority, served_ca: dict[str, str], world: Any, path: str, body: bytes
) -> None:
    with pytest.raises(ControlRefusedError) as refused:
        world.client(served_ca["control"]).call("POST", path, body)
    assert refused.value.status == 422
    assert authority.audit() == []


def test_the_control_api_opens_to_its_token_only(served_ca: dict[str, str]) -> None:
    guesser = ControlClient(served_ca["control"], Secret("guessed"))
    with pytest.raises(ControlRefusedError, match=r"403 \(the token is not this stage's"):
        guesser.call("GET", "/audit")
    guesser.close()
    with httpx.Client(base_url=served_ca["control"], trust_env=False, timeout=60) as http:
        assert http.get("/audit").status_code == 401
        assert http.get("/health").json() == {"status": "ok"}


def test_its_tls_names_are_loopbacks_and_those_it_was_given(
    served_ca: dict[str, str], authority: RemoteAuthority, world: Any
) -> None:
    context = ssl.create_default_context(cafile=world.shared.root_file)
    with httpx.Client(verify=context, trust_env=False, timeout=60) as http:
        assert http.get(served_ca["cmp_https"]).status_code == 405
    _, chain = authority.tls_certificate(["portal", "10.0.0.7"])
    leaf, issuer = x509.load_pem_x509_certificates(chain)
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(authority.root)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "portal"]
    assert [*map(str, names.get_values_for_type(x509.IPAddress))] == ["127.0.0.1", "10.0.0.7"]


def test_started_again_it_is_the_same_ca(world: Any) -> None:
    first = world.start_ca()
    before = RemoteAuthority(world.client(first["control"]))
    certificate, token = issue(before, first), world.token.reveal()
    root = before.root
    world.stop_ca()
    again = RemoteAuthority(world.client(world.start_ca()["control"]))
    assert world.token.reveal() == token
    assert again.root == root
    assert set(again.issuers) == set(IssuerName)
    assert again.status_of(certificate).state is CertificateState.VALID


def test_the_token_is_its_owners_alone(served_ca: dict[str, str], world: Any) -> None:
    assert stat.S_IMODE(world.shared.control_token_file.stat().st_mode) == 0o600


def test_a_program_that_does_not_come_is_told_with_what_was_expected(world: Any) -> None:
    addresses = world.start_ca()
    world.stop_ca()
    with pytest.raises(ControlUnreachableError, match="expected to be well within 0 seconds, seen"):
        wait_for(addresses["control"], 0)
