# SPDX-License-Identifier: Apache-2.0
import importlib

import pytest


@pytest.mark.parametrize("package", ["stage", "personalisation", "cli", "faults", "pytest_plugin"])
def test_what_a_package_names_is_there_and_documented(package: str) -> None:
    module = importlib.import_module(f"selfrenew_emulator.{package}")
    assert module.__doc__
    assert sorted(set(module.__all__)) == sorted(module.__all__)
    for name in module.__all__:
        assert hasattr(module, name)
