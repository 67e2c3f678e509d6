# SPDX-License-Identifier: Apache-2.0
"""How the CA says no.

CaError
├── RequestRefusedError  a CMP refusal: failInfo and a text for the requester
└── UnknownEnrolmentError  no enrolment has that reference
"""

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
