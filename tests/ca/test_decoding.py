# SPDX-License-Identifier: Apache-2.0
"""The CA's answers as another library reads them: its own ASN.1 of RFC 9810, its own decoder."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyasn1.codec.der import decoder, encoder
from pyasn1_alt_modules import rfc5280, rfc9810

from selfrenew.cmp.building import (
    NULL_CONTENT,
    SignatureProtection,
    certificate_request,
    error_report,
    poll_request,
)
from selfrenew.cmp.crmf import CertTemplate, RevDetails, RevReqContent
from selfrenew.cmp.information import InfoType, info
from selfrenew.cmp.message import decode, decode_list, encode, encode_list, tlv
from selfrenew.cmp.structures import BodyType, GenMsgContent, PkiHeader, PkiMessage, PkiMessages
from selfrenew.iso7816 import Tlv
from selfrenew_emulator.ca import REGISTRATION, Delay

from .conftest import Desk, new_key, post
from .requesting import pkcs10

MACHINE = x509.Name.from_rfc4514_string("CN=machine,O=NHS TEST,C=GB")
INTERESTING = (0x00, 0x01, 0x05, 0x30, 0x31, 0x7F, 0x80, 0x82, 0x88, 0xA0, 0xA3, 0xA4, 0xFF)
ID_IT = "1.3.6.1.5.5.7.4"


def answer_to(desk: Desk, talk: Any, body_type: BodyType, content: bytes, **more: Any) -> Any:
    """Send a message, and decode the answer outside of this project."""
    raw = post(talk.url, talk.conversation.message(body_type, content, **more)).content
    return decoded(raw)


def decoded(raw: bytes) -> Any:
    message, rest = decoder.decode(raw, asn1Spec=rfc9810.PKIMessage())
    assert rest == b""
    # DER has one form for each value, so that the same bytes say the same to both.
    assert encoder.encode(message) == raw
    header = message["header"]
    assert len(header["transactionID"]) == len(header["senderNonce"]) == 16
    assert message["protection"].isValue
    assert all(certificate.isValue for certificate in message["extraCerts"])
    return message


def decoded_error(raw: bytes) -> str:
    """Decode an error, and give its failInfo as bits."""
    message, rest = decoder.decode(raw, asn1Spec=rfc9810.PKIMessage())
    assert rest == b""
    return str(message["body"]["error"]["pKIStatusInfo"]["failInfo"].asBinary())


def with_header(raw: bytes, **fields: object) -> bytes:
    """Change fields of a message's header, whose protection does not hold any more then."""
    message = decode(PkiMessage, raw)
    header = decode(PkiHeader, encode(message.header))
    for name, value in fields.items():
        setattr(header, name, value)
    message.header = tlv(encode(header))
    return encode(message)


@pytest.fixture(autouse=True)
def at_once(desk: Desk) -> Iterator[None]:
    yield
    desk.ca.delay(None)


def test_a_certificate_under_a_secret(desk: Desk) -> None:
    talk = desk.talk(desk.enrolled())
    message = answer_to(desk, talk, BodyType.IR, certificate_request(MACHINE, new_key()))
    assert message["body"].getName() == "ip"
    content = message["body"]["ip"]
    assert len(content["caPubs"]) == 1
    (response,) = content["response"]
    assert (response["certReqId"], response["status"]["status"]) == (0, 0)
    certificate = response["certifiedKeyPair"]["certOrEncCert"]["certificate"]
    assert certificate.isValue
    (wait,) = message["header"]["generalInfo"]
    assert str(wait["infoType"]) == f"{ID_IT}.14"


def test_a_certificate_by_a_signature_and_its_end(desk: Desk) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), "signing")
    message = answer_to(desk, talk, BodyType.CR, certificate_request(holder.name, new_key()))
    assert message["body"].getName() == "cp"
    nonce = bytes(message["header"]["senderNonce"])
    confirmed = answer_to(desk, talk, BodyType.CERTCONF, b"\x30\x00", recip_nonce=nonce)
    assert confirmed["body"].getName() == "pkiconf"


