# SPDX-License-Identifier: Apache-2.0
"""What is printed on a card, once more on its chip (SP 800-73-4 Part 1, 3.3.1 and table 14)."""

import unicodedata
from dataclasses import dataclass

from selfrenew.iso7816 import Tlv

from .card_identity import CardIdentity

_NAME_MAX, _LINE_MAX = 125, 20
_AFFILIATION, _ORGANISATION, _REMARK = "Staff TEST", "NHS TEST", "Made for tests only"
_ISSUER = "NHSTST999900001"
"""Department, agency and facility in 6, 4 and 5 characters (FIPS 201-2, 4.1.4.2)."""
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True, slots=True)
class PrintedInformation:
    """The name as a person writes it, and the card's identifiers."""

    name: str
    identity: CardIdentity

    def __bytes__(self) -> bytes:
        day = self.identity.expiration_date
        fields = (
            (0x01, _ascii(self.name)[:_NAME_MAX]),
            (0x02, _AFFILIATION),
            (0x04, f"{day.year:04}{_MONTHS[day.month - 1]}{day.day:02}"),
            (0x05, self.identity.guid.hex().upper()[:_LINE_MAX]),
            (0x06, _ISSUER),
            (0x07, _ORGANISATION),
            (0x08, _REMARK),
            (0xFE, ""),
        )
        return b"".join(bytes(Tlv(tag, text.encode("ascii"))) for tag, text in fields)


def _ascii(name: str) -> str:
    """Write a name in ASCII: without its accents, and ? for what is still none.

    >>> _ascii("Zoë Łuków")
    'Zoe ?ukow'
    """
    letters = unicodedata.normalize("NFKD", name)
    plain = "".join(each for each in letters if not unicodedata.combining(each))
    return plain.encode("ascii", "replace").decode("ascii")
