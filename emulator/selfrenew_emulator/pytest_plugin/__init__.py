# SPDX-License-Identifier: Apache-2.0
"""Fixtures for tests of anything that talks to a smartcard, a CMP CA or the Spine.

docs/pytest-plugin.md has the table of them. Without pytest the same is
`with EmbeddedStage() as stage:`, `with PrivatePcscd() as pcscd:` and `FaultBoard().arm(order)`.
Importing this needs pytest alone: whatever is heavy is imported when a fixture is used.
"""

from .factories import MakeCard, MakePerson, MakeStage
from .fault_marker import pytest_runtest_call, pytest_runtest_setup, selfrenew_faults
from .fixtures import (
    selfrenew_card,
    selfrenew_clock,
    selfrenew_make_card,
    selfrenew_make_person,
    selfrenew_make_stage,
    selfrenew_person,
    selfrenew_portal,
    selfrenew_reader,
    selfrenew_stage,
)
from .pcsc_fixtures import selfrenew_pcsc_reader, selfrenew_pcscd
from .settings import pytest_addoption, pytest_configure, pytest_report_header

__all__ = [
    "MakeCard",
    "MakePerson",
    "MakeStage",
    "pytest_addoption",
    "pytest_configure",
    "pytest_report_header",
    "pytest_runtest_call",
    "pytest_runtest_setup",
    "selfrenew_card",
    "selfrenew_clock",
    "selfrenew_faults",
    "selfrenew_make_card",
    "selfrenew_make_person",
    "selfrenew_make_stage",
    "selfrenew_pcsc_reader",
    "selfrenew_pcscd",
    "selfrenew_person",
    "selfrenew_portal",
    "selfrenew_reader",
    "selfrenew_stage",
]
