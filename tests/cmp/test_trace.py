# SPDX-License-Identifier: Apache-2.0
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.cmp.building import fail_bits, poll_request
from selfrenew.cmp.message import encode, encode_list
from selfrenew.cmp.structures import (
    BodyType,
    ErrorMsgContent,
    FailureInfo,
    PkiStatusInfo,
    PollRepContent,
    PollReply,
)
from selfrenew.cmp.trace import describe_content

Ask = Callable[..., Any]


def test_a_conversation_is_logged_with_who_asked_for_what_and_what_came(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "selfrenew"):
        pending = ask()
        pending.confirm()
    subject = pending.certificate.subject.rfc4514_string()
    request, answer, confirmation, end = (
        record.getMessage() for record in caplog.records if record.name == "selfrenew.cmp.content"
    )
    assert request == f"-> {subject}, secp256r1"
    assert answer.startswith(f"<- accepted, certificate {pending.certificate.serial_number:X} for")
    assert confirmation.startswith("-> certificate with the hash ")
    assert confirmation.endswith(": accepted")
    assert end == "<- no content"


def test_a_refusal_is_logged_with_its_reasons_on_one_line() -> None:
    info = PkiStatusInfo(
        status=2, status_string=["not\nnow"], fail_info=fail_bits(FailureInfo.badPOP)
    )
    content = encode(ErrorMsgContent(pki_status_info=info, error_details=["\x1b[2Jcome back"]))
    assert describe_content(BodyType.ERROR, content) == "rejection badPOP not now [2Jcome back"


def test_a_delay_is_logged_with_its_length() -> None:
    content = encode_list(PollRepContent(items=[PollReply(cert_req_id=0, check_after=7)]))
    assert describe_content(BodyType.POLLREP, content) == "ask again in 7 seconds"
    assert describe_content(BodyType.POLLREQ, poll_request()) == "no content"
    endless = encode_list(PollRepContent(items=[PollReply(cert_req_id=0, check_after=1 << 20000)]))
    assert describe_content(BodyType.POLLREP, endless) == "ask again in far too many seconds"


def test_a_request_for_nothing_is_logged_as_such() -> None:
    assert describe_content(BodyType.IR, b"\x30\x00") == "nothing"


@settings(max_examples=100)
@given(st.sampled_from(BodyType), st.binary(max_size=60))
def test_any_bytes_have_words(body_type: BodyType, content: bytes) -> None:
    assert describe_content(body_type, content)
