# SPDX-License-Identifier: Apache-2.0
"""OCSP's ASN.1 (RFC 6960, appendix B.2) as declarative types.

`cryptography`'s own OCSP classes take one certificate a message; a responder is asked for several.
What is a CHOICE or ENUMERATED there is a TLV here.
"""

from typing import Annotated

from cryptography import x509
from cryptography.hazmat.asn1 import (
    TLV,
    BitString,
    Default,
    Explicit,
    GeneralizedTime,
    Implicit,
    sequence,
)

AlgorithmIdentifier = list[TLV]

OCSP_BASIC = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1")
OCSP_NONCE = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.2")


@sequence
class CertId:
    """CertID (4.1.1)."""

    hash_algorithm: AlgorithmIdentifier
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial_number: int


@sequence
class Extension:
    """Extension (RFC 5280, 4.1)."""

    oid: x509.ObjectIdentifier
    critical: Annotated[bool, Default(value=False)]
    value: bytes


@sequence
class SingleRequest:
    """Request (4.1.1)."""

    req_cert: CertId
    single_request_extensions: Annotated[list[Extension] | None, Explicit(0)] = None


@sequence
class RequestorName:
    """An explicit tag around a GeneralName, which is the same bytes as a SEQUENCE with that tag."""

    name: TLV


@sequence
class TbsRequest:
    """TBSRequest (4.1.1)."""

    version: Annotated[int, Default(value=0), Explicit(0)]
    requestor_name: Annotated[RequestorName | None, Implicit(1)] = None
    request_list: list[SingleRequest]
    request_extensions: Annotated[list[Extension] | None, Explicit(2)] = None


@sequence
class Signature:
    """Signature (4.1.1)."""

    algorithm: AlgorithmIdentifier
    signature: BitString
    certs: Annotated[list[TLV] | None, Explicit(0)] = None


@sequence
class OcspRequest:
    """OCSPRequest (4.1.1)."""

    tbs_request: TbsRequest
    optional_signature: Annotated[Signature | None, Explicit(0)] = None


@sequence
class RevokedInfo:
    """RevokedInfo (4.2.1) without its reason."""

    revocation_time: GeneralizedTime


@sequence
class RevokedInfoWithReason:
    """RevokedInfo (4.2.1) with its reason, a CRLReason."""

    revocation_time: GeneralizedTime
    revocation_reason: Annotated[TLV, Explicit(0)]


@sequence
class SingleResponse:
    """SingleResponse (4.2.1); `cert_status` is a CertStatus."""

    cert_id: CertId
    cert_status: TLV
    this_update: GeneralizedTime
    next_update: Annotated[GeneralizedTime | None, Explicit(0)] = None


@sequence
class ResponseData:
    """ResponseData (4.2.1), version 1; `responder_id` is a ResponderID."""

    responder_id: TLV
    produced_at: GeneralizedTime
    responses: list[SingleResponse]
    response_extensions: Annotated[list[Extension] | None, Explicit(1)] = None


@sequence
class BasicOcspResponse:
    """BasicOCSPResponse (4.2.1)."""

    tbs_response_data: ResponseData
    signature_algorithm: AlgorithmIdentifier
    signature: BitString
    certs: Annotated[list[TLV] | None, Explicit(0)] = None


@sequence
class ResponseBytes:
    """ResponseBytes (4.2.1)."""

    response_type: x509.ObjectIdentifier
    response: bytes


@sequence
class OcspResponse:
    """OCSPResponse (4.2.1); `response_status` is an OCSPResponseStatus."""

    response_status: TLV
    response_bytes: Annotated[ResponseBytes | None, Explicit(0)] = None
