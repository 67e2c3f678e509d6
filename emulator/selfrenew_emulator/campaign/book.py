# SPDX-License-Identifier: Apache-2.0
"""The results of a campaign as they come, in a file that a campaign goes on from.

    {"campaign": 1, "client": NAME, "seed": TEXT}
    one result a line, as `Result.as_json` gives it

A line is written whole or, where the machine stops, cut off at the end, which is dropped. One that
Ctrl-C came upon may be there twice.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from .result import Result

_VERSION = 1


class BookError(Exception):
    """A file of results cannot be gone on from."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"Going on from {path} failed: {reason}. It was left as it is; name another file, or "
            "none."
        )


class Book:
    """Results, in memory and, where a path is given, in a file."""

    def __init__(self, path: Path | None, *, client: str, seed: str) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._head = {"campaign": _VERSION, "client": client, "seed": seed}
        self.results: list[Result] = []
        self._written = 0

    def __enter__(self) -> Self:
        """Open the file, and read what is in it. Raise BookError."""
        path = self._path
        if path is None:
            return self
        try:
            known = path.exists() and path.stat().st_size > 0
            if known:
                self._read(path)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise BookError(path, error.strerror or str(error)) from error
        if not known:
            self._write(self._head)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            # Ctrl-C may have come between the two places where a result is kept.
            self._write_rest()
            self._file.close()

    def add(self, found: dict[str, Any]) -> Result:
        """Keep a result."""
        result = Result.from_json(found)
        self.results.append(result)
        self._write_rest()
        return result

    def missing(self, lines: Iterable[str]) -> list[str]:
        """Give the cases that have no result yet."""
        known = {result.case for result in self.results}
        return [line for line in lines if line not in known]

    def _read(self, path: Path) -> None:
        raw = path.read_bytes()
        whole, _, cut = raw.rpartition(b"\n")
        lines = whole.split(b"\n")
        try:
            head = json.loads(lines[0])
            read = [Result.from_json(json.loads(line)) for line in lines[1:]]
        except (ValueError, KeyError, TypeError) as error:
            raise BookError(path, "it is no file of results, or damaged") from error
        if not isinstance(head, dict) or head.get("campaign") != _VERSION:
            raise BookError(path, "it is of another version")
        for name in ("client", "seed"):
            if head.get(name) != self._head[name]:
                raise BookError(path, f"it is of the {name} '{head.get(name)}'")
        self.results = list({result.case: result for result in read}.values())
        self._written = len(self.results)
        if cut:
            with path.open("r+b") as file:
                file.truncate(len(whole) + 1)

    def _write_rest(self) -> None:
        for result in self.results[self._written :]:
            self._write(result.as_json())
            self._written += 1

    def _write(self, found: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(found) + "\n")
            self._file.flush()
