# SPDX-License-Identifier: Apache-2.0
"""CMP, the protocol with which a certificate is asked for (RFC 9810, 9811, 9483, 9481).

Messages, protection and building are neutral ground that the emulated CA uses too; `client` is the
reference's own behaviour.
"""

from .errors import (
    CaAnswerLostError,
    CaBusyError,
    CaDownError,
    CaGatewayError,
    CaRejectedError,
    CaUnreachableError,
    CaWaitingError,
    CmpError,
    CmpFormatError,
    NotCmpError,
    TlsNotTrustedError,
    UntrustedAnswerError,
    UnusableAnchorsError,
    WrongCertificateError,
    WrongTransactionError,
)

__all__ = [
    "CaAnswerLostError",
    "CaBusyError",
    "CaDownError",
    "CaGatewayError",
    "CaRejectedError",
    "CaUnreachableError",
    "CaWaitingError",
    "CmpError",
    "CmpFormatError",
    "NotCmpError",
    "TlsNotTrustedError",
    "UntrustedAnswerError",
    "UnusableAnchorsError",
    "WrongCertificateError",
    "WrongTransactionError",
]
