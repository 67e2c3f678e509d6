# SPDX-License-Identifier: Apache-2.0
"""Steps of the sample: each ending that a scenario can have."""

import os
from collections.abc import Iterator

import pytest
from pytest_bdd import given, scenarios, then, when

from selfrenew_steps.reporting.wanted import next_screenshot

scenarios("sample.feature")


@given("a card")
def card() -> None: ...


@given("a borrowed card")
def borrowed() -> Iterator[None]:
    yield
    assert "SAMPLE_KEEPS" not in os.environ, "the card was not given back"


@when("it is read")
def is_read() -> None: ...


@when("it is torn")
def is_torn() -> None:
    if "SAMPLE_DIES" in os.environ:
        os._exit(3)
    pytest.fail("the <chip> is gone")


@when("nobody has a reader")
def no_reader() -> None:
    pytest.skip("there is no reader")


@then("a picture is taken")
def picture(request: pytest.FixtureRequest) -> None:
    file = next_screenshot(request.node)
    if file is not None:
        file.write_bytes(b"\x89PNG picture")
