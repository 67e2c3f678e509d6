# SPDX-License-Identifier: Apache-2.0
"""A CA that refuses, puts off, or answers with a header or a protection that is wrong.

What is wrong is only what the fault says: a wrong nonce is signed as properly as a right one.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from cryptography import x509

from selfrenew.cmp.message import Message, certificate_der, general_name
from selfrenew.cmp.protection import (
    PrivateKeySigner,
    Signer,
    encode_unprotected,
    protect,
    subject_key_identifier,
)
from selfrenew.cmp.structures import BodyType, FailureInfo
from selfrenew.secret import Secret

from .ca_certificates import STRANGE_KEY, Draft
from .ca_conduct import AnsweringKeys, Conduct, Hold, Refusal
from .ca_exchange import CaMisbehaviour
from .ca_trigger import PARAMETERS, REQUESTS, STRIKES_AT, CaTrigger, number
from .fault import Fault, FaultTarget

_DAY = timedelta(days=1)
_ANOTHER = bytes.fromhex("0f" * 16)
_HELD_SECONDS, _CHECK_AFTER = 60, 5
_LONGEST = 10_000_000
Protect = Callable[[Message, Signer | Secret, AnsweringKeys], bytes]


def of_another_transaction(message: Message, by: Signer | Secret, _: AnsweringKeys) -> bytes:
    """Name another transaction."""
    message.header.transaction_id = _ANOTHER
    return protect(message, by)


def with_another_nonce(message: Message, by: Signer | Secret, _: AnsweringKeys) -> bytes:
    """Answer a message that was not sent."""
    message.header.recip_nonce = _ANOTHER
    return protect(message, by)


def unprotected(message: Message, _: Signer | Secret, __: AnsweringKeys) -> bytes:
    """Leave the protection out."""
    message.header.protection_alg = None
    return encode_unprotected(message)


def wrongly_protected(message: Message, by: Signer | Secret, _: AnsweringKeys) -> bytes:
    """Protect something else: whoever changed the answer afterwards could not protect it."""
    nonce, message.header.sender_nonce = message.header.sender_nonce, _ANOTHER
    raw = protect(message, by)
    # Both have the same length, so that only the covered bytes differ from what was signed.
    return raw.replace(_ANOTHER, nonce or _ANOTHER, 1)


def by_expired_signer(message: Message, _: Signer | Secret, keys: AnsweringKeys) -> bytes:
    """Sign with the CA's key under a certificate that is over."""
    signer = keys.signer
    issuer = next(
        each for each in keys.authorities if each.certificate.subject == signer.certificate.issuer
    )
    draft = Draft.of(signer.certificate)
    over = replace(draft, end=draft.begin + _DAY).sign(issuer.key)
    return _signed_by(message, over, PrivateKeySigner(signer.key))


def by_unknown_signer(message: Message, _: Signer | Secret, keys: AnsweringKeys) -> bytes:
    """Sign with a certificate that says what the CA's says, under no root that is trusted."""
    key = STRANGE_KEY.public_key()
    draft = Draft.of(keys.signer.certificate).replacing(
        x509.SubjectKeyIdentifier.from_public_key(key),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key),
    )
    certificate = replace(draft, public_key=key).sign(STRANGE_KEY)
    return _signed_by(message, certificate, PrivateKeySigner(STRANGE_KEY))


def _signed_by(message: Message, certificate: x509.Certificate, signer: Signer) -> bytes:
    message.header.sender = general_name(certificate.subject)
    message.header.sender_kid = subject_key_identifier(certificate)
    chain = (certificate_der(certificate), *message.extra_certs[1:])
    return protect(replace(message, extra_certs=chain), signer)


