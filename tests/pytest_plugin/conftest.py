# SPDX-License-Identifier: Apache-2.0
"""A project of somebody else's, that pytest is run on, in a folder of its own."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

# pytester forgets the modules that were loaded first within a run, so that the stage would be there
# twice over afterwards.
import selfrenew_emulator.stage  # noqa: F401


@dataclass(frozen=True)
class Ended:
    """What pytest said, and how many tests came to what."""

    text: str
    counts: dict[str, int]


RunPytest = Callable[..., Ended]


@pytest.fixture
def run_pytest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RunPytest:
    """Run pytest on a test file, with settings of the configuration file by their names.

    In this process: another one takes seconds to load what is here already.
    """
    monkeypatch.setenv("COLUMNS", "300")

    def run(code: str, *arguments: str, ci: str = "", **settings: str) -> Ended:
        lines = [f"{name} = {value}" for name, value in settings.items()]
        pytester.makeini("\n".join(["[pytest]", *lines]))
        pytester.makepyfile(test_it="import pytest\n" + code)
        monkeypatch.setenv("CI", ci)
        ended = pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)
        text = "\n".join([*ended.outlines, *ended.errlines])
        return Ended(text, ended.parseoutcomes() if ended.outlines else {})

    return run
