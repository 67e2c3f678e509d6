# SPDX-License-Identifier: Apache-2.0
"""OpenSSH: keys off the card, an agent that holds it, signatures, and a login."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.reader import LinkedCard, VpcdReader

from .conftest import Insert, Printed, Run
from .issued_card import (
    AUTHENTICATION,
    CARD_AUTHENTICATION,
    PIN,
    SIGNATURE,
    IssuedCard,
    four_keys,
)

pytestmark = pytest.mark.interop

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def public_key(issued: IssuedCard, key: KeyReference) -> str:
    return (
        issued.certificates[key]
        .public_key()
        .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        .decode()
    )


@pytest.fixture
def asks(tmp_path: Path) -> dict[str, str | Path]:
    """What answers OpenSSH's question for the PIN in place of a person: `pin` in the folder."""
    answer = tmp_path / "askpass"
    answer.write_text(f"#!/bin/sh\ncat {tmp_path}/pin\n")
    answer.chmod(0o700)
    (tmp_path / "pin").write_text(PIN)
    return {"SSH_ASKPASS": answer, "SSH_ASKPASS_REQUIRE": "force"}


@pytest.fixture
def agent(
    tmp_path: Path,
    outside: dict[str, str],
    opensc_module: Path,
    slots: list[VpcdReader[LinkedCard]],
) -> Iterator[None]:
    """An agent for this test, which every program finds."""
    outside["SSH_AUTH_SOCK"] = str(tmp_path / "agent")
    program = shutil.which("ssh-agent")
    assert program is not None, "ssh-agent is not installed"
    with subprocess.Popen(  # noqa: S603  the program under test
        [program, "-D", "-a", outside["SSH_AUTH_SOCK"], "-P", str(opensc_module)],
        env=outside,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            # It tells its number once it listens.
            assert process.stdout.readline()
            yield
        finally:
            process.terminate()


def test_the_cards_public_keys_are_read(
    insert: Insert, printed: Printed, opensc_module: Path
) -> None:
    issued = insert(four_keys(Algorithm.RSA2048) | {SIGNATURE: Algorithm.P384})
    said = printed("ssh-keygen", "-D", opensc_module)
    keys = {" ".join(line.split()[:2]) for line in said.splitlines()}
    assert keys == {public_key(issued, key) for key in issued.certificates}
    assert f"{public_key(issued, AUTHENTICATION)} PIV AUTH pubkey\n" in said


@dataclass(frozen=True)
class Holder:
    """A person with an agent, who signs messages; `pin` is what they type."""

    run: Run
    folder: Path
    module: Path
    askpass: dict[str, str | Path]

    def type(self, pin: str) -> None:
        (self.folder / "pin").write_text(pin)

    def add_card(self) -> str:
        done = self.run("ssh-add", "-s", self.module, **self.askpass)
        return done.stdout + done.stderr

    def sign(self, key: str) -> subprocess.CompletedProcess[str]:
        """Sign `message` with the agent's key into message.sig."""
        (self.folder / "message").write_text("a message")
        (self.folder / "message.sig").unlink(missing_ok=True)
        (self.folder / "key.pub").write_text(key)
        return self.run("ssh-keygen", "-Y", "sign", "-n", "file", "-f", "key.pub", "message")

    def verify(self, key: str) -> subprocess.CompletedProcess[str]:
        """Check message.sig for a signer who is known by a key."""
        (self.folder / "signers").write_text(f"alice@example.com {key}")
        return self.run(
            *("ssh-keygen", "-Y", "verify", "-n", "file", "-f", "signers"),
            *("-I", "alice@example.com", "-s", "message.sig"),
            stdin="a message",
        )


@pytest.fixture
def holder(
    run: Run, tmp_path: Path, opensc_module: Path, asks: dict[str, str | Path], agent: None
) -> Holder:
    return Holder(run, tmp_path, opensc_module, asks)


@pytest.mark.parametrize("algorithm", [Algorithm.RSA2048, Algorithm.P256, Algorithm.P384])
def test_an_agent_signs_with_the_card(
    insert: Insert, holder: Holder, printed: Printed, algorithm: Algorithm
) -> None:
    issued = insert(four_keys(algorithm))
    assert f"Card added: {holder.module}" in holder.add_card()
    listed = printed("ssh-add", "-L")
    assert all(public_key(issued, key) in listed for key in issued.certificates)
    for key in (AUTHENTICATION, CARD_AUTHENTICATION):
        assert "Write signature to message.sig" in holder.sign(public_key(issued, key)).stderr
        verified = holder.verify(public_key(issued, key))
        assert 'Good "file" signature for alice@example.com' in verified.stdout
    another = holder.verify(public_key(issued, AUTHENTICATION))
    assert another.returncode != 0
    printed("ssh-add", "-e", holder.module)
    assert "The agent has no identities." in holder.run("ssh-add", "-l").stdout


def test_a_wrong_pin_adds_no_card_and_costs_one_try(insert: Insert, holder: Holder) -> None:
    issued = insert(four_keys(Algorithm.P256))
    holder.type("111111")
    assert "agent refused operation" in holder.add_card()
    assert issued.pin_tries == 2
    holder.type(PIN)
    assert "Card added" in holder.add_card()
    assert issued.pin_tries == 3


def test_a_card_taken_from_an_agent_signs_nothing_until_it_is_added_again(
    insert: Insert, holder: Holder, printed: Printed, slots: list[VpcdReader[LinkedCard]]
) -> None:
    issued = insert(four_keys(Algorithm.P256))
    key = public_key(issued, AUTHENTICATION)
    holder.add_card()
    assert holder.sign(key).returncode == 0
    slots[0].remove()
    refused = holder.sign(key)
    assert "agent refused operation" in refused.stderr
    assert not (holder.folder / "message.sig").exists()
    slots[0].insert(issued.card)
    printed("ssh-add", "-e", holder.module)
    holder.add_card()
    assert holder.sign(key).returncode == 0
    assert "Good" in holder.verify(key).stdout
    assert issued.pin_tries == 3


@dataclass(frozen=True)
class Server:
    """An sshd that serves one connection, the client's own child: no port, no daemon."""

    folder: Path
    module: Path

    def authorize(self, key: str) -> None:
        (self.folder / "authorized").write_text(f"{key}\n")

    @property
    def login(self) -> list[str]:
        return [
            *("ssh", "-F", "none", "-o", f"UserKnownHostsFile={self.folder}/known"),
            *("-o", "GlobalKnownHostsFile=none", "-o", "PreferredAuthentications=publickey"),
            *("-o", "IdentityFile=none", "-o", f"PKCS11Provider={self.module}"),
            *("-o", f"ProxyCommand={self.folder}/serve", "host"),
        ]


@pytest.fixture
def server(printed: Printed, tmp_path: Path, opensc_module: Path) -> Server:
    printed("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "hostkey")
    host_key = " ".join((tmp_path / "hostkey.pub").read_text().split()[:2])
    (tmp_path / "known").write_text(f"host {host_key}\n")
    (tmp_path / "sshd_config").write_text(f"""\
HostKey {tmp_path}/hostkey
AuthorizedKeysFile {tmp_path}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
MaxAuthTries 20
LogLevel ERROR
ExposeAuthInfo yes
ForceCommand echo in with $(cat $SSH_USER_AUTH)
""")
    # It tells its client of errors, and not the machine's log.
    serve = f"exec {SSHD} -i -e -f {tmp_path}/sshd_config"
    if os.geteuid() == 0:
        # As root it wants a folder below /run, which is ours alone in this namespace.
        inner = f"mount -t tmpfs none /run && mkdir /run/sshd && {serve}"
        serve = f"exec unshare --mount sh -c '{inner}'"
    (tmp_path / "serve").write_text(f"#!/bin/sh\n{serve}\n")
    (tmp_path / "serve").chmod(0o700)
    return Server(tmp_path, opensc_module)


@pytest.mark.skipif(SSHD is None, reason="there is no sshd; openssh-server has it")
def test_a_person_logs_in_with_the_card(
    insert: Insert, run: Run, asks: dict[str, str | Path], server: Server
) -> None:
    # With the signature key OpenSSH 9.2 cannot: having just logged in to the token it leaves out
    # the login for that key, and OpenSC sends the card another command between PIN and signature.
    issued = insert(four_keys(Algorithm.P256))
    server.authorize(public_key(issued, AUTHENTICATION))
    said = run(*server.login, **asks)
    assert said.stdout == f"in with publickey {public_key(issued, AUTHENTICATION)}\n", said.stderr
    (server.folder / "pin").write_text("111111")
    refused = run(*server.login, **asks)
    assert refused.stdout == ""
    assert "PIN incorrect" in refused.stderr
    assert "Permission denied" in refused.stderr
    assert issued.pin_tries == 2
