# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type

from selfrenew.cmp import (
    CmpError,
    CmpFormatError,
    NotCmpError,
    UntrustedAnswerError,
    WrongTransactionError,
)
from selfrenew.cmp.building import (
    NULL_CONTENT,
    MacProtection,
    SignatureProtection,
    fail_bits,
)
from selfrenew.cmp.checking import Trust
from selfrenew.cmp.client import CmpClient, PendingCertificate
from selfrenew.cmp.message import (
    ReceivedMessage,
    general_name,
)
from selfrenew.cmp.path import CMC_CA, check_issued
from selfrenew.cmp.protection import PrivateKeySigner, password_based_mac
from selfrenew.cmp.structures import (
    BodyType,
    FailureInfo,
    PkiStatus,
    PkiStatusInfo,
)
from selfrenew.secret import Secret

CMP = "application/pkixcmp"
SECRET = Secret("a shared secret")
Ask = Callable[..., PendingCertificate]


# Answers that are not this CA's, or not to this message.


def test_an_answer_of_another_transaction_is_refused(ask: Ask, ca: Any) -> None:
    ca.header = lambda header: setattr(header, "transaction_id", bytes(16))
    with pytest.raises(WrongTransactionError, match="another transaction"):
        ask()


def test_an_answer_without_a_transaction_is_refused(ask: Ask, ca: Any) -> None:
    ca.header = lambda header: setattr(header, "transaction_id", None)
    with pytest.raises(WrongTransactionError, match="another transaction"):
        ask()


@pytest.mark.parametrize("nonce", [None, b"", bytes(16)])
def test_an_answer_to_another_message_is_refused(ask: Ask, ca: Any, nonce: bytes | None) -> None:
    ca.header = lambda header: setattr(header, "recip_nonce", nonce)
    with pytest.raises(WrongTransactionError, match="recipNonce is wrong"):
        ask()


@pytest.mark.parametrize("nonce", [None, b"", bytes(15)])
def test_an_answer_without_a_nonce_of_its_own_is_refused(
    ask: Ask, ca: Any, nonce: bytes | None
) -> None:
    ca.header = lambda header: setattr(header, "sender_nonce", nonce)
    with pytest.raises(WrongTransactionError, match="no senderNonce of 16 bytes"):
        ask()


@pytest.mark.parametrize("pvno", [0, 1, 4, 255, -1, 256])
def test_an_answer_of_an_unknown_version_is_refused(ask: Ask, ca: Any, pvno: int) -> None:
    ca.header = lambda header: setattr(header, "pvno", pvno)
    with pytest.raises(CmpFormatError, match=f"CMP version {pvno}"):
        ask()


def test_a_version_too_long_to_be_shown_is_refused(ask: Ask, ca: Any) -> None:
    ca.header = lambda header: setattr(header, "pvno", 1 << 20_000)
    with pytest.raises(CmpFormatError, match="too long to be shown"):
        ask()


@pytest.mark.parametrize("minutes", [-11, 11])
def test_an_answer_of_another_time_is_refused(ask: Ask, ca: Any, minutes: int) -> None:
    now = ca.clock()
    ca.clock = lambda: now + timedelta(minutes=minutes)
    with pytest.raises(WrongTransactionError, match="Check this machine's clock"):
        ask()


def test_an_old_answer_played_again_is_refused(ask: Ask, ca: Any) -> None:
    answers: list[bytes] = []
    ca.on[BodyType.CR] = lambda request: answers.append(ca.grant(request)) or answers[0]
    ask()
    ca.received.clear()
    with pytest.raises(WrongTransactionError):
        ask()


def test_an_answer_without_protection_is_refused(ask: Ask, ca: Any) -> None:
    ca.on[BodyType.CR] = lambda request: ca.grant(request, protected=False)
    with pytest.raises(UntrustedAnswerError, match=r"is not protected\. It was not used"):
        ask()


