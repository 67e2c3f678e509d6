# SPDX-License-Identifier: Apache-2.0
"""CMP's ASN.1 (RFC 9810, appendix F, explicit tags) as declarative types.

An AlgorithmIdentifier and an InfoTypeAndValue, `SEQUENCE {OID, ANY OPTIONAL}`, are `list[TLV]`
here, since an optional ANY cannot be declared. A GeneralName or a certificate stays a TLV, so that
one odd value does not cost the message.
"""

from enum import IntEnum, unique
from functools import cached_property
from typing import Annotated, Literal

from cryptography import x509
from cryptography.hazmat.asn1 import (
    TLV,
    BitString,
    Explicit,
    GeneralizedTime,
    UTCTime,
    Variant,
    sequence,
)

from .crmf import CertId

AlgorithmIdentifier = list[TLV]
InfoTypeAndValue = list[TLV]


@unique
class BodyType(IntEnum):
    """The arms of PKIBody (5.1.2), by tag."""

    IR = 0
    IP = 1
    CR = 2
    CP = 3
    P10CR = 4
    POPDECC = 5
    POPDECR = 6
    KUR = 7
    KUP = 8
    KRR = 9
    KRP = 10
    RR = 11
    RP = 12
    CCR = 13
    CCP = 14
    CKUANN = 15
    CANN = 16
    RANN = 17
    CRLANN = 18
    PKICONF = 19
    NESTED = 20
    GENM = 21
    GENP = 22
    ERROR = 23
    CERTCONF = 24
    POLLREQ = 25
    POLLREP = 26

    @cached_property
    def standard_name(self) -> str:
        """The name RFC 9810 gives the arm."""
        return {"CERTCONF": "certConf", "POLLREQ": "pollReq", "POLLREP": "pollRep"}.get(
            self.name, self.name.lower()
        )


@unique
class PkiStatus(IntEnum):
    """PKIStatus (5.2.3)."""

    ACCEPTED = 0
    GRANTED_WITH_MODS = 1
    REJECTION = 2
    WAITING = 3
    REVOCATION_WARNING = 4
    REVOCATION_NOTIFICATION = 5
    KEY_UPDATE_WARNING = 6


@unique
class FailureInfo(IntEnum):
    """PKIFailureInfo (5.2.3): bit numbers, named as the standard names them."""

    badAlg = 0  # noqa: N815
    badMessageCheck = 1  # noqa: N815
    badRequest = 2  # noqa: N815
    badTime = 3  # noqa: N815
    badCertId = 4  # noqa: N815
    badDataFormat = 5  # noqa: N815
    wrongAuthority = 6  # noqa: N815
    incorrectData = 7  # noqa: N815
    missingTimeStamp = 8  # noqa: N815
    badPOP = 9  # noqa: N815
    certRevoked = 10  # noqa: N815
    certConfirmed = 11  # noqa: N815
    wrongIntegrity = 12  # noqa: N815
    badRecipientNonce = 13  # noqa: N815
    timeNotAvailable = 14  # noqa: N815
    unacceptedPolicy = 15  # noqa: N815
    unacceptedExtension = 16  # noqa: N815
    addInfoNotAvailable = 17  # noqa: N815
    badSenderNonce = 18  # noqa: N815
    badCertTemplate = 19  # noqa: N815
    signerNotTrusted = 20  # noqa: N815
    transactionIdInUse = 21  # noqa: N815
    unsupportedVersion = 22  # noqa: N815
    notAuthorized = 23  # noqa: N815
    systemUnavail = 24  # noqa: N815
    systemFailure = 25  # noqa: N815
    duplicateCertReq = 26  # noqa: N815


@sequence
class PkiHeader:
    """PKIHeader (5.1.1)."""

    pvno: int
    sender: TLV
    recipient: TLV
    message_time: Annotated[GeneralizedTime | None, Explicit(0)] = None
    protection_alg: Annotated[AlgorithmIdentifier | None, Explicit(1)] = None
    sender_kid: Annotated[bytes | None, Explicit(2)] = None
    recip_kid: Annotated[bytes | None, Explicit(3)] = None
    transaction_id: Annotated[bytes | None, Explicit(4)] = None
    sender_nonce: Annotated[bytes | None, Explicit(5)] = None
    recip_nonce: Annotated[bytes | None, Explicit(6)] = None
    free_text: Annotated[list[str] | None, Explicit(7)] = None
    general_info: Annotated[list[TLV] | None, Explicit(8)] = None


