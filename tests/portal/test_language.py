# SPDX-License-Identifier: Apache-2.0
"""A page is in the language that its browser asks for, where there is a translation."""

from pathlib import Path
from typing import Any

import pytest

from selfrenew import messages
from selfrenew.messages import translations
from selfrenew_steps.running_portal import PAGE


@pytest.fixture
def welsh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cy" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "selfrenew.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Connecting to your smartcard"\nmsgstr "Yn cysylltu"\n'
    )
    monkeypatch.setattr(translations, "FOLDER", tmp_path)


@pytest.mark.usefixtures("welsh")
def test_a_page_speaks_the_language_that_is_asked_for(portal: Any) -> None:
    answer = portal.look(PAGE, **{"Accept-Language": "cy, en;q=0.5"})
    assert '<html lang="cy"' in answer.text
    assert "Yn cysylltu</h1>" in answer.text
    assert answer.headers["content-language"] == "cy"
    assert "Accept-Language" in answer.headers["vary"]
    assert '<html lang="en"' in portal.look(PAGE).text
    assert messages.language() == "en"
