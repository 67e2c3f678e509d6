# SPDX-License-Identifier: Apache-2.0
"""How the CA says no.

CaError
├── RequestRefusedError  a CMP refusal: failInfo and a text for the requester
├── UnknownEnrolmentError  no enrolment has that reference
├── UnknownCertificateError  this CA did not issue that certificate
└── DamagedStateError  a file of a kept CA cannot be used
"""

from pathlib import Path

from selfrenew.cmp.structures import FailureInfo


class CaError(Exception):
    """The CA does not do what was asked."""


class RequestRefusedError(CaError):
    """A request is refused; encoded as CMP at the responder's one edge."""

    def __init__(self, reason: FailureInfo, text: str) -> None:
        super().__init__(f"{reason.name}: {text}")
        self.reason = reason
        self.text = text


class UnknownEnrolmentError(CaError):
    """No enrolment has that reference."""


class UnknownCertificateError(CaError):
    """This CA did not issue that certificate."""


class DamagedStateError(CaError):
    """A file of a kept CA cannot be used; what is in it is never told."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"Opening the CA kept in {path.parent} failed at {path.name}: {reason}. "
            "Restore the folder, or name another one to begin with a new CA."
        )
