# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between this program and a service.

ServiceError
├── ServiceUnreachableError       no connection, or no answer in time
├── ServiceNotTrustedError        somebody answered who cannot show a trusted name
├── ServiceBusyError              come back later
├── ServiceRefusedError           the service says no, with a reason
└── UnexpectedServiceAnswerError  an answer this program does not understand
"""

from selfrenew import messages


class ServiceError(Exception):
    """A service did not do its part."""


class ServiceUnreachableError(ServiceError):
    """The service cannot be reached."""


class ServiceNotTrustedError(ServiceError):
    """The TLS server is not one that is trusted."""


class ServiceBusyError(ServiceError):
    """The service is overloaded or down for a while; `reason` is its word for why, if any."""

    def __init__(
        self, text: str, retry_after_seconds: float | None, reason: str | None = None
    ) -> None:
        super().__init__(text)
        self.retry_after_seconds = retry_after_seconds
        self.reason = reason


class ServiceRefusedError(ServiceError):
    """The service refuses; `reason` is its machine-readable word for why."""

    def __init__(self, attempted: str, reason: str, detail: str) -> None:
        super().__init__(
            messages.SERVICE_REFUSED.format(attempted=attempted, detail=detail, reason=reason)
        )
        self.attempted = attempted
        self.reason = reason
        self.detail = detail

    @property
    def certificate_counts(self) -> bool:
        """Whether the refusal leaves the certificate's own standing as it was taken to be."""
        return self.reason not in {"pending", "superseded", "revoked", "unknown"}


class UnexpectedServiceAnswerError(ServiceError):
    """The answer is not what the service's interface promises."""
