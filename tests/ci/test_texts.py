# SPDX-License-Identifier: Apache-2.0
"""The translator's tool: what it extracts, begins, brings up to date and finds."""

from pathlib import Path
from types import ModuleType

import polib
import pytest

from selfrenew import messages
from selfrenew.messages import texts, translations
from selfrenew.messages.marking import Plural
from tests.pseudo_translation import texts_tool, write_catalogue


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    return texts_tool()


def keys(found: object) -> set[object]:
    match found:
        case str():
            return {found}
        case Plural(one=one, many=many):
            return {(one, many)}
        case dict():
            return set(found.values())
        case tuple():
            return set(found)
    raise TypeError(found)


def test_every_text_is_extracted(tool: ModuleType) -> None:
    wanted = set().union(*(keys(getattr(texts, name)) for name in messages.names()))
    assert {message.id for message in tool.extract() if message.id} == wanted


def test_a_translator_is_told_what_a_month_is_for(tool: ModuleType) -> None:
    assert "02 March 2026" in " ".join(tool.extract().get("January").auto_comments)


def test_a_language_is_begun_with_its_own_plural_forms(
    tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main(["init", "pl"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == translations.FOLDER / "pl" / "LC_MESSAGES" / "selfrenew.po"
    assert "nplurals=3" in path.read_text()
    assert tool.main(["check"]) == 1
    assert "is not translated" in capsys.readouterr().out


def test_a_language_that_is_there_is_not_begun_again(tool: ModuleType) -> None:
    tool.main(["init", "cy"])
    path = translations.FOLDER / "cy" / translations.FILE
    path.write_text(path.read_text() + "# mine\n")
    with pytest.raises(FileExistsError):
        tool.main(["init", "cy"])
    assert "# mine" in path.read_text()


def test_a_whole_translation_has_nothing_to_do(
    tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    write_catalogue(translations.FOLDER)
    assert tool.main(["check"]) == 0
    assert capsys.readouterr().out == "1 translations, nothing to do\n"


def test_an_update_keeps_what_is_translated_and_adds_what_is_new(
    tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_catalogue(translations.FOLDER, str.upper)
    text = path.read_text().replace('msgid "You have no roles."', 'msgid "Something else entirely"')
    path.write_text(text)
    assert tool.main(["check"]) == 1
    found = capsys.readouterr().out
    assert "'Something else entirely' is no text any more" in found
    assert "not in the file: 'You have no roles.'" in found
    assert tool.main(["update"]) == 0
    assert 'msgid "Cancelled."\nmsgstr "CANCELLED."' in path.read_text()
    new = polib.pofile(str(path)).find("You have no roles.")
    # Empty, or a guess by a similar text that waits for a translator.
    assert new is not None
    assert not new.translated()


def test_a_translation_that_does_not_fit_is_found(
    tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    write_catalogue(translations.FOLDER, lambda text: text.replace("{name}", "{nam}"))
    assert tool.main(["check"]) == 1
    assert "{nam}" in capsys.readouterr().out


def test_what_is_shipped_is_whole() -> None:
    assert texts_tool().main(["check"]) == 0
