# SPDX-License-Identifier: Apache-2.0
"""The card in the reader's container serves a program of another language, outside of it."""

from pathlib import Path

from selfrenew_emulator.stage.containers import ContainersStage
from tests.java_program import JavaProgram

from .nothing_lost import Holder


def test_a_java_program_signs_with_the_card_in_the_container(
    containers: ContainersStage, alice: Holder, tmp_path: Path
) -> None:
    java = JavaProgram(tmp_path)
    done = java.run(str(containers.fleet.pcscd_socket), containers.reader.name)
    assert done.returncode == 0, done.stderr
    assert f"holder: CN={alice.person.user_id}," in done.stdout
    assert "signed: 9A, EC, as its certificate says" in done.stdout.splitlines()
