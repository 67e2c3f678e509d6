# SPDX-License-Identifier: Apache-2.0
"""Catalogues of a test's own, in a folder of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from selfrenew.messages import translations

AddLanguage = Callable[..., Path]


@pytest.fixture
def add_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddLanguage:
    """Add a catalogue of a few entries, each as a .po file has it."""
    monkeypatch.setattr(translations, "FOLDER", tmp_path)

    def add(name: str, *entries: str, plural: str = "nplurals=2; plural=(n != 1);") -> Path:
        header = (
            'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
            f'"Plural-Forms: {plural}\\n"'
        )
        path = tmp_path / name / translations.FILE
        path.parent.mkdir(parents=True)
        path.write_text("\n\n".join([header, *entries, ""]))
        return path

    return add
