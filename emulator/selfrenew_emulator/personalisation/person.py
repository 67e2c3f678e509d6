# SPDX-License-Identifier: Apache-2.0
"""A person who holds a card."""

from dataclasses import dataclass

from cryptography import x509

from selfrenew_emulator.ca import person_name
from selfrenew_emulator.randomness import Randomness

_UUID_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Person:
    """A person: 12-digit user UUID, name, and the roles the Spine offers."""

    uuid: str
    name: str
    roles: tuple[str, ...] = ()

    @property
    def subject(self) -> x509.Name:
        """The subject of the person's certificates."""
        return person_name(self.uuid)


def new_uuid(randomness: Randomness) -> str:
    """Draw a user UUID: 12 digits, the first not zero."""
    number = int.from_bytes(randomness(8), "big")
    lowest = 10 ** (_UUID_DIGITS - 1)
    return str(lowest + number % (9 * lowest))
