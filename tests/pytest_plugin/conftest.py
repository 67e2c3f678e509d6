# SPDX-License-Identifier: Apache-2.0
"""A project of somebody else's, that pytest is run on, in a folder of its own."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

import pytest


@dataclass(frozen=True)
class Ended:
    """What pytest said, and how many tests came to what."""

    text: str
    counts: dict[str, int]


RunPytest = Callable[..., Ended]


class Loaded:
    """Keeps the modules that a run loaded first: pytester forgets them, and loads them again."""

    def __init__(self) -> None:
        self._modules: dict[str, ModuleType] = {}

    def pytest_unconfigure(self) -> None:
        self._modules = {name: each for name, each in sys.modules.items() if name != "test_it"}

    def put_back(self) -> None:
        sys.modules.update(self._modules)


@pytest.fixture
def loaded() -> Iterator[Loaded]:
    """Keep them for the tests that follow too: made before pytester, it has the last word."""
    loaded = Loaded()
    yield loaded
    loaded.put_back()


@pytest.fixture
def run_pytest(
    loaded: Loaded, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> RunPytest:
    """Run pytest on a test file, with settings of the configuration file by their names.

    In this process: another one takes seconds to load what is here already.
    """
    monkeypatch.setenv("COLUMNS", "300")

    def run(code: str, *arguments: str, ci: str = "", **settings: str) -> Ended:
        lines = [f"{name} = {value}" for name, value in settings.items()]
        pytester.makeini("\n".join(["[pytest]", *lines]))
        pytester.makepyfile(test_it="import pytest\n" + code)
        monkeypatch.setenv("CI", ci)
        # The outer pytest's faulthandler is to stay as it is.
        quiet = ("-p", "no:cacheprovider", "-p", "no:faulthandler")
        ended = pytester.runpytest_inprocess(*quiet, *arguments, plugins=[loaded])
        loaded.put_back()
        text = "\n".join([*ended.outlines, *ended.errlines])
        return Ended(text, ended.parseoutcomes() if ended.outlines else {})

    return run
