# SPDX-License-Identifier: Apache-2.0
"""The plugin as a whole: what it names, and what it costs who has it installed."""

import importlib
import subprocess
import sys

import pytest

MODULES = [
    "selfrenew_emulator.pytest_plugin",
    *(
        f"selfrenew_emulator.pytest_plugin.{name}"
        for name in ("factories", "fault_marker", "fixtures", "pcsc_fixtures", "settings")
    ),
]
_NEWLY_LOADED = """
import sys
import pytest, dataclasses, random, urllib.parse
before = set(sys.modules)
import selfrenew_emulator.pytest_plugin
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def test_importing_it_needs_nothing_but_pytest() -> None:
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-c", _NEWLY_LOADED], capture_output=True, text=True, check=True
    )
    foreign = set(done.stdout.split()) - set(sys.stdlib_module_names)
    assert foreign == {"selfrenew_emulator"}


@pytest.mark.parametrize("name", MODULES)
def test_a_hook_or_a_fixture_of_a_module_is_the_plugins(name: str) -> None:
    plugin = importlib.import_module(MODULES[0])
    module = importlib.import_module(name)
    own = {each for each in vars(module) if each.startswith(("selfrenew_", "pytest_"))}
    assert own - set(plugin.__all__) <= {"selfrenew_emulator"}


def test_whatever_it_adds_bears_its_name() -> None:
    plugin = importlib.import_module(MODULES[0])
    adds = [name for name in plugin.__all__ if not name.startswith("pytest_") and name.islower()]
    assert adds
    assert all(name.startswith("selfrenew_") for name in adds)
