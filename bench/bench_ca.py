# SPDX-License-Identifier: Apache-2.0
"""How many CMP transactions a CA does in a second, beside what its cryptography alone would allow.

The CA is one process on one core, its clients are on another; HTTP is on loopback. A transaction is
a request and its confirmation: `cr` signed with RSA-2048, or `ir` under a secret, each for a new
P-256 key from an issuer with P-256. Its clients have made their keys and first messages before each
round of them. How busy the CA was of its core tells who was waited for: where it is not all of it,
a client was, or others use the machine too. What counts then is the figure by the second of the
CA's own processor time.
"""

import argparse
import gc
import hashlib
import multiprocessing
import os
import secrets
import socket
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any, Self

import httptools
from bench_memory import resident_kb
from cryptography import x509
from cryptography.hazmat.asn1 import Null
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from measuring import tell

from selfrenew.cmp.building import (
    NULL_NAME,
    Conversation,
    MacProtection,
    Protection,
    SignatureProtection,
    certificate_confirmation,
    certificate_request,
)
from selfrenew.cmp.information import InfoType, info
from selfrenew.cmp.message import decode, decode_message, encode
from selfrenew.cmp.protection import PBM_ITERATIONS, PrivateKeySigner
from selfrenew.cmp.structures import BodyType, CertRepMessage
from selfrenew.secret import Secret
from selfrenew_emulator.ca import (
    GENERAL,
    AuditEntry,
    CertificateAuthority,
    Record,
    person_name,
)
from selfrenew_emulator.certificate_status import CertificateState
from selfrenew_emulator.stage.server import Endpoint, Servers, bind, settle

_PATH = "/.well-known/cmp"
_NAME = x509.Name.from_rfc4514_string("CN=bench,O=NHS TEST,C=GB")
_REFERENCE, _SECRET = b"bench", "a secret that everybody knows"
_MESSAGE = b"selfrenew" * 150
_BATCH = 100
_ROUND = 50
_LIMIT_MB = 200.0
Send = Callable[[bytes], bytes]


def now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


def pin(core: int) -> None:
    """Stay on one core, where there are more."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})


def new_ca() -> CertificateAuthority:
    """Open a CA in memory that takes the bench's secret."""
    ca = CertificateAuthority(now)
    ca.enrol(_REFERENCE.decode(), secret=Secret(_SECRET), uses=None)
    return ca


def serve(control: Connection) -> None:
    """Serve a CA, and tell of its processor time when asked."""
    pin(0)
    ca = new_ca()
    endpoint = Endpoint(ca.app, bind())
    with Servers([endpoint]):
        settle()
        control.send((endpoint.port, floors()))
        while control.recv():
            control.send(time.process_time())
    ca.close()


def floors() -> dict[str, float]:
    """Time the CA's cryptographic operations of a transaction alone, in seconds."""
    scheme = (padding.PKCS1v15(), hashes.SHA256())
    digest = ec.ECDSA(hashes.SHA256())
    rsa_key, ec_key = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
    rsa_public, ec_public = rsa_key.public_key(), ec_key.public_key()
    rsa_signature = rsa_key.sign(_MESSAGE, *scheme)
    ec_signature = ec_key.sign(_MESSAGE, digest)

    def derive() -> None:
        key = _SECRET.encode()
        for _ in range(PBM_ITERATIONS):
            key = hashlib.sha256(key).digest()

    def authenticate() -> None:
        mac = hmac.HMAC(_REFERENCE, hashes.SHA256())
        mac.update(_MESSAGE)
        mac.finalize()

    ec_sign = _seconds(lambda: ec_key.sign(_MESSAGE, digest))
    ec_verify = _seconds(lambda: ec_public.verify(ec_signature, _MESSAGE, digest))
    rsa_verify = _seconds(lambda: rsa_public.verify(rsa_signature, _MESSAGE, *scheme))
    return {
        # Both messages and the proof of possession are checked; certificate and answers signed.
        "cr": 2 * rsa_verify + ec_verify + 3 * ec_sign,
        # One key is derived for all four messages.
        "ir": _seconds(derive) + 4 * _seconds(authenticate) + ec_verify + ec_sign,
    }


def _seconds(action: Callable[[], object], times: int = 300) -> float:
    durations = []
    for _ in range(times):
        start = time.process_time()
        action()
        durations.append(time.process_time() - start)
    return statistics.median(durations)