def test_a_refusal(desk: Desk) -> None:
    talk = desk.talk(desk.new_holder().by("signing"))
    message = answer_to(desk, talk, BodyType.PKICONF, NULL_CONTENT)
    assert message["body"].getName() == "error"
    status = message["body"]["error"]["pKIStatusInfo"]
    assert status["status"] == 2
    assert status["failInfo"].asBinary() == "001"
    assert len(status["statusString"]) == 1


def test_a_revocation(desk: Desk) -> None:
    holder = desk.new_holder()
    certificate = holder.certificates["signing"]
    issuer = decode_list(GenMsgContent, certificate.issuer.public_bytes())
    template = CertTemplate(serial_number=certificate.serial_number, issuer=issuer)
    content = encode_list(RevReqContent(items=[RevDetails(cert_details=template)]))
    statuses = []
    for _ in range(2):
        talk = desk.talk(holder.by("authentication"))
        message = answer_to(desk, talk, BodyType.RR, content)
        assert message["body"].getName() == "rp"
        statuses.append(int(message["body"]["rp"]["status"][0]["status"]))
        if len(statuses) == 1:
            (named,) = message["body"]["rp"]["revCerts"]
            assert named["serialNumber"] == certificate.serial_number
    assert statuses == [0, 2]


def test_an_answer_that_comes_later(desk: Desk) -> None:
    holder = desk.new_holder()
    desk.ca.delay(Delay(timedelta(minutes=1), check_after_seconds=7))
    talk = desk.talk(holder.by("authentication"), "signing")
    message = answer_to(desk, talk, BodyType.CR, certificate_request(holder.name, new_key()))
    (response,) = message["body"]["cp"]["response"]
    assert response["status"]["status"] == 3
    nonce = bytes(message["header"]["senderNonce"])
    later = answer_to(desk, talk, BodyType.POLLREQ, poll_request(), recip_nonce=nonce)
    assert later["body"].getName() == "pollRep"
    (reply,) = later["body"]["pollRep"]
    assert (reply["certReqId"], reply["checkAfter"]) == (0, 7)


@pytest.mark.parametrize(
    ("kind", "value_type"),
    [
        (InfoType.SIGN_KEY_PAIR_TYPES, rfc9810.SignKeyPairTypesValue),
        (InfoType.ENC_KEY_PAIR_TYPES, rfc9810.EncKeyPairTypesValue),
        (InfoType.CA_CERTS, rfc9810.CaCertsValue),
        (InfoType.CERT_REQ_TEMPLATE, rfc9810.CertReqTemplateValue),
        (InfoType.PREFERRED_SYMM_ALG, rfc9810.UnsupportedOIDsValue),
    ],
)
def test_information(desk: Desk, kind: InfoType, value_type: Callable[[], Any]) -> None:
    content = encode_list(GenMsgContent(items=[info(kind)]))
    # For somebody with a name: pyasn1 leaves out an optional value that is empty.
    talk = desk.talk(desk.new_holder().by("signing"))
    message = answer_to(desk, talk, BodyType.GENM, content)
    (item,) = message["body"]["genp"]
    value, rest = decoder.decode(item["infoValue"], asn1Spec=value_type())
    assert rest == b""
    assert encoder.encode(value) == bytes(item["infoValue"])


def test_the_next_root(desk: Desk) -> None:
    desk.ca.update_root()
    content = encode_list(GenMsgContent(items=[info(InfoType.ROOT_CA_CERT)]))
    message = answer_to(desk, desk.talk(None), BodyType.GENM, content)
    (item,) = message["body"]["genp"]
    assert str(item["infoType"]) == f"{ID_IT}.18"
    value, _ = decoder.decode(item["infoValue"], asn1Spec=rfc9810.RootCaKeyUpdateContent())
    assert encoder.encode(value) == bytes(item["infoValue"])
    names = {
        encoder.encode(value[each]["tbsCertificate"]["subject"])
        for each in ("newWithNew", "newWithOld", "oldWithNew")
    }
    assert names == {desk.ca.root.subject.public_bytes()}


