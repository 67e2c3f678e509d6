# SPDX-License-Identifier: Apache-2.0
"""The API, the steps and the faults, from the code that they are."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_bdd import parsers
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

import selfrenew_steps
from ci.documentation.rendering import render
from ci.traceability import ROOT
from selfrenew_emulator.faults import CATALOGUE, Fault

_ROOTS = {"selfrenew": "reference", "selfrenew_emulator": "emulator"}
# Whose names nobody imports: a program is used by its commands.
_PROGRAMS = {"cli"}


def page_of(module: str) -> str:
    """Name the page of a module."""
    return f"api/{module}.md"


def pages() -> dict[str, str]:
    """Make the pages."""
    listed = [(name, first_sentence(name)) for name in modules()]
    made = {page_of(name): render("module.md", name=name) for name in modules()}
    made["api/index.md"] = render("api.md", modules=listed)
    made["steps.md"] = render("steps.md", nouns=steps())
    made["faults.md"] = render("faults.md", faults=faults())
    return made


def modules() -> list[str]:
    """Name what is imported from: each package, and each module directly below the two roots."""
    found = []
    for root, folder in _ROOTS.items():
        base = ROOT / folder
        packages = [path.parent for path in (base / root).rglob("__init__.py")]
        plain = [path for path in (base / root).glob("*.py") if path.name != "__init__.py"]
        for path in sorted([*packages, *plain]):
            parts = path.relative_to(base).with_suffix("").parts
            private = any(part.startswith("_") or part in _PROGRAMS for part in parts)
            if len(parts) > 1 and not private and _exports(path):
                found.append(".".join(parts))
    return found


def _exports(path: Path) -> bool:
    return path.is_file() or "__all__" in (path / "__init__.py").read_text()


def first_sentence(module: str) -> str:
    """Give the first sentence of a module's docstring, without importing it."""
    path = ROOT / _ROOTS[module.partition(".")[0]] / module.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(source.read_text())) or ""
    return " ".join(text.partition("\n\n")[0].split())


@dataclass(frozen=True)
class Noun:
    """A module of steps, what it is about, and its steps by keyword and text."""

    name: str
    about: str
    steps: list[tuple[str, str]]


def steps() -> list[Noun]:
    """Gather the steps that features may use."""
    found = []
    for name in _step_modules():
        module = importlib.import_module(name)
        own = [
            each
            for each in step_function_context_registry.values()
            if each.step_func.__module__ == module.__name__
        ]
        if own:
            about = " ".join((inspect.getdoc(module) or "").partition("\n\n")[0].split())
            found.append(Noun(name.rpartition(".")[2], about, _told(own)))
    return found


def _step_modules() -> list[str]:
    """Name the modules that define steps; the others may need a browser's driver."""
    specs = [
        importlib.util.find_spec(f"selfrenew_steps.{info.name}")
        for info in pkgutil.iter_modules(selfrenew_steps.__path__)
    ]
    return [
        spec.name
        for spec in specs
        if spec is not None and "pytest_bdd" in Path(spec.origin or "").read_text()
    ]


def _told(contexts: Iterable[StepFunctionContext]) -> list[tuple[str, str]]:
    order = ("given", "when", "then", None)
    told = {(order.index(each.type), _pattern(each.parser)) for each in contexts}
    return [((order[kind] or "any").capitalize(), text) for kind, text in sorted(told)]


def _pattern(parser: Any) -> str:
    return parser.regex.pattern if isinstance(parser, parsers.re) else str(parser.name)


@dataclass(frozen=True)
class FaultEntry:
    """A fault of the catalogue, for readers."""

    name: str
    target: str
    reason: str
    client: str
    trigger: str
    parameters: str


def faults() -> list[FaultEntry]:
    """Read the catalogue of the faults that have names."""
    return [_entry(each) for each in CATALOGUE.values()]


def _entry(fault: Fault) -> FaultEntry:
    parameters = ", ".join(fault.known)
    return FaultEntry(
        fault.name, fault.target.value, fault.reason, fault.client, fault.trigger, parameters
    )
