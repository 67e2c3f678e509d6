# SPDX-License-Identifier: Apache-2.0
"""What is built is looked into before it is used."""

import importlib.util
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parents[2] / "ci" / "package.py"
SOURCES = ("LICENSE", "pyproject.toml", "hatch_build.py", "frontend/package-lock.json")


def load() -> ModuleType:
    specification = importlib.util.spec_from_file_location("package", PATH)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


tool = load()
NEEDED = {
    "selfrenew/portal/built/nhsuk.css",
    "selfrenew_emulator/pytest_plugin/__init__.py",
    "selfrenew_steps/__init__.py",
}


def built(folder: Path, *, wheel: Iterable[str] = (), sources: Iterable[str] = SOURCES) -> Path:
    """Pack empty files as a build would, beside what a wheel needs."""
    with zipfile.ZipFile(folder / "it-1-py3-none-any.whl", "w") as archive:
        for name in sorted({*tool._NEEDED, *wheel}):  # noqa: SLF001  the tool under test
            archive.writestr(name, "")
    empty = folder.with_name("empty")
    empty.touch()
    with tarfile.open(folder / "it-1.tar.gz", "w:gz") as archive:
        for name in sources:
            archive.add(empty, f"it-1/{name}")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "dist"
    path.mkdir()
    return path


def test_what_is_whole_is_taken_and_the_plugin_and_the_steps_are_part_of_it(folder: Path) -> None:
    assert tool.check_contents(built(folder)) == folder / "it-1-py3-none-any.whl"
    assert NEEDED <= tool._NEEDED  # noqa: SLF001  the tool under test


def test_a_wheel_with_a_stranger_is_refused(folder: Path) -> None:
    with pytest.raises(SystemExit, match=r"strangers \['tests/test_it.py'\]"):
        tool.check_contents(built(folder, wheel=["tests/test_it.py"]))


def test_a_wheel_without_the_steps_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built(folder)
    monkeypatch.setattr(tool, "_NEEDED", {*NEEDED, "selfrenew_steps/more.py"})
    with pytest.raises(SystemExit, match=r"missing \['selfrenew_steps/more.py'\]"):
        tool.check_contents(folder)


@pytest.mark.parametrize("lacking", SOURCES)
def test_an_sdist_that_no_wheel_can_be_built_of_is_refused(folder: Path, lacking: str) -> None:
    built(folder, sources=[name for name in SOURCES if name != lacking])
    with pytest.raises(SystemExit, match=f"has no {lacking}"):
        tool.check_contents(folder)