def test_an_error_without_protection_is_passed_on_as_hearsay(ask: Ask, ca: Any) -> None:
    ca.on[BodyType.CR] = lambda request: ca.error(
        request, FailureInfo.badTime, text="set your\nclock", protected=False
    )
    with pytest.raises(UntrustedAnswerError) as caught:
        ask()
    assert 'anybody may have sent it. It says badTime ("set your clock").' in str(caught.value)


def test_a_refusal_in_the_response_without_protection_is_passed_on_too(ask: Ask, ca: Any) -> None:
    info = PkiStatusInfo(
        status=PkiStatus.REJECTION,
        status_string=["not in this profile"],
        fail_info=fail_bits(FailureInfo.badCertTemplate),
    )
    ca.on[BodyType.CR] = lambda request: ca.refuse(request, info, protected=False)
    with pytest.raises(UntrustedAnswerError) as caught:
        ask()
    said = 'anybody may have sent it. It says badCertTemplate ("not in this profile").'
    assert said in str(caught.value)


def test_an_answer_changed_anywhere_on_its_way_is_refused(ask: Ask, ca: Any, pki: Any) -> None:
    def change(at: int, request: ReceivedMessage) -> bytes:
        raw = ca.grant(request, by=pki.root, chain=())
        place = at % len(raw)
        return raw[:place] + bytes((raw[place] ^ 0x01,)) + raw[place + 1 :]

    for at in range(0, 900, 11):
        ca.on[BodyType.CR] = partial(change, at)
        ca.received.clear()
        with pytest.raises(CmpError):
            ask()
        assert ca.kinds in (["cr"], ["cr", "error"])


def test_a_mac_where_a_signature_is_due_is_refused(ask: Ask, ca: Any) -> None:
    ca.header = lambda header: setattr(header, "protection_alg", password_based_mac(b"salt"))
    ca.on[BodyType.CR] = lambda request: ca.grant(request, by=SECRET)
    with pytest.raises(UntrustedAnswerError, match="MAC where a signature is due"):
        ask()


def test_a_mac_under_another_secret_is_refused(
    client: CmpClient, ca: Any, new_key: PrivateKeySigner
) -> None:
    ca.on[BodyType.IR] = lambda request: ca.grant(request, by=Secret("another"))
    mac = MacProtection(b"reference", SECRET)
    with pytest.raises(UntrustedAnswerError, match=r"MAC of ip .* is wrong") as caught:
        client.request(
            BodyType.IR, subject=ca.pki.person.certificate.subject, key=new_key, protection=mac
        )
    assert "shared secret" not in str(caught.value)


def test_signers_that_may_not_answer_for_the_ca_are_refused(
    ask: Ask, ca: Any, pki: Any, issued: Callable[..., Any], usage: Callable[..., x509.KeyUsage]
) -> None:
    now, day = ca.clock(), timedelta(days=1)
    root = pki.root
    stranger = issued("root", ca=True)
    signers = {
        "another root": stranger.issue("signer", purposes=(CMC_CA,)),
        "self-signed": issued("signer", purposes=(CMC_CA,)),
        "a self-made CA": stranger,
        "expired": root.issue("signer", purposes=(CMC_CA,), end=now - day / 2),
        "not yet valid": root.issue("signer", purposes=(CMC_CA,), start=now + day),
        "another person": pki.issuer.issue("other", usage=usage(digital_signature=True)),
        "the person": pki.person,
        "another purpose": root.issue("signer", purposes=(x509.ExtendedKeyUsageOID.SERVER_AUTH,)),
        "may not sign": root.issue("signer", purposes=(CMC_CA,), usage=usage(key_cert_sign=True)),
        "a CA that may not sign": pki.issuer,
    }
    for signer in signers.values():
        ca.on[BodyType.CR] = lambda request, signer=signer: ca.grant(request, by=signer)
        with pytest.raises(UntrustedAnswerError, match="is not signed by a certificate that leads"):
            ask()


