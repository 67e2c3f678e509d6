# SPDX-License-Identifier: Apache-2.0
"""What the CA tells of itself in genp (RFC 9810, 5.3.19)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import TLV, GeneralizedTime, Null, Variant
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import NULL_NAME, Conversation
from selfrenew.cmp.crmf import CertReqTemplateContent
from selfrenew.cmp.information import InfoType, info, read_info
from selfrenew.cmp.message import (
    certificate_der,
    decode,
    decode_list,
    decode_message,
    encode,
    encode_list,
    general_name,
    tlv,
)
from selfrenew.cmp.protection import verify_mac, verify_signature
from selfrenew.cmp.structures import (
    BodyType,
    CrlStatus,
    CrlStatusList,
    GenMsgContent,
    RootCaKeyUpdateContent,
    Texts,
)
from selfrenew.iso7816 import Tlv
from selfrenew_emulator.ca import CertificateAuthority, IssuerName, PublishedCrls
from selfrenew_emulator.ca.publication import Publication
from selfrenew_emulator.ca.responder import Responder
from selfrenew_emulator.ca.store import Store
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.stage import DEFAULT_NOW

from .conftest import Desk, new_key
from .requesting import written_otherwise

ANYTHING = x509.Name.from_rfc4514_string("CN=somebody else,C=GB")


def oids(value: bytes | None) -> set[str]:
    assert value is not None
    return {
        alg.oid_of(decode_list(GenMsgContent, encode(each))).dotted_string
        for each in decode_list(GenMsgContent, value)
    }


def test_anybody_is_told_and_can_check_who_told(desk: Desk) -> None:
    talk = desk.talk(None)
    told = talk.inquire(info(InfoType.CA_CERTS))
    issuers = [encode(each) for each in decode_list(GenMsgContent, told[InfoType.CA_CERTS] or b"")]
    assert issuers == [certificate_der(each) for each in desk.ca.issuers.values()]
    assert talk.answer is not None
    verify_signature(talk.answer, talk.answer.certificates[0].public_key())


def test_who_asks_under_a_secret_is_told_under_it(desk: Desk) -> None:
    mac = desk.enrolled(uses=None)
    talk = desk.talk(mac)
    talk.inquire(info(InfoType.CA_CERTS))
    assert talk.answer is not None
    verify_mac(talk.answer, mac.secret)


def test_who_asks_for_nothing_is_told_what_matters(desk: Desk) -> None:
    told = desk.talk(None).inquire()
    assert set(told) == {
        InfoType.SIGN_KEY_PAIR_TYPES,
        InfoType.ENC_KEY_PAIR_TYPES,
        InfoType.CA_CERTS,
        InfoType.ROOT_CA_KEY_UPDATE,
    }


def test_the_kinds_of_keys_are_told(desk: Desk) -> None:
    told = desk.talk(None).inquire(
        info(InfoType.SIGN_KEY_PAIR_TYPES), info(InfoType.ENC_KEY_PAIR_TYPES)
    )
    both = {"1.2.840.113549.1.1.1", "1.2.840.10045.2.1"}
    assert oids(told[InfoType.ENC_KEY_PAIR_TYPES]) == both
    assert oids(told[InfoType.SIGN_KEY_PAIR_TYPES]) == both | {"1.3.101.112", "1.3.101.113"}


@pytest.mark.parametrize(
    ("algorithm", "has_parameters"), [(alg.EC_PUBLIC_KEY, True), (alg.RSA_ENCRYPTION, False)]
)
def test_the_parameters_of_a_kind_of_key_are_told(
    desk: Desk, algorithm: x509.ObjectIdentifier, has_parameters: bool
) -> None:
    told = desk.talk(None).inquire(info(InfoType.KEY_PAIR_PARAM_REQ, encode(algorithm)))
    assert (told[InfoType.KEY_PAIR_PARAM_REP] is not None) is has_parameters


def test_what_is_not_known_comes_back(desk: Desk) -> None:
    told = desk.talk(None).inquire(
        info(InfoType.PREFERRED_SYMM_ALG), info(InfoType.CA_PROT_ENC_CERT)
    )
    assert told[InfoType.CA_PROT_ENC_CERT] is None
    (unknown,) = decode_list(GenMsgContent, told[InfoType.UNSUPPORTED_OIDS] or b"")
    assert decode(x509.ObjectIdentifier, encode(unknown)) == InfoType.PREFERRED_SYMM_ALG.oid


def test_a_language_is_agreed_on(desk: Desk) -> None:
    def offer(*tags: str) -> TLV:
        return info(InfoType.SUPP_LANG_TAGS, encode_list(Texts(items=list(tags))))

    told = desk.talk(None).inquire(offer("cy", "en-GB", "en"))
    assert decode_list(Texts, told[InfoType.SUPP_LANG_TAGS] or b"") == ["en-GB"]
    talk = desk.talk(None)
    talk.say(BodyType.GENM, encode_list(GenMsgContent(items=[offer("cy")])))
    assert talk.reasons == {"badRequest"}


def test_a_template_has_the_askers_name_and_the_kinds_of_keys(desk: Desk) -> None:
    holder = desk.new_holder()
    told = desk.talk(holder.by("signing")).inquire(info(InfoType.CERT_REQ_TEMPLATE))
    content = decode(CertReqTemplateContent, told[InfoType.CERT_REQ_TEMPLATE] or b"")
    template = content.cert_template
    assert encode_list(GenMsgContent(items=template.subject or [])) == holder.name.public_bytes()
    assert template.public_key is None
    assert len(content.key_spec or ()) == 5
    told = desk.talk(None).inquire(info(InfoType.CERT_REQ_TEMPLATE))
    content = decode(CertReqTemplateContent, told[InfoType.CERT_REQ_TEMPLATE] or b"")
    assert content.cert_template.subject == []


def test_a_malformed_question_is_told(desk: Desk) -> None:
    for item in (
        info(InfoType.CRL_STATUS_LIST),
        info(InfoType.CRL_STATUS_LIST, b"\x30\x00"),
        info(InfoType.KEY_PAIR_PARAM_REQ),
        info(InfoType.ROOT_CA_CERT, encode(Null())),
    ):
        talk = desk.talk(None)
        talk.say(BodyType.GENM, encode_list(GenMsgContent(items=[item])))
        assert talk.reasons == {"badDataFormat"}


@pytest.mark.parametrize(
    "kind",
    [
        InfoType.CA_PROT_ENC_CERT,
        InfoType.SIGN_KEY_PAIR_TYPES,
        InfoType.ENC_KEY_PAIR_TYPES,
        InfoType.CURRENT_CRL,
        InfoType.CA_CERTS,
        InfoType.CERT_REQ_TEMPLATE,
    ],
    ids=lambda kind: kind.name,
)
def test_a_question_without_a_value_is_asked_without_one(desk: Desk, kind: InfoType) -> None:
    talk = desk.talk(None)
    content = encode_list(GenMsgContent(items=[info(kind, encode(Null()))]))
    answer = talk.say(BodyType.GENM, content)
    assert (answer.body_type, talk.reasons) == (BodyType.ERROR, {"badRequest"})


def test_only_information_is_given_without_protection(desk: Desk) -> None:
    talk = desk.talk(None)
    talk.say(BodyType.RR, b"\x30\x00")
    assert talk.reasons == {"badMessageCheck"}


def test_a_question_without_protection_answers_nothing_either(desk: Desk) -> None:
    talk = desk.talk(None)
    talk.say(BodyType.GENM, b"\x30\x00", bytes(16))
    assert talk.reasons == {"badRecipientNonce"}


def inquire(ca: CertificateAuthority, responder: Responder, item: TLV) -> bytes | None:
    """Ask without HTTP, and give the first value told."""
    talk = Conversation(None, NULL_NAME, clock=lambda: DEFAULT_NOW, randomness=seeded("asking"))
    raw = talk.message(BodyType.GENM, encode_list(GenMsgContent(items=[item])))
    answer = decode_message(responder.answer(raw, None)[0])
    assert answer.body_type is BodyType.GENP
    fields = decode_list(GenMsgContent, encode(decode_list(GenMsgContent, answer.content)[0]))
    return encode(fields[1]) if len(fields) == 2 else None


def responder_of(ca: CertificateAuthority, crls: PublishedCrls | None = None) -> Responder:
    return Responder(
        ca.authority,
        Store(None),
        lambda: DEFAULT_NOW,
        seeded("answering"),
        crls=crls,
        root_update=lambda: ca.root_update,
    )


@pytest.fixture
def ca() -> Iterator[CertificateAuthority]:
    made = CertificateAuthority(SettableClock(DEFAULT_NOW))
    yield made
    made.close()


def test_no_next_root_is_told_of_before_it_is_announced(ca: CertificateAuthority) -> None:
    assert inquire(ca, responder_of(ca), info(InfoType.ROOT_CA_CERT)) is None


def test_a_next_root_comes_with_certificates_that_link_it(ca: CertificateAuthority) -> None:
    old, responder = ca.root, responder_of(ca)
    ca.update_root()
    raw = inquire(ca, responder, info(InfoType.ROOT_CA_CERT, certificate_der(old)))
    content = decode(RootCaKeyUpdateContent, raw or b"")
    new, new_with_old = content.new_with_new, content.new_with_old
    old_with_new = content.old_with_new
    assert new_with_old is not None
    assert old_with_new is not None
    new.verify_directly_issued_by(new)
    new_with_old.verify_directly_issued_by(old)
    old_with_new.verify_directly_issued_by(new)
    assert new_with_old.public_key() == new.public_key() != old.public_key()
    assert old_with_new.public_key() == old.public_key()
    # RFC 9810, 4.4.1.
    assert new.not_valid_before_utc < old.not_valid_after_utc < new.not_valid_after_utc
    assert new_with_old.not_valid_before_utc == new.not_valid_before_utc
    assert old_with_new.not_valid_after_utc == old.not_valid_after_utc


def test_who_has_another_root_is_told_of_none(ca: CertificateAuthority) -> None:
    new = ca.update_root().identity.certificate
    responder = responder_of(ca)
    for root in (new, next(iter(ca.issuers.values()))):
        item = info(InfoType.ROOT_CA_CERT, certificate_der(root))
        assert inquire(ca, responder, item) is None


def test_an_announced_root_is_kept(tmp_path: Path) -> None:
    first = CertificateAuthority.open(tmp_path, SettableClock(DEFAULT_NOW))
    made = first.update_root()
    first.close()
    again = CertificateAuthority.open(tmp_path, SettableClock(DEFAULT_NOW))
    assert again.root_update is not None
    assert again.root_update.identity.certificate == made.identity.certificate
    assert again.root_update.old_with_new == made.old_with_new
    again.close()


def crls_of(ca: CertificateAuthority) -> PublishedCrls:
    def current(issuer: str) -> bytes:
        signer = ca.authority.issuers[IssuerName(issuer)]
        builder = x509.CertificateRevocationListBuilder(
            signer.certificate.subject, DEFAULT_NOW, DEFAULT_NOW + timedelta(days=1)
        )
        return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    return PublishedCrls(current, lambda issuer: f"http://ca.test/{issuer}.crl")


def status(kind: str, name: TLV, known: datetime | None) -> TLV:
    names = Tlv(0x30 if kind == "issuer" else 0xA0, encode(name))
    this_update = None if known is None else GeneralizedTime(known)
    item = CrlStatus(source=Variant(tlv(bytes(names)), kind), this_update=this_update)  # type: ignore[arg-type]
    return info(InfoType.CRL_STATUS_LIST, encode_list(CrlStatusList(items=[item])))


def test_the_latest_crl_is_told(ca: CertificateAuthority) -> None:
    raw = inquire(ca, responder_of(ca, crls_of(ca)), info(InfoType.CURRENT_CRL))
    crl = x509.load_der_x509_crl(raw or b"")
    assert crl.issuer == ca.issuers[IssuerName.AUTHENTICATION].subject
    assert inquire(ca, responder_of(ca), info(InfoType.CURRENT_CRL)) is None


def test_a_ca_tells_the_crls_that_it_publishes(ca: CertificateAuthority) -> None:
    ca.authority.publication = Publication("http://ca.test")
    responder = ca._responder  # noqa: SLF001  what answers behind its application
    raw = inquire(ca, responder, info(InfoType.CURRENT_CRL))
    assert x509.load_der_x509_crl(raw or b"") == ca.crls()["authentication"]
    address = tlv(bytes(Tlv(0x86, b"http://ca.test/crl/signing.crl")))
    newer = decode_list(GenMsgContent, inquire(ca, responder, status("dpn", address, None)) or b"")
    assert x509.load_der_x509_crl(encode(newer[0])) == ca.crls()["signing"]


@pytest.mark.parametrize("publisher", ["root", "signing", "services"])
def test_the_crl_of_whoever_publishes_one_is_told(ca: CertificateAuthority, publisher: str) -> None:
    ca.authority.publication = Publication("http://ca.test")
    responder = ca._responder  # noqa: SLF001  what answers behind its application
    address = tlv(bytes(Tlv(0x86, f"http://ca.test/crl/{publisher}.crl".encode())))
    crl = ca.crls()[publisher]
    for item in (status("dpn", address, None), status("issuer", general_name(crl.issuer), None)):
        (told,) = decode_list(GenMsgContent, inquire(ca, responder, item) or b"")
        assert x509.load_der_x509_crl(encode(told)) == crl


@pytest.mark.parametrize(
    ("known", "newer"),
    [(None, True), (DEFAULT_NOW - timedelta(hours=1), True), (DEFAULT_NOW, False)],
)
@pytest.mark.parametrize("kind", ["issuer", "otherwise", "dpn"])
def test_a_crl_is_told_where_it_is_newer(
    ca: CertificateAuthority, kind: str, known: datetime | None, newer: bool
) -> None:
    issuer = ca.issuers[IssuerName.SIGNING].subject
    by_address = tlv(bytes(Tlv(0x86, b"http://ca.test/signing.crl")))
    if kind == "dpn":
        asked = status("dpn", by_address, known)
    else:
        named = written_otherwise(issuer) if kind == "otherwise" else issuer
        asked = status("issuer", general_name(named), known)
    raw = inquire(ca, responder_of(ca, crls_of(ca)), asked)
    assert (raw is not None) is newer
    if raw is not None:
        (crl,) = decode_list(GenMsgContent, raw)
        assert x509.load_der_x509_crl(encode(crl)).issuer == issuer


def test_no_crl_of_somebody_else_is_told(ca: CertificateAuthority) -> None:
    responder = responder_of(ca, crls_of(ca))
    assert inquire(ca, responder, status("issuer", general_name(ANYTHING), None)) is None


@pytest.mark.parametrize(
    ("path", "named", "reasons"),
    [
        (None, ["signing"], None),
        ("signing", ["signing"], None),
        ("signing", [""], None),
        ("signing", ["authentication"], {"badRequest"}),
        (None, ["unheard of"], {"badRequest"}),
        (None, ["signing", "authentication"], {"badRequest"}),
    ],
)
def test_a_profile_may_be_named_in_the_header(
    desk: Desk, path: str | None, named: list[str], reasons: set[str] | None
) -> None:
    holder = desk.new_holder()
    talk = desk.talk(holder.by("authentication"), path)
    talk.conversation.general_info = [info(InfoType.CERT_PROFILE, encode_list(Texts(items=named)))]
    talk.ask(holder.name, new_key())
    if reasons is not None:
        assert talk.reasons == reasons
    else:
        assert talk.certificate.issuer == desk.ca.issuers[IssuerName.SIGNING].subject


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (["signing", "authentication"], [IssuerName.SIGNING, IssuerName.AUTHENTICATION]),
        (["", "signing"], [IssuerName.AUTHENTICATION, IssuerName.SIGNING]),
        (["signing"], [IssuerName.SIGNING, IssuerName.AUTHENTICATION]),
        (["signing"] * 3, None),
        ([], None),
    ],
)
def test_each_question_may_have_a_profile_of_its_own(
    desk: Desk, named: list[str], expected: list[IssuerName] | None
) -> None:
    talk = desk.talk(None)
    talk.conversation.general_info = [info(InfoType.CERT_PROFILE, encode_list(Texts(items=named)))]
    questions = [info(InfoType.CURRENT_CRL), info(InfoType.CURRENT_CRL)]
    answer = talk.say(BodyType.GENM, encode_list(GenMsgContent(items=questions)))
    if expected is None:
        assert talk.reasons == {"badRequest"}
        return
    told = [value for _, value in map(read_info, decode_list(GenMsgContent, answer.content))]
    issuers = [x509.load_der_x509_crl(value or b"").issuer for value in told]
    assert issuers == [desk.ca.issuers[each].subject for each in expected]


def test_two_names_for_one_request_are_one_too_many_however_they_come(desk: Desk) -> None:
    holder = desk.new_holder()
    one = info(InfoType.CERT_PROFILE, encode_list(Texts(items=["signing"])))
    talk = desk.talk(holder.by("authentication"))
    talk.conversation.general_info = [one, one]
    talk.ask(holder.name, new_key())
    assert talk.reasons == {"badRequest"}
