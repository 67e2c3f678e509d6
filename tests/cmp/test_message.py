# SPDX-License-Identifier: Apache-2.0
"""The decoder against bytes of every kind: a message, or one named error."""

import tracemalloc
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import TLV, BitString, encode_der
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from selfrenew.clock import system_clock
from selfrenew.cmp import CmpError, CmpFormatError
from selfrenew.cmp.building import (
    NULL_CONTENT,
    NULL_NAME,
    Conversation,
    MacProtection,
    certificate_request,
)
from selfrenew.cmp.crmf import CertReqMessages, CertTemplate, RevReqContent
from selfrenew.cmp.message import (
    Message,
    ReceivedMessage,
    decode,
    decode_list,
    decode_message,
    encode,
    encode_list,
    fail_names,
    general_name,
    name_of,
    tlv,
)
from selfrenew.cmp.protection import (
    PrivateKeySigner,
    encode_unprotected,
    is_mac,
    verify_mac,
    verify_signature,
)
from selfrenew.cmp.structures import (
    BodyType,
    CertConfirmContent,
    CertRepMessage,
    ErrorMsgContent,
    GenMsgContent,
    PkiHeader,
    PkiStatusInfo,
    PollRepContent,
    PollReqContent,
)
from selfrenew.cmp.template import name_from_der, public_key_of, template_request
from selfrenew.iso7816 import Tlv
from selfrenew.secret import Secret

SECRET = Secret("shared")
KEY = PrivateKeySigner(ec.derive_private_key(9, ec.SECP256R1()))
FRAMES = {
    BodyType.IR: CertReqMessages,
    BodyType.CR: CertReqMessages,
    BodyType.KUR: CertReqMessages,
    BodyType.RR: RevReqContent,
    BodyType.CERTCONF: CertConfirmContent,
    BodyType.POLLREQ: PollReqContent,
    BodyType.POLLREP: PollRepContent,
    BodyType.GENM: GenMsgContent,
    BodyType.GENP: GenMsgContent,
}
CONTENTS = {
    BodyType.IP: CertRepMessage,
    BodyType.CP: CertRepMessage,
    BodyType.KUP: CertRepMessage,
    BodyType.ERROR: ErrorMsgContent,
}


@cache
def request() -> bytes:
    talk = Conversation(
        MacProtection(b"ref", SECRET),
        NULL_NAME,
        clock=system_clock,
        randomness=lambda count: bytes(range(count)),
    )
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    return talk.message(BodyType.IR, certificate_request(name, KEY))


def bare(
    body_type: BodyType = BodyType.PKICONF, content: bytes = NULL_CONTENT, **fields: Any
) -> bytes:
    header = PkiHeader(
        **{
            "pvno": 2,
            "sender": general_name(NULL_NAME),
            "recipient": general_name(NULL_NAME),
            **fields,
        }
    )
    return encode_unprotected(Message(header, body_type, content))


def use(message: ReceivedMessage) -> None:
    """Ask of a message whatever a client or a CA asks of one."""
    _ = message.certificates, message.describe(), repr(message)
    _ = name_of(message.header.sender)
    if message.header.message_time is not None:
        message.header.message_time.as_datetime()
    with suppress(CmpError):
        if is_mac(message):
            verify_mac(message, SECRET)
        verify_signature(message, KEY.public_key)
    frame, content = FRAMES.get(message.body_type), CONTENTS.get(message.body_type)
    if content is not None:
        found = decode(content, message.content)
        if isinstance(found, ErrorMsgContent):
            fail_names(found.pki_status_info)
    if frame is not None:
        for item in decode_list(frame, message.content):
            if frame is CertReqMessages:
                template = item.cert_req.cert_template
                public_key_of(template)
                template_request(template)


def survive(raw: bytes) -> None:
    try:
        use(decode_message(raw))
    except CmpError as error:
        said = str(error)
    else:
        said = ""
    assert len(said) < 1000


@given(st.binary(max_size=400))
@settings(max_examples=100)
def test_any_bytes_are_a_message_or_a_named_error(raw: bytes) -> None:
    survive(raw)


@given(st.integers(0, 2000), st.integers(0, 255))
@settings(max_examples=300)
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_a_message_with_any_byte_changed_is_a_message_or_a_named_error(at: int, value: int) -> None:
    raw = request()
    at %= len(raw)
    survive(raw[:at] + bytes((value,)) + raw[at + 1 :])


@given(st.integers(0, 2000), st.integers(0, 40), st.binary(max_size=8))
@settings(max_examples=150)
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_a_message_with_a_part_cut_out_or_put_in_is_a_message_or_a_named_error(
    at: int, cut: int, inserted: bytes
) -> None:
    raw = request()
    at %= len(raw)
    survive(raw[:at] + inserted + raw[at + cut :])


