# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from selfrenew.cmp import (
    CaRejectedError,
    CaUnreachableError,
    WrongCertificateError,
)
from selfrenew.cmp.building import (
    NULL_CONTENT,
    MacProtection,
)
from selfrenew.cmp.client import CmpClient, PendingCertificate
from selfrenew.cmp.message import (
    certificate_der,
    decode_list,
)
from selfrenew.cmp.path import check_issued
from selfrenew.cmp.protection import PrivateKeySigner, verify_signature
from selfrenew.cmp.structures import (
    BodyType,
    CertConfirmContent,
    CertStatus,
    FailureInfo,
    PkiStatus,
)
from selfrenew.secret import Secret

CMP = "application/pkixcmp"
SECRET = Secret("a shared secret")
Ask = Callable[..., PendingCertificate]


def only_confirmation(ca: Any) -> CertStatus:
    (status,) = decode_list(CertConfirmContent, ca.received[-1].content)
    return status


# The course as it should be.


@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        (BodyType.IR, ["ir", "certConf"]),
        (BodyType.CR, ["cr", "certConf"]),
        (BodyType.KUR, ["kur", "certConf"]),
    ],
)
def test_a_certificate_is_asked_for_issued_and_confirmed(
    ask: Ask, ca: Any, new_key: PrivateKeySigner, kind: BodyType, kinds: list[str]
) -> None:
    pending = ask(kind)
    assert pending.certificate.public_key() == new_key.public_key
    assert ca.kinds == kinds[:1]
    pending.confirm()
    assert ca.kinds == kinds
    status = only_confirmation(ca)
    digest = pending.certificate.fingerprint(hashes.SHA256())
    assert (status.cert_hash, status.cert_req_id, status.status_info) == (digest, 0, None)


def test_every_message_is_signed_and_belongs_to_one_transaction(
    ask: Ask, ca: Any, pki: Any
) -> None:
    ask().confirm()
    first, second = ca.received
    for message in (first, second):
        verify_signature(message, pki.person.certificate.public_key())
        assert message.certificates == [pki.person.certificate, pki.issuer.certificate]
        assert len(message.header.sender_nonce) == 16
    assert first.header.recip_nonce is None
    assert second.header.recip_nonce == ca.nonces[0]
    assert first.header.transaction_id == second.header.transaction_id
    assert len(first.header.transaction_id) == 16
    assert first.header.sender_nonce != second.header.sender_nonce


def test_two_requests_share_no_transaction_and_no_nonce(ask: Ask, ca: Any) -> None:
    ask()
    ask()
    for part in ("transaction_id", "sender_nonce"):
        first, second = (getattr(message.header, part) for message in ca.received)
        assert first != second


def test_a_request_may_be_protected_by_a_shared_secret(
    client: CmpClient, ca: Any, new_key: PrivateKeySigner
) -> None:
    ca.on[BodyType.IR] = lambda request: ca.grant(request, by=SECRET)
    ca.on[BodyType.CERTCONF] = lambda request: ca.reply(
        request, BodyType.PKICONF, NULL_CONTENT, by=SECRET
    )
    mac = MacProtection(b"reference", SECRET)
    name = ca.pki.person.certificate.subject
    client.request(BodyType.IR, subject=name, key=new_key, protection=mac).confirm()
    assert [message.header.sender_kid for message in ca.received] == [b"reference"] * 2


def test_a_request_under_a_secret_may_be_answered_with_a_signature(
    client: CmpClient, ca: Any, new_key: PrivateKeySigner
) -> None:
    mac = MacProtection(b"reference", SECRET)
    name = ca.pki.person.certificate.subject
    client.request(BodyType.IR, subject=name, key=new_key, protection=mac).confirm()
    assert ca.kinds == ["ir", "certConf"]


@pytest.mark.parametrize("status", [PkiStatus.ACCEPTED, PkiStatus.GRANTED_WITH_MODS])
def test_both_kinds_of_granting_are_taken(ask: Ask, ca: Any, status: PkiStatus) -> None:
    ca.on[BodyType.CR] = lambda request: ca.grant(request, status=status)
    ask().confirm()


def test_an_answer_of_any_http_status_is_read(ask: Ask, ca: Any) -> None:
    for status in (400, 500, 503):
        ca.on[BodyType.CR] = lambda request, status=status: (
            status,
            "Application/PKIXCMP; charset=binary",
            ca.error(request, FailureInfo.badTime),
        )
        with pytest.raises(CaRejectedError, match="badTime"):
            ask()


