# SPDX-License-Identifier: Apache-2.0
from types import ModuleType

import pytest

from selfrenew import agent, renewal


@pytest.mark.parametrize("package", [agent, renewal], ids=lambda package: package.__name__)
def test_what_is_exported_is_there_and_complete(package: ModuleType) -> None:
    assert sorted(package.__all__, key=lambda name: (name.islower(), name)) == package.__all__
    public = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert public <= set(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)
