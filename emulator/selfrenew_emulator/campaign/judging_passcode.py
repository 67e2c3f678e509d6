# SPDX-License-Identifier: Apache-2.0
"""The invariants of what is done with the passcode, and of the making of a card."""

from collections.abc import Iterator, Sequence

from .codes import MAIL, MANAGEMENT, PIN_BLOCKED, PUK_BLOCKED, REGISTRATION_AUTHORITY, UNLOCK, Code
from .evidence import NEW_PASSCODES, PASSCODE, Evidence
from .judging import judge_told, judge_tries, judge_words
from .oracle import CardFound, live_mismatch


def judge_unlock(run: Evidence) -> Iterator[str]:
    """Judge a run of an unlock, whatever stopped it."""
    yield from judge_words(run)
    yield from judge_tries(run)
    yield from _judge_certificates(run)
    yield from _judge_known(run)
    if not any(run.after.card.takes_puk(puk) for puk in run.puks):
        yield "card management does not know the card's unlocking key"
    if run.code == Code.DONE and not run.after.card.takes_pin(NEW_PASSCODES[run.attempt]):
        yield "it is told to be unlocked, and the new passcode is not in force"
    if run.code != Code.DONE and any(fault.startswith(MANAGEMENT) for fault in run.struck):
        yield from judge_told(run)
    if run.struck and all(fault.startswith(MAIL) for fault in run.struck):
        yield from _judge_without_mail(run)


def _judge_without_mail(run: Evidence) -> Iterator[str]:
    """Judge that a code which never came, or too late, is told and not gone without."""
    yield from judge_told(run)
    if run.code == Code.REFUSED and run.timeline.presented_puks:
        yield "an unlocking key was presented without a code that counts"


def judge_end_of_unlock(run: Evidence) -> Iterator[str]:
    """Judge the last run of an unlock, with nothing in its way any more."""
    if run.code == Code.LOCKED and not run.before.card.puk_tries[0]:
        if REGISTRATION_AUTHORITY not in run.text:
            yield f"it cannot be unlocked, and whom to turn to was not told: {run.text}"
        return
    if run.code != Code.DONE:
        yield f"running it again ended with exit code {run.code}: {run.text}"
        return
    card = run.after.card
    for name, fault, (left, limit) in (
        ("passcode", PIN_BLOCKED, card.pin_tries),
        ("unlocking key", PUK_BLOCKED, card.puk_tries),
    ):
        if left != limit and fault not in run.struck:
            yield f"the {name} has {left} of {limit} tries left"
    if len(run.puks) != 1:
        yield "card management still takes two unlocking keys for possible"


def judge_change(run: Evidence) -> Iterator[str]:
    """Judge a change of the passcode, whatever stopped it."""
    yield from judge_words(run)
    yield from judge_tries(run)
    yield from _judge_certificates(run)
    yield from _judge_known(run)
    if run.code == Code.DONE and not run.after.card.takes_pin(NEW_PASSCODES[run.attempt]):
        yield "it is told to be changed, and the new passcode is not in force"


def judge_end_of_change(run: Evidence) -> Iterator[str]:
    """Judge the last change, made with the passcode that the card has."""
    if run.code == Code.LOCKED and not run.before.card.pin_tries[0]:
        if UNLOCK not in run.text.lower():
            yield f"the card is locked, and what to do was not told: {run.text}"
        return
    if run.code != Code.DONE:
        yield f"running it again ended with exit code {run.code}: {run.text}"
        return
    left, limit = run.after.card.pin_tries
    if left != limit and PIN_BLOCKED not in run.struck:
        yield f"the passcode has {left} of {limit} tries left"


def judge_making(run: Evidence) -> Iterator[str]:
    """Judge the making of a card, whatever stopped it: only that it says so."""
    yield from judge_words(run)


def judge_end_of_making(run: Evidence) -> Iterator[str]:
    """Judge a card that was made anew, with nothing in the way any more."""
    if run.code != Code.DONE:
        yield f"making it anew ended with exit code {run.code}: {run.text}"
        return
    mismatch = live_mismatch(run.after.card, run.after.issued)
    if mismatch is not None:
        yield mismatch
    # A clock that went back while it was made is put right some day.
    if run.after.usable_at(max(run.after.now, run.before.now)) != set(run.after.card.slots):
        yield "a slot of the new card is of no use"


def passcode_of(
    card: CardFound, possible: Sequence[str] = (PASSCODE, *NEW_PASSCODES)
) -> str | None:
    """Find the passcode that a card has, of those it may have."""
    return next((each for each in possible if card.takes_pin(each)), None)


def _judge_known(run: Evidence) -> Iterator[str]:
    """Judge that the passcode is the one before, or the one that was to be set: its holder's."""
    known = {passcode_of(run.before.card), NEW_PASSCODES[run.attempt]}
    if passcode_of(run.after.card) not in known:
        yield "nobody knows the card's passcode any more"


def _judge_certificates(run: Evidence) -> Iterator[str]:
    before, after = run.before.card, run.after.card
    if after.other_keys != before.other_keys or after.slots != before.slots:
        yield "a key or a certificate was changed"
    if after.other_objects != before.other_objects:
        yield "an object that has no part in it was changed"
    if run.others_touched:
        yield "another person's card was changed"
