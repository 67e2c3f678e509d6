# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the steps of the features, and the stage they are run on."""

import gc
import signal
from collections.abc import Generator

import pytest

pytest_plugins = [
    "pytester",
    "selfrenew_steps",
    "selfrenew_steps.portal",
    "selfrenew_steps.agent",
    "selfrenew_steps.browser",
    "selfrenew_steps.page",
    "selfrenew_steps.reporting.plugin",
]


def pytest_configure() -> None:
    """Let programs under test end by Ctrl-C and hang-up, however the tests were started."""
    # A shell starts what runs in the background with SIGINT ignored, and nohup has SIGHUP ignored;
    # programs under test would inherit that, and those that are to be ended by one would be waited
    # for without an end. A handler of Python's is not inherited.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector off what stays: libraries, and every test there is.

    It would look at all of that some thirty times in a run, which took a tenth of it.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()
