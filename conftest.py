# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the steps of the features, and the stage they are run on."""

import signal

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
