# SPDX-License-Identifier: Apache-2.0
"""What the owner of a kept CA has it do from the command line, while it runs."""

import json
import secrets
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.asn1 import TLV
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from selfrenew.cmp.building import NULL_NAME, Conversation
from selfrenew.cmp.information import InfoType, info, read_info
from selfrenew.cmp.message import decode, decode_list, decode_message, encode_list
from selfrenew.cmp.structures import BodyType, GenMsgContent, RootCaKeyUpdateContent
from selfrenew_emulator.ca import CaError, linting
from selfrenew_emulator.cli.exit_codes import ExitCode
from selfrenew_emulator.cli.failures import ending_of
from selfrenew_emulator.cli.program import program
from selfrenew_emulator.stage import StateError
from selfrenew_emulator.stage.serving.ca import serve_ca
from selfrenew_emulator.stage.serving.listening import Listen
from tests.ca.requesting import with_text_of_type

Ca = Callable[..., Result]
NAME = "CN=bench,O=Example"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    state = tmp_path_factory.mktemp("state")
    with serve_ca(state, None, Listen()) as said:
        yield state, said


@pytest.fixture
def state(served: tuple[Path, dict[str, Any]]) -> Path:
    return served[0]


def ca(command: str, *arguments: object) -> Result:
    result = CliRunner().invoke(program, ["ca", command, *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def issued(state: Path, tmp_path: Path, *options: object) -> x509.Certificate:
    out = tmp_path / "certificate.pem"
    key = tmp_path / "certificate.key"
    made = ca(
        *("issue", "--state", state, "--new-key", key, "--subject", NAME, "--out", out),
        *("--force", *options),
    )
    assert made.exit_code == ExitCode.DONE, made.output
    return x509.load_pem_x509_certificate(out.read_bytes())


def test_what_cannot_be_written_is_said_before_anything_is_issued(
    state: Path, tmp_path: Path
) -> None:
    key, out = tmp_path / "new.key", tmp_path / "new.pem"
    before = listed(state)
    arguments = ("issue", "--state", state, "--new-key", key, "--subject", NAME, "--out")
    out.write_text("another's")
    assert ca(*arguments, out).exit_code == ExitCode.USAGE
    assert ca(*arguments, tmp_path / "nowhere" / "new.pem").exit_code == ExitCode.USAGE
    assert ca(*arguments[:-3], "--subject", "no name", "--out", key).exit_code == ExitCode.USAGE
    assert (listed(state), key.exists(), out.read_text()) == (before, False, "another's")


def listed(state: Path) -> dict[str, dict[str, Any]]:
    shown = ca("show", "certificates", "--state", state, "--json")
    return {each["serial"]: each for each in json.loads(shown.output)["certificates"]}


@pytest.mark.parametrize("algorithm", ["P256", "RSA2048", "Ed25519"])
def test_a_certificate_is_issued_for_a_new_key_that_only_its_owner_can_read(
    state: Path, tmp_path: Path, algorithm: str
) -> None:
    certificate = issued(state, tmp_path, "--algorithm", algorithm, "--days", 30)
    file = tmp_path / "certificate.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = load_pem_private_key(file.read_bytes(), None)
    assert key.public_key() == certificate.public_key()
    assert certificate.subject.rfc4514_string() == NAME
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 30
    assert listed(state)[f"{certificate.serial_number:x}"]["state"] == "valid"


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_request_is_certified_under_its_profile_with_its_chain(
    state: Path, tmp_path: Path, encoding: Encoding
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string(NAME)
    request = x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())
    (tmp_path / "request").write_bytes(request.public_bytes(encoding))
    printed = ca(
        *("issue", "--state", state, "--csr", tmp_path / "request"),
        *("--profile", "signing", "--chain"),
    )
    leaf, issuer, root = x509.load_pem_x509_certificates(printed.stdout_bytes)
    assert leaf.public_key() == key.public_key()
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    assert listed(state)[f"{leaf.serial_number:x}"]["profile"] == "signing"


def test_what_is_revoked_beside_a_running_ca_is_on_its_crl_at_once(
    served: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    state, said = served
    certificate = issued(state, tmp_path)
    with httpx.Client(trust_env=False) as http:

        def entry() -> x509.RevokedCertificate | None:
            crl = x509.load_der_x509_crl(http.get(said["crl"]).content)
            return crl.get_revoked_certificate_by_serial_number(certificate.serial_number)

        assert entry() is None
        serial = certificate.serial_number.to_bytes(20, "big").lstrip(b"\0").hex(":")
        revoked = ca("revoke", serial, "--state", state, "--reason", "keyCompromise", "--json")
        found = entry()
    assert json.loads(revoked.output)["revoked"] is True
    assert found is not None
    reason = found.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.key_compromise
    again = ca("revoke", serial, "--state", state)
    assert (again.exit_code, "nothing was changed" in again.output) == (ExitCode.DONE, True)
    assert "keyCompromise" in again.output
    told = json.loads(ca("revoke", serial, "--state", state, "--json").output)
    assert (told["revoked"], told["state"], told["reason"]) == (False, "revoked", "keyCompromise")
    audit = json.loads(ca("show", "audit", "--state", state, "--json").output)["audit"]
    assert [each["message"] for each in audit[-3:]] == ["revoke", "revoke", "revoke"]


def test_a_superseded_certificate_is_told_to_be_so(state: Path, tmp_path: Path) -> None:
    serials = [
        issued(state, tmp_path, "--profile", "signing", "--subject", "CN=again").serial_number
        for _ in range(2)
    ]
    told = json.loads(ca("revoke", f"{serials[0]:x}", "--state", state, "--json").output)
    assert (told["revoked"], told["state"], told["reason"]) == (False, "superseded", "superseded")


def test_a_root_is_announced_beside_a_running_ca(
    served: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    state, said = served
    message = unprotected_genm(info(InfoType.ROOT_CA_CERT))
    with httpx.Client(trust_env=False) as http:

        def told() -> bytes | None:
            headers = {"content-type": "application/pkixcmp"}
            answer = http.post(said["cmp"], content=message(), headers=headers)
            (item,) = decode_list(GenMsgContent, decode_message(answer.content).content)
            return read_info(item)[1]

        assert told() is None
        out = tmp_path / "next.pem"
        done = ca("update-root", "--state", state, "--out", out, "--json")
        update = decode(RootCaKeyUpdateContent, told() or b"")
    assert done.exit_code == ExitCode.DONE
    assert x509.load_pem_x509_certificate(out.read_bytes()) == update.new_with_new
    assert json.loads(done.output)["serial"] == f"{update.new_with_new.serial_number:x}"


def unprotected_genm(item: TLV) -> Callable[[], bytes]:
    content = encode_list(GenMsgContent(items=[item]))

    def message() -> bytes:
        conversation = Conversation(
            None, NULL_NAME, clock=lambda: datetime.now(UTC), randomness=secrets.token_bytes
        )
        return conversation.message(BodyType.GENM, content)

    return message


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("pem", {"root.pem", "authentication.pem", "services.pem", "chain.pem", "root.crl.pem"}),
        ("der", {"root.der", "signing.der", "services.der", "chain.pem", "services.crl"}),
    ],
)
def test_root_issuers_chain_and_crls_are_exported(
    state: Path, tmp_path: Path, kind: str, names: set[str]
) -> None:
    done = ca("export", "--state", state, "--out", tmp_path / "out", "--format", kind, "--json")
    files = {Path(each).name: Path(each).read_bytes() for each in json.loads(done.output)["files"]}
    assert names <= set(files)
    load = x509.load_pem_x509_certificate if kind == "pem" else x509.load_der_x509_certificate
    root = load(files[f"root.{kind}"])
    load(files[f"signing.{kind}"]).verify_directly_issued_by(root)
    assert x509.load_pem_x509_certificates(files["chain.pem"])[-1] == root
    read = x509.load_pem_x509_crl if kind == "pem" else x509.load_der_x509_crl
    crl = read(files["signing.crl.pem" if kind == "pem" else "signing.crl"])
    assert crl.is_signature_valid(load(files[f"signing.{kind}"]).public_key())  # type: ignore[arg-type]
    refused = ca("export", "--state", state, "--out", tmp_path / "out", "--format", kind)
    assert refused.exit_code == ExitCode.USAGE
    assert "--force" in refused.output


def test_one_document_is_printed_alone(state: Path) -> None:
    pem, der = (
        ca("export", "root", "--state", state, "--format", kind).stdout_bytes
        for kind in ("pem", "der")
    )
    assert x509.load_pem_x509_certificate(pem) == x509.load_der_x509_certificate(der)


def test_people_are_shown_what_it_issued(state: Path, tmp_path: Path) -> None:
    certificate = issued(state, tmp_path)
    shown = ca("show", "--state", state).output
    assert f"{certificate.serial_number:x}" in shown
    assert "NHS TEST Root Authority" in shown
    assert {"certificates", "transactions", "audit"} <= set(shown.split())


def test_all_that_it_issued_lints_clean_and_what_is_wrong_is_found(
    state: Path, tmp_path: Path
) -> None:
    issued(state, tmp_path)
    clean = ca("lint", "--state", state, "--json")
    told = json.loads(clean.output)
    assert (clean.exit_code, told["findings"]) == (ExitCode.DONE, {})
    assert told["linted"] > 8
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    wrong = x509.CertificateBuilder(name, name, key.public_key(), 2**150)
    moment = x509.load_pem_x509_certificate((state / "root.pem").read_bytes()).not_valid_after_utc
    wrong = wrong.not_valid_before(moment).not_valid_after(moment)
    file = tmp_path / "wrong.pem"
    file.write_bytes(wrong.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    # As a program: what a command ends with has to reach the shell.
    command = [Path(sys.executable).with_name("selfrenew-emulator"), "ca", "lint", str(file)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert found.returncode == ExitCode.LINT_FOUND
    assert f"{file}: " in found.stdout


def test_a_certificate_that_cannot_be_decoded_is_one_finding_among_others(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serve_ca(state, None, Listen()):
        pass
    # Of such a length that four bytes a letter fit into its place.
    certificate = issued(state, tmp_path, "--subject", "CN=bench,O=Examples")
    with closing(sqlite3.connect(next(state.rglob("ca.sqlite")))) as database, database:
        der = with_text_of_type(0x1C, certificate)
        database.execute("UPDATE certificates SET der=?", (der,))
    told = ca("lint", "--state", state, "--json")
    (found,) = json.loads(told.output)["findings"].values()
    assert told.exit_code == ExitCode.LINT_FOUND
    assert [each["code"] for each in found] == ["selfrenew.not_decoded"]


def test_a_missing_linter_is_named_with_what_to_install(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linting, "_MISSING", ImportError("No module named 'pkilint'"))
    with pytest.raises(CaError, match=r"pip install 'smartcard-selfrenew\[lint\]'") as raised:
        ca("lint", state / "root.pem")
    assert ending_of(raised.value) is ExitCode.APPLICATION_UNAVAILABLE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["issue", "--new-key", "k"], "needs a --subject"),
        (["issue"], "either --csr or --new-key"),
        (["issue", "--new-key", "k", "--subject", "no name"], "no name of RFC 4514"),
        (["revoke", "xyz"], "no hexadecimal number"),
        (["export", "--format", "der"], "DER is printed"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    state: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = ca(*arguments, "--state", state)
    assert refused.exit_code == ExitCode.USAGE
    assert words in refused.output


def test_what_the_ca_refuses_is_told_with_the_reason(state: Path, tmp_path: Path) -> None:
    with pytest.raises(CaError, match="issued no certificate with that number") as raised:
        ca("revoke", "12", "--state", state)
    assert ending_of(raised.value) is ExitCode.REFUSED
    with pytest.raises(StateError, match=r"it holds no CA\. Start one there first"):
        ca("show", "--state", tmp_path)