@sequence
class ProtectedPart:
    """What the protection covers (5.1.3)."""

    header: TLV
    body: TLV


@sequence
class PkiMessage:
    """PKIMessage (5.1); header and body are kept as received."""

    header: TLV
    body: TLV
    protection: Annotated[BitString | None, Explicit(0)] = None
    extra_certs: Annotated[list[TLV] | None, Explicit(1)] = None


@sequence
class PkiMessages:
    """PKIMessages in its frame: the content of nested (5.1.3.5) and of origPKIMessage (5.1.1.3)."""

    items: list[TLV]


@sequence
class PkiStatusInfo:
    """PKIStatusInfo (5.2.3)."""

    status: int
    status_string: list[str] | None = None
    fail_info: BitString | None = None


@sequence
class CertifiedKeyPair:
    """CertifiedKeyPair (5.3.4); a private key made by the CA is not taken, so not declared."""

    cert_or_enc_cert: (
        Annotated[Variant[TLV, Literal["certificate"]], Explicit(0)]
        | Annotated[Variant[TLV, Literal["encryptedCert"]], Explicit(1)]
    )
    publication_info: Annotated[list[TLV] | None, Explicit(1)] = None


@sequence
class CertResponse:
    """CertResponse (5.3.4)."""

    cert_req_id: int
    status: PkiStatusInfo
    certified_key_pair: CertifiedKeyPair | None = None
    rsp_info: bytes | None = None


@sequence
class CertRepMessage:
    """CertRepMessage (5.3.4): the content of ip, cp and kup."""

    ca_pubs: Annotated[list[TLV] | None, Explicit(1)] = None
    response: list[CertResponse]


@sequence
class CertStatus:
    """CertStatus (5.3.18): one confirmation in certConf."""

    cert_hash: bytes
    cert_req_id: int
    status_info: PkiStatusInfo | None = None
    hash_alg: Annotated[AlgorithmIdentifier | None, Explicit(0)] = None


@sequence
class CertConfirmContent:
    """CertConfirmContent: a one-field frame, see message.decode_list."""

    items: list[CertStatus]


@sequence
class RevRepContent:
    """RevRepContent (5.3.10): the content of rp."""

    status: list[PkiStatusInfo]
    rev_certs: Annotated[list[CertId] | None, Explicit(0)] = None
    crls: Annotated[list[TLV] | None, Explicit(1)] = None


@sequence
class ErrorMsgContent:
    """ErrorMsgContent (5.3.21)."""

    pki_status_info: PkiStatusInfo
    error_code: int | None = None
    error_details: list[str] | None = None


@sequence
class PollRequest:
    """One entry of PollReqContent (5.3.22)."""

    cert_req_id: int


@sequence
class PollReqContent:
    """PollReqContent in its frame."""

    items: list[PollRequest]


@sequence
class PollReply:
    """One entry of PollRepContent (5.3.22); `check_after` in seconds."""

    cert_req_id: int
    check_after: int
    reason: list[str] | None = None


@sequence
class PollRepContent:
    """PollRepContent in its frame."""

    items: list[PollReply]


@sequence
class RootCaKeyUpdateContent:
    """RootCaKeyUpdateContent (5.3.19.15): the next root, and the certificates that link to it."""

    new_with_new: x509.Certificate
    new_with_old: Annotated[x509.Certificate | None, Explicit(0)] = None
    old_with_new: Annotated[x509.Certificate | None, Explicit(1)] = None


@sequence
class CrlStatus:
    """CRLStatus (5.3.19.17): of which CRL a newer one than `this_update` is wanted.

    `dpn` holds a DistributionPointName and `issuer` GeneralNames.
    """

    source: (
        Annotated[Variant[TLV, Literal["dpn"]], Explicit(0)]
        | Annotated[Variant[TLV, Literal["issuer"]], Explicit(1)]
    )
    this_update: UTCTime | GeneralizedTime | None = None


@sequence
class CrlStatusList:
    """A SEQUENCE OF CRLStatus in its frame."""

    items: list[CrlStatus]


@sequence
class Texts:
    """A SEQUENCE OF UTF8String in its frame: SuppLangTagsValue and CertProfileValue."""

    items: list[str]


@sequence
class GenMsgContent:
    """GenMsgContent (5.3.19) in its frame; also genp's."""

    items: list[TLV]
