# SPDX-License-Identifier: Apache-2.0
"""When a fault of the CA strikes: at which messages, of which issuer, after how many."""

from collections.abc import Mapping
from dataclasses import dataclass

from selfrenew.cmp.structures import BodyType

PARAMETERS = ("at", "issuer", "after")
STRIKES_AT = "a message to the CA, by its name, its issuer, or after some of them"
REQUESTS = frozenset({BodyType.IR, BodyType.CR, BodyType.KUR, BodyType.P10CR})
"""The messages that ask for a certificate."""
_SENT = {
    kind.standard_name: kind
    for kind in (
        *sorted(REQUESTS),
        BodyType.CERTCONF,
        BodyType.POLLREQ,
        BodyType.RR,
        BodyType.GENM,
        BodyType.ERROR,
        BodyType.NESTED,
    )
}
_ISSUERS = ("authentication", "signing")


@dataclass(frozen=True, slots=True)
class CaMessage:
    """A message to the CA, as far as a trigger asks; a `kind` None is no CMP."""

    kind: BodyType | None
    transaction_id: bytes = b""
    issuer: str | None = None
    """The issuer of the profile that its address, its certProfile or its transaction's names."""


@dataclass(frozen=True, slots=True)
class CaTrigger:
    """Which messages are meant; empty and None mean all. `after` so many of them go by first."""

    kinds: frozenset[BodyType] = frozenset()
    issuer: str | None = None
    after: int = 0

    @classmethod
    def read(
        cls, parameters: Mapping[str, str], kinds: frozenset[BodyType] = frozenset()
    ) -> "CaTrigger":
        """Read an order's parameters; `kinds` counts where it names none. Raise ValueError."""
        if "at" in parameters:
            wanted = kind_named(parameters["at"])
            if kinds and wanted not in kinds:
                known = ", ".join(sorted(each.standard_name for each in kinds))
                raise ValueError(f"it strikes at {known}, not at {parameters['at']}")
            kinds = frozenset({wanted})
        issuer = parameters.get("issuer")
        if issuer is not None and issuer not in _ISSUERS:
            raise ValueError(f"'{issuer}' is no issuer; there are {', '.join(_ISSUERS)}")
        return cls(kinds, issuer, number("after", parameters, default=0, most=1_000_000))

    def fits(self, message: CaMessage) -> bool:
        """Tell whether this is such a message, however many went by."""
        if self.kinds and message.kind not in self.kinds:
            return False
        return self.issuer is None or self.issuer == message.issuer


def kind_named(text: str) -> BodyType:
    """Find a message by the standard's name. Raise ValueError."""
    for name, kind in _SENT.items():
        if name.lower() == text.lower():
            return kind
    raise ValueError(f"'{text}' is no message to a CA; there are {', '.join(_SENT)}")


def number(name: str, parameters: Mapping[str, str], *, default: int, most: int) -> int:
    """Read a whole number from 0 on. Raise ValueError."""
    text = parameters.get(name)
    if text is None:
        return default
    # int() would take signs, blanks and underscores.
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most):
        raise ValueError(f"'{name}' is a number up to {most}, not '{text}'")
    return int(text)
