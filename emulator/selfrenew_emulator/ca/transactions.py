# SPDX-License-Identifier: Apache-2.0
"""The beginning of every transaction, and what is asked of a message that goes on with one."""

from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import ReceivedMessage, decode
from selfrenew.cmp.structures import ErrorMsgContent, FailureInfo

from .errors import RequestRefusedError
from .records import Record, Transaction
from .requester import Requester
from .store import Store


def transaction_of(message: ReceivedMessage) -> bytes:
    """Give a message's transactionID."""
    return message.header.transaction_id or b""


def begin(store: Store, message: ReceivedMessage, requester: Requester) -> None:
    """Take a first message's transactionID, for ever. Raise RequestRefusedError."""
    require_first(message)
    if not store.begin(transaction_of(message), requester.identity):
        raise RequestRefusedError(
            FailureInfo.transactionIdInUse, "this transactionID was used before"
        )


def require_first(message: ReceivedMessage) -> None:
    """Require that a message answers none. Raise RequestRefusedError."""
    if message.header.recip_nonce is not None:
        raise RequestRefusedError(
            FailureInfo.badRecipientNonce,
            "the first message of a transaction has no recipNonce",
        )


def find(
    store: Store, message: ReceivedMessage, requester: Requester
) -> tuple[Transaction, Record | None]:
    """Find the transaction that a message of its requester continues, and its certificate.

    Raise RequestRefusedError.
    """
    found = store.transaction(transaction_of(message))
    if found is None:
        raise RequestRefusedError(FailureInfo.badRequest, "no such transaction is open")
    transaction, record = found
    if transaction.requester != requester.identity:
        if _kind(transaction.requester) != _kind(requester.identity):
            raise RequestRefusedError(
                FailureInfo.wrongIntegrity,
                "all messages of a transaction are signed, or all are under a secret",
            )
        raise RequestRefusedError(
            FailureInfo.notAuthorized, "this transaction was begun by another requester"
        )
    return transaction, record


def _kind(identity: bytes) -> bytes:
    """Tell by what somebody is identified: a reference or a certificate."""
    return identity.partition(b" ")[0]


def require_report(message: ReceivedMessage) -> None:
    """Require that a message holds what an error does. Raise RequestRefusedError."""
    try:
        decode(ErrorMsgContent, message.content)
    except CmpFormatError as error:
        raise RequestRefusedError(FailureInfo.badDataFormat, str(error)) from error


def require_nonce(message: ReceivedMessage, nonce: bytes) -> None:
    """Require that a message answers the one with that senderNonce. Raise RequestRefusedError."""
    if message.header.recip_nonce != nonce:
        raise RequestRefusedError(
            FailureInfo.badRecipientNonce, "recipNonce is not the last senderNonce"
        )
