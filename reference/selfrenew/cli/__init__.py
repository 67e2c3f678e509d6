# SPDX-License-Identifier: Apache-2.0
"""The `selfrenew` command."""

from .exit_codes import ExitCode
from .program import main, program

__all__ = ["ExitCode", "main", "program"]
