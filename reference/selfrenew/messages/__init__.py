# SPDX-License-Identifier: Apache-2.0
"""Every text a person reads on the way to a new certificate, once, in the person's language.

`messages.NAME` is the text NAME of `messages.texts` in the language spoken at that moment, so it is
asked for where it is shown, not where a module is imported. docs/translating.md says how a language
is added.
"""

from typing import TYPE_CHECKING

from . import texts as _texts
from .translations import (
    available_languages,
    language,
    language_of,
    negotiate,
    speak_by_default,
    translate,
    use_language,
)

__all__ = [
    "available_languages",
    "language",
    "language_of",
    "names",
    "negotiate",
    "speak_by_default",
    "use_language",
]

if TYPE_CHECKING:
    from .texts import *
else:
    # Hidden from the type checker, which would take any name to exist.
    def __getattr__(name: str) -> object:
        if not name.isupper() or not hasattr(_texts, name):
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        return translate(getattr(_texts, name))


def names() -> list[str]:
    """Name every text."""
    return [name for name in dir(_texts) if name.isupper()]