@dataclass
class Requester:
    """Somebody who asks again and again."""

    protection: Protection
    kind: BodyType

    def prepare(self) -> tuple[Conversation, bytes]:
        """Make a key and the first message about it."""
        talk = Conversation(self.protection, NULL_NAME, clock=now, randomness=secrets.token_bytes)
        key = PrivateKeySigner(ec.generate_private_key(ec.SECP256R1()))
        return talk, talk.message(self.kind, certificate_request(_NAME, key))

    def transact(
        self, send: Send, prepared: tuple[Conversation, bytes] | None = None
    ) -> x509.Certificate:
        """Get a certificate and confirm it."""
        talk, request = prepared or self.prepare()
        answer = decode_message(send(request))
        if answer.body_type not in {BodyType.IP, BodyType.CP}:
            raise AssertionError(f"the CA answered {answer.describe()}")
        (response,) = decode(CertRepMessage, answer.content).response
        pair = response.certified_key_pair
        certificate = x509.load_der_x509_certificate(encode(pair.cert_or_enc_cert.value))  # type: ignore[union-attr]
        content, pvno = certificate_confirmation(certificate)
        end = decode_message(
            send(
                talk.message(
                    BodyType.CERTCONF, content, recip_nonce=answer.header.sender_nonce, pvno=pvno
                )
            )
        )
        if end.body_type is not BodyType.PKICONF:
            raise AssertionError(f"the CA answered {end.describe()}")
        return certificate


def under_secret() -> Requester:
    """Ask under the secret."""
    return Requester(MacProtection(_REFERENCE, Secret(_SECRET)), BodyType.IR)


def by_signature(send: Send) -> Requester:
    """Ask with a certificate for RSA-2048, got for it."""
    key = rsa.generate_private_key(65537, 2048)
    talk = Conversation(
        under_secret().protection, NULL_NAME, clock=now, randomness=secrets.token_bytes
    )
    talk.general_info = [info(InfoType.IMPLICIT_CONFIRM, encode(Null()))]
    signer = PrivateKeySigner(key)
    answer = decode_message(send(talk.message(BodyType.IR, certificate_request(_NAME, signer))))
    (response,) = decode(CertRepMessage, answer.content).response
    pair = response.certified_key_pair
    certificate = x509.load_der_x509_certificate(encode(pair.cert_or_enc_cert.value))  # type: ignore[union-attr]
    return Requester(SignatureProtection(signer, certificate), BodyType.CR)


class HttpLine:
    """A connection to a CA that takes its client less time than a library made for everything."""

    _HEAD = (
        f"POST {_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/pkixcmp\r\nContent-Length: %d\r\n\r\n"
    ).encode()

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._body = b""
        self._whole = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        self._whole = True

    def send(self, raw: bytes) -> bytes:
        self._body, self._whole = b"", False
        self._socket.sendall(self._HEAD % len(raw) + raw)
        parser = httptools.HttpResponseParser(self)
        while not self._whole:
            part = self._socket.recv(65536)
            if not part:
                raise AssertionError("the CA ended the connection")
            parser.feed_data(part)
        return self._body


def client(port: int, core: int, kind: str, control: Connection) -> None:
    """Transact over one connection, in rounds of as many as told, their first messages made before.

    Tells what processor time each round took.
    """
    pin(core)
    with HttpLine(port) as line:
        requester = by_signature(line.send) if kind == "cr" else under_secret()
        control.send("there")
        while times := control.recv():
            prepared = [requester.prepare() for _ in range(times)]
            control.send("ready")
            if not control.recv():
                return
            start = time.process_time()
            for each in prepared:
                requester.transact(line.send, each)
            control.send(time.process_time() - start)


