# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in a conversation with a CA.

CmpError
├── CmpFormatError            bytes that are no CMP message
├── CaUnreachableError        no connection, no answer in time
├── TlsNotTrustedError        somebody answered who cannot show a trusted name
├── CaBusyError               the CA asks to come back later
├── NotCmpError               an answer that is not CMP
├── UntrustedAnswerError      CMP, but its protection or its signer does not hold
├── WrongTransactionError     an answer to something else
├── CaWaitingError            the CA keeps the request longer than the budget allows
├── CaRejectedError           the CA says no, with its reasons
└── WrongCertificateError     the certificate is not the one that was asked for
"""


class CmpError(Exception):
    """A transaction with the CA did not come to its end."""


class CmpFormatError(CmpError):
    """Bytes are no CMP message, or a field of one is malformed."""


class CaUnreachableError(CmpError):
    """The CA cannot be reached."""


class TlsNotTrustedError(CmpError):
    """The TLS server is not one that is trusted."""


class CaBusyError(CmpError):
    """The CA is overloaded or down for a while."""

    def __init__(self, text: str, retry_after_seconds: float | None) -> None:
        super().__init__(text)
        self.retry_after_seconds = retry_after_seconds


class NotCmpError(CmpError):
    """The answer is not CMP at all."""


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
        plain = f"status {status}" if 0 <= status <= 99 else "an unknown status"
        reasons = ", ".join(sorted(fail_info)) or plain
        said = f' ("{text}")' if text else ""
        super().__init__(
            f"{attempted} was refused by the CA: {reasons}{said}. Try again later; if it stays so, "
            "show this text to your Registration Authority."
        )
        self.status = status
        self.fail_info = fail_info
        self.text = text


class WrongCertificateError(CmpError):
    """The CA's certificate is not the one that was asked for."""
