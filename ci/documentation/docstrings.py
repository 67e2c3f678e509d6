# SPDX-License-Identifier: Apache-2.0
"""Docstrings as Markdown: examples and drawn trees stay as they were written."""

import re
from itertools import groupby
from typing import Any

from griffe import Extension, Object

_PARAGRAPHS = re.compile(r"\n[ \t]*\n")


class DrawnDocstrings(Extension):
    """Fences what Markdown would take apart."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Change an object's docstring as it is loaded."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(docstring: str) -> str:
    r"""Fence examples and trees.

    >>> print(fenced("Add.\n\n    >>> 1 + 1\n    2\n\nAll of it."))
    Add.
    <BLANKLINE>
    ```pycon
    >>> 1 + 1
    2
    ```
    <BLANKLINE>
    All of it.
    """
    paragraphs = groupby(_PARAGRAPHS.split(docstring), key=_language)
    return "\n\n".join(
        _fence(language, list(group)) if language else "\n\n".join(group)
        for language, group in paragraphs
    )


def _language(paragraph: str) -> str:
    if paragraph.lstrip().startswith(">>> "):
        return "pycon"
    return "text" if "── " in paragraph else ""


def _fence(language: str, paragraphs: list[str]) -> str:
    lines = "\n\n".join(paragraphs).splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
    return "\n".join([f"```{language}", *(line[indent:] for line in lines), "```"])