# The certificate is judged by the caller, and the CA hears of it.


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("for another key", "public_key"),
        ("is for CN=somebody, not for CN=person", "subject"),
        ("is one for a CA", "ca"),
        ("2026-11-24 00:00 UTC, which is not now", "end"),
        ("valid from 2026-11-25 12:00 to", "start"),
        ("does not lead to a trusted root", "issuer"),
        ("keyUsage lacks digitalSignature", "usage"),
    ],
)
def test_a_wrong_certificate_is_rejected_in_a_certconf_and_nothing_else(
    ask: Ask, ca: Any, new_key: PrivateKeySigner, words: str, option: str
) -> None:
    now, day, pki = ca.clock(), timedelta(days=1), ca.pki
    wrong = {
        "public_key": pki.person.certificate.public_key(),
        "subject": "somebody",
        "ca": True,
        "end": now - day / 2,
        "start": now + day,
        "issuer": pki.stranger,
        "usage": pki.issuer.certificate.extensions.get_extension_for_class(x509.KeyUsage).value,
    }[option]
    ca.on[BodyType.CR] = lambda request: ca.grant(request, ca.issued(**{option: wrong}))
    pending = ask()
    with pytest.raises(WrongCertificateError) as caught:
        check_issued(
            pending.certificate,
            public_key=new_key.public_key,
            subject=pki.person.certificate.subject,
            others=pending.others,
            anchors=(pki.root.certificate,),
            now=now,
        )
    assert words in str(caught.value)
    pending.reject(str(caught.value))
    assert ca.kinds == ["cr", "certConf"]
    status = only_confirmation(ca)
    assert status.cert_hash == pending.certificate.fingerprint(hashes.SHA256())
    assert status.status_info is not None
    assert status.status_info.status == PkiStatus.REJECTION
    assert status.status_info.status_string == [str(caught.value)]


def check(pending: PendingCertificate, ca: Any, new_key: PrivateKeySigner) -> None:
    check_issued(
        pending.certificate,
        public_key=new_key.public_key,
        subject=ca.pki.person.certificate.subject,
        others=pending.others,
        anchors=[ca.pki.root.certificate],
        now=ca.clock(),
    )


def test_a_right_certificate_passes(ask: Ask, ca: Any, new_key: PrivateKeySigner) -> None:
    check(ask(), ca, new_key)


def test_an_issuer_may_come_among_the_cas_certificates_only(
    ask: Ask, ca: Any, pki: Any, new_key: PrivateKeySigner, odd_certificates: dict[str, bytes]
) -> None:
    signer, issuer = pki.signer.certificate, pki.issuer.certificate
    ca.on[BodyType.CR] = lambda request: ca.grant(
        request,
        chain=(pki.signer,),
        ca_pubs=(*odd_certificates.values(), *map(certificate_der, (issuer, signer, issuer))),
    )
    pending = ask()
    assert pending.others == [signer, issuer]
    check(pending, ca, new_key)
    pending.confirm()


def test_a_root_that_comes_among_the_cas_certificates_is_no_anchor(
    ask: Ask, ca: Any, issued: Callable[..., Any], new_key: PrivateKeySigner
) -> None:
    stranger = issued("root", ca=True)
    ca.on[BodyType.CR] = lambda request: ca.grant(
        request, ca.issued(issuer=stranger), ca_pubs=(certificate_der(stranger.certificate),)
    )
    pending = ask()
    assert stranger.certificate in pending.others
    with pytest.raises(WrongCertificateError, match="does not lead to a trusted root"):
        check(pending, ca, new_key)


def test_a_certificate_that_cannot_be_read_is_rejected_to_the_ca(
    ask: Ask, ca: Any, odd_certificates: dict[str, bytes]
) -> None:
    for raw in odd_certificates.values():
        ca.received.clear()
        ca.on[BodyType.CR] = lambda request, raw=raw: ca.grant(request, raw)
        with pytest.raises(WrongCertificateError, match="certificate cannot be read"):
            ask()
        assert ca.kinds == ["cr", "certConf"]
        status = only_confirmation(ca)
        digest = hashes.Hash(hashes.SHA256())
        digest.update(raw)
        assert status.cert_hash == digest.finalize()
        assert status.hash_alg is not None
        assert ca.received[-1].header.pvno == 3
        assert status.status_info is not None
        assert status.status_info.status == PkiStatus.REJECTION


def test_a_confirmation_may_be_refused(ask: Ask, ca: Any) -> None:
    ca.on[BodyType.CERTCONF] = lambda request: ca.error(
        request, FailureInfo.badCertId, text="which one?"
    )
    pending = ask()
    with pytest.raises(CaRejectedError, match=r'Sending certConf .* badCertId \("which one\?"\)'):
        pending.confirm()


def test_a_lost_pkiconf_is_a_ca_that_cannot_be_reached(ask: Ask, ca: Any, loopback: Any) -> None:
    pending = ask()
    loopback.respond = lambda _: b""
    with pytest.raises(CaUnreachableError, match="Sending certConf to the CA at"):
        pending.confirm()


def test_a_confirmation_may_be_sent_again_after_a_lost_pkiconf(
    ask: Ask, loopback: Any, ca: Any
) -> None:
    pending = ask()
    respond, loopback.respond = loopback.respond, lambda _: b""
    with pytest.raises(CaUnreachableError):
        pending.confirm()
    loopback.respond = respond
    pending.confirm()
    assert ca.received[-1].header.recip_nonce == ca.nonces[0]
