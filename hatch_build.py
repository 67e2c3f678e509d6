# SPDX-License-Identifier: Apache-2.0
"""Bring the portal's style sheet into the wheel; npm is needed for that, and for nothing else.

An editable install goes without: ci/assets builds the style sheet into the source tree.
"""

import importlib.util
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_INSTALLED = "selfrenew/portal/built"


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the style sheet for each wheel anew."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and name what belongs into the wheel."""
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        out = Path(self._folder.name)
        _frontend(Path(self.root)).build(out)
        for path in out.iterdir():
            build_data["force_include"][str(path)] = f"{_INSTALLED}/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002  hatchling's signature
        """Throw away what was built."""
        if version != "editable":
            self._folder.cleanup()


def _frontend(root: Path) -> Any:
    spec = importlib.util.spec_from_file_location("frontend_build", root / "frontend" / "build.py")
    if spec is None or spec.loader is None:
        sys.exit("hatch_build.py: there is no frontend/build.py beside it.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
