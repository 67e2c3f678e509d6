# SPDX-License-Identifier: Apache-2.0
"""A card and raw commands to it: bytes in, bytes out, nothing of the client between."""

from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card
from selfrenew_emulator.randomness import seeded

PIN, PUK = b"123456", b"87654321"
SELECT = bytes.fromhex("00A4040009A0000003080000100000")


def tlv(tag: str, value: bytes) -> bytes:
    length = len(value)
    if length < 0x80:
        return bytes.fromhex(tag) + bytes([length]) + value
    if length < 0x100:
        return bytes.fromhex(tag) + bytes([0x81, length]) + value
    return bytes.fromhex(tag) + b"\x82" + length.to_bytes(2, "big") + value


def value(raw: bytes, tag: str) -> bytes:
    """Take the value of the first element, whose tag has to be this one."""
    head = bytes.fromhex(tag)
    assert raw.startswith(head), raw[:8].hex()
    rest = raw[len(head) :]
    if rest[0] < 0x80:
        return rest[1 : 1 + rest[0]]
    size = rest[0] & 0x7F
    return rest[1 + size : 1 + size + int.from_bytes(rest[1 : 1 + size], "big")]


@dataclass
class Terminal:
    """Sends commands as a host does, with chaining and GET RESPONSE."""

    card: Card
    management_key: bytes
    algorithm: Algorithm = Algorithm.AES192

    def raw(self, command: str) -> str:
        return self.card.transmit(bytes.fromhex(command)).hex().upper()

    def send(self, header: str, data: bytes = b"", le: str = "00") -> tuple[bytes, str]:
        head = bytes.fromhex(header)
        while len(data) > 255:
            part, data = data[:255], data[255:]
            answer = self.card.transmit(bytes([head[0] | 0x10]) + head[1:] + b"\xff" + part)
            if answer != b"\x90\x00":
                return b"", answer.hex().upper()
        body = bytes([len(data)]) + data if data else b""
        answer = self.card.transmit(head + body + bytes.fromhex(le))
        collected = answer[:-2]
        while answer[-2] == 0x61:
            answer = self.card.transmit(bytes.fromhex("00C00000") + answer[-1:])
            collected += answer[:-2]
        return collected, answer[-2:].hex().upper()

    def verify(self, pin: bytes = PIN) -> str:
        return self.send("00200080", pin.ljust(8, b"\xff"), le="")[1]

    def tries(self) -> str:
        return self.send("00200080", le="")[1]

    def encrypt(self, block: bytes) -> bytes:
        key = self.management_key
        cipher = TripleDES(key) if self.algorithm is Algorithm.TDES else algorithms.AES(key)
        encryptor = Cipher(cipher, modes.ECB()).encryptor()  # noqa: S305  the standard's own
        return encryptor.update(block) + encryptor.finalize()

    def authenticate(self) -> str:
        """External authentication with 9B (SP 800-73-4 Part 2, appendix A.1)."""
        header = f"0087{self.algorithm:02X}9B"
        challenge, sw = self.send(header, bytes.fromhex("7C028100"))
        assert sw == "9000", sw
        answer = self.encrypt(value(value(challenge, "7C"), "81"))
        return self.send(header, tlv("7C", tlv("82", answer)))[1]

    def generate(self, key: str, algorithm: Algorithm) -> tuple[bytes, str]:
        return self.send(f"004700{key}", tlv("AC", tlv("80", bytes([algorithm]))))

    def put(self, tag: str, content: bytes) -> str:
        return self.send("00DB3FFF", tlv("5C", bytes.fromhex(tag)) + tlv("53", content), le="")[1]

    def get(self, tag: str) -> tuple[bytes, str]:
        return self.send("00CB3FFF", tlv("5C", bytes.fromhex(tag)))


def make_terminal(algorithm: Algorithm = Algorithm.AES192, **options: Any) -> Terminal:
    size = {Algorithm.AES128: 16, Algorithm.AES256: 32}.get(algorithm, 24)
    key = bytes(range(size))
    made = {"pin": PIN, "puk": PUK, "randomness": seeded(7)} | options
    card = Card.blank(management_key=key, management_algorithm=algorithm, **made)
    card.power_on()
    return Terminal(card, key, algorithm)


@pytest.fixture
def terminal() -> Terminal:
    return make_terminal()
