# SPDX-License-Identifier: Apache-2.0
"""What a registration authority sends: others' messages, wrapped or made anew.

Messages of others come nested in one that it protects (RFC 9810, 5.1.3.5; RFC 9483, 5.2.2): both
protections have to hold. One alone is answered as if it had come alone; the answers to more come
nested in one. What it made anew it protects instead of the requester (5.1.1.3 and 5.2.8.1).
"""

from collections.abc import Callable

from selfrenew.certificates import UNREADABLE
from selfrenew.cmp.errors import CmpFormatError, UnknownAlgorithmError
from selfrenew.cmp.information import InfoType, find_all
from selfrenew.cmp.message import ReceivedMessage, decode_list, decode_message, encode
from selfrenew.cmp.protection import ProtectionError, is_mac, verify_signature
from selfrenew.cmp.structures import BodyType, FailureInfo, PkiHeader, PkiMessages

from .answers import Answers
from .errors import RequestRefusedError
from .policy import registers_others
from .profiles import Profile
from .requester import EnrolledRequester, Requester
from .store import Store
from .transactions import begin

TOGETHER_MAX = 20


class Registering:
    """Takes messages apart; `answer` answers one by itself."""

    def __init__(
        self, store: Store, answers: Answers, answer: Callable[[bytes, Profile | None], bytes]
    ) -> None:
        self._store = store
        self._answers = answers
        self._answer = answer

    def answer_all(
        self, message: ReceivedMessage, requester: Requester, profile: Profile | None
    ) -> tuple[bytes, str]:
        """Answer nested. Raise RequestRefusedError."""
        if isinstance(requester, EnrolledRequester):
            raise RequestRefusedError(
                FailureInfo.wrongIntegrity, "what is nested is signed (RFC 9483, 5.2.2)"
            )
        if not registers_others(requester.right):
            raise RequestRefusedError(
                FailureInfo.notAuthorized, "only a registration authority sends for others"
            )
        inner = _messages(message.content)
        headers = [each.header for each in map(_read, inner) if each is not None]
        if len(inner) == 1:
            _check_copied(message.header, headers)
            return self._answer(inner[0], profile), "answered what was nested"
        _check_fresh(message.header, headers)
        begin(self._store, message, requester)
        answers = [self._answer(each, profile) for each in inner]
        answer = self._answers.nested(message, requester, answers)
        return answer, f"answered {len(answers)} nested"


def check_original(message: ReceivedMessage) -> None:
    """Check that origPKIMessage, where it is there, is one message. Raise RequestRefusedError.

    Its protection may be a MAC under a secret that only the registration authority shares. Where it
    is a signature, it has to be right, whoever trusts its signer.
    """
    try:
        given = find_all(message.header.general_info, InfoType.ORIG_PKI_MESSAGE)
        wrapped = [decode_message(each) for value in given for each in _messages(value or b"")]
    except CmpFormatError as error:
        raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error
    if given and (len(given), len(wrapped)) != (1, 1):
        raise RequestRefusedError(
            FailureInfo.badRequest, "origPKIMessage has to hold one message (RFC 9810, 5.1.1.3)"
        )
    try:
        for each in wrapped:
            _check_signature(each)
    except UnknownAlgorithmError:
        return
    except ProtectionError as error:
        raise RequestRefusedError(FailureInfo.badMessageCheck, str(error)) from error


def _check_signature(message: ReceivedMessage) -> None:
    """Check a signature with the certificate that came with it, where there are both."""
    protected = message.header.protection_alg is not None and message.protection is not None
    if protected and message.certificates and not is_mac(message):
        try:
            public_key = message.certificates[0].public_key()
        except UNREADABLE as error:
            raise UnknownAlgorithmError(str(error)) from error
        verify_signature(message, public_key)


def _messages(content: bytes) -> list[bytes]:
    """Take PKIMessages apart, none of them nested once more."""
    try:
        messages = [encode(each) for each in decode_list(PkiMessages, content)]
    except CmpFormatError as error:
        raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error
    if not 1 <= len(messages) <= TOGETHER_MAX:
        raise RequestRefusedError(
            FailureInfo.badRequest, f"1 to {TOGETHER_MAX} messages are taken together"
        )
    read = [each for each in map(_read, messages) if each is not None]
    if any(each.body_type is BodyType.NESTED for each in read):
        raise RequestRefusedError(FailureInfo.badRequest, "messages are nested once and no deeper")
    return messages


def _read(raw: bytes) -> ReceivedMessage | None:
    """Read a message, None where it is none.

    That is told of by itself and costs the others nothing (RFC 9810, 5.1.3.5).
    """
    try:
        return decode_message(raw)
    except CmpFormatError:
        return None


def _check_copied(outer: PkiHeader, inner: list[PkiHeader]) -> None:
    """Check that what wraps one message names its transaction and nonces (RFC 9483, 5.2.2.1)."""
    for each in inner:
        if outer.sender_nonce != each.sender_nonce:
            raise RequestRefusedError(
                FailureInfo.badSenderNonce, "senderNonce is not that of the one message within"
            )
        if outer.recip_nonce not in {None, each.recip_nonce}:
            raise RequestRefusedError(
                FailureInfo.badRecipientNonce, "recipNonce is not that of the one message within"
            )
        if outer.transaction_id != each.transaction_id:
            raise RequestRefusedError(
                FailureInfo.badRequest, "transactionID is not that of the one message within"
            )


def _check_fresh(outer: PkiHeader, inner: list[PkiHeader]) -> None:
    """Check that what wraps more messages names none of theirs (RFC 9483, 5.2.2.2)."""
    if any(outer.transaction_id == each.transaction_id for each in inner):
        raise RequestRefusedError(
            FailureInfo.transactionIdInUse, "transactionID is that of a message within"
        )
    if any(outer.sender_nonce == each.sender_nonce for each in inner):
        raise RequestRefusedError(
            FailureInfo.badSenderNonce, "senderNonce is that of a message within"
        )
