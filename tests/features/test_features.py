# SPDX-License-Identifier: Apache-2.0
"""Every scenario of every feature, as a test."""

from pathlib import Path

from pytest_bdd import scenarios

scenarios(str(Path(__file__).parents[2] / "features"))
