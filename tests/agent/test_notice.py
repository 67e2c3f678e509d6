# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.agent import expiry_notice
from selfrenew.renewal import Due, judge_window

END = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
URL = "https://portal.example/?operation=selfRenewSmartcard"
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([])
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def certificate(end: datetime) -> x509.Certificate:
    return (
        x509.CertificateBuilder(NAME, NAME, KEY.public_key(), 1)
        .not_valid_before(END - 1000 * DAY)
        .not_valid_after(end)
        .sign(KEY, hashes.SHA256())
    )


EARLY, LATE = certificate(END), certificate(END + 50 * DAY)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (90 * DAY, "in 90 days, on 25 October 2026."),
        (90 * DAY - SECOND, "in 89 days, on 25 October 2026."),
        (2 * DAY, "in 2 days,"),
        (2 * DAY - SECOND, "in 1 day, on 25 October 2026."),
        (DAY, "in 1 day,"),
        (DAY - SECOND, "in less than a day, at 01:30 UTC on 25 October 2026."),
        (SECOND, "in less than a day,"),
        (timedelta(0), "in less than a day,"),
    ],
)
def test_the_notice_tells_the_whole_days_that_are_left(left: timedelta, said: str) -> None:
    notice = expiry_notice([EARLY], END - left, URL)
    assert notice is not None
    assert notice.days_left == left.days
    assert said in notice.text
    assert notice.text.endswith("Do you want to renew them now?")
    assert notice.later.endswith(URL)


@pytest.mark.parametrize("left", [90 * DAY + timedelta(microseconds=1), 91 * DAY, -SECOND])
def test_outside_the_window_there_is_no_notice(left: timedelta) -> None:
    assert expiry_notice([EARLY], END - left, URL) is None


def test_without_certificates_there_is_no_notice() -> None:
    assert expiry_notice([], END, URL) is None


@settings(max_examples=50)
@given(
    st.permutations([EARLY, LATE]),
    st.timedeltas(timedelta(days=-5), timedelta(days=200)),
)
def test_the_certificate_that_expires_first_drives_the_notice(
    certificates: list[x509.Certificate], left: timedelta
) -> None:
    notice = expiry_notice(certificates, END - left, URL)
    window = judge_window([END], END - left)
    assert (notice is not None) == isinstance(window, Due)
    if notice is not None:
        assert notice.certificate == EARLY
