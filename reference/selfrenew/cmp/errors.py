# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in a conversation with a CA.

CmpError
├── CmpFormatError            bytes that are no CMP message
│   ├── MalformedMessageError bytes that are none, behind a header that could be read
│   └── UnknownAlgorithmError an algorithm, or what one is asked to do, that is not taken here
├── CaUnreachableError        no connection, no answer in time
│   └── CaAnswerLostError     the message was sent, so it may have been acted on
├── TlsNotTrustedError        somebody answered who cannot show a trusted name
├── CaBusyError               the CA asks to come back later
│   └── CaGatewayError        a gateway was given no answer of the CA, which may have acted
├── NotCmpError               an answer that is not CMP
├── UnusableAnchorsError      no way to an anchor that certificates are checked along here
├── UntrustedAnswerError      CMP, but its protection or its signer does not hold
├── WrongTransactionError     an answer to something else
├── CaWaitingError            the CA keeps the request longer than the budget allows
├── CaRejectedError           the CA says no, with its reasons
│   └── CaDownError           the CA says that it, or an issuer of it, is down
└── WrongCertificateError     the certificate is not the one that was asked for
"""

from selfrenew import messages


class CmpError(Exception):
    """A transaction with the CA did not come to its end."""


class CmpFormatError(CmpError):
    """Bytes are no CMP message, or a field of one is malformed."""


class UnknownAlgorithmError(CmpFormatError):
    """A protection or signature is of an algorithm, or of a strength, that is not taken here."""


class CaUnreachableError(CmpError):
    """The CA cannot be reached."""


class CaAnswerLostError(CaUnreachableError):
    """The message was sent and no whole answer came: the CA may have acted on it."""


class TlsNotTrustedError(CmpError):
    """The TLS server is not one that is trusted."""


class CaBusyError(CmpError):
    """The CA is overloaded or down for a while."""

    def __init__(self, text: str, retry_after_seconds: float | None) -> None:
        super().__init__(text)
        self.retry_after_seconds = retry_after_seconds


class CaGatewayError(CaBusyError):
    """A gateway on the way was given no answer of the CA, which may have acted on the message."""


class NotCmpError(CmpError):
    """The answer is not CMP at all."""


class UnusableAnchorsError(CmpError):
    """No certificate that the CA issues could be checked against the trust anchors."""


class UntrustedAnswerError(CmpError):
    """The answer is not protected by the CA."""


class WrongTransactionError(CmpError):
    """The answer belongs to another transaction, or repeats an old one."""


class CaWaitingError(CmpError):
    """The CA still has not decided."""


class CaRejectedError(CmpError):
    """The CA refused; `fail_info` names the standard's reasons, `text` is the CA's own."""

    def __init__(self, attempted: str, status: int, fail_info: frozenset[str], text: str) -> None:
        # A status that is none may be a number too long to be printed.
        plain = (
            messages.CA_STATUS.format(status=status)
            if 0 <= status <= 99
            else messages.CA_STATUS_UNKNOWN
        )
        reasons = ", ".join(sorted(fail_info)) or plain
        said = f' ("{text}")' if text else ""
        super().__init__(
            messages.CA_REFUSED.format(attempted=attempted, reasons=reasons, said=said)
        )
        self.status = status
        self.fail_info = fail_info
        self.text = text


class CaDownError(CaRejectedError):
    """The CA refused for no fault of the request's: it failed, or is not available."""


class WrongCertificateError(CmpError):
    """The CA's certificate is not the one that was asked for."""