def measure_rates(kind: str, times: int, numbers: Sequence[int]) -> None:
    """Measure transactions a second over HTTP, with one number of clients after the other."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:

        def start(act: Callable[..., None], *arguments: object) -> Connection:
            ours, theirs = context.Pipe()
            process = context.Process(target=act, args=(*arguments, theirs))
            process.start()
            stack.callback(process.join)
            stack.callback(ours.send, 0)
            return ours

        ca = start(serve)
        port, floor = ca.recv()
        clients = [start(client, port, 1, kind) for _ in range(max(numbers))]
        for each in clients:
            each.recv()
        for number in numbers:
            measure_rate(kind, times, ca, clients[:number], 1 / floor[kind])


def measure_rate(
    kind: str, times: int, ca: Connection, clients: Sequence[Connection], floor: float
) -> None:
    """Measure transactions a second with some clients at once.

    A round is so short that a client still knows the keys that it derived from the secret for the
    first messages, as who asks once does.
    """
    wall = cpu = asking = 0.0
    done = 0
    while done < times:
        for each in clients:
            each.send(_ROUND)
        for each in clients:
            each.recv()
        cpu -= _ask(ca)
        start = time.perf_counter()
        for each in clients:
            each.send("go")
        asking += sum(each.recv() for each in clients)
        wall += time.perf_counter() - start
        cpu += _ask(ca)
        done += _ROUND * len(clients)
    name = "cr + certConf, signed" if kind == "cr" else "ir + certConf, MAC"
    of = "its cryptography"
    tell(f"{name}, {len(clients)} clients", done / wall, "/s", floor=floor, of=of)
    tell("  by the CA's processor time", done / cpu, "/s", floor=floor, of=of)
    tell("  the CA was busy", cpu / wall * 100, "%", floor=100, of="its core")
    tell("  by the clients' processor time", done / asking, "/s", floor=done / cpu, of="the CA's")


def _ask(control: Connection) -> float:
    control.send(1)
    answer: float = control.recv()
    return answer


def fill(ca: CertificateAuthority, issued: int) -> None:
    """Have a CA hold what so many transactions leave, without what they cost."""
    store, key = ca._store, ec.generate_private_key(ec.SECP256R1()).public_key()  # noqa: SLF001
    requester = b"certificate " + b"a" * 34
    for number in range(issued):
        begin, transaction, name = now(), secrets.token_bytes(16), person_name(f"{number:012}")
        end = begin + GENERAL.validity
        certificate = ca.authority.issue(GENERAL, name, key, begin, end)
        serial = certificate.serial_number
        told = f"issued {serial:x} under the profile general", f"confirmed {serial:x}"
        with store.change():
            store.begin(transaction, requester)
            record = Record(certificate, GENERAL.name, CertificateState.PENDING, begin)
            store.add(record, secrets.token_bytes(32))
            store.await_confirmation(transaction, serial, transaction, end, 0)
            store.move(serial, CertificateState.PENDING, CertificateState.VALID, begin)
            store.end(transaction, serial)
            for kind, answer in zip(("cr", "certConf"), told, strict=True):
                store.note(AuditEntry(begin, transaction, kind, requester.decode(), answer))


def measure_growth(issued: int) -> None:
    """Compare a CA that has issued many certificates with one that has issued few."""
    bare = resident_kb()
    grown, fresh = new_ca(), new_ca()
    rounds: dict[str, list[float]] = {"grown": [], "fresh": []}
    senders: dict[str, Send] = {"grown": grown.answer, "fresh": fresh.answer}
    requesters = {name: by_signature(send) for name, send in senders.items()}
    before = resident_kb()
    fill(grown, issued)
    gc.collect()
    resident = resident_kb()
    # In turns, so that what else the machine does falls on both.
    for _ in range(10):
        for name, requester in requesters.items():
            taken = 0.0

            def send(raw: bytes, sender: Send = senders[name]) -> bytes:
                nonlocal taken
                start = time.process_time()
                answer = sender(raw)
                taken += time.process_time() - start
                return answer

            for _ in range(_BATCH):
                requester.transact(send)
            rounds[name].append(taken / _BATCH * 1e6)
    few, many = (statistics.median(rounds[name]) for name in ("fresh", "grown"))
    tell(f"cr + certConf after {issued} issued", many, "us", floor=few, of="the same after none")
    tell(f"Resident with {issued} issued", resident / 1e3, "MB", floor=_LIMIT_MB, of="the limit")
    tell("  of it without a CA", bare / 1e3, "MB", floor=_LIMIT_MB, of="the limit")
    each = (resident - before) / max(issued, 1)
    print(f"{'':<44} {each:.2f} kB for each certificate")
    grown.close()
    fresh.close()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000, help="transactions of each kind")
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument(
        "--issued", type=int, default=100_000, help="certificates before the second"
    )
    options: Any = parser.parse_args()
    if any(number < 1 for number in options.clients):
        parser.error("there has to be a client")
    for kind in ("cr", "ir") if options.clients else ():
        measure_rates(kind, options.times, options.clients)
    if options.issued:
        measure_growth(options.issued)


if __name__ == "__main__":
    main()