DER = st.recursive(
    st.builds(
        lambda tag, value: bytes(Tlv(tag, value)),
        st.sampled_from([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x17, 0x18, 0x80, 0x81]),
        st.binary(max_size=20),
    ),
    lambda inner: st.builds(
        lambda tag, parts: bytes(Tlv(tag, b"".join(parts))),
        st.sampled_from([0x30, 0x31, *range(0xA0, 0xBB)]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=20,
)


@given(st.sampled_from(list(BodyType)), DER)
@settings(max_examples=200)
def test_a_body_of_any_content_is_a_message_or_a_named_error(
    body_type: BodyType, content: bytes
) -> None:
    survive(bare(body_type, content))


@given(DER)
@settings(max_examples=100)
@example(encode(PkiHeader(pvno=2, sender=general_name(NULL_NAME), recipient=tlv(NULL_CONTENT))))
def test_any_header_is_a_message_or_a_named_error(header: bytes) -> None:
    survive(bytes(Tlv(0x30, header + bytes(Tlv(0xB3, NULL_CONTENT)))))


@given(DER)
@settings(max_examples=100)
def test_any_name_and_any_template_is_read_or_a_named_error(raw: bytes) -> None:
    for read in (name_from_der, lambda raw: template_request(decode(CertTemplate, raw))):
        try:
            read(raw)
        except CmpFormatError:
            continue


def test_a_length_that_promises_gigabytes_costs_nothing() -> None:
    tracemalloc.start()
    try:
        for raw in (
            b"\x30\x84\x7f\xff\xff\xff" + bytes(100),
            b"\x30\x88\x7f\xff\xff\xff\xff\xff\xff\xff" + bytes(100),
            b"\x30\xfe" + b"\xff" * 126,
        ):
            with pytest.raises(CmpFormatError):
                decode_message(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize("tag", [0x30, 0xA0, 0xB4], ids=["sequence", "context", "nested"])
def test_any_depth_is_a_named_error(tag: int) -> None:
    raw = NULL_CONTENT
    for _ in range(20_000):
        raw = bytes(Tlv(tag, raw))
    with pytest.raises(CmpFormatError):
        decode_message(raw)
    deep = decode_message(bare(BodyType.NESTED, raw))
    assert deep.content == raw


@pytest.mark.parametrize("pvno", [-1, 256, 1 << 8_000], ids=lambda _: "")
def test_any_version_is_read_so_that_it_can_be_refused(pvno: int) -> None:
    assert decode_message(bare(pvno=pvno)).header.pvno == pvno


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "malformed"),
        (bare() + b"\x00", "malformed"),
        (bare().replace(b"\xb3\x02\x05\x00", b"\xbb\x02\x05\x00"), "the body has tag bb"),
        (bare().replace(b"\xb3\x02\x05\x00", b"\x30\x02\x05\x00"), "the body has tag 30"),
        (bare().replace(b"\xb3\x02\x05\x00", b"\xb3\x02\x05\x01"), "malformed"),
        (b"\x30\x00", "malformed"),
    ],
)
def test_what_is_no_message_says_why(raw: bytes, why: str) -> None:
    with pytest.raises(CmpFormatError, match=why):
        decode_message(raw)


def test_a_protection_of_odd_bits_is_no_protection() -> None:
    message = decode_message(request())
    odd = encode(BitString(b"\x80", 7))
    raw = bytes(Tlv(0x30, message.protected_part[4:] + bytes(Tlv(0xA0, odd))))
    with pytest.raises(CmpFormatError, match="no whole number of bytes"):
        decode_message(raw)


def test_ber_that_is_no_der_is_refused() -> None:
    # The same message with a length in two bytes where one does.
    raw = bare()
    assert raw[0] == 0x30
    with pytest.raises(CmpFormatError):
        decode_message(b"\x30\x81" + raw[1:])


def test_what_is_protected_is_cut_from_the_bytes_that_came() -> None:
    message = decode_message(request())
    body = bytes(Tlv(0xA0, message.content))
    assert message.protected_part.endswith(body)
    header_and_body = Tlv.from_bytes(message.protected_part).value
    assert header_and_body in request()


def test_a_message_says_no_more_of_itself_than_its_transaction() -> None:
    message = decode_message(bare(transaction_id=bytes(100_000)))
    assert message.describe() == f"pkiconf (transaction {'00' * 16})"


@pytest.mark.parametrize("bits", [1, 27, 64, 8_000_000])
def test_any_number_of_failures_is_named_in_bounded_time(bits: int) -> None:
    raw = BitString(b"\xff" * (bits // 8 + (bits % 8 > 0)), 0)
    names = fail_names(PkiStatusInfo(status=2, fail_info=raw))
    assert len(names) == min(64, len(raw.as_bytes()) * 8)
    assert "badAlg" in names


def test_a_failure_that_is_unknown_keeps_its_number() -> None:
    info = PkiStatusInfo(status=2, fail_info=BitString(b"\x00\x00\x00\x10", 4))
    assert fail_names(info) == {"bit 27"}


def test_a_list_survives_its_frame() -> None:
    items = [tlv(b"\x02\x01\x01"), tlv(b"\x05\x00")]
    raw = encode_list(GenMsgContent(items=items))
    assert raw == b"\x30\x05\x02\x01\x01\x05\x00"
    assert [encode_der(item) for item in decode_list(GenMsgContent, raw)] == [
        b"\x02\x01\x01",
        b"\x05\x00",
    ]


def test_what_has_no_encoding_is_a_named_error() -> None:
    with pytest.raises(CmpFormatError, match="cannot be encoded"):
        encode(PkiStatusInfo(status=2, status_string=["\ud800"]))


def test_a_general_name_that_is_no_directory_name_has_no_name() -> None:
    assert name_of(tlv(b"\x82\x01x")) is None
    assert name_of(general_name(NULL_NAME)) == b"\x30\x00"
    assert isinstance(general_name(NULL_NAME), TLV)
