# SPDX-License-Identifier: Apache-2.0
"""What tells a card from all others, and how certificates name it.

SP 800-73-4 Part 1, 3.1.2 (FASC-N) and 3.4.1 (Card UUID).
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from cryptography import x509
from cryptography.x509.oid import NameOID

from selfrenew.cmp.message import encode
from selfrenew_emulator.randomness import Randomness

PIV_FASC_N = x509.ObjectIdentifier("2.16.840.1.101.3.6.6")

# Agency 9999, system 9999, credential 999999: what cards outside the federal agencies carry
# (SP 800-73-4 Part 1, footnote 14); digits of five bits each. The GUID tells cards apart.
FASC_N = bytes.fromhex("D4E739DA739CED39CE739D836858210842108421C84210C3EB")


@dataclass(frozen=True, slots=True)
class CardIdentity:
    """A card's identifiers; `guid` is the Card UUID's 16 bytes."""

    guid: bytes
    expiration_date: date
    fasc_n: bytes = FASC_N

    @property
    def uuid(self) -> UUID:
        """The Card UUID."""
        return UUID(bytes=self.guid)

    @property
    def subject(self) -> x509.Name:
        """The card's name in its own certificate, where its holder's must not be."""
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "NHS TEST"),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "cards"),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, str(self.uuid)),
            ]
        )

    @property
    def alternative_name(self) -> x509.SubjectAlternativeName:
        """The names of the card in a certificate: the FASC-N, and the UUID as a URN."""
        return x509.SubjectAlternativeName(
            [
                x509.OtherName(PIV_FASC_N, encode(self.fasc_n)),
                x509.UniformResourceIdentifier(self.uuid.urn),
            ]
        )


def new_guid(randomness: Randomness) -> bytes:
    """Draw a Card UUID of version 4 (RFC 4122, 4.4).

    >>> from selfrenew_emulator.randomness import seeded
    >>> UUID(bytes=new_guid(seeded(7))).version
    4
    """
    return UUID(bytes=randomness(16), version=4).bytes
