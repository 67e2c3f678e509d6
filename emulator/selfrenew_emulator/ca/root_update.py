# SPDX-License-Identifier: Apache-2.0
"""The root's next key, and the certificates that link old and new (RFC 9810, 4.4.1).

The old root goes on issuing: an update is only announced, so that clients can be ready.
"""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from selfrenew_emulator.randomness import Randomness

from .authority import CaKey, Identity, KeyMaker
from .errors import DamagedStateError

_FILE = "next-root.pem"
_TERM = timedelta(days=30 * 365)
_SERIAL_BYTES = 16


@dataclass(frozen=True)
class RootUpdate:
    """The next root, certified by itself; by the old one; and the old one by it."""

    identity: Identity
    new_with_old: x509.Certificate
    old_with_new: x509.Certificate

    @classmethod
    def make(
        cls, old: Identity, now: datetime, randomness: Randomness, make_key: KeyMaker
    ) -> "RootUpdate":
        """Make the next root for the same name."""
        key = make_key()
        begin = now.replace(microsecond=0)
        old_begin, old_end = (
            old.certificate.not_valid_before_utc,
            old.certificate.not_valid_after_utc,
        )

        def certify(of: CaKey, by: CaKey, start: datetime, end: datetime) -> x509.Certificate:
            builder = (
                x509.CertificateBuilder()
                .subject_name(old.certificate.subject)
                .issuer_name(old.certificate.subject)
                .public_key(of.public_key())
                .serial_number(1 + (int.from_bytes(randomness(_SERIAL_BYTES), "big") >> 1))
                .not_valid_before(start)
                .not_valid_after(end)
            )
            for extension in old.certificate.extensions:
                if isinstance(extension.value, x509.BasicConstraints | x509.KeyUsage):
                    builder = builder.add_extension(extension.value, extension.critical)
            subject_key = x509.SubjectKeyIdentifier.from_public_key(of.public_key())
            authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key())
            builder = builder.add_extension(subject_key, critical=False)
            builder = builder.add_extension(authority_key, critical=False)
            return builder.sign(by, hashes.SHA256())

        return cls(
            Identity(certify(key, key, begin, begin + _TERM), key),
            certify(key, old.key, begin, old_end),
            certify(old.key, key, old_begin, old_end),
        )

    def save(self, folder: Path) -> None:
        """Write it beside the CA's other keys, whole or not at all."""
        unfinished = folder / f".{_FILE}"
        unfinished.touch(mode=0o600)
        with unfinished.open("wb") as file:
            file.write(self.identity.key_pem)
            for certificate in (self.identity.certificate, self.new_with_old, self.old_with_new):
                file.write(certificate.public_bytes(Encoding.PEM))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / _FILE)

    @classmethod
    def state_of(cls, folder: Path) -> tuple[int, ...] | None:
        """Tell two states of what is saved apart, None where nothing is."""
        try:
            found = (folder / _FILE).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    @classmethod
    def load(cls, folder: Path) -> "RootUpdate | None":
        """Read what save wrote, None where nothing was. Raise DamagedStateError."""
        path = folder / _FILE
        if not path.exists():
            return None
        try:
            raw = path.read_bytes()
            key = load_pem_private_key(raw, None)
            new, new_with_old, old_with_new = x509.load_pem_x509_certificates(raw)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise DamagedStateError(path, str(error)) from error
        if not isinstance(key, CaKey) or key.public_key() != new.public_key():
            raise DamagedStateError(path, "its key is not the key of its certificate")
        return cls(Identity(new, key), new_with_old, old_with_new)