def _rejects(parameters: Mapping[str, str]) -> CaMisbehaviour:
    trigger = CaTrigger.read(parameters)
    wanted = parameters.get("fail-info", FailureInfo.badRequest.name)
    named = {each.name.lower(): each for each in FailureInfo}
    if wanted.lower() not in named:
        known = ", ".join(each.name for each in FailureInfo)
        raise ValueError(f"'{wanted}' is no PKIFailureInfo; there are {known}")
    text = parameters.get("text", "refused as a fault was ordered to")
    return CaMisbehaviour(trigger, conduct=Conduct(refuse=Refusal(named[wanted.lower()], text)))


def _issuer_down(parameters: Mapping[str, str]) -> CaMisbehaviour:
    if "issuer" not in parameters:
        raise ValueError("it needs issuer=authentication or issuer=signing")
    refusal = Refusal(FailureInfo.systemUnavail, f"the {parameters['issuer']} issuer is down")
    return CaMisbehaviour(CaTrigger.read(parameters), conduct=Conduct(refuse=refusal))


def _waiting(parameters: Mapping[str, str]) -> CaMisbehaviour:
    trigger = CaTrigger.read(parameters, REQUESTS | {BodyType.RR, BodyType.GENM})
    if "at" not in parameters:
        trigger = replace(trigger, kinds=REQUESTS)
    hold = Hold(
        number("seconds", parameters, default=_HELD_SECONDS, most=_LONGEST),
        number("check-after", parameters, default=_CHECK_AFTER, most=_LONGEST),
    )
    return CaMisbehaviour(trigger, conduct=Conduct(hold=hold))


def _protecting(protecting: Protect) -> Callable[[Mapping[str, str]], CaMisbehaviour]:
    def read(parameters: Mapping[str, str]) -> CaMisbehaviour:
        return CaMisbehaviour(CaTrigger.read(parameters), conduct=Conduct(protect=protecting))

    return read


def _fault(
    name: str,
    reason: str,
    client: str,
    read: Callable[[Mapping[str, str]], CaMisbehaviour],
    *parameters: str,
) -> Fault:
    return Fault(
        name, FaultTarget.CA, reason, client, read, (*parameters, *PARAMETERS), trigger=STRIKES_AT
    )


_UNUSED = (
    "Uses nothing of it, and ends the transaction by an error message, so that the CA withdraws "
    "what it may have issued."
)
ANSWERS = (
    _fault(
        "ca.rejects",
        "A CA refuses, by any PKIFailureInfo, for a policy of its own.",
        "Says which reason came back and whom to show it to; repeats nothing by itself.",
        _rejects,
        "fail-info",
        "text",
    ),
    _fault(
        "ca.issuer-down",
        "Of the two issuers one is being maintained, while the other one answers.",
        "Asks both before it changes the card, and says that one is not there.",
        _issuer_down,
    ),
    _fault(
        "ca.waiting",
        "Somebody has to approve the request, or the CA is at work (RFC 9810, 5.3.22).",
        "Comes back by pollReq when checkAfter says, within its patience; then gives up and says "
        "so to the CA and to the person.",
        _waiting,
        "seconds",
        "check-after",
    ),
    _fault(
        "ca.transaction",
        "A gateway mixes up two clients' answers; each is signed by the CA.",
        _UNUSED,
        _protecting(of_another_transaction),
    ),
    _fault(
        "ca.nonce",
        "An answer is repeated, or a CA is wrong about the message that it answers.",
        _UNUSED,
        _protecting(with_another_nonce),
    ),
    _fault(
        "ca.protection-wrong",
        "An answer is changed on its way.",
        _UNUSED,
        _protecting(wrongly_protected),
    ),
    _fault(
        "ca.protection-missing",
        "A CA, or somebody in its place, does not protect its answers.",
        _UNUSED,
        _protecting(unprotected),
    ),
    _fault(
        "ca.signer-expired",
        "Nobody has renewed the certificate with which the CA signs its answers.",
        _UNUSED,
        _protecting(by_expired_signer),
    ),
    _fault(
        "ca.signer-unknown",
        "Somebody in between answers in the CA's name, under no root that is trusted.",
        _UNUSED,
        _protecting(by_unknown_signer),
    ),
)
