# SPDX-License-Identifier: Apache-2.0
"""What a program has to load before it does anything, which is most of what a short one takes."""

import subprocess
import sys

import pytest

_SERVERS = {"fastapi", "uvicorn", "starlette"}


@pytest.mark.parametrize(
    "module", ["cli.card", "cli.reader", "cli.trace", "cli.ca", "cli.services", "trace", "faults"]
)
def test_what_serves_nothing_itself_loads_no_server(module: str) -> None:
    code = f"import sys, selfrenew_emulator.{module}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert not _SERVERS & set(loaded.stdout.split())