NAMES = {
    "INTEGER": b"\x02\x01\x00",
    "a Name without its tag": MACHINE.public_bytes(),
    "directoryName of an OCTET STRING": bytes(Tlv(0xA4, b"\x04\x01x")),
    "directoryName of RDNs that are none": bytes(Tlv(0xA4, b"\x30\x04\x30\x02\x05\x00")),
    "directoryName of an empty RDN": bytes(Tlv(0xA4, b"\x30\x02\x31\x00")),
    "directoryName of an attribute without a type": bytes(
        Tlv(0xA4, bytes(Tlv(0x30, bytes(Tlv(0x31, b"\x30\x02\x05\x00")))))
    ),
    "dNSName of no ASCII": b"\x82\x01\xff",
    "registeredID of none": b"\x88\x01\xff",
    "x400Address of no TLV": b"\xa3\x01\xff",
    "[9]": b"\x89\x01x",
}


@pytest.mark.parametrize("field", ["sender", "recipient"])
@pytest.mark.parametrize("name", NAMES)
def test_who_names_herself_by_no_general_name_is_told(desk: Desk, name: str, field: str) -> None:
    raw = desk.talk(desk.enrolled()).conversation.message(BodyType.GENM, b"\x30\x00")
    answer = decoded_error(desk.ca.answer(with_header(raw, **{field: tlv(NAMES[name])})))
    assert answer == "000001"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("general_info", []),
        ("general_info", [tlv(b"\x30\x00")]),
        ("general_info", [tlv(b"\x30\x03\x02\x01\x00")]),
        ("general_info", [tlv(b"\x05\x00")]),
        ("free_text", []),
        ("protection_alg", []),
        ("protection_alg", [tlv(b"\x05\x00")]),
    ],
)
def test_any_other_field_that_is_none_is_told(desk: Desk, field: str, value: object) -> None:
    raw = desk.talk(desk.enrolled()).conversation.message(BodyType.GENM, b"\x30\x00")
    assert decoded_error(desk.ca.answer(with_header(raw, **{field: value}))) == "000001"


def with_body(raw: bytes, body: bytes) -> bytes:
    message = decode(PkiMessage, raw)
    message.body = tlv(body)
    return encode(message)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: with_body(raw, b"\xbb\x02\x05\x00"),
        lambda raw: with_body(raw, b"\xb5\x03\x30\x05\x00"),
        lambda raw: with_header(raw, free_text=[]),
        lambda raw: with_header(raw, sender=tlv(NAMES["[9]"])),
    ],
    ids=["another tag", "broken content", "empty freeText", "no sender"],
)
def test_what_is_told_of_a_malformed_message_names_its_transaction(
    desk: Desk, spoil: Callable[[bytes], bytes]
) -> None:
    talk = desk.talk(None).conversation
    raw = talk.message(BodyType.GENM, b"\x30\x00", pvno=3)
    answer = desk.ca.answer(spoil(raw))
    assert decoded_error(answer) == "000001"
    header = decoded(answer)["header"]
    assert header["pvno"] == 3
    assert bytes(header["transactionID"]) == talk.transaction_id
    assert bytes(header["recipNonce"]) == talk.sender_nonce


def test_who_names_no_transaction_is_given_a_name_for_it(desk: Desk) -> None:
    raw = desk.talk(None).conversation.message(BodyType.GENM, b"\x30\x00")
    without = with_header(raw, transaction_id=None)
    given = {
        bytes(decoded(desk.ca.answer(each))["header"]["transactionID"])
        for each in (without, without, b"\x30\x00", b"")
    }
    assert len(given) == 4


