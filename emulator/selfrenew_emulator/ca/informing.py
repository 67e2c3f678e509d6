# SPDX-License-Identifier: Apache-2.0
"""What the CA tells of itself: genm and genp (RFC 9810, 5.3.19 and 5.3.20; RFC 9483, 4.3).

All of it is public, so anybody may ask without protection; the answer is always protected. What is
not known here comes back in unsupportedOIDs.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.asn1 import TLV, Null
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.crmf import (
    ID_REG_CTRL_ALG_ID,
    ID_REG_CTRL_RSA_KEY_LEN,
    AttributeTypeAndValue,
    CertReqTemplateContent,
    CertTemplate,
)
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.information import InfoType, info, read_info
from selfrenew.cmp.message import (
    ReceivedMessage,
    certificate_der,
    decode,
    decode_list,
    encode,
    encode_list,
    name_of,
    tlv,
)
from selfrenew.cmp.names import same_name
from selfrenew.cmp.structures import (
    CrlStatus,
    CrlStatusList,
    FailureInfo,
    GenMsgContent,
    RootCaKeyUpdateContent,
    Texts,
)
from selfrenew.iso7816 import Tlv

from .answers import Answers
from .authority import Authority
from .errors import RequestRefusedError
from .policy import CURVES, choose_profile
from .profiles import GENERAL, Profile
from .records import Enrolment
from .requester import Anybody, Requester
from .requests import RSA_BITS, named_profiles
from .root_update import RootUpdate

LANGUAGE = "en"
_NULL = encode(Null())
_ALL = (
    InfoType.SIGN_KEY_PAIR_TYPES,
    InfoType.ENC_KEY_PAIR_TYPES,
    InfoType.CA_CERTS,
    InfoType.ROOT_CA_CERT,
)
"""What is told to who asks for all of it, with an empty genm (RFC 9810, D.5): no CRL, as one may be
long."""
_ASKED_WITHOUT_VALUE = frozenset(
    kind.oid
    for kind in (
        InfoType.CA_PROT_ENC_CERT,
        InfoType.SIGN_KEY_PAIR_TYPES,
        InfoType.ENC_KEY_PAIR_TYPES,
        InfoType.CURRENT_CRL,
        InfoType.CA_CERTS,
        InfoType.CERT_REQ_TEMPLATE,
    )
)
"""The questions whose value is absent (RFC 9810, 5.3.19)."""
_SEQUENCE, _FULL_NAME, _URI = 0x30, b"\xa0", b"\x86"


@dataclass(frozen=True)
class PublishedCrls:
    """The CA's CRLs as DER, by issuer, and the address that certificates name for each."""

    current: Callable[[str], bytes]
    address: Callable[[str], str | None] = lambda _: None


@dataclass(frozen=True)
class _Question:
    value: bytes | None
    asker: Requester | Anybody
    profile: Profile


