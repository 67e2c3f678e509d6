# SPDX-License-Identifier: Apache-2.0
"""A complete card, read as any program reads one: by raw APDUs, parsed here and not by the
emulator."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import pytest
from cryptography import x509

from selfrenew_emulator.card import Card, Interfaces
from selfrenew_emulator.stage import EmbeddedStage

PIN = b"123456"
Fields = list[tuple[int, bytes]]


def read_tlvs(raw: bytes) -> Fields:
    """Tags of one or two bytes with their values; the shortest length only, no byte left over."""
    found = []
    while raw:
        size = 2 if raw[0] & 0x1F == 0x1F else 1
        tag, raw = int.from_bytes(raw[:size], "big"), raw[size:]
        length, raw = raw[0], raw[1:]
        if length & 0x80:
            more = length & 0x7F
            length, raw = int.from_bytes(raw[:more], "big"), raw[more:]
            assert length >= (0x80, 0x100)[more - 1]
        assert len(raw) >= length
        found.append((tag, raw[:length]))
        raw = raw[length:]
    return found


@dataclass
class CompleteCard:
    """A card in a contact reader."""

    card: Card
    stage: EmbeddedStage
    cache: dict[str, bytes] = field(default_factory=dict)

    def send(self, command: str) -> tuple[bytes, str]:
        answer = self.card.transmit(bytes.fromhex(command))
        return answer[:-2], answer[-2:].hex()

    def get(self, tag: str) -> tuple[bytes, str]:
        """GET DATA with extended Le, the wrapper taken off."""
        data = f"5C{len(tag) // 2:02X}{tag}"
        raw, sw = self.send(f"00CB3FFF0000{len(data) // 2:02X}{data}0000")
        if sw != "9000":
            return raw, sw
        ((outer, value),) = read_tlvs(raw)
        assert outer == (int(tag, 16) if tag in {"7E", "7F61"} else 0x53)
        return value, sw

    def verify(self) -> str:
        return self.send("0020008008" + PIN.ljust(8, b"\xff").hex())[1]

    def content(self, tag: str) -> bytes:
        """An object's content, the passcode verified for it."""
        if tag not in self.cache:
            assert self.verify() == "9000"
            content, sw = self.get(tag)
            assert sw == "9000", tag
            self.cache[tag] = content
        return self.cache[tag]

    def fields(self, tag: str) -> Fields:
        return read_tlvs(self.content(tag))

    def certificate(self, tag: str) -> x509.Certificate:
        fields = self.fields(tag)
        assert [each for each, _ in fields] == [0x70, 0x71, 0xFE]
        assert fields[1:] == [(0x71, b"\x00"), (0xFE, b"")]
        return x509.load_der_x509_certificate(fields[0][1])

    @cached_property
    def fasc_n(self) -> bytes:
        return dict(self.fields("5FC102"))[0x30]

    @cached_property
    def guid(self) -> bytes:
        return dict(self.fields("5FC102"))[0x34]

    @property
    def issuers(self) -> list[x509.Certificate]:
        return [self.stage.ca.root, *self.stage.ca.issuers.values()]


@pytest.fixture(scope="session")
def office_stage() -> Iterator[EmbeddedStage]:
    with EmbeddedStage(seed="complete cards") as stage:
        yield stage


@pytest.fixture(scope="session")
def make_complete(office_stage: EmbeddedStage) -> Callable[..., CompleteCard]:
    made: dict[tuple[object, ...], CompleteCard] = {}

    def make(interfaces: Interfaces = Interfaces.DUAL, **options: object) -> CompleteCard:
        key = (interfaces, *sorted(options.items()))
        if key not in made:
            person = office_stage.make_person("Zoë Archer")
            card = office_stage.make_card(
                person,
                complete=True,
                interfaces=interfaces,
                **options,  # type: ignore[typeddict-item]
            )
            made[key] = CompleteCard(card, office_stage)
        made[key].card.power_on()
        return made[key]

    return make


@pytest.fixture
def card(make_complete: Callable[..., CompleteCard]) -> CompleteCard:
    """A P-256 card with both interfaces."""
    return make_complete()
