# SPDX-License-Identifier: Apache-2.0
import gzip
import zlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.iso7816 import Tlv
from selfrenew.piv import (
    CardholderUniqueIdentifier,
    CertificateObject,
    DataObject,
    DataObjectFormatError,
    KeyReference,
)

GUID = bytes(range(16))


def test_tags_and_containers_tell_the_objects_apart() -> None:
    assert len({item.tag for item in DataObject}) == len(DataObject) == 36
    assert len({item.container for item in DataObject}) == len(DataObject)


# SP 800-73-4 Part 1, tables 2 and 3.
@pytest.mark.parametrize(
    ("key", "tag", "container"),
    [
        (KeyReference.PIV_AUTHENTICATION, 0x5FC105, 0x0101),
        (KeyReference.DIGITAL_SIGNATURE, 0x5FC10A, 0x0100),
        (KeyReference.KEY_MANAGEMENT, 0x5FC10B, 0x0102),
        (KeyReference.CARD_AUTHENTICATION, 0x5FC101, 0x0500),
        (KeyReference.RETIRED_1, 0x5FC10D, 0x1001),
        (KeyReference.RETIRED_20, 0x5FC120, 0x1014),
    ],
)
def test_each_key_has_the_certificate_object_of_the_standard(
    key: KeyReference, tag: int, container: int
) -> None:
    data_object = DataObject.certificate_of(key)
    assert (data_object.tag, data_object.container) == (tag, container)


@pytest.mark.parametrize("key", [KeyReference.MANAGEMENT, KeyReference.SECURE_MESSAGING])
def test_a_key_without_a_certificate_has_no_object(key: KeyReference) -> None:
    with pytest.raises(KeyError):
        DataObject.certificate_of(key)


@given(st.binary(min_size=1, max_size=5000), st.booleans())
@settings(max_examples=25)
def test_a_certificate_object_survives_a_round_trip(der: bytes, compressed: bool) -> None:
    content = CertificateObject(b"\x30" + der, compressed)
    assert CertificateObject.from_bytes(bytes(content)) == content


def test_a_certificate_object_has_the_standards_fields_in_order() -> None:
    assert bytes(CertificateObject(b"\xaa")).hex() == "7001aa710100fe00"


def net_id(der: bytes, length: int | None = None) -> bytes:
    length = len(der) if length is None else length
    return b"\x01\x00" + length.to_bytes(2, "little") + zlib.compress(der)


@pytest.mark.parametrize("info", ["", "710100", "710101", "710180", "710103"])
@pytest.mark.parametrize("packed", [gzip.compress(b"0DER", mtime=0), net_id(b"0DER")])
def test_a_certificate_that_others_compressed_is_unpacked(packed: bytes, info: str) -> None:
    raw = bytes(Tlv(0x70, packed)) + bytes.fromhex(info + "FE00")
    assert CertificateObject.from_bytes(raw) == CertificateObject(b"0DER", compressed=True)


def test_a_certificate_that_is_said_to_be_compressed_and_is_not_is_taken_as_it_is() -> None:
    raw = bytes(Tlv(0x70, b"0DER")) + bytes.fromhex("710101FE00")
    assert CertificateObject.from_bytes(raw) == CertificateObject(b"0DER")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "no certificate"),
        (b"\x70\x00", "no certificate"),
        (b"\x70\x05\x00", "not BER-TLV"),
        (bytes.fromhex("7002AABB710101"), "damaged"),
        (bytes(Tlv(0x70, net_id(b"DER", 4))), "its length is another"),
        (bytes(Tlv(0x70, net_id(b"DER")[:-2])), "cut off"),
        (bytes(Tlv(0x70, net_id(bytes(70_000), 0))), "over 64 KiB"),
        (bytes.fromhex("7003010000"), "cut off"),
        (bytes(Tlv(0x70, gzip.compress(b"DER", mtime=0)[:-4])) + b"\x71\x01\x01", "cut off"),
        (bytes(Tlv(0x70, gzip.compress(bytes(70_000), mtime=0))) + b"\x71\x01\x01", "over 64 KiB"),
    ],
    ids=[
        "empty",
        "no certificate",
        "no TLV",
        "no gzip",
        "another length",
        "zlib cut off",
        "zlib too large",
        "no zlib",
        "cut off",
        "too large",
    ],
)
def test_a_certificate_object_that_cannot_be_read_says_why(raw: bytes, why: str) -> None:
    with pytest.raises(DataObjectFormatError, match=why):
        CertificateObject.from_bytes(raw)


@given(
    st.binary(min_size=25, max_size=25),
    st.binary(min_size=16, max_size=16),
    st.dates(),
    st.binary(max_size=300),
)
@settings(max_examples=25)
def test_a_chuid_survives_a_round_trip(
    fasc_n: bytes, guid: bytes, expires: date, signature: bytes
) -> None:
    chuid = CardholderUniqueIdentifier(fasc_n, guid, expires, signature)
    assert CardholderUniqueIdentifier.from_bytes(bytes(chuid)) == chuid


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"\xff", "not BER-TLV"),
        (b"\x30\x00" + bytes(Tlv(0x35, b"20301231")), "no tag 34"),
        (b"\x30\x00" + bytes(Tlv(0x34, GUID[:15])) + b"\x35\x00", "15 bytes, not 16"),
        (b"\x30\x00" + bytes(Tlv(0x34, GUID)) + bytes(Tlv(0x35, b"20301399")), "no YYYYMMDD"),
        (b"\x30\x00" + bytes(Tlv(0x34, GUID)) + bytes(Tlv(0x35, b"\xff" * 8)), "no YYYYMMDD"),
        (b"\x30\x00" + bytes(Tlv(0x34, GUID)) + bytes(Tlv(0x35, b"2030-12-31")), "no YYYYMMDD"),
        (b"\x30\x00" + bytes(Tlv(0x34, GUID)) + bytes(Tlv(0x35, b"2030W011")), "no YYYYMMDD"),
    ],
)
def test_a_chuid_that_cannot_be_read_says_why(raw: bytes, why: str) -> None:
    with pytest.raises(DataObjectFormatError, match=why):
        CardholderUniqueIdentifier.from_bytes(raw)


@given(st.binary(max_size=80))
@settings(max_examples=50)
def test_any_bytes_are_an_object_or_a_named_error(raw: bytes) -> None:
    for kind in (CertificateObject, CardholderUniqueIdentifier):
        try:
            kind.from_bytes(raw)
        except DataObjectFormatError:
            continue
