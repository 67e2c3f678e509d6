# SPDX-License-Identifier: Apache-2.0
"""The portal's own file, and the program that serves by it."""

import contextlib
import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from selfrenew.config import ConfigurationError
from selfrenew.config.portal import assemble_portal, load_portal_configuration
from selfrenew.portal import assets as portal_assets

TEXT = """
[portal]
url = "https://portal.test/urswebapp/?operation=selfRenewSmartcard"
listen = "127.0.0.1:0"
certificate = "portal.pem"
key = "portal.key"
[spine]
url = "https://spine.test"
[tls]
trust_anchors = "root.pem"
[contacts]
it = "ext 5499"
Recruitment = "ext 4666"
"""
_ENDS = ("0.0.0.0:", "host", ":1", "127.0.0.1:70000", "127.0.0.1:x")


@pytest.fixture
def file(tmp_path: Path, tls_authority: trustme.CA) -> Path:
    leaf = tls_authority.issue_cert("127.0.0.1")
    leaf.private_key_pem.write_to_path(tmp_path / "portal.key")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "portal.pem")
    tls_authority.cert_pem.write_to_path(tmp_path / "root.pem")
    file = tmp_path / "portal.toml"
    file.write_text(TEXT)
    return file


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "built"
    folder.mkdir()
    (folder / "nhsuk.css").write_text("body {}")
    monkeypatch.setattr(portal_assets.load_assets, "__defaults__", (folder,))


def refusal(file: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        assemble_portal(load_portal_configuration(file))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_left_out_has_a_default_and_further_contacts_keep_their_names(file: Path) -> None:
    configuration = load_portal_configuration(file)
    assert (configuration.agent.port, configuration.browsers.table) == (43485, "modern")
    assert (configuration.portal.listen.host, configuration.portal.listen.port) == ("127.0.0.1", 0)
    assert configuration.portal.certificate == file.parent / "portal.pem"
    assert configuration.contacts.it == "ext 5499"
    assert configuration.contacts.registration_authority == "your Registration Authority"
    assert configuration.contacts.others == {"Recruitment": "ext 4666"}


def test_the_environment_replaces_the_file(file: Path) -> None:
    environ = {
        "SELFRENEW_PORTAL_CONFIG": str(file),
        "SELFRENEW_PORTAL_LISTEN": "[::1]:8443",
        "SELFRENEW_AGENT_PORT": "5",
    }
    configuration = load_portal_configuration(None, environ)
    assert configuration.source == file
    assert (configuration.portal.listen.host, configuration.portal.listen.port) == ("::1", 8443)
    assert configuration.agent.port == 5


@pytest.mark.parametrize("listen", _ENDS)
def test_an_address_without_host_or_port_is_refused(file: Path, listen: str) -> None:
    with pytest.raises(ConfigurationError, match=r"LISTEN has to be .* not "):
        load_portal_configuration(file, {"SELFRENEW_PORTAL_LISTEN": listen})


def test_a_contact_that_is_no_text_is_refused(file: Path) -> None:
    file.write_text(TEXT + "Workforce = 5\n")
    with pytest.raises(ConfigurationError, match=r"contacts\.Workforce has to be a text"):
        load_portal_configuration(file)


def test_a_portal_without_tls_is_refused(file: Path) -> None:
    file.write_text(TEXT.replace("https://portal.test", "http://portal.test"))
    with pytest.raises(ConfigurationError, match="has to be an https address"):
        load_portal_configuration(file)


@pytest.mark.usefixtures("built")
def test_a_key_that_is_missing_foreign_or_locked_is_named(
    file: Path, tls_authority: trustme.CA
) -> None:
    key = file.parent / "portal.key"
    tls_authority.issue_cert("127.0.0.1").private_key_pem.write_to_path(key)
    assert "key values mismatch" in refusal(file).lower()
    key.write_text(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----"
    )
    assert "need no password" in refusal(file)
    key.unlink()
    assert "portal.key failed: No such file" in refusal(file)


@pytest.mark.usefixtures("built")
def test_a_table_of_browsers_that_is_not_there_is_named(file: Path) -> None:
    file.write_text(TEXT + '[browsers]\ntable = "mine.toml"\n')
    assert f"{file.parent / 'mine.toml'} failed" in refusal(file)


def test_an_extra_that_is_missing_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert "pip install 'smartcard-selfrenew[portal]'" in refusal(file)


def trusting(root: Path) -> httpx.Client:
    return httpx.Client(verify=ssl.create_default_context(cafile=root), trust_env=False, timeout=60)


@contextlib.contextmanager
def start(file: Path, *arguments: str, program: str = "selfrenew.cli") -> Iterator[Any]:
    # The style sheet that npm brings is not what this is about, so a stand-in is put in its place.
    code = (
        "from pathlib import Path; from selfrenew.portal import assets;"
        f"assets.load_assets.__defaults__ = (Path({str(file.parent / 'built')!r}),);"
        f"from {program} import main; main()"
    )
    (file.parent / "built").mkdir(exist_ok=True)
    (file.parent / "built" / "nhsuk.css").write_text("body {}")
    with subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", code, "portal", "--config", str(file), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            # A test that failed must not wait for a server that nobody ends.
            running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_tells_its_address_once_it_answers_and_ends_in_peace(
    file: Path, tls_root: Path, number: int
) -> None:
    with start(file, "--json") as running:
        told = json.loads(running.stdout.readline())
        assert told["url"].startswith("https://portal.test/urswebapp/")
        with trusting(tls_root) as client:
            answer = client.get(told["listening"] + "/health")
        assert answer.json() == {"status": "ok"}
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (0, "", "")


def test_a_port_that_is_taken_is_one_line_and_an_exit_code(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file.write_text(TEXT.replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        with start(file) as running:
            out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (13, "")
    assert err.count("\n") == 1
    assert f"Listening on 127.0.0.1:{port} failed (Address already in use)" in err


def test_the_emulator_serves_the_same_portal_with_a_fault(file: Path, tls_root: Path) -> None:
    fault = ("--fault", "portal.logged-out", "--json")
    with start(file, *fault, program="selfrenew_emulator.cli") as running:
        listening = json.loads(running.stdout.readline())["listening"]
        with trusting(tls_root) as client:
            page = client.get(listening + "/urswebapp/", headers={"Accept": "text/html"})
            health = client.get(listening + "/health")
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=30)
    assert (page.status_code, page.text) == (200, "You have been logged out")
    assert health.json() == {"status": "ok"}
    assert (running.returncode, err) == (0, "")


def test_the_emulator_gives_the_portals_own_errors_on_one_line(file: Path) -> None:
    file.write_text("[portal]")
    arguments = ("--fault", "portal.blank-page")
    with start(file, *arguments, program="selfrenew_emulator.cli") as running:
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (10, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
