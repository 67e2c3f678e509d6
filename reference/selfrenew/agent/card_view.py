# SPDX-License-Identifier: Apache-2.0
"""What the page is told of the card: read without the passcode, on the worker's thread."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import UnreadableObjectError
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import (
    Inspection,
    RenewalStanding,
    inspect,
    judge_standing,
)
from selfrenew.renewal.inspection import SLOT_WORDS
from selfrenew.transport.connection import Reader


@dataclass(frozen=True, slots=True)
class CardView:
    """A card as it was found."""

    inspection: Inspection
    standing: RenewalStanding
    tries_left: int
    unlockable: bool

    @property
    def view(self) -> dict[str, object]:
        """The card for programs."""
        standing = self.standing
        return {
            "guid": self.inspection.guid.hex(),
            "slots": [
                {
                    "slot": SLOT_WORDS[key],
                    "serial": None
                    if slot.certificate is None
                    else f"{slot.certificate.serial_number:X}",
                    "not_after": None
                    if slot.certificate is None
                    else slot.certificate.not_valid_after_utc.isoformat(),
                    "state": slot.state.value,
                }
                for key, slot in self.inspection.slots.items()
            ],
            "window": {
                "state": standing.state.value,
                "due_from": _moment(standing.due_from),
                "not_after": _moment(standing.not_after),
                "days_left": standing.days_left,
            },
            "tries_left": self.tries_left,
            "locked": self.tries_left == 0,
            "unlockable": self.unlockable,
        }


@dataclass(frozen=True, slots=True)
class SignInView:
    """The serial number of the certificate that signs in, where there is one, and the passcode."""

    serial: int | None
    tries_left: int
    unlockable: bool


def read_card(reader: Reader, now: datetime) -> CardView:
    """Read the card that is in. Raise PivError or TransportError."""
    with closing(reader.connect()) as connection, connection.exclusive():
        client = PivClient(connection)
        client.select()
        inspection = inspect(client, now)
        standing = judge_standing(inspection, now)
        return CardView(inspection, standing, client.tries_left(), client.unlockable())


def read_guid(reader: Reader) -> bytes:
    """Read which card is in. Raise PivError or TransportError."""
    with closing(reader.connect()) as connection, connection.exclusive():
        client = PivClient(connection)
        client.select()
        return client.guid()


def read_sign_in(reader: Reader) -> SignInView:
    """Read what a sign-in begins with. Raise PivError or TransportError."""
    with closing(reader.connect()) as connection, connection.exclusive():
        client = PivClient(connection)
        client.select()
        try:
            certificate = client.read_certificate(KeyReference.PIV_AUTHENTICATION)
        except UnreadableObjectError:
            certificate = None
        serial = None if certificate is None else certificate.serial_number
        return SignInView(serial, client.tries_left(), client.unlockable())


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
