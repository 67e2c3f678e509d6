# SPDX-License-Identifier: Apache-2.0
"""Documents of the repository as pages: their links are written for who reads them there."""

import re

from ci.traceability import ROOT

_PAGES = {"index.md": "README.md", "changelog.md": "CHANGELOG.md"}
_FROM_DOCS = re.compile(r"\]\(\.\./(?P<target>README|CHANGELOG)\.md(?P<anchor>#[^)]*)?\)")
_FEATURE = re.compile(r"\]\(\.\./features/(?P<name>\w+)\.feature\)")
_TARGETS = {source.removesuffix(".md"): page for page, source in _PAGES.items()}


def repository_pages() -> dict[str, str]:
    """Give the documents beside docs/, by the addresses of their pages."""
    return {page: _from_docs((ROOT / source).read_text()) for page, source in _PAGES.items()}


def _from_docs(markdown: str) -> str:
    """Have text and links of a document beside docs/ be those of one within."""
    return markdown.replace("[docs/", "[").replace("](docs/", "](")


def within_site(markdown: str) -> str:
    """Have links from docs/ to other places of the repository lead to their pages.

    >>> within_site("[all](../README.md#faults), [one](../features/renewal.feature)")
    '[all](index.md#faults), [one](features/renewal.md)'
    """

    def page(found: re.Match[str]) -> str:
        return f"]({_TARGETS[found['target']]}{found['anchor'] or ''})"

    return _FEATURE.sub(r"](features/\g<name>.md)", _FROM_DOCS.sub(page, markdown))
