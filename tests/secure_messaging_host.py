# SPDX-License-Identifier: Apache-2.0
"""A host that speaks PIV secure messaging, written from SP 800-73-4 Part 2, section 4, alone.

It shares nothing with the emulator, not even its BER-TLV, so that the two can contradict.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
)


class SecureMessagingRefusedError(Exception):
    """The card answered a command with a status that is not under secure messaging."""

    def __init__(self, sw: str) -> None:
        super().__init__(sw)
        self.sw = sw


class CardNotGenuineError(Exception):
    """What the card showed does not prove that it is the certified one."""


def tlv(tag: str, value: bytes) -> bytes:
    length = len(value)
    if length < 128:
        head = bytes([length])
    elif length < 256:
        head = bytes([0x81, length])
    else:
        head = b"\x82" + length.to_bytes(2, "big")
    return bytes.fromhex(tag) + head + value


def elements(raw: bytes) -> list[tuple[str, bytes]]:
    """Read tags of one or two bytes with their values."""
    found = []
    while raw:
        size = 2 if raw[0] & 0x1F == 0x1F else 1
        tag, raw = raw[:size].hex().upper(), raw[size:]
        length, raw = raw[0], raw[1:]
        if length & 0x80:
            more = length & 0x7F
            length, raw = int.from_bytes(raw[:more], "big"), raw[more:]
        assert len(raw) >= length
        found.append((tag, raw[:length]))
        raw = raw[length:]
    return found


def value(raw: bytes, tag: str) -> bytes:
    return dict(elements(raw))[tag]


@dataclass(frozen=True)
class Suite:
    p1: str
    curve: ec.EllipticCurve
    curve_oid: str
    signature_oid: str
    digest: hashes.HashAlgorithm
    hash_name: str
    key: int
    nonce: int
    key_id: int

    @property
    def point(self) -> int:
        return 1 + 2 * (self.curve.key_size // 8)


CS2 = Suite(
    *("27", ec.SECP256R1(), "2A8648CE3D030107", "2A8648CE3D040302"),
    *(hashes.SHA256(), "sha256", 16, 16, 0x09),
)
CS7 = Suite(
    *("2E", ec.SECP384R1(), "2B81040022", "2A8648CE3D040303"),
    *(hashes.SHA384(), "sha384", 32, 24, 0x0D),
)
SUITES = {"CS2": CS2, "CS7": CS7}


def derive(suite: Suite, secret: bytes, other_info: bytes) -> list[bytes]:
    """SP 800-56A, 5.8.1: hash counter, Z and OtherInfo until there is enough; cut into four."""
    material = b""
    counter = 0
    while len(material) < 4 * suite.key:
        counter += 1
        block = counter.to_bytes(4, "big") + secret + other_info
        material += hashlib.new(suite.hash_name, block).digest()
    return [material[i * suite.key : (i + 1) * suite.key] for i in range(4)]


def other_info(
    suite: Suite,
    host_id: bytes,
    host_control: bytes,
    x_and_y: bytes,
    *,
    card_id: bytes,
    nonce: bytes,
) -> bytes:
    """4.1.6, one line of its table after the other."""
    info = b"\x04" + 4 * bytes([suite.key_id])
    info += b"\x08" + host_id
    info += b"\x01" + host_control
    info += b"\x10" + x_and_y[:16]
    info += b"\x08" + card_id
    info += bytes([suite.nonce]) + nonce
    return info + b"\x01" + b"\x00"


def cmac(key: bytes, data: bytes) -> bytes:
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


def pad(data: bytes) -> bytes:
    return data + b"\x80" + bytes(15 - len(data) % 16)


def unpad(data: bytes) -> bytes:
    end = len(data) - 1
    while data[end] == 0:
        end -= 1
    assert data[end] == 0x80
    assert len(data) - end <= 16
    return data[:end]


def verify_certificate(
    suite: Suite, certificate: bytes, signer: bytes
) -> tuple[ec.EllipticCurvePublicKey, bytes]:
    """Check a secure messaging CVC against the content of 5FC122; give its key and its GUID."""
    fields = dict(elements(signer))
    x509_signer = x509.load_der_x509_certificate(fields["70"])
    key_id = x509_signer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    issuer, verifier = key_id.value.digest[:8], x509_signer.public_key()
    if "7F21" in fields:
        role, subject, verifier = _open(
            fields["7F21"], issuer, verifier, "300D06092A864886F70D01010B0500"
        )
        assert role == b"\x12"
        point = verifier.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        assert subject == hashlib.sha1(point).digest()[:8]  # noqa: S324  how the standard names it
        issuer = subject
    algorithm = tlv("30", tlv("06", bytes.fromhex(suite.signature_oid))).hex().upper()
    role, guid, key = _open(value(certificate, "7F21"), issuer, verifier, algorithm)
    assert role == b"\x00"
    assert key.curve.name == suite.curve.name
    return key, guid


def _open(
    body: bytes, issuer: bytes, verifier: object, algorithm: str
) -> tuple[bytes, bytes, ec.EllipticCurvePublicKey]:
    parts = elements(body)
    assert [tag for tag, _ in parts] == ["5F29", "42", "5F20", "7F49", "5F4C", "5F37"]
    fields = dict(parts)
    assert fields["5F29"] == b"\x80"
    assert fields["42"] == issuer
    signed = body[: len(body) - len(tlv("5F37", fields["5F37"]))]
    sequence = value(fields["5F37"], "30")
    (_, identifier), (bits, signature) = elements(sequence)
    assert tlv("30", identifier).hex().upper() == algorithm
    assert (bits, signature[:1]) == ("03", b"\0")
    if isinstance(verifier, ec.EllipticCurvePublicKey):
        digest = {256: hashes.SHA256(), 384: hashes.SHA384()}[verifier.curve.key_size]
        verifier.verify(signature[1:], signed, ec.ECDSA(digest))
    else:
        verifier.verify(signature[1:], signed, padding.PKCS1v15(), hashes.SHA256())
    oid, point = (part for _, part in elements(fields["7F49"]))
    curve = {CS2.curve_oid: CS2.curve, CS7.curve_oid: CS7.curve}[oid.hex().upper()]
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    return fields["5F4C"], fields["5F20"], key


class Host:
    """One host and one session; `transmit` takes a short APDU and gives the card's answer."""

    def __init__(self, transmit: Callable[[bytes], bytes], suite: Suite) -> None:
        self.transmit = transmit
        self.suite = suite
        self.certificate = b""
        self.mac_key = self.encryption_key = self.answer_key = b""
        self.counter = 0
        self.command_mcv = self.answer_mcv = bytes(16)

    def request(
        self,
        ephemeral: ec.EllipticCurvePrivateKey,
        host_id: bytes = bytes(8),
        control: bytes = b"\0",
    ) -> bytes:
        point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        template = tlv("7C", tlv("81", control + host_id + point) + bytes.fromhex("8200"))
        return bytes.fromhex(f"0087{self.suite.p1}04") + bytes([len(template)]) + template + b"\0"

    def establish(self, host_id: bytes = b"HOST-001", control: bytes = b"\0") -> None:
        """Run the host's side, H1 to H13, with the key in the card's own certificate."""
        suite = self.suite
        ephemeral = ec.generate_private_key(suite.curve)
        data, sw = self.collect(self.transmit(self.request(ephemeral, host_id, control)))
        if sw != "9000":
            raise SecureMessagingRefusedError(sw)
        answer = value(value(data, "7C"), "82")
        card_control, nonce = answer[:1], answer[1 : 1 + suite.nonce]
        cryptogram = answer[1 + suite.nonce : 17 + suite.nonce]
        self.certificate = answer[17 + suite.nonce :]
        if card_control != b"\0":
            raise CardNotGenuineError("control byte")
        card_id = hashlib.sha256(self.certificate).digest()[:8]
        point = value(value(value(self.certificate, "7F21"), "7F49"), "86")
        static = ec.EllipticCurvePublicKey.from_encoded_point(suite.curve, point)
        secret = ephemeral.exchange(ec.ECDH(), static)
        numbers = ephemeral.public_key().public_numbers()
        size = suite.curve.key_size // 8
        x_and_y = numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")
        info = other_info(suite, host_id, control, x_and_y, card_id=card_id, nonce=nonce)
        confirm, self.mac_key, self.encryption_key, self.answer_key = derive(suite, secret, info)
        if cryptogram != cmac(confirm, b"KC_1_V" + card_id + host_id + x_and_y):
            raise CardNotGenuineError("cryptogram")
        self.counter = 0
        self.command_mcv = self.answer_mcv = bytes(16)

    def collect(self, answer: bytes) -> tuple[bytes, str]:
        """Fetch the rest of an answer, in plain as the standard has it."""
        data = answer[:-2]
        while answer[-2] == 0x61:
            answer = self.transmit(bytes.fromhex("00C00000") + answer[-1:])
            data += answer[:-2]
        return data, answer[-2:].hex().upper()

    def crypt(self, counter: int, data: bytes, *, decrypt: bool = False) -> bytes:
        block = Cipher(algorithms.AES(self.encryption_key), modes.ECB()).encryptor()  # noqa: S305
        iv = block.update(counter.to_bytes(16, "big"))
        cipher = Cipher(algorithms.AES(self.encryption_key), modes.CBC(iv))
        context = cipher.decryptor() if decrypt else cipher.encryptor()
        return context.update(data) + context.finalize()

    def protect(self, header: str, data: bytes = b"", *, le: bool = True) -> bytes:
        """Build the data field of a command; `header` is INS, P1 and P2."""
        self.counter += 1
        body = b""
        if data:
            body += tlv("87", b"\x01" + self.crypt(self.counter, pad(data)))
        if le:
            body += bytes.fromhex("970100")
        return body + tlv("8E", self.authenticate(header, body))

    def authenticate(self, header: str, body: bytes) -> bytes:
        head = b"\x0c" + bytes.fromhex(header) + b"\x80" + bytes(11)
        self.command_mcv = cmac(self.mac_key, self.command_mcv + head + body)
        return self.command_mcv[:8]

    def apdus(self, header: str, body: bytes) -> list[bytes]:
        """Cut a data field into short APDUs."""
        parts = [body[at : at + 255] for at in range(0, len(body), 255)]
        head = bytes.fromhex(header)
        chain = [b"\x1c" + head + bytes([len(part)]) + part for part in parts[:-1]]
        return [*chain, b"\x0c" + head + bytes([len(parts[-1])]) + parts[-1] + b"\0"]

    def deliver(self, apdus: list[bytes]) -> tuple[bytes, str]:
        """Send a chain and open the answer. Raise SecureMessagingRefusedError."""
        for part in apdus[:-1]:
            answer = self.transmit(part)
            if answer != b"\x90\0":
                raise SecureMessagingRefusedError(answer[-2:].hex().upper())
        data, sw = self.collect(self.transmit(apdus[-1]))
        if sw != "9000":
            assert data == b""
            raise SecureMessagingRefusedError(sw)
        return self.open(data)

    def send(self, header: str, data: bytes = b"", *, le: bool = True) -> tuple[bytes, str]:
        return self.deliver(self.apdus(header, self.protect(header, data, le=le)))

    def open(self, data: bytes) -> tuple[bytes, str]:
        found = elements(data)
        assert [tag for tag, _ in found] in (["99", "8E"], ["87", "99", "8E"])
        self.answer_mcv = cmac(self.answer_key, self.answer_mcv + data[:-10])
        if found[-1][1] != self.answer_mcv[:8]:
            raise CardNotGenuineError("answer")
        fields = dict(found)
        plain = b""
        if "87" in fields:
            assert fields["87"][:1] == b"\x01"
            counter = self.counter | 0x80 << 120
            plain = unpad(self.crypt(counter, fields["87"][1:], decrypt=True))
        return plain, fields["99"].hex().upper()

    def get(self, tag: str) -> tuple[bytes, str]:
        return self.send("CB3FFF", tlv("5C", bytes.fromhex(tag)))

    def verify(self, reference: str, secret: bytes) -> str:
        return self.send(f"2000{reference}", secret.ljust(8, b"\xff"), le=False)[1]
