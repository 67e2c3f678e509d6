# SPDX-License-Identifier: Apache-2.0
"""The expiry notice, shown at each sign-in while the window is open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from selfrenew import messages
from selfrenew.renewal.window import Due, judge_window


@dataclass(frozen=True, slots=True)
class ExpiryNotice:
    """What the notice says; `certificate` is the one that expires first."""

    days_left: int
    certificate: x509.Certificate
    url: str

    @property
    def text(self) -> str:
        """The question as a person reads it."""
        template = {0: messages.NOTICE_TODAY, 1: messages.NOTICE_ONE_DAY}.get(
            self.days_left, messages.NOTICE
        )
        expires = self.certificate.not_valid_after_utc
        return template.format(days_left=self.days_left, expires=expires)

    @property
    def later(self) -> str:
        """What to tell somebody who says 'No'."""
        return messages.NOTICE_LATER.format(url=self.url)


def expiry_notice(
    certificates: Iterable[x509.Certificate], now: datetime, url: str
) -> ExpiryNotice | None:
    """Make the notice where the window is open, None where it is not."""
    ordered = sorted(certificates, key=lambda certificate: certificate.not_valid_after_utc)
    if not ordered:
        return None
    window = judge_window((ordered[0].not_valid_after_utc,), now)
    return ExpiryNotice(window.days_left, ordered[0], url) if isinstance(window, Due) else None
