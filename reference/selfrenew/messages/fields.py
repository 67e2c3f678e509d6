# SPDX-License-Identifier: Apache-2.0
"""The fields of a text, and whether a translation can be filled in as its English text is."""

import re
from collections.abc import Iterable
from string import Formatter

_DATE = re.compile(r"(?=.*%)(?:[^%]|%[dmYBHM])+")


def fields_of(text: str) -> set[tuple[str, bool]]:
    """Name a text's fields, each with whether it is a date. Raise ValueError for other syntax."""
    found = set()
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or conversion:
            raise ValueError(f"the field {{{name}}} is more than a name")
        if spec and not _DATE.fullmatch(spec):
            raise ValueError(
                f"the field {{{name}}} has the format '{spec}', which is not of a date"
            )
        found.add((name, bool(spec)))
    return found


def misfit(keys: Iterable[str], forms: Iterable[str]) -> str | None:
    """Say what is wrong with the forms of a translation; None where nothing is.

    A form may lack what one of the English forms lacks: 'in one day' needs no number.
    """
    try:
        wanted = [fields_of(key) for key in keys if key]
        given = [fields_of(form) for form in forms]
    except ValueError as error:
        return f"cannot be filled in: {error}"
    known, needed = set.union(*wanted), set.intersection(*wanted)
    for found in given:
        if found - known:
            return f"has a field that the English text has not: {_named(found - known)}"
        if needed - found:
            return f"lacks a field: {_named(needed - found)}"
    return None


def _named(fields: set[tuple[str, bool]]) -> str:
    return ", ".join(f"{{{name}}}{' as a date' * date}" for name, date in sorted(fields))
