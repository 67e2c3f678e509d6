# SPDX-License-Identifier: Apache-2.0
"""What the page is built with: locked, from no named registry, its licence beside it."""

import json
from pathlib import Path

FRONTEND = Path(__file__).parents[2] / "frontend"
LOCK = json.loads((FRONTEND / "package-lock.json").read_text())


def test_every_package_is_locked_by_its_hash_and_none_by_an_address() -> None:
    packages = {name: each for name, each in LOCK["packages"].items() if name}
    assert packages
    for name, each in packages.items():
        assert each["integrity"].startswith("sha512-"), name
        assert "resolved" not in each, name


def test_the_licence_that_goes_into_the_wheel_is_that_of_the_locked_package() -> None:
    assert LOCK["packages"]["node_modules/nhsuk-frontend"]["license"] == "MIT"
    text = (FRONTEND / "LICENCE-nhsuk-frontend.txt").read_text()
    assert "MIT License" in text
    assert "Permission is hereby granted, free of charge" in text
