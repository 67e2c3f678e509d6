# SPDX-License-Identifier: Apache-2.0
"""How long it takes to tell of certificates: a CRL of 20,000 entries, and an OCSP response.

A first CRL makes every entry, the next one only what is new, and one that has not changed is
served as it is. An OCSP response is compared with the signature in it.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from measuring import median_ms, tell

from selfrenew.clock import Clock
from selfrenew_emulator.ca import SIGNING, Authority, IssuerName, Record, person_name
from selfrenew_emulator.ca.crls import RevocationLists
from selfrenew_emulator.ca.ocsp_responder import OcspResponder
from selfrenew_emulator.ca.standing import Standing
from selfrenew_emulator.ca.store import Store
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.randomness import system_randomness

_NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_MESSAGE = b"selfrenew" * 32


class Records:
    """Certificates of one issuer, in a CA's store."""

    def __init__(self, clock: Clock) -> None:
        self.authority = Authority.create(clock(), system_randomness)
        self.store = Store(None)
        self._key = ec.generate_private_key(ec.SECP256R1()).public_key()
        self._count = 0

    def add(self) -> x509.Certificate:
        """Issue one that counts."""
        self._count += 1
        certificate = self.authority.issue(
            SIGNING,
            person_name(f"{self._count:012}"),
            self._key,
            _NOW,
            _NOW + timedelta(days=700),
        )
        record = Record(certificate, SIGNING.name, CertificateState.VALID, _NOW)
        self.store.add(record, self._count.to_bytes(8, "big"))
        return certificate

    def revoke(self, certificate: x509.Certificate) -> None:
        """Have one count no longer."""
        self.store.move(
            certificate.serial_number,
            CertificateState.VALID,
            CertificateState.REVOKED,
            _NOW,
            x509.ReasonFlags.superseded,
        )


def seconds(lists: RevocationLists) -> tuple[float, int]:
    """Time one CRL; tell how many entries it has."""
    start = time.perf_counter()
    der = lists.current(IssuerName.SIGNING.value)
    spent = time.perf_counter() - start
    return spent, len(x509.load_der_x509_crl(der))


def measure_crls(entries: int) -> None:
    """Measure CRLs while entries are added to them."""
    records = Records(lambda: _NOW)
    with records.store.change():
        for _ in range(entries):
            records.revoke(records.add())
    standing = Standing(records.authority, records.store)
    lists = RevocationLists(records.authority, standing, records.store, lambda: _NOW)
    first, count = seconds(lists)
    kept = median_ms(lambda: lists.current(IssuerName.SIGNING.value), 100)
    records.revoke(records.add())
    following, more = seconds(lists)
    if (count, more) != (entries, entries + 1):
        raise SystemExit(f"the CRLs have {count} and {more} entries, not {entries} and one more")
    limit = 2e3
    tell(f"CRL of {entries:,} entries, first", first * 1e3, "ms", floor=limit, of="the limit")
    tell("CRL with one entry more", following * 1e3, "ms", floor=first * 1e3, of="the first")
    tell("CRL that has not changed", kept, "ms", floor=first * 1e3, of="the first")


def measure_ocsp(times: int) -> None:
    """Measure one response to one request, without HTTP."""
    records = Records(lambda: _NOW)
    certificate = records.add()
    standing = Standing(records.authority, records.store)
    responder = OcspResponder(records.authority, standing, lambda: _NOW)
    issuer = records.authority.issuers[IssuerName.SIGNING]
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(certificate, issuer.certificate, hashes.SHA256())
        .add_extension(x509.OCSPNonce(bytes(32)), critical=False)
        .build()
        .public_bytes(Encoding.DER)
    )
    key = ec.generate_private_key(ec.SECP256R1())
    floor = median_ms(lambda: key.sign(_MESSAGE, ec.ECDSA(hashes.SHA256())), times)
    spent = median_ms(lambda: responder.answer(request), times)
    tell("OCSP response", spent, "ms", floor=floor, of="its signature")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=200)
    options = parser.parse_args()
    measure_crls(options.entries)
    measure_ocsp(options.times)


if __name__ == "__main__":
    main()
