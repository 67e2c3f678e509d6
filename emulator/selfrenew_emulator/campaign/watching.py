# SPDX-License-Identifier: Apache-2.0
"""A look at card and CA after every command and request, for what must not be at any instant."""

from collections.abc import Callable

from cryptography.hazmat.primitives.serialization import Encoding

from .evidence import Found
from .oracle import SLOTS, on_no_card
from .timeline import Timeline

# By which commands a program sees a slot's certificate, and its key.
_LOOKS = {"GET DATA": "certificate", "GENERAL AUTHENTICATE": "key"}
_CLOCK = ("", "clock")


class Watch:
    """Notes the instants at which the program under test, or what it sent, left no key that counts.

    What a fault itself has taken from the card or from its time, before the card saw the command,
    is nobody's omission. Nor is what the program does before it has looked at that slot again; from
    its next look on it answers for what is left.
    """

    def __init__(
        self, timeline: Timeline, find: Callable[[], Found], state: Callable[[], object]
    ) -> None:
        self.gaps: list[str] = []
        self._timeline = timeline
        self._find = find
        self._state = state
        self._seen = (state(), 0)
        self._last = find()
        self._taken: set[bytes] = set()
        """Certificates that were on the card until a fault took them."""
        self._unseen: set[tuple[str, str]] = set()
        """What of which slot a fault has changed since the program looked at it."""
        timeline.before_each = self._note_fault
        timeline.after_each = self._look

    def _note_fault(self) -> None:
        seen = (self._state(), len(self._timeline.requests))
        if seen == self._seen:
            return
        self._seen = seen
        before, self._last = self._last, self._find()
        if before.now != self._last.now:
            self._unseen.add(_CLOCK)
        for name, (reference, _) in SLOTS.items():
            was, slot = before.card.slots[name], self._last.card.slots[name]
            if was.public_key != slot.public_key:
                self._unseen.add((reference, "key"))
            if was.certificate != slot.certificate:
                self._unseen.add((reference, "certificate"))
                if was.certificate is not None:
                    self._taken.add(was.certificate.public_bytes(Encoding.DER))

    def _look(self) -> None:
        self._judge()
        # From here on the program can look at its clock.
        self._unseen.discard(_CLOCK)

    def _judge(self) -> None:
        if self._timeline.boundaries:
            command, _, reference = self._timeline.boundaries[-1].name.rpartition(" ")
            self._unseen.discard((reference, _LOOKS.get(command, "")))
        seen = (self._state(), len(self._timeline.requests))
        if seen == self._seen:
            return
        self._seen = seen
        before, self._last = self._last, self._find()
        after = f"after {self._timeline.lines[-1].strip()}"
        if before.usable and not self._last.usable and not self._unseen:
            self.gaps.append(f"no key had a certificate that counts {after}")
        early = on_no_card(self._last.card, before.issued, self._last.issued, self._taken)
        if early is not None:
            self.gaps.append(f"the CA counts a new {early} certificate that is on no card {after}")
