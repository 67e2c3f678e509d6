# SPDX-License-Identifier: Apache-2.0
"""What mkdocs calls while it builds the site: pages that are made, and links that lead to them."""

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from ci.documentation import benchmarks, features, links, reference
from ci.traceability import FEATURES, ROOT, TABLE, read_features, read_table
from selfrenew_steps.reporting import RecordError, StageResults, by_stage, read_records

_STYLES = Path(__file__).with_name("site.css")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages that are made into the navigation."""
    sections: dict[str, Any] = {}
    for section in config.nav or []:
        sections.update(section)
    sections["Features"] += [features.page_of(name) for name in read_features()]
    sections["API"] += [reference.page_of(name) for name in reference.modules()]
    config.watch += [str(FEATURES), str(_STYLES.parent)]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Make the pages."""
    report = ROOT / config.extra["report"]
    stages = read_results(report)
    pages = {
        **links.repository_pages(),
        **features.pages(read_features(), read_table(TABLE), stages),
        **reference.pages(),
        **benchmarks.pages(read_figures(ROOT / config.extra["benchmarks"])),
        "site.css": _STYLES.read_text(),
    }
    if replaced := files.get_file_from_path("traceability.md"):
        files.remove(replaced)
    for uri, content in pages.items():
        files.append(File.generated(config, uri, content=content))
    for uri, path in features.report_files(stages, report).items():
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def read_results(report: Path) -> list[StageResults]:
    """Read the last results on each stage; none where nothing was run."""
    try:
        return by_stage(read_records(report))
    except RecordError as error:
        raise PluginError(str(error)) from error


def read_figures(path: Path) -> list[benchmarks.Figure]:
    """Read the last results of the benchmarks; none where nothing was measured."""
    try:
        return benchmarks.read_figures(path)
    except benchmarks.ResultError as error:
        raise PluginError(str(error)) from error


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001  mkdocs' signature
    """Have links to files of the repository lead to their pages."""
    return links.within_site(markdown)
