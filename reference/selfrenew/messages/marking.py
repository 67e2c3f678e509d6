# SPDX-License-Identifier: Apache-2.0
"""Marking texts for extraction, and the two forms that a text has in a language.

Babel finds what `text` and `plural` are called with; the English text is the key (GNU gettext
manual, 4). Names in braces are filled in where the text is used, by `format`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from gettext import NullTranslations
from typing import Self

EXTRACTED = ("text", "phrase", "plural:2,3")
"""What Babel is told: the functions, and which of their arguments are keys."""


def text(message: str) -> str:
    """Mark a text to be translated where it is used."""
    return message


def phrase(message: str) -> str:
    """Mark a part of a sentence, to stand in a field of other texts or in a list."""
    return message


class Text(str):
    """A text in one language: a `str` whose `format` names months in that language.

    `%B` of `datetime` names them as the C library is set, which any part of a program may change.
    """

    __slots__ = ("_months",)
    _months: Sequence[str]

    def __new__(cls, value: str, months: Sequence[str]) -> Self:
        """Make the text; `months` are the names of all twelve."""
        made = super().__new__(cls, value)
        made._months = tuple(months)
        return made

    def format(self, *values: object, **fields: object) -> str:
        """Fill in the fields."""
        return super().format(
            *map(self._localise, values),
            **{name: self._localise(value) for name, value in fields.items()},
        )

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Let a copy be a plain text: its fields are filled in, or it is not to be filled in."""
        return str, (str(self),)

    def _localise(self, value: object) -> object:
        return _Moment(value, self._months) if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class _Moment:
    moment: datetime
    months: Sequence[str]

    def __format__(self, spec: str) -> str:
        month = self.months[self.moment.month - 1].replace("%", "%%")
        return format(self.moment, spec.replace("%B", month))


@dataclass(frozen=True, slots=True)
class Plural:
    """A text whose words depend on a number: the field `count`."""

    count: str
    one: str
    many: str
    translations: NullTranslations = field(default_factory=NullTranslations)
    months: Sequence[str] = ()

    def format(self, **fields: object) -> str:
        """Fill in the fields, in the form that the number takes in the language."""
        number = fields[self.count]
        if not isinstance(number, int):
            raise TypeError(f"The field '{self.count}' chooses the form, so it has to be an int.")
        chosen = self.translations.ngettext(self.one, self.many, number)
        return Text(chosen, self.months).format(**fields)


def plural(count: str, one: str, many: str) -> Plural:
    """Mark a text in its two English forms, chosen by the field `count`."""
    return Plural(count, one, many)
