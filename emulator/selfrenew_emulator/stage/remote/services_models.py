# SPDX-License-Identifier: Apache-2.0
"""What the control API of card management, Spine and mail takes and gives, but for cards.

Cards are ordered as at a stage's desk.
"""

from pydantic import Field

from selfrenew_emulator.spine import Person, Role

from .ca_models import Bytes, ControlModel


class RoleForm(ControlModel):
    """What a person is somewhere."""

    id: str
    name: str
    organisation: str


class PersonForm(ControlModel):
    """Somebody whom the Spine is to know."""

    name: str = Field(min_length=1, max_length=64)
    roles: list[RoleForm]

    @classmethod
    def of(cls, person: Person) -> "PersonForm":
        """Write a person down."""
        roles = [
            RoleForm(id=role.id, name=role.name, organisation=role.organisation)
            for role in person.roles
        ]
        return cls(name=person.name, roles=roles)

    def person(self, user_id: str) -> Person:
        """Give the person."""
        return Person(user_id, self.name, tuple(Role(**role.model_dump()) for role in self.roles))


class MessageView(ControlModel):
    """A message that was delivered, as bytes of RFC 5322."""

    message: Bytes


class RefusalForm(ControlModel):
    """The mail server's reply to every MAIL command; null takes the mail."""

    reply: str | None = Field(pattern=r"^[245][0-9]{2} [ -~]+$")
