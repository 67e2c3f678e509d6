# SPDX-License-Identifier: Apache-2.0
"""Every structure against pyasn1-alt-modules: what one writes, the other reads and writes alike."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import (
    BitString,
    GeneralizedTime,
    Null,
    UTCTime,
    Variant,
    decode_der,
)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pyasn1.codec.der import decoder, encoder
from pyasn1_alt_modules import rfc4055, rfc4210, rfc4211, rfc8018, rfc9810

from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import fail_bits
from selfrenew.cmp.crmf import (
    AttributeTypeAndValue,
    CertId,
    CertReqMessages,
    CertReqMsg,
    CertRequest,
    CertTemplate,
    OptionalValidity,
    PkMacValue,
    PopoSigningKey,
    PopoSigningKeyInput,
    RevDetails,
    RevReqContent,
)
from selfrenew.cmp.message import body_tlv, encode, encode_list, fail_names, general_name, tlv
from selfrenew.cmp.protection import (
    Pbkdf2Parameter,
    Pbmac1Parameter,
    PbmParameter,
)
from selfrenew.cmp.pss import PssParameter
from selfrenew.cmp.structures import (
    BodyType,
    CertConfirmContent,
    CertifiedKeyPair,
    CertRepMessage,
    CertResponse,
    CertStatus,
    ErrorMsgContent,
    FailureInfo,
    GenMsgContent,
    PkiHeader,
    PkiMessage,
    PkiStatus,
    PkiStatusInfo,
    PollRepContent,
    PollReply,
    PollReqContent,
    PollRequest,
    ProtectedPart,
)
from selfrenew.cmp.template import public_key_info

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Zoë")])
WHEN = datetime(2026, 11, 24, 12, tzinfo=UTC)
SHA256 = alg.Oid("2.16.840.1.101.3.4.2.1")
HMAC = alg.Oid("1.2.840.113549.2.9")
IMPLICIT_CONFIRM = alg.Oid("1.3.6.1.5.5.7.4.13")
NULL = encode(Null())
KEY = ec.derive_private_key(7, ec.SECP256R1())
EXTENSIONS = (
    bytes.fromhex("300806022a0304020500"),
    bytes.fromhex("300b06022a040101ff04020500"),
)
RDNS = list(map(tlv, [bytes.fromhex("310d300b06035504030c045a6fc3ab")]))
CERTIFICATE = (
    x509.CertificateBuilder(NAME, NAME, KEY.public_key(), 1)
    .not_valid_before(WHEN)
    .not_valid_after(WHEN)
    .sign(KEY, hashes.SHA256())
)


def info() -> PkiStatusInfo:
    return PkiStatusInfo(
        status=PkiStatus.REJECTION,
        status_string=["no", "nein, größer"],
        fail_info=fail_bits(FailureInfo.badAlg, FailureInfo.duplicateCertReq),
    )


def algorithm(oid: alg.Oid = SHA256) -> Any:
    return alg.identifier(oid, NULL)


def template() -> CertTemplate:
    return CertTemplate(
        version=2,
        serial_number=-(1 << 80),
        signing_alg=algorithm(),
        issuer=RDNS,
        validity=OptionalValidity(not_before=UTCTime(WHEN), not_after=GeneralizedTime(WHEN)),
        subject=RDNS,
        public_key=public_key_info(KEY.public_key()),
        issuer_uid=BitString(b"\x80", 7),
        subject_uid=BitString(b"", 0),
        extensions=list(map(tlv, EXTENSIONS)),
    )


def certificate() -> Any:
    return tlv(CERTIFICATE.public_bytes(Encoding.DER))


def request(popo: Any = None) -> CertReqMsg:
    control = AttributeTypeAndValue(
        type=alg.Oid("1.3.6.1.5.5.7.5.1.5"),
        value=tlv(encode(CertId(issuer=general_name(NAME), serial_number=5))),
    )
    return CertReqMsg(
        cert_req=CertRequest(cert_req_id=0, cert_template=template(), controls=[control]),
        popo=popo,
        reg_info=[control],
    )


def header() -> PkiHeader:
    return PkiHeader(
        pvno=2,
        sender=general_name(NAME),
        recipient=tlv(b"\x86\x09http://x/"),
        message_time=GeneralizedTime(WHEN),
        protection_alg=algorithm(alg.PASSWORD_BASED_MAC),
        sender_kid=b"kid",
        recip_kid=b"",
        transaction_id=bytes(16),
        sender_nonce=b"1" * 16,
        recip_nonce=b"2" * 16,
        free_text=["free", "text"],
        general_info=[
            tlv(encode_list(GenMsgContent(items=alg.identifier(IMPLICIT_CONFIRM, NULL))))
        ],
    )


def bare_header() -> PkiHeader:
    return PkiHeader(pvno=3, sender=general_name(NAME), recipient=general_name(NAME))


def message(body_type: BodyType, content: bytes) -> PkiMessage:
    return PkiMessage(
        header=tlv(encode(header())),
        body=body_tlv(body_type, content),
        protection=BitString(b"\x01\x02", 0),
        extra_certs=[certificate(), certificate()],
    )


def response() -> CertRepMessage:
    pair = CertifiedKeyPair(cert_or_enc_cert=Variant(certificate(), "certificate"))
    published = CertifiedKeyPair(
        cert_or_enc_cert=Variant(certificate(), "certificate"),
        publication_info=[tlv(b"\x02\x01\x01")],
    )
    return CertRepMessage(
        ca_pubs=[certificate()],
        response=[
            CertResponse(cert_req_id=0, status=PkiStatusInfo(status=0), certified_key_pair=pair),
            CertResponse(
                cert_req_id=1,
                status=info(),
                certified_key_pair=published,
                rsp_info=b"more",
            ),
        ],
    )


def popo(given: bool = True) -> Any:
    return PopoSigningKey(
        poposk_input=[tlv(b"\xa0\x02\x05\x00"), tlv(NULL)] if given else None,
        algorithm_identifier=algorithm(alg.Oid("1.2.840.10045.4.3.2")),
        signature=BitString(b"\x30\x00", 0),
    )


SIGNED = request(Variant(popo(given=False), "signature"))
PBM = PbmParameter(salt=b"salt", owf=algorithm(), iteration_count=500, mac=algorithm(HMAC))
PBKDF2 = Pbkdf2Parameter(salt=b"s", iteration_count=9, key_length=32, prf=algorithm(HMAC))

# Ours, and the outside witness's type of it.
STRUCTURES: dict[str, tuple[Any, Any]] = {
    "PKIHeader": (header(), rfc9810.PKIHeader()),
    "PKIHeader, bare": (bare_header(), rfc9810.PKIHeader()),
    "PKIMessage": (message(BodyType.PKICONF, NULL), rfc9810.PKIMessage()),
    "PKIMessage, bare": (
        PkiMessage(header=tlv(encode(bare_header())), body=body_tlv(BodyType.PKICONF, NULL)),
        rfc9810.PKIMessage(),
    ),
    "ProtectedPart": (
        ProtectedPart(header=tlv(encode(header())), body=body_tlv(BodyType.PKICONF, NULL)),
        rfc9810.ProtectedPart(),
    ),
    "PKIStatusInfo": (info(), rfc9810.PKIStatusInfo()),
    "PKIStatusInfo, bare": (PkiStatusInfo(status=3), rfc9810.PKIStatusInfo()),
    "CertRepMessage": (response(), rfc9810.CertRepMessage()),
    "ErrorMsgContent": (
        ErrorMsgContent(pki_status_info=info(), error_code=-7, error_details=["a", "b"]),
        rfc9810.ErrorMsgContent(),
    ),
    "ErrorMsgContent, bare": (ErrorMsgContent(pki_status_info=info()), rfc9810.ErrorMsgContent()),
    "CertStatus": (
        CertStatus(cert_hash=b"h", cert_req_id=0, status_info=info(), hash_alg=algorithm()),
        rfc9810.CertStatus(),
    ),
    "CertTemplate": (template(), rfc4211.CertTemplate()),
    "CertTemplate, bare": (CertTemplate(), rfc4211.CertTemplate()),
    "CertReqMsg, signature": (SIGNED, rfc4211.CertReqMsg()),
    "CertReqMsg, raVerified": (request(Variant(Null(), "raVerified")), rfc4211.CertReqMsg()),
    "CertReqMsg, none": (request(), rfc4211.CertReqMsg()),
    "POPOSigningKeyInput, sender": (
        PopoSigningKeyInput(
            auth_info=Variant(general_name(NAME), "sender"), public_key=template().public_key
        ),
        rfc4211.POPOSigningKeyInput(),
    ),
    "POPOSigningKeyInput, publicKeyMAC": (
        PopoSigningKeyInput(
            auth_info=Variant(
                PkMacValue(algorithm_identifier=algorithm(), value=BitString(b"mac", 0)),
                "publicKeyMAC",
            ),
            public_key=template().public_key,
        ),
        rfc4211.POPOSigningKeyInput(),
    ),
    "CertId": (CertId(issuer=general_name(NAME), serial_number=1 << 150), rfc4211.CertId()),
    "PBMParameter": (PBM, rfc4210.PBMParameter()),
    "PBKDF2-params": (PBKDF2, rfc8018.PBKDF2_params()),
    "PBMAC1-params": (
        Pbmac1Parameter(
            key_derivation=alg.identifier(alg.PBKDF2, encode(PBKDF2)), mac=algorithm(HMAC)
        ),
        rfc8018.PBMAC1_params(),
    ),
    "RSASSA-PSS-params": (
        PssParameter(
            hash_algorithm=algorithm(),
            mask_gen_algorithm=alg.identifier(
                alg.MGF1, encode_list(GenMsgContent(items=algorithm()))
            ),
            salt_length=32,
        ),
        rfc4055.RSASSA_PSS_params(),
    ),
}
LISTS: dict[str, tuple[Any, Any]] = {
    "CertReqMessages": (CertReqMessages(items=[SIGNED, SIGNED]), rfc4211.CertReqMessages()),
    "CertConfirmContent": (
        CertConfirmContent(items=[CertStatus(cert_hash=b"h", cert_req_id=-1)]),
        rfc9810.CertConfirmContent(),
    ),
    "CertConfirmContent, empty": (CertConfirmContent(items=[]), rfc9810.CertConfirmContent()),
    "PollReqContent": (
        PollReqContent(items=[PollRequest(cert_req_id=0), PollRequest(cert_req_id=-1)]),
        rfc4210.PollReqContent(),
    ),
    "PollRepContent": (
        PollRepContent(items=[PollReply(cert_req_id=0, check_after=60, reason=["later"])]),
        rfc9810.PollRepContent(),
    ),
    "RevReqContent": (
        RevReqContent(
            items=[
                RevDetails(
                    cert_details=template(),
                    crl_entry_details=[tlv(EXTENSIONS[0])],
                )
            ]
        ),
        rfc4210.RevReqContent(),
    ),
}


@pytest.mark.parametrize("structure", STRUCTURES)
def test_another_codec_reads_and_writes_the_same_bytes(structure: str) -> None:
    ours, witness = STRUCTURES[structure]
    raw = encode(ours)
    found, rest = decoder.decode(raw, asn1Spec=witness)
    assert not rest
    assert encoder.encode(found) == raw
    assert encode(decode_der(type(ours), encoder.encode(found))) == raw


@pytest.mark.parametrize("structure", LISTS)
def test_another_codec_reads_and_writes_the_same_list(structure: str) -> None:
    frame, witness = LISTS[structure]
    raw = encode_list(frame)
    found, rest = decoder.decode(raw, asn1Spec=witness)
    assert not rest
    assert encoder.encode(found) == raw
    assert len(found) == len(frame.items)


def test_every_arm_of_a_body_has_the_standards_name_and_tag() -> None:
    arms = rfc9810.PKIBody.componentType
    names = {
        arms.getTypeByPosition(index).tagSet.superTags[-1].tagId: arms.getNameByPosition(index)
        for index in range(len(arms))
    }
    assert names == {kind.value: kind.standard_name for kind in BodyType}


def test_every_failure_has_the_standards_name_and_bit() -> None:
    named = dict(rfc9810.PKIFailureInfo.namedValues.items())
    assert named == {reason.name: reason.value for reason in FailureInfo}


def test_every_status_has_the_standards_number() -> None:
    named = {
        name.replace("grantedWithMods", "granted_With_Mods").lower().replace("_", ""): number
        for name, number in rfc9810.PKIStatus.namedValues.items()
    }
    assert named == {status.name.lower().replace("_", ""): status.value for status in PkiStatus}


@pytest.mark.parametrize("reason", list(FailureInfo), ids=lambda reason: reason.name)
def test_the_witness_reads_every_failure_as_the_same_bit(reason: FailureInfo) -> None:
    status = PkiStatusInfo(status=2, fail_info=fail_bits(reason, FailureInfo.badAlg))
    found, _ = decoder.decode(encode(status), asn1Spec=rfc9810.PKIStatusInfo())
    bits = {index for index, bit in enumerate(found["failInfo"]) if bit}
    assert bits == {0, reason.value}
    assert fail_names(status) == {"badAlg", reason.name}


def test_the_fields_of_a_header_are_where_the_witness_looks_for_them() -> None:
    found, _ = decoder.decode(encode(header()), asn1Spec=rfc9810.PKIHeader())
    assert int(found["pvno"]) == 2
    assert str(found["messageTime"]) == "20261124120000Z"
    assert str(found["protectionAlg"]["algorithm"]) == "1.2.840.113533.7.66.13"
    octets = ("senderKID", "recipKID", "transactionID", "senderNonce", "recipNonce")
    assert [bytes(found[name]) for name in octets] == [
        b"kid",
        b"",
        bytes(16),
        b"1" * 16,
        b"2" * 16,
    ]
    assert [str(text) for text in found["freeText"]] == ["free", "text"]
    assert str(found["generalInfo"][0]["infoType"]) == "1.3.6.1.5.5.7.4.13"
    assert found["recipient"].getName() == "uniformResourceIdentifier"


def test_the_fields_of_a_template_are_where_the_witness_looks_for_them() -> None:
    found, _ = decoder.decode(encode(template()), asn1Spec=rfc4211.CertTemplate())
    assert [int(found["version"]), int(found["serialNumber"])] == [2, -(1 << 80)]
    assert str(found["validity"]["notBefore"]["utcTime"]) == "261124120000Z"
    assert str(found["validity"]["notAfter"]["generalTime"]) == "20261124120000Z"
    assert encoder.encode(found["subject"]["rdnSequence"]) == NAME.public_bytes()
    assert str(found["publicKey"]["algorithm"]["algorithm"]) == "1.2.840.10045.2.1"
    assert [str(extension["extnID"]) for extension in found["extensions"]] == ["1.2.3", "1.2.4"]


def test_a_header_of_the_witness_is_read_here() -> None:
    built = rfc9810.PKIHeader()
    built["pvno"] = 2
    for side in ("sender", "recipient"):
        built[side]["dNSName"] = f"{side}.example"
    built["senderKID"] = b"kid"
    built["transactionID"] = bytes(16)
    found = decode_der(PkiHeader, encoder.encode(built))
    assert (found.pvno, found.sender_kid, found.transaction_id) == (2, b"kid", bytes(16))
    assert bytes(found.sender.data) == b"sender.example"
    assert found.recip_nonce is None