def test_the_root_itself_may_answer_and_need_not_be_sent(ask: Ask, ca: Any, pki: Any) -> None:
    ca.on[BodyType.CR] = lambda request: ca.grant(request, by=pki.root, chain=())
    ask()


def test_a_signer_that_came_before_in_the_transaction_need_not_be_sent_again(
    ask: Ask, ca: Any, pki: Any, new_key: PrivateKeySigner
) -> None:
    ca.on[BodyType.CR] = ca.wait
    polled = iter([partial(ca.poll_later, seconds=1), ca.grant])
    ca.on[BodyType.POLLREQ] = lambda request: next(polled)(request, chain=())
    ca.on[BodyType.CERTCONF] = lambda request: ca.reply(
        request, BodyType.PKICONF, NULL_CONTENT, chain=()
    )
    pending = ask()
    check_issued(
        pending.certificate,
        public_key=new_key.public_key,
        subject=pki.person.certificate.subject,
        others=pending.others,
        anchors=(pki.root.certificate,),
        now=ca.clock(),
    )
    pending.confirm()
    assert ca.kinds == ["cr", "pollReq", "pollReq", "certConf"]


def test_a_signer_that_came_in_another_transaction_is_not_remembered(ask: Ask, ca: Any) -> None:
    ask().confirm()
    ca.received.clear()
    ca.on[BodyType.CR] = lambda request: ca.grant(request, chain=())
    with pytest.raises(UntrustedAnswerError, match="may speak for a CA"):
        ask()


def test_a_pinned_signer_needs_no_path(
    cmp_url: str,
    http: httpx.Client,
    ca: Any,
    issued: Callable[..., Any],
    by_person: SignatureProtection,
) -> None:
    pinned = issued("pinned")
    ca.on[BodyType.CR] = lambda request: ca.grant(request, by=pinned, chain=())
    trust = Trust((), pinned.certificate)
    client = CmpClient(cmp_url, http=http, trust=trust, clock=ca.clock)
    subject, key = by_person.certificate.subject, by_person.signer
    client.request(BodyType.CR, subject=subject, key=key, protection=by_person)


@pytest.mark.parametrize("written", ["signer", "Signer", " signer  "])
@pytest.mark.parametrize("kind", [_ASN1Type.UTF8String, _ASN1Type.PrintableString])
def test_a_sender_may_write_its_name_in_another_way_than_its_certificate(
    ask: Ask, ca: Any, written: str, kind: _ASN1Type
) -> None:
    attribute = x509.NameAttribute(x509.NameOID.COMMON_NAME, written, _type=kind)
    ca.header = lambda header: setattr(header, "sender", general_name(x509.Name([attribute])))
    ask().confirm()


@pytest.mark.parametrize("field", ["sender", "sender_kid"])
def test_a_signer_has_to_be_the_sender(ask: Ask, ca: Any, pki: Any, field: str) -> None:
    other = {"sender": pki.person.certificate.subject, "sender_kid": bytes(20)}[field]

    def change(header: Any) -> None:
        setattr(header, field, general_name(other) if field == "sender" else other)

    ca.header = change
    with pytest.raises(UntrustedAnswerError, match="is not signed by"):
        ask()


def test_certificates_that_cannot_be_read_do_not_spoil_the_answer(
    ask: Ask, ca: Any, odd_certificates: dict[str, bytes]
) -> None:
    odd = tuple(odd_certificates.values())
    ca.on[BodyType.CR] = lambda request: ca.grant(request, more_certs=odd)
    assert len(ask().others) == 2


def test_a_heap_of_certificates_is_refused(ask: Ask, ca: Any) -> None:
    ca.on[BodyType.CR] = lambda request: ca.grant(request, more_certs=(b"\x05\x00",) * 100)
    with pytest.raises(NotCmpError, match="more than 100 extraCerts"):
        ask()
