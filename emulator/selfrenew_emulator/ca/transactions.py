# SPDX-License-Identifier: Apache-2.0
"""The beginning of every transaction, and what is asked of a message that goes on with one."""

from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import ReceivedMessage, decode
from selfrenew.cmp.protection import is_mac
from selfrenew.cmp.structures import ErrorMsgContent, FailureInfo

from .errors import RequestRefusedError
from .records import Record, Transaction
from .requester import Requester, by_reference
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
        require_kind(store, message)
        raise RequestRefusedError(
            FailureInfo.notAuthorized, "this transaction was begun by another requester"
        )
    return transaction, record


def require_kind(store: Store, message: ReceivedMessage) -> None:
    """Require the kind of protection that a transaction was begun with, where there is some.

    Raise RequestRefusedError.
    """
    protected = message.header.protection_alg is not None and message.protection is not None
    found = store.transaction(transaction_of(message)) if protected else None
    if found is not None and is_mac(message) != by_reference(found[0].requester):
        raise RequestRefusedError(
            FailureInfo.wrongIntegrity,
            "all messages of a transaction are signed, or all are under a secret",
        )


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
