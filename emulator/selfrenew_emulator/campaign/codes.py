# SPDX-License-Identifier: Apache-2.0
"""The exit codes that the program under test documents (docs/command-line.md), written down anew.

They are not taken from the program, so that a code that changes there is noticed here.
"""

from enum import IntEnum, unique


@unique
class Code(IntEnum):
    """How a command ends."""

    DONE = 0
    NOT_DUE = 3
    SEE_REGISTRATION_AUTHORITY = 4
    WRONG_PASSCODE = 5
    LOCKED = 6
    NO_CARD = 7
    FOREIGN_CARD = 8
    UNREACHABLE = 9
    REFUSED = 10
    NOT_TRUSTED = 11
    INTERRUPTED = 12
    BUG = 70


REGISTRATION_AUTHORITY = "Registration Authority"
RUN_AGAIN = "run the renewal again"
UNLOCK = "unlock"
RESUMED = "previous renewal was interrupted"
EXPIRED = "expired"
BOTH_RENEWED = "Both certificates are renewed"
# Where a renewal stopped with a slot to redo it ends with one of these, and with no other.
HALF_RENEWED = frozenset({Code.INTERRUPTED, Code.REFUSED, Code.NOT_TRUSTED})
# They change the memory of a card, or its time, and not what a program does.
DAMAGING = frozenset({"card.certificate", "card.mismatched", "world.clock-jumps"})
PIN_BLOCKED, PUK_BLOCKED = "card.pin-blocked", "card.puk-blocked"
# Behind them is whether the CA has heard, which its client cannot see.
LINES = ("ca.", "network.")
MAIL, MANAGEMENT = "mail.", "management."
# They change nothing but local time, which nothing goes by that reckons rightly.
UNNOTICED = frozenset({"world.time-zone", "world.summer-time"})
# What each fault is told as where it has stopped a run that changed nothing.
TOLD_AS: dict[str, frozenset[Code]] = {
    "card.removed": frozenset({Code.NO_CARD}),
    "card.torn": frozenset({Code.NO_CARD}),
    "card.swapped": frozenset({Code.NO_CARD, Code.FOREIGN_CARD}),
    "reader.unplugged": frozenset({Code.NO_CARD}),
    "reader.two-at-once": frozenset({Code.NO_CARD}),
    "reader.late": frozenset({Code.NO_CARD}),
    "reader.stopped": frozenset({Code.NO_CARD}),
    "card.wrong-passcode": frozenset({Code.WRONG_PASSCODE}),
    "management.refuses": frozenset({Code.REFUSED}),
    # A card that refuses its management key, or its unlocking key.
    "management.wrong-key": frozenset({Code.FOREIGN_CARD, Code.SEE_REGISTRATION_AUTHORITY}),
    "spine.refuses": frozenset({Code.REFUSED}),
    "mail.refused": frozenset({Code.UNREACHABLE}),
    "mail.lost": frozenset({Code.REFUSED}),
    "network.request-lost": frozenset({Code.UNREACHABLE}),
    "network.answer-lost": frozenset({Code.UNREACHABLE}),
    "network.refused": frozenset({Code.UNREACHABLE}),
    "network.slow": frozenset({Code.UNREACHABLE}),
}
