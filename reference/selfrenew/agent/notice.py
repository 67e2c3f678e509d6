# SPDX-License-Identifier: Apache-2.0
"""The expiry notice, shown at each sign-in while the window is open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from selfrenew import messages
from selfrenew.renewal.window import Due, judge_window


@dataclass(frozen=True, slots=True)
class ExpiryNotice:
    """What the notice says; `certificate` is the one that expires first.

    Where the card is not `renewable` here, there is nothing to be asked.
    """

    days_left: int
    certificate: x509.Certificate
    url: str
    renewable: bool = True

    @property
    def text(self) -> str:
        """The question as a person reads it."""
        expires = self.certificate.not_valid_after_utc
        if not self.renewable:
            return messages.NOTICE_UNSUPPORTED.format(expires=expires)
        if self.days_left == 0:
            return messages.NOTICE_TODAY.format(expires=expires)
        return messages.NOTICE.format(days_left=self.days_left, expires=expires)

    @property
    def about_certificate(self) -> str:
        """Which certificate it is about."""
        subject = self.certificate.subject
        names = [str(each.value) for each in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        return messages.NOTICE_CERTIFICATE.format(
            holder=names[0] if names else subject.rfc4514_string(),
            serial=f"{self.certificate.serial_number:X}",
            expires=self.certificate.not_valid_after_utc,
        )

    @property
    def later(self) -> str:
        """What to tell somebody who says 'No'."""
        return messages.NOTICE_LATER.format(url=self.url)


def expiry_notice(
    certificates: Iterable[x509.Certificate], now: datetime, url: str, *, renewable: bool = True
) -> ExpiryNotice | None:
    """Make the notice where the window is open, None where it is not."""
    ordered = sorted(certificates, key=lambda certificate: certificate.not_valid_after_utc)
    if not ordered:
        return None
    window = judge_window((ordered[0].not_valid_after_utc,), now)
    if not isinstance(window, Due):
        return None
    return ExpiryNotice(window.days_left, ordered[0], url, renewable)
