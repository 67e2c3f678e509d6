# SPDX-License-Identifier: Apache-2.0
"""What the reader's control API takes and gives, but for cards, which go as their images."""

from .ca_models import ControlModel


class SlotView(ControlModel):
    """A slot: the name PC/SC programs know it by, and whether a card is in it."""

    reader: str
    occupied: bool


class KeyMakingForm(ControlModel):
    """Whether the cards in the slots wait before they make a key."""

    held: bool