class Informing:
    """Answers questions; `root_update` gives the one that is announced."""

    def __init__(
        self,
        authority: Authority,
        answers: Answers,
        *,
        crls: PublishedCrls | None,
        root_update: Callable[[], RootUpdate | None],
    ) -> None:
        self._authority = authority
        self._answers = answers
        self._crls = crls
        self._root_update = root_update
        self._tellers: dict[x509.ObjectIdentifier, Callable[[_Question], TLV]] = {
            InfoType.CA_PROT_ENC_CERT.oid: lambda _: info(InfoType.CA_PROT_ENC_CERT),
            InfoType.SIGN_KEY_PAIR_TYPES.oid: self._key_types(InfoType.SIGN_KEY_PAIR_TYPES),
            InfoType.ENC_KEY_PAIR_TYPES.oid: self._key_types(InfoType.ENC_KEY_PAIR_TYPES),
            InfoType.CURRENT_CRL.oid: self._current_crl,
            InfoType.KEY_PAIR_PARAM_REQ.oid: _key_parameters,
            InfoType.SUPP_LANG_TAGS.oid: _language,
            InfoType.CA_CERTS.oid: self._ca_certificates,
            InfoType.ROOT_CA_CERT.oid: self._next_root,
            InfoType.CERT_REQ_TEMPLATE.oid: self._template,
            InfoType.CRL_STATUS_LIST.oid: self._newer_crls,
        }

    def inform(
        self, message: ReceivedMessage, asker: Requester | Anybody, profile: Profile | None
    ) -> tuple[bytes, str]:
        """Answer genm."""
        try:
            asked = [read_info(item) for item in decode_list(GenMsgContent, message.content)]
            # Who asks for all of it has one question, to which a profile may be named.
            named = named_profiles(message, len(asked) or 1, profile)
            if not asked:
                asked, named = [(kind.oid, None) for kind in _ALL], named * len(_ALL)
            told, unknown = [], []
            for (oid, value), each in zip(asked, named, strict=True):
                if value is not None and oid in _ASKED_WITHOUT_VALUE:
                    raise RequestRefusedError(
                        FailureInfo.badRequest, f"who asks for {oid.dotted_string} gives no value"
                    )
                teller = self._tellers.get(oid)
                if teller is None:
                    unknown.append(tlv(encode(oid)))
                else:
                    told.append(teller(_Question(value, asker, _profile_for(asker, each))))
        except CmpFormatError as error:
            raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error
        if unknown:
            told.append(info(InfoType.UNSUPPORTED_OIDS, _list(unknown)))
        answer = self._answers.informed(message, asker, told)
        return answer, f"told {len(told) - bool(unknown)}, does not know {len(unknown)}"

    def _key_types(self, kind: InfoType) -> Callable[[_Question], TLV]:
        signing = kind is InfoType.SIGN_KEY_PAIR_TYPES
        rsa = alg.identifier(alg.RSA_ENCRYPTION, _NULL)
        types = [rsa, *map(_curve, CURVES)]
        if signing:
            types += [alg.identifier(alg.ED25519), alg.identifier(alg.ED448)]
        value = _list([tlv(encode_list(GenMsgContent(items=each))) for each in types])
        return lambda _: info(kind, value)

    def _current_crl(self, question: _Question) -> TLV:
        crl = self._crls.current(question.profile.issuer.value) if self._crls else None
        return info(InfoType.CURRENT_CRL, crl)

    def _ca_certificates(self, _: _Question) -> TLV:
        # Not the root: to believe one needs more than an answer (RFC 9810, 8.9).
        issuers = [
            tlv(certificate_der(each.certificate)) for each in self._authority.issuers.values()
        ]
        return info(InfoType.CA_CERTS, _list(issuers))

    def _next_root(self, question: _Question) -> TLV:
        """Tell of the next root who has the present one, or did not say which she has."""
        if question.value is not None:
            decode(x509.Certificate, question.value)
        update = self._root_update()
        present = certificate_der(self._authority.root.certificate)
        if update is None or question.value not in {None, present}:
            return info(InfoType.ROOT_CA_KEY_UPDATE)
        content = RootCaKeyUpdateContent(
            new_with_new=update.identity.certificate,
            new_with_old=update.new_with_old,
            old_with_new=update.old_with_new,
        )
        return info(InfoType.ROOT_CA_KEY_UPDATE, encode(content))

    def _template(self, question: _Question) -> TLV:
        subject = None
        if not isinstance(question.asker, Anybody):
            by = question.asker.right
            own = by.subject if isinstance(by, Enrolment) else by.certificate.subject.public_bytes()
            subject = own
        # An empty subject stands for one that the requester fills in.
        rdns = [] if subject is None else decode_list(GenMsgContent, subject)
        curves = [
            _control(ID_REG_CTRL_ALG_ID, encode_list(GenMsgContent(items=_curve(each))))
            for each in CURVES
        ]
        lengths = [
            _control(ID_REG_CTRL_RSA_KEY_LEN, encode(bits)) for bits in (RSA_BITS.start, 3072, 4096)
        ]
        content = CertReqTemplateContent(
            cert_template=CertTemplate(subject=rdns), key_spec=[*lengths, *curves]
        )
        return info(InfoType.CERT_REQ_TEMPLATE, encode(content))

    def _newer_crls(self, question: _Question) -> TLV:
        if question.value is None:
            raise CmpFormatError("crlStatusList names no CRL")
        asked = decode_list(CrlStatusList, question.value)
        if not asked:
            raise CmpFormatError("crlStatusList names no CRL")
        newer = []
        for status in asked:
            issuer = self._issuer_of(status)
            if issuer is None or self._crls is None:
                continue
            der = self._crls.current(issuer)
            known = status.this_update
            this_update = x509.load_der_x509_crl(der).last_update_utc
            if known is None or known.as_datetime() < this_update:
                newer.append(tlv(der))
        return info(InfoType.CRLS, _list(newer) if newer else None)

    def _issuer_of(self, status: CrlStatus) -> str | None:
        """Find whose CRL is meant: by its address, or by its issuer's name."""
        names = status.source.value
        if status.source.tag == "dpn" and names.tag_bytes != _FULL_NAME:
            return None
        given = decode_list(GenMsgContent, bytes(Tlv(_SEQUENCE, bytes(names.data))))
        for issuer, identity in self._authority.publishing.items():
            address = self._crls and self._crls.address(issuer)
            for name in given:
                if name.tag_bytes == _URI and address and bytes(name.data) == address.encode():
                    return issuer
                if same_name(name_of(name) or b"", identity.certificate.subject.public_bytes()):
                    return issuer
        return None


def _profile_for(asker: Requester | Anybody, named: Profile | None) -> Profile:
    if isinstance(asker, Anybody):
        return named or GENERAL
    return choose_profile(asker.right, named, None)


def _key_parameters(question: _Question) -> TLV:
    if question.value is None:
        raise CmpFormatError("keyPairParamReq names no algorithm")
    algorithm = decode(x509.ObjectIdentifier, question.value)
    if algorithm != alg.EC_PUBLIC_KEY:
        # RSA has none, and others are not certified (RFC 9810, 5.3.19.8).
        return info(InfoType.KEY_PAIR_PARAM_REP)
    return info(InfoType.KEY_PAIR_PARAM_REP, encode_list(GenMsgContent(items=_curve(CURVES[0]))))


def _language(question: _Question) -> TLV:
    offered = [] if question.value is None else decode_list(Texts, question.value)
    for tag in offered:
        if tag.casefold().partition("-")[0] == LANGUAGE:
            return info(InfoType.SUPP_LANG_TAGS, encode_list(Texts(items=[tag])))
    raise RequestRefusedError(FailureInfo.badRequest, f"the CA speaks {LANGUAGE} only")


def _curve(curve: type[ec.EllipticCurve]) -> list[TLV]:
    oid = getattr(ec.EllipticCurveOID, curve.__name__)
    return alg.identifier(alg.EC_PUBLIC_KEY, encode(oid))


def _control(kind: x509.ObjectIdentifier, value: bytes) -> AttributeTypeAndValue:
    return AttributeTypeAndValue(type=kind, value=tlv(value))


def _list(items: list[TLV]) -> bytes:
    return encode_list(GenMsgContent(items=items))