@pytest.mark.parametrize(
    "name", [b"\x82\x04test", b"\x87\x04\x7f\0\0\1", b"\x88\x01\x2a", b"\xa3\x02\x05\x00"]
)
def test_a_general_name_of_any_kind_is_answered(desk: Desk, name: bytes) -> None:
    raw = desk.talk(None).conversation.message(BodyType.GENM, b"\x30\x00")
    message = decoded(desk.ca.answer(with_header(raw, sender=tlv(name))))
    assert message["body"].getName() == "genp"


def kinds_of_message(desk: Desk) -> list[bytes]:
    """Make one good message of each kind."""
    holder, secret = desk.new_holder(), desk.enrolled(uses=None)
    request = certificate_request(holder.name, new_key())
    serial = holder.certificates["signing"].serial_number
    details = RevDetails(cert_details=CertTemplate(serial_number=serial, issuer=[]))
    contents = {
        BodyType.IR: certificate_request(MACHINE, new_key()),
        BodyType.CR: request,
        BodyType.KUR: request,
        BodyType.P10CR: pkcs10(new_key(), MACHINE.public_bytes()),
        BodyType.RR: encode_list(RevReqContent(items=[details])),
        BodyType.GENM: encode_list(GenMsgContent(items=[info(kind) for kind in InfoType])),
        BodyType.CERTCONF: b"\x30\x00",
        BodyType.POLLREQ: poll_request(),
        BodyType.ERROR: error_report("x"),
        BodyType.NESTED: NULL_CONTENT,
    }
    return [
        desk.talk(by).conversation.message(body_type, content)
        for by in (secret, holder.by("signing"), None)
        for body_type, content in contents.items()
    ]


def test_the_answer_to_any_damaged_message_can_be_decoded(desk: Desk) -> None:
    choose = random.Random("damage")  # noqa: S311  repeatable, not secret
    bodies = Counter[str]()
    for raw in kinds_of_message(desk):
        # The header is what an answer repeats of.
        header = 4 + len(encode(decode(PkiMessage, raw).header))
        for _ in range(30):
            damaged = bytearray(raw)
            for _ in range(choose.choice((1, 1, 2, 5))):
                damaged[choose.randrange(choose.choice((header, len(raw))))] = choose.choice(
                    (choose.randrange(256), *INTERESTING)
                )
            answer = desk.ca.answer(bytes(damaged))
            message, rest = decoder.decode(answer, asn1Spec=rfc9810.PKIMessage())
            assert (rest, encoder.encode(message)) == (b"", answer), damaged.hex()
            bodies[message["body"].getName()] += 1
    assert bodies.total() == 900
    assert bodies["error"] > 300


def test_messages_that_came_together(desk: Desk) -> None:
    key = new_key()
    talk = desk.talk(desk.enrolled(profiles=(REGISTRATION.name,)), REGISTRATION.name)
    talk.ask(MACHINE, key, BodyType.IR)
    office = SignatureProtection(key, talk.certificate)
    talk.confirm()
    inner = [
        tlv(desk.talk(None).conversation.message(BodyType.GENM, b"\x30\x00")) for _ in range(2)
    ]
    content = encode_list(PkiMessages(items=inner))
    message = answer_to(desk, desk.talk(office), BodyType.NESTED, content)
    assert message["body"].getName() == "nested"
    for each in message["body"]["nested"]:
        assert decoded(encoder.encode(each))["body"].getName() == "genp"


def test_an_issued_certificate_is_rfc_5280s(desk: Desk) -> None:
    holder = desk.new_holder()
    for certificate in holder.certificates.values():
        raw = certificate.public_bytes(Encoding.DER)
        value, rest = decoder.decode(raw, asn1Spec=rfc5280.Certificate())
        assert (rest, encoder.encode(value)) == (b"", raw)
