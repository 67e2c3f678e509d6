# SPDX-License-Identifier: Apache-2.0
"""The program under test: a device's CMP client, which is OpenSSL's with our settings."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


class EnrolmentError(Exception):
    """The CA gave no certificate; the text is what it said."""


@dataclass(frozen=True)
class Device:
    """A device that keeps its key, its certificate and the CA's root in a folder."""

    folder: Path
    name: str
    url: str

    def enrol(self, reference: str, secret_file: Path) -> Path:
        """Get the first certificate by a secret that both know (RFC 9483, 4.1.1)."""
        return self._ask("ir", "-ref", reference, "-secret", f"file:{secret_file}")

    def renew(self) -> Path:
        """Get the next certificate by the one there is (RFC 9483, 4.1.3)."""
        return self._ask("kur", "-cert", self._file("pem"), "-key", self._file("key"))

    def _ask(self, command: str, *proof: str | Path) -> Path:
        server, _, path = self.url.removeprefix("http://").partition("/")
        new_key, new = self._file("new.key"), self._file("new.pem")
        _openssl(
            "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", new_key
        )
        _openssl(
            *("cmp", "-cmd", command, "-server", server, "-path", path),
            *("-subject", f"/C=GB/O=NHS TEST/CN={self.name}", "-recipient", "/CN=CMP"),
            *("-trusted", self.folder / "root.pem", "-newkey", new_key, "-certout", new),
            *proof,
        )
        new_key.replace(self._file("key"))
        return new.replace(self._file("pem"))

    def _file(self, suffix: str) -> Path:
        return self.folder / f"{self.name}.{suffix}"


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise EnrolmentError(done.stdout + done.stderr)
