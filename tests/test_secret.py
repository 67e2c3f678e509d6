# SPDX-License-Identifier: Apache-2.0
import copy
import json
import logging
import pickle
import pprint
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfrenew.secret import Secret

VALUE = "70410283"


@dataclass
class Holder:
    passcode: Secret


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{0!r} {0!s} {0!a}".format,
        lambda secret: f"{secret}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031  the form itself is tested
        lambda secret: repr([secret, {secret: secret}, Holder(secret)]),
        pprint.pformat,
        lambda secret: str(ValueError(secret)),
        lambda secret: logging.LogRecord("x", 10, "", 0, "%s", (secret,), None).getMessage(),
    ],
)
def test_no_printed_form_shows_the_value(show: Callable[[Secret], str]) -> None:
    for secret in (Secret(VALUE), Secret(VALUE.encode())):
        assert "***" in show(secret)
        assert VALUE not in show(secret)


@pytest.mark.parametrize(
    "take",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        vars,
        bytes,
        lambda secret: format(secret, "8"),
        lambda secret: secret + "",
        len,
    ],
)
def test_the_value_leaves_by_reveal_alone(take: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError) as refused:
        take(Secret(VALUE))
    assert VALUE not in str(refused.value)


@given(st.text(st.characters(), max_size=12))
def test_any_text_is_held_whatever_a_terminal_made_of_it(text: str) -> None:
    assert Secret(text).reveal().decode(errors="surrogatepass") == text


def test_secrets_compare_by_their_value() -> None:
    assert Secret(VALUE) == Secret(VALUE.encode())
    assert len({Secret(VALUE), Secret(VALUE.encode()), Secret("0")}) == 2
    assert Secret(VALUE) != VALUE
