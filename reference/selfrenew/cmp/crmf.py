# SPDX-License-Identifier: Apache-2.0
"""CRMF's ASN.1 (RFC 4211, implicit tags): what a certificate request holds."""

from typing import Annotated, Literal

from cryptography import x509
from cryptography.hazmat.asn1 import (
    TLV,
    BitString,
    Default,
    Explicit,
    GeneralizedTime,
    Implicit,
    Null,
    UTCTime,
    Variant,
    sequence,
)

ID_REG_CTRL_OLD_CERT_ID = x509.ObjectIdentifier("1.3.6.1.5.5.7.5.1.5")
ID_REG_CTRL_ALG_ID = x509.ObjectIdentifier("1.3.6.1.5.5.7.5.1.11")
ID_REG_CTRL_RSA_KEY_LEN = x509.ObjectIdentifier("1.3.6.1.5.5.7.5.1.12")


@sequence
class SubjectPublicKeyInfo:
    """SubjectPublicKeyInfo (RFC 5280, 4.1)."""

    algorithm: list[TLV]
    subject_public_key: BitString


@sequence
class OptionalValidity:
    """OptionalValidity (5)."""

    not_before: Annotated[UTCTime | GeneralizedTime | None, Explicit(0)] = None
    not_after: Annotated[UTCTime | GeneralizedTime | None, Explicit(1)] = None


@sequence
class CertTemplate:
    """CertTemplate (5). A Name is a list of RDNs, tagged explicitly since it is a CHOICE."""

    version: Annotated[int | None, Implicit(0)] = None
    serial_number: Annotated[int | None, Implicit(1)] = None
    signing_alg: Annotated[list[TLV] | None, Implicit(2)] = None
    issuer: Annotated[list[TLV] | None, Explicit(3)] = None
    validity: Annotated[OptionalValidity | None, Implicit(4)] = None
    subject: Annotated[list[TLV] | None, Explicit(5)] = None
    public_key: Annotated[SubjectPublicKeyInfo | None, Implicit(6)] = None
    issuer_uid: Annotated[BitString | None, Implicit(7)] = None
    subject_uid: Annotated[BitString | None, Implicit(8)] = None
    extensions: Annotated[list[TLV] | None, Implicit(9)] = None


@sequence
class AttributeTypeAndValue:
    """AttributeTypeAndValue: a control (6) or registration information (7)."""

    type: x509.ObjectIdentifier
    value: TLV


@sequence
class CertReqTemplateContent:
    """CertReqTemplateContent (RFC 9810, 5.3.19.16): what a request should hold, for which keys."""

    cert_template: CertTemplate
    key_spec: list[AttributeTypeAndValue] | None = None


@sequence
class CertRequest:
    """CertRequest (5): what the proof of possession signs."""

    cert_req_id: int
    cert_template: CertTemplate
    controls: list[AttributeTypeAndValue] | None = None


@sequence
class PkMacValue:
    """PKMACValue (4.1): a MAC over a public key."""

    algorithm_identifier: list[TLV]
    value: BitString


@sequence
class PopoSigningKeyInput:
    """POPOSigningKeyInput (4.1): what is signed where the template lacks subject or key.

    `sender` holds a GeneralName.
    """

    auth_info: (
        Annotated[Variant[TLV, Literal["sender"]], Explicit(0)]
        | Variant[PkMacValue, Literal["publicKeyMAC"]]
    )
    public_key: SubjectPublicKeyInfo


@sequence
class PopoSigningKey:
    """POPOSigningKey (4.1); `poposk_input` holds the fields of POPOSigningKeyInput."""

    poposk_input: Annotated[list[TLV] | None, Implicit(0)] = None
    algorithm_identifier: list[TLV]
    signature: BitString


@sequence
class CertReqMsg:
    """CertReqMsg (3)."""

    cert_req: CertRequest
    popo: (
        Annotated[Variant[Null, Literal["raVerified"]], Implicit(0)]
        | Annotated[Variant[PopoSigningKey, Literal["signature"]], Implicit(1)]
        | Annotated[Variant[TLV, Literal["keyEncipherment"]], Explicit(2)]
        | Annotated[Variant[TLV, Literal["keyAgreement"]], Explicit(3)]
        | None
    ) = None
    reg_info: list[AttributeTypeAndValue] | None = None


@sequence
class CertReqMessages:
    """CertReqMessages in its frame, see message.decode_list."""

    items: list[CertReqMsg]


@sequence
class CertId:
    """CertId (6.5): the value of the oldCertID control."""

    issuer: TLV
    serial_number: int


@sequence
class Extension:
    """Extension (RFC 5280, 4.1), where it stands outside of what `cryptography` reads."""

    oid: x509.ObjectIdentifier
    critical: Annotated[bool, Default(value=False)]
    value: bytes


@sequence
class RevDetails:
    """RevDetails (RFC 9810, 5.3.9)."""

    cert_details: CertTemplate
    crl_entry_details: list[TLV] | None = None


@sequence
class RevReqContent:
    """RevReqContent in its frame."""

    items: list[RevDetails]
