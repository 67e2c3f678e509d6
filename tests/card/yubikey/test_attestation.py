# SPDX-License-Identifier: Apache-2.0
import pytest
from cryptography import x509

from selfrenew.piv.objects import CertificateObject
from selfrenew.piv.references import Algorithm
from tests.card.conftest import Terminal, tlv, value


def attestation_certificate(terminal: Terminal) -> x509.Certificate:
    content = value(terminal.get("5FFF01")[0], "53")
    return x509.load_der_x509_certificate(CertificateObject.from_bytes(content).certificate_der)


@pytest.mark.parametrize("key", ["9A", "9C", "9D", "9E", "82", "95"])
def test_a_generated_key_is_attested_without_any_authentication(
    open_yubikey: Terminal, key: str
) -> None:
    open_yubikey.generate(key, Algorithm.P384)
    open_yubikey.card.reset()
    answer, status = open_yubikey.send(f"00F9{key}00")
    assert status == "9000"
    certificate = x509.load_der_x509_certificate(answer)
    issuer = attestation_certificate(open_yubikey)
    certificate.verify_directly_issued_by(issuer)
    assert certificate.subject.rfc4514_string() == f"CN=YubiKey PIV Attestation {key.lower()}"
    assert certificate.not_valid_after_utc == issuer.not_valid_after_utc
    again = x509.load_der_x509_certificate(open_yubikey.send(f"00F9{key}00")[0])
    assert again.serial_number != certificate.serial_number


def test_an_attestation_passes_for_no_real_yubikeys(yubikey: Terminal) -> None:
    issuer = attestation_certificate(yubikey)
    assert issuer.subject.rfc4514_string() == "CN=selfrenew emulator PIV Attestation"
    issuer.verify_directly_issued_by(issuer)


def test_what_was_not_generated_here_is_not_attested(open_yubikey: Terminal) -> None:
    assert open_yubikey.raw("00F99A00") == "6A80"
    open_yubikey.send("00FE119A", tlv("06", bytes(31) + b"\x07"), le="")
    assert open_yubikey.raw("00F99A00") == "6A80"
    for wrong in ("00F9F900", "00F99B00", "00F98000", "00F99A01"):
        assert open_yubikey.raw(wrong) == "6A86"


@pytest.mark.parametrize("content", [b"", b"\x70\x02\x05\x00", b"rubbish"])
def test_without_an_attestation_certificate_nothing_is_attested(
    open_yubikey: Terminal, content: bytes
) -> None:
    open_yubikey.generate("9A", Algorithm.P256)
    assert open_yubikey.put("5FFF01", content) == "9000"
    assert open_yubikey.raw("00F99A00") == "6985"


@pytest.mark.parametrize("number", [0x07, 0x06, 0x14, 0xE0, 0xE1])
def test_an_attestation_key_of_another_kind_attests_where_it_can(
    open_yubikey: Terminal, number: int
) -> None:
    open_yubikey.generate("9A", Algorithm.P256)
    assert open_yubikey.send("004700F9", tlv("AC", tlv("80", bytes([number]))))[1] == "9000"
    answer, status = open_yubikey.send("00F99A00")
    if number == 0xE1:
        assert status == "6985"
    else:
        assert status == "9000"
        x509.load_der_x509_certificate(answer)


def test_without_an_attestation_key_nothing_is_attested(open_yubikey: Terminal) -> None:
    open_yubikey.generate("9A", Algorithm.P256)
    open_yubikey.raw("00F6FFF9")
    assert open_yubikey.raw("00F99A00") == "6985"
