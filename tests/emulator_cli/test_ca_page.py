# SPDX-License-Identifier: Apache-2.0
"""docs/certificate-authority.md: what it shows is run as a reader would run it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

TEXT = (Path(__file__).parents[2] / "docs" / "certificate-authority.md").read_text()
RECIPE = re.compile(r"<!-- recipe: runs as a test -->\n```sh\n(?P<commands>.*?)```", re.DOTALL)
NEEDED = ("bash", "jq", "openssl")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(None in map(shutil.which, NEEDED), reason=f"it needs {', '.join(NEEDED)}"),
]


def test_the_recipe_gets_a_certificate_and_the_next_one(tmp_path: Path) -> None:
    found = RECIPE.search(TEXT)
    assert found is not None
    commands = f"trap 'kill $(jobs -p)' EXIT\n{found['commands']}"
    ended = subprocess.run(  # noqa: S603  what the document shows
        ["bash", "-euo", "pipefail", "-c", commands],  # noqa: S607  what a reader has
        cwd=tmp_path,
        env=os.environ
        | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    first, second = (
        x509.load_pem_x509_certificate((tmp_path / name).read_bytes())
        for name in ("certificate.pem", "renewed.pem")
    )
    assert first.subject == second.subject
    assert first.public_key() != second.public_key()
