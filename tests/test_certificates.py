# SPDX-License-Identifier: Apache-2.0
import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from cryptography import x509

from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew.iso7816 import CommandApdu, Instruction, Tlv
from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import UnreadableObjectError
from selfrenew.piv.objects import CertificateObject
from selfrenew.piv.references import KeyReference
from selfrenew_emulator.challenges import Challenges
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.relying_party import AssertionRefusedError, RefusalReason, RelyingParty

ODD = {
    "no certificate": "",
    "empty": "",
    "version 4": "not a valid X509 version",
    "extension twice": "Duplicate 1.2.3.4 extension",
    "no point": "",
    "no curve": "",
    "broken extension": "",
    "x400 name": "x400Address",
    "bits for a name": "BitString",
    "no time": "",
}


@pytest.mark.parametrize("what", ODD)
def test_a_certificate_that_cannot_be_read_is_a_named_error(
    odd_certificates: dict[str, bytes], what: str
) -> None:
    words = f"the certificate cannot be read: .*{ODD[what]}"
    with pytest.raises(UnreadableCertificateError, match=words):
        load_certificate(odd_certificates[what])


def test_loading_alone_does_not_show_what_cannot_be_read(
    odd_certificates: dict[str, bytes],
) -> None:
    for what in ("extension twice", "no point", "no curve", "x400 name", "bits for a name"):
        x509.load_der_x509_certificate(odd_certificates[what])
    assert set(odd_certificates) == set(ODD)


class CardWithOneObject:
    """Answers every GET DATA with one certificate object."""

    atr = b""

    def __init__(self, certificate: bytes) -> None:
        self._answer = bytes(Tlv(0x53, bytes(CertificateObject(certificate)))) + b"\x90\x00"

    def transmit(self, command: bytes) -> bytes:
        assert CommandApdu.from_bytes(command).ins == Instruction.GET_DATA
        return self._answer

    def reset(self) -> None: ...

    def close(self) -> None: ...

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        yield


@pytest.mark.parametrize("what", ODD)
def test_a_card_with_such_a_certificate_has_an_unreadable_object(
    odd_certificates: dict[str, bytes], what: str
) -> None:
    client = PivClient(CardWithOneObject(odd_certificates[what]))
    with pytest.raises(UnreadableObjectError, match="cannot be read"):
        client.read_certificate(KeyReference.PIV_AUTHENTICATION)


@pytest.mark.parametrize("what", ODD)
def test_such_a_certificate_signs_nobody_in(odd_certificates: dict[str, bytes], what: str) -> None:
    def clock() -> datetime:
        return datetime(2026, 11, 24, tzinfo=UTC)

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    chain = [base64.b64encode(odd_certificates[what]).decode()]
    token = f"{part({'alg': 'ES256', 'x5c': chain})}.{part({'nonce': 'n'})}.AAAA"
    party = RelyingParty("here", [], lambda _: None, clock)  # type: ignore[arg-type]
    with pytest.raises(AssertionRefusedError) as caught:
        asyncio.run(party.read(token, Challenges(clock, seeded("x"))))
    assert caught.value.reason is RefusalReason.MALFORMED
