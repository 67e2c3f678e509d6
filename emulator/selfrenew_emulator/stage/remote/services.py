# SPDX-License-Identifier: Apache-2.0
"""Card management, Spine and mail of another process, held by their control API."""

from email.message import EmailMessage

from selfrenew_emulator.card import Card
from selfrenew_emulator.mail import parse_message
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage.card_order import CardOrder
from selfrenew_emulator.stage.desk import card_from, form_of

from .client import ControlClient
from .services_models import MessageView, PersonForm, RefusalForm


class RemoteOutbox:
    """The mail that was sent."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def messages_to(self, address: str) -> list[EmailMessage]:
        """List what was delivered to an address, oldest first. Raise ControlError."""
        query = {"address": address}
        views = self._control.ask(list[MessageView], "GET", "/messages", query=query)
        return [parse_message(view.message) for view in views]


class RemoteMail:
    """The mail server, which can be told to refuse."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    @property
    def refusal(self) -> str | None:
        """The reply to every MAIL command; None takes the mail. Each use may raise ControlError."""
        return self._control.ask(RefusalForm, "GET", "/mail/refusal").reply

    @refusal.setter
    def refusal(self, reply: str | None) -> None:
        self._control.call("PUT", "/mail/refusal", RefusalForm(reply=reply))


class RemoteDesk:
    """Where people are made known and cards ordered; each method may raise ControlError."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def register(self, person: Person) -> None:
        """Let the Spine know a person."""
        self._control.call("PUT", f"/people/{person.user_id}", PersonForm.of(person))

    def order(self, order: CardOrder) -> Card:
        """Have a card made; its passcodes have the test value."""
        return card_from(self._control.call("POST", "/cards", form_of(order)))
