# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

from selfrenew_emulator.stage import StateError
from selfrenew_emulator.stage.folder import StageDescription, open_folder


def test_a_description_reads_back_as_it_was_written(tmp_path: Path) -> None:
    written = StageDescription({"cmp": 4000}, "bench", "https://127.0.0.1:4001")
    with open_folder(tmp_path / "new" / "state") as folder:
        folder.write_description(written)
        assert folder.read_description() == written


def test_a_folder_serves_one_stage_at_a_time(tmp_path: Path) -> None:
    refused = pytest.raises(StateError, match="another stage is running on it")
    with open_folder(tmp_path), refused, open_folder(tmp_path):
        pass
    with open_folder(tmp_path):
        pass


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (json.dumps({"format": 99}), "format 99, this program keeps format 1"),
        (json.dumps(["format"]), "format None"),
        (json.dumps({"format": 1, "ports": 5}), "damaged"),
        ("{", "cannot be read"),
    ],
)
def test_a_folder_of_another_version_or_damaged_is_named(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "stage.json").write_text(text)
    with open_folder(tmp_path) as folder, pytest.raises(StateError, match=reason):
        folder.read_description()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="Not a directory"), open_folder(tmp_path / "file" / "x"):
        pass


def test_a_secret_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with open_folder(tmp_path) as folder:
        folder.write(folder.desk_token_file, "token\n", secret=True)
        folder.write(folder.root_file, "root\n")
        assert folder.desk_token_file.stat().st_mode & 0o777 == 0o600
        assert folder.root_file.stat().st_mode & 0o777 == 0o644
