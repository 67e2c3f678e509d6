# SPDX-License-Identifier: Apache-2.0
"""The Spine and card management as a program in another language meets them: JSON over HTTPS."""

import ssl
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew_emulator.card import Card, PrivateKey, generate
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage

PROBLEM = "application/problem+json"


class RememberedKeys:
    """A source of keys for cards that lets a test sign with them too."""

    def __init__(self) -> None:
        self.keys: list[PrivateKey] = []

    def __call__(self, algorithm: Any) -> PrivateKey:
        key = generate(algorithm)
        self.keys.append(key)
        return key


@dataclass
class Holder:
    """A person, with the key and certificate of her card's authentication slot."""

    person: Person
    card: Card
    guid: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def assertion(self, challenge: dict[str, str], **changes: Any) -> str:
        """Sign a challenge as RFC 7515 has it; `changes` replace claims, header and key."""
        claims = {"nonce": challenge["challenge"], "aud": challenge["audience"]}
        claims |= changes.get("claims", {})
        certificate = changes.get("certificate", self.certificate)
        chain = [b64encode(certificate.public_bytes(Encoding.DER)).decode()]
        key = changes.get("key", self.key)
        algorithm = changes.get("algorithm", "ES256")
        return jwt.encode(claims, key, algorithm=algorithm, headers={"x5c": chain})


@dataclass
class Service:
    """One service's HTTP."""

    http: httpx.Client

    def call(
        self, method: str, path: str, body: object = None, token: str | None = None
    ) -> httpx.Response:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return self.http.request(method, path, json=body, headers=headers)

    def challenge(self) -> dict[str, str]:
        return dict(self.call("POST", "/challenges").json())

    def refuses(self, answer: httpx.Response, status: int, reason: str) -> None:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["reason"] == reason


@dataclass
class World:
    stage: EmbeddedStage
    clock: SettableClock
    keys: RememberedKeys
    spine: Service
    management: Service

    def holder(self, name: str = "Alice Archer", days_left: float = 30) -> Holder:
        person = self.stage.make_person(name)
        before = len(self.keys.keys)
        card = self.stage.make_card(person, days_left=days_left)
        made = self.keys.keys[before:]
        for tag in ("5FC105",):
            certificate = _certificate(card, tag)
            for key in made:
                if key.public_key() == certificate.public_key():
                    assert isinstance(key, ec.EllipticCurvePrivateKey)
                    guid = _object(card, "5FC102").hex()
                    at = guid.index("3410") + 4
                    return Holder(person, card, guid[at : at + 32], key, certificate)
        raise AssertionError("no key goes with the certificate")

    def sign_in(self, holder: Holder) -> dict[str, Any]:
        body = {"assertion": holder.assertion(self.spine.challenge())}
        answer = self.spine.call("POST", "/sessions", body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


def _object(card: Card, tag: str) -> bytes:
    answer = card.transmit(bytes.fromhex(f"00CB3FFF0000055C03{tag}0000"))
    assert answer[-2:] == b"\x90\x00"
    return answer


def _certificate(card: Card, tag: str) -> x509.Certificate:
    raw = _object(card, tag)
    at = raw.index(b"\x30\x82")
    length = int.from_bytes(raw[at + 2 : at + 4], "big") + 4
    return x509.load_der_x509_certificate(raw[at : at + length])


@pytest.fixture(scope="module")
def _running() -> Iterator[World]:
    keys = RememberedKeys()
    with EmbeddedStage(clock=SettableClock(DEFAULT_NOW), key_source=keys) as stage:
        context = ssl.create_default_context(cafile=stage.root_file)
        options: dict[str, Any] = {"verify": context, "trust_env": False, "timeout": 60}
        with (
            httpx.Client(base_url=stage.urls.spine, **options) as spine,
            httpx.Client(base_url=stage.urls.management, **options) as management,
        ):
            clock = stage.clock
            assert isinstance(clock, SettableClock)
            yield World(stage, clock, keys, Service(spine), Service(management))


@pytest.fixture
def world(_running: World) -> Iterator[World]:
    _running.clock.set(DEFAULT_NOW)
    yield _running
    _running.clock.set(DEFAULT_NOW)
