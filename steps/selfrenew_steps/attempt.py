# SPDX-License-Identifier: Apache-2.0
"""What came of something that may fail; a `When` returns it and a `Then` judges it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Attempt:
    """A result, or the error in its place, and the text the holder reads."""

    result: Any = None
    error: Exception | None = None

    @property
    def text(self) -> str:
        return str(self.error) if self.error is not None else str(self.result.text)


def attempt(action: Callable[[], object]) -> Attempt:
    try:
        return Attempt(result=action())
    except Exception as error:  # noqa: BLE001  judged by a Then
        return Attempt(error=error)
