# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
from pathlib import Path

import pytest

from selfrenew.agent.errors import AlreadyRunningError, NoInstanceFolderError
from selfrenew.agent.single_instance import SingleInstance


def test_a_second_one_in_the_session_is_refused_and_names_the_first(tmp_path: Path) -> None:
    with (
        SingleInstance({"DISPLAY": ":1"}, tmp_path),
        pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}"),
        SingleInstance({"DISPLAY": ":1"}, tmp_path),
    ):
        pass


def test_another_session_of_the_same_person_has_its_own(tmp_path: Path) -> None:
    with SingleInstance({"DISPLAY": ":1"}, tmp_path), SingleInstance({"DISPLAY": ":2"}, tmp_path):
        pass


def test_the_place_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with SingleInstance({}, tmp_path):
            pass


def test_a_killed_one_does_not_keep_the_place(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from selfrenew.agent.single_instance import SingleInstance;"
        "SingleInstance({}, Path(sys.argv[1])).__enter__();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)  # noqa: S603
    with SingleInstance({}, tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(NoInstanceFolderError, match="XDG_RUNTIME_DIR"),
        SingleInstance({}, tmp_path / "file" / "folder"),
    ):
        pass


def test_a_link_that_somebody_else_left_is_not_written_to(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "agent.lock").symlink_to(own)
    with pytest.raises(NoInstanceFolderError), SingleInstance({}, tmp_path / "folder"):
        pass
    assert own.read_text() == "kept"


def test_a_folder_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with (
        pytest.raises(NoInstanceFolderError, match="not permitted"),
        SingleInstance({}, tmp_path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_where_the_system_names_no_folder_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    SingleInstance({})


def test_a_session_is_no_path(tmp_path: Path) -> None:
    with SingleInstance({"XDG_SESSION_ID": "../../x"}, tmp_path):
        assert [path.parent for path in tmp_path.rglob("*.lock")] == [tmp_path]
