# SPDX-License-Identifier: Apache-2.0
"""How long a whole renewal takes, beside the cryptography that it cannot do without.

The floor is the sum of a renewal's own cryptographic operations. Making keys, whose time varies
most, is timed inside each renewal; signatures, their checks and TLS handshakes are counted in one
renewal more and timed alone, with keys of the same kind, in the same run.
"""

import argparse
import ssl
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import trustme
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from measuring import median_ms, tell

from selfrenew.config import assemble, load_configuration
from selfrenew.piv.references import Algorithm
from selfrenew.renewal import RenewalOutcome
from selfrenew.secret import Secret
from selfrenew_emulator.card import PrivateKey, generate
from selfrenew_emulator.stage import TEST_PASSCODE, EmbeddedStage

_MESSAGE = b"selfrenew" * 32
_TIMES = 200
# Names of the library's native calls; all keys of the CA are on P-256.
_OPERATIONS = {
    ("RSAPrivateKey", "sign"): ["RSA sign"],
    ("RSAPublicKey", "verify"): ["RSA verify"],
    ("ECPrivateKey", "sign"): ["EC sign"],
    ("ECPublicKey", "verify"): ["EC verify"],
    ("module", "create_x509_certificate"): ["EC sign"],
    ("Certificate", "verify_directly_issued_by"): ["EC verify"],
    # A path of three certificates has two signatures.
    ("ClientVerifier", "verify"): ["EC verify", "EC verify"],
}


class TimedKeys:
    """A card's source of keys that adds up the time they take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, algorithm: Algorithm) -> PrivateKey:
        """Make a key pair."""
        start = time.perf_counter()
        key = generate(algorithm)
        self.seconds += time.perf_counter() - start
        return key


@contextmanager
def prepared(stage: EmbeddedStage, algorithm: Algorithm) -> Iterator[Callable[[], RenewalOutcome]]:
    """Put a new card with 30 days left into the reader; give its renewal, not yet run."""
    passcode = Secret(TEST_PASSCODE.decode())
    stage.reader.insert(stage.make_card(stage.make_person(), algorithm=algorithm))
    configuration = load_configuration(stage.config_file)
    with assemble(configuration, reader=stage.reader, clock=stage.clock) as reference:
        yield lambda: reference.renew(passcode)
    stage.reader.remove()


def count_operations(algorithm: Algorithm) -> Counter[str]:
    """Count the signatures made and checked in one renewal, on both sides."""
    counts: Counter[str] = Counter()
    counting = False
    used: list[object] = []

    def watch(_: FrameType, event: str, argument: Any) -> None:
        if counting and event == "c_call":
            owner = type(argument.__self__).__name__
            operations = _OPERATIONS.get((owner, argument.__name__), [])
            if operations == ["RSA sign"] and argument.__self__ not in used:
                # A key is prepared, and blinded, when it signs for the first time.
                used.append(argument.__self__)
                operations = ["RSA sign with a new key"]
            counts.update(operations)
            client = threading.current_thread() is threading.main_thread()
            if client and argument.__name__ == "do_handshake":
                counts["TLS handshake"] += 1

    threading.setprofile(watch)
    try:
        with EmbeddedStage() as stage, prepared(stage, algorithm) as renew:
            counting = True
            sys.setprofile(watch)
            renew()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return counts


def operation_seconds(operation: str, algorithm: Algorithm) -> float:
    """Time one kind of operation alone."""
    action: Callable[[], object]
    if operation.startswith("RSA"):
        rsa_key = rsa.generate_private_key(65537, int(algorithm.name.removeprefix("RSA")))
        scheme = (padding.PKCS1v15(), hashes.SHA256())
        signature = rsa_key.sign(_MESSAGE, *scheme)
        rsa_public = rsa_key.public_key()
        numbers = rsa_key.private_numbers()
        fresh = [numbers.private_key(unsafe_skip_rsa_key_validation=True) for _ in range(_TIMES)]
        action = {
            "RSA sign with a new key": lambda: fresh.pop().sign(_MESSAGE, *scheme),
            "RSA sign": lambda: rsa_key.sign(_MESSAGE, *scheme),
            "RSA verify": lambda: rsa_public.verify(signature, _MESSAGE, *scheme),
        }[operation]
    elif operation == "TLS handshake":
        action = tls_handshakes()
    else:
        ec_key = ec.generate_private_key(ec.SECP256R1())
        digest = ec.ECDSA(hashes.SHA256())
        ec_signature = ec_key.sign(_MESSAGE, digest)
        ec_public = ec_key.public_key()
        action = {
            "EC sign": lambda: ec_key.sign(_MESSAGE, digest),
            "EC verify": lambda: ec_public.verify(ec_signature, _MESSAGE, digest),
        }[operation]
    return median_ms(action, _TIMES) / 1e3


def tls_handshakes() -> Callable[[], object]:
    """Make an action that shakes hands once, both sides, with nothing between them."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(client)

    def shake_hands() -> None:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        one = client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
        other = server.wrap_bio(to_server, to_client, server_side=True)
        waiting = [one, other]
        while waiting:
            side = waiting.pop(0)
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                waiting.append(side)

    return shake_hands


def measure(algorithm: Algorithm, times: int) -> None:
    """Measure renewals with one kind of key and print the medians."""
    counts = count_operations(algorithm)
    fixed = sum(count * operation_seconds(name, algorithm) for name, count in counts.items())
    durations, floors = [], []
    keys = TimedKeys()
    with EmbeddedStage(key_source=keys) as stage:
        for _ in range(times):
            with prepared(stage, algorithm) as renew:
                keys.seconds = 0.0
                start = time.perf_counter()
                renew()
                durations.append((time.perf_counter() - start) * 1e3)
            floors.append((keys.seconds + fixed) * 1e3)
    tell(
        f"Renewal, {algorithm.name}, median of {times}",
        statistics.median(durations),
        "ms",
        floor=statistics.median(floors),
        of="its cryptography",
    )
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    print(f"{'':<44} beside two key generations: {told}")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30)
    times = parser.parse_args().times
    for algorithm in (Algorithm.P256, Algorithm.RSA2048):
        measure(algorithm, times)


if __name__ == "__main__":
    main()
