# SPDX-License-Identifier: Apache-2.0
"""Made-up people for a stage."""

from selfrenew_emulator.randomness import Randomness
from selfrenew_emulator.spine import Person, Role

DEFAULT_ROLES = (
    Role("R8000", "Clinical Practitioner", "Hill Surgery TEST"),
    Role("R8003", "Healthcare Assistant", "Vale Hospital TEST"),
)
MAIL_DOMAIN = "nhs.example"
_USER_ID_DIGITS = 12


def new_person(name: str, roles: tuple[Role, ...], randomness: Randomness) -> Person:
    """Make somebody up, with a user identifier of 12 digits whose first is not zero."""
    lowest = 10 ** (_USER_ID_DIGITS - 1)
    drawn = int.from_bytes(randomness(8), "big") % (9 * lowest)
    return Person(str(lowest + drawn), name, roles)


def mail_address(person: Person) -> str:
    """Give the address a person's unlock codes go to; no two people share one.

    >>> mail_address(Person("123456789012", "Alice Archer", ()))
    'alice.archer.123456789012@nhs.example'
    """
    letters = "".join(each if each.isascii() and each.isalnum() else " " for each in person.name)
    return ".".join([*letters.lower().split(), person.user_id]) + f"@{MAIL_DOMAIN}"
