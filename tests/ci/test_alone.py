# SPDX-License-Identifier: Apache-2.0
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ALONE = Path(__file__).parents[2] / "ci/alone"


def test_a_command_sees_no_network_but_loopback_and_ends_as_it_did() -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "--net", "true"], check=False).returncode:  # noqa: S603
        pytest.skip("this machine gives no namespaces")
    code = (
        "import socket, sys; print(*(n for _, n in socket.if_nameindex())); sys.exit(sys.argv[1])"
    )
    done = subprocess.run(  # noqa: S603  our own command
        [ALONE, sys.executable, "-c", code, "two words"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("lo\n", "two words\n", 1)
