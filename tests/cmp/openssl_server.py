# SPDX-License-Identifier: Apache-2.0
"""Our client against OpenSSL's mock server, in a network namespace of their own.

The server binds every address, so nothing but this process may be able to reach it. What came of it
is one line of JSON. Started by `test_openssl_server.py`.
"""

import fcntl
import json
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from selfrenew.clock import system_clock
from selfrenew.cmp import CmpError
from selfrenew.cmp.building import MacProtection, Protection, SignatureProtection
from selfrenew.cmp.checking import Trust
from selfrenew.cmp.client import CmpClient
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew.cmp.structures import BodyType
from selfrenew.http_connections import KeptConnections
from selfrenew.secret import Secret

PORT = 8080
READY_SECONDS = 60
_SIOCSIFFLAGS = 0x8914
_UP = 0x1
_LISTENING = "0A"
KINDS = {"ir": BodyType.IR, "cr": BodyType.CR, "kur": BodyType.KUR}


def bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _UP))


def is_listening() -> bool:
    """Look, instead of connecting, since the server serves one connection after the other."""
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/self/net/{name}").read_text().splitlines()[1:]
    ]
    return any(row[1].endswith(f":{PORT:04X}") and row[3] == _LISTENING for row in rows)


def start_server(folder: Path, options: Sequence[str]) -> "subprocess.Popen[bytes]":
    command = ["openssl", "cmp", "-config", "", "-port", str(PORT), "-rsp_cert", "new.pem"]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603
            [*command, *options], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    deadline = time.monotonic() + READY_SECONDS
    while not is_listening():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((folder / "server.log").read_text(errors="replace"))
        time.sleep(0.02)
    return server


def read_pair(folder: Path, name: str) -> tuple[x509.Certificate, PrivateKeySigner]:
    certificate = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
    key: Any = load_pem_private_key((folder / f"{name}-key.pem").read_bytes(), None)
    return certificate, PrivateKeySigner(key)


def transact(folder: Path, kind: str, secret: str | None, *, reject: bool) -> dict[str, Any]:
    certificate, signer = read_pair(folder, "person")
    new, new_signer = read_pair(folder, "new")
    anchor = x509.load_pem_x509_certificate((folder / "anchor.pem").read_bytes())
    slept = list[float]()
    protection: Protection = SignatureProtection(signer, certificate)
    if secret is not None:
        protection = MacProtection(b"me", Secret(secret))
    said: dict[str, Any] = {"slept": slept}
    # As the program has it: the server forgets a transaction with its connection.
    with httpx.Client(transport=KeptConnections(ssl.create_default_context())) as opened:
        client = CmpClient(
            f"http://127.0.0.1:{PORT}/",
            http=opened,
            trust=Trust((anchor,), pinned=anchor if anchor == certificate else None),
            clock=system_clock,
            sleep=slept.append,
        )
        old = certificate if kind == "kur" else None
        try:
            if secret is None:
                client.probe()
            pending = client.request(
                KINDS[kind],
                subject=certificate.subject,
                key=new_signer,
                protection=protection,
                old_certificate=old,
            )
            said["same"] = pending.certificate == new
            if reject:
                pending.reject("not what was asked for")
            else:
                pending.confirm()
            said["done"] = True
        except CmpError as error:
            said["error"], said["text"] = type(error).__name__, str(error)
    return said


def main() -> None:
    folder, plan = Path(sys.argv[1]), json.loads(sys.argv[2])
    bring_loopback_up()
    server = start_server(folder, plan["options"])
    try:
        said = transact(folder, plan["kind"], plan["secret"], reject=plan["reject"])
    finally:
        server.kill()
        server.wait()
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
