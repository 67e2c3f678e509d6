# SPDX-License-Identifier: Apache-2.0
"""Templates of the pages that are made, and how text gets into Markdown unharmed."""

import html
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from selfrenew_steps.reporting import Outcome, told_seconds

_MARKDOWN = re.compile(r"([\\`*_{}\[\]|])")


def as_text(text: str) -> Markup:
    r"""Have Markdown show text as it is.

    >>> print(as_text("<time> is *not* `code`"))
    &lt;time&gt; is \*not\* \`code\`
    """
    return Markup(_MARKDOWN.sub(r"\\\1", html.escape(text, quote=False)))  # noqa: S704  escaped here


def anchor(text: str) -> str:
    """Make an anchor of a title.

    >>> anchor("'Close' leaves the card as it is")
    'close-leaves-the-card-as-it-is'
    """
    return re.sub(r"\W+", "-", text.lower()).strip("-")


def render(template: str, **values: Any) -> str:
    """Render a page. What is not marked as text is escaped for HTML."""
    return _TEMPLATES.get_template(template).render(**values)


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters.update(as_text=as_text, anchor=anchor, seconds=told_seconds)
_TEMPLATES.globals.update(
    marks={Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.SKIPPED: "\N{EN DASH}"},
    words={Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.SKIPPED: "not run"},
)
