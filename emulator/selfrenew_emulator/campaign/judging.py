# SPDX-License-Identifier: Apache-2.0
"""The invariants that hold for every scenario, and those of a renewal."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from .codes import (
    BOTH_RENEWED,
    DAMAGING,
    EXPIRED,
    HALF_RENEWED,
    LINES,
    PIN_BLOCKED,
    PUK_BLOCKED,
    REGISTRATION_AUTHORITY,
    RESUMED,
    RUN_AGAIN,
    TOLD_AS,
    Code,
)
from .evidence import NEW_PASSCODES, PASSCODE, Evidence, Found
from .oracle import live_mismatch

_EXPECTED = frozenset(Code) - {Code.BUG}
_GENERATE = 0x47
_SUCCESS, _NO_ANSWER = 0x9000, 0
_FAILED = frozenset({0x64, 0x65, 0x66, 0x6F})


def judge_words(run: Evidence) -> Iterator[str]:
    """Judge what its holder was told, and what was told to anybody else."""
    if run.timeline.leaks:
        yield f"a secret was in {', '.join(sorted(set(run.timeline.leaks)))}"
    if run.code is None:
        return
    if run.code not in _EXPECTED:
        yield f"it ended with exit code {run.code}: {run.text}"
    if not run.text.strip():
        yield "it ended without a word"
    if run.code != Code.DONE and not run.text.rstrip().endswith("."):
        yield f"what was told is no sentence: {run.text!r}"
    secrets = (PASSCODE, *NEW_PASSCODES, *run.puks)
    if any(secret in text for text in (run.text, *run.told) for secret in secrets):
        yield "a secret is in what was told"


def judge_tries(run: Evidence) -> Iterator[str]:
    """Judge that no try of passcode or unlocking key was used up without a fault's doing."""
    card, before = run.after.card, run.before.card
    yield from _judge_presented(run.timeline.presented, "passcode", refusals=0)
    # Which of two keys a card has may be open after an unlock that broke off.
    yield from _judge_presented(run.timeline.presented_puks, "unlocking key", refusals=1)
    for name, fault, presented, (left, _), (had, limit) in (
        ("passcode", PIN_BLOCKED, run.timeline.presented, card.pin_tries, before.pin_tries),
        (
            "unlocking key",
            PUK_BLOCKED,
            run.timeline.presented_puks,
            card.puk_tries,
            before.puk_tries,
        ),
    ):
        least = _least_left(had, limit, presented)
        if left < least and fault not in run.struck:
            yield f"the {name} has {left} tries left, and by what was presented {least}"


def _judge_presented(presented: Sequence[int], name: str, refusals: int) -> Iterator[str]:
    refused = [number for number, sw in enumerate(presented) if _is_refusal(sw)]
    if len(refused) > refusals and refused[refusals] + 1 < len(presented):
        yield f"a {name} was presented again after the card had refused it"


def _least_left(had: int, limit: int, presented: Iterable[int]) -> int:
    """Count down from what a card had: by refusals, and by what it may have refused unheard.

    A card uses a try up ahead of its comparison, and one that lost its power then, or failed
    (SW1 64, 65, 66 and 6F), has one less.
    """
    left = had
    for sw in presented:
        if sw == _SUCCESS:
            left = limit
        elif _is_refusal(sw) or sw == _NO_ANSWER or sw >> 8 in _FAILED:
            left = max(0, left - 1)
    return left


def _is_refusal(sw: int) -> bool:
    return sw >> 4 == 0x63C or sw == 0x6983


def judge_card(run: Evidence) -> Iterator[str]:
    """Judge that nothing was lost that is none of a renewal's business, on this card or another."""
    before, after = run.before.card, run.after.card
    if before.other_keys != after.other_keys:
        yield "a key that has no part in it was changed"
    if before.other_objects != after.other_objects:
        yield "an object that has no part in it was changed"
    if before.reference_data != after.reference_data:
        yield "passcode or unlocking key is another one"
    if before.puk_tries != after.puk_tries and PUK_BLOCKED not in run.struck:
        yield "a try of the unlocking key was used up"
    if not any(after.takes_puk(puk) for puk in run.puks):
        yield "card management does not know the card's unlocking key"
    if run.others_touched:
        yield "another person's card was changed"


def judge_renewal(
    run: Evidence, begun: Found, struck: set[str], *, finished: bool = False
) -> Iterator[str]:
    """Judge a run of a renewal, whatever stopped it; `begun` is the card as it was made.

    `struck` are the faults of the runs before it, `finished` is whether the last of them ended as
    done: by a clock that had gone back, one slot may have been all there was to renew.
    """
    yield from judge_words(run)
    yield from judge_tries(run)
    yield from judge_card(run)
    yield from run.gaps[:1]
    if run.code is None:
        return
    was = run.before.now
    done, half = is_renewed(run.after, begun, was), is_half_renewed(run.after, begun, was)
    damaged = bool(DAMAGING & set(run.struck))
    # What is damaged behind its last look it cannot know; the next run has to.
    if run.code == Code.DONE and not done and not damaged:
        yield f"it was told to be done, and is not: {state_of(run.after, begun)}"
    if done and not is_renewed(run.before, begun) and not _says_renewed(run):
        yield f"both certificates are renewed, and it was told: {run.text}"
    changed = _made_a_key(run) if damaged else _changed(run)
    if half and changed and run.code != Code.DONE:
        yield from _judge_half(run)
    elif run.code == Code.INTERRUPTED and not half and not done and not _made_a_key(run):
        yield f"it was told to be half renewed, and is {state_of(run.after, begun)}"
    elif not done and not _made_a_key(run) and run.code != Code.DONE:
        if run.code == Code.SEE_REGISTRATION_AUTHORITY and DAMAGING & struck:
            # What was damaged before has stopped it, whatever else struck.
            yield from _judge_giving_up(run)
        else:
            yield from judge_told(run)
    if not finished:
        harmed = bool(DAMAGING & {*struck, *run.struck})
        yield from _judge_resumption(run, begun, harmed=harmed)


def _judge_resumption(run: Evidence, begun: Found, *, harmed: bool) -> Iterator[str]:
    """Judge that going on from an interrupted renewal is announced, and nothing else is."""
    says = any(RESUMED in text for text in run.told)
    if is_half_renewed(run.before, begun):
        if (run.code == Code.DONE or _made_a_key(run)) and not says:
            yield "it went on from an interrupted renewal and did not say so"
    elif says and not harmed:
        yield "it was told that a renewal was interrupted, and there had been none"


def _says_renewed(run: Evidence) -> bool:
    """Tell whether a run that renewed both says so, or that it has to be found out again.

    Whose last confirmation got no answer that can be used cannot know that it was heard.
    """
    if run.code in HALF_RENEWED and any(fault.startswith(LINES) for fault in run.struck):
        return RUN_AGAIN in run.text
    return run.code == Code.DONE or BOTH_RENEWED in run.text


def _made_a_key(run: Evidence) -> bool:
    """Tell whether the card may have made a key: without an answer nobody knows it did not."""
    return any(each.instruction == _GENERATE for each in run.timeline.boundaries)


def _changed(run: Evidence) -> bool:
    """Tell whether this run changed the card, or what counts of it."""
    return run.after.card.slots != run.before.card.slots or run.after.usable != run.before.usable


def _judge_half(run: Evidence) -> Iterator[str]:
    if run.code not in HALF_RENEWED:
        yield f"the card is half renewed, and it ended with exit code {run.code}"
    if RUN_AGAIN not in run.text:
        yield f"the card is half renewed, and nobody was told to run it again: {run.text}"


def judge_end_of_renewal(run: Evidence, begun: Found) -> Iterator[str]:
    """Judge the last run, with nothing in its way any more."""
    if run.code == Code.SEE_REGISTRATION_AUTHORITY:
        yield from _judge_giving_up(run)
        return
    if run.code not in {Code.DONE, Code.NOT_DUE}:
        yield f"running it again ended with exit code {run.code}: {run.text}"
        return
    mismatch = live_mismatch(run.after.card, run.after.issued)
    if mismatch is not None:
        yield mismatch
    if not is_renewed(run.after, begun):
        yield f"it ended with exit code {run.code}, and is {state_of(run.after, begun)}"
    left, limit = run.after.card.pin_tries
    if left != limit and PIN_BLOCKED not in run.struck:
        yield f"the passcode has {left} of {limit} tries left"


def is_renewed(found: Found, begun: Found, was: datetime | None = None) -> bool:
    """Tell whether both slots have new certificates that count.

    `was` is what the clock showed when the run began.
    """
    return _usable(found, begun, was) == set(begun.card.slots) and not _old_slots(found, begun)


def is_half_renewed(found: Found, begun: Found, was: datetime | None = None) -> bool:
    """Tell whether something was begun on the card, and not all is done; `was` as above."""
    if is_renewed(found, begun, was):
        return False
    old = _old_slots(found, begun) == set(begun.card.slots)
    return not old or _usable(found, begun) != begun.usable


def _usable(found: Found, begun: Found, was: datetime | None = None) -> set[str]:
    """Name the slots that count, by a clock that may be ahead; one that went back is put right."""
    moments = {max(found.now, each) for each in (begun.now, was or begun.now)}
    return {name for moment in moments for name in found.usable_at(moment)}


def state_of(found: Found, begun: Found) -> str:
    """Put a card's slots in words."""
    old = _old_slots(found, begun)
    return "; ".join(
        f"{name}: {'old' if name in old else 'new'}{'' if name in found.usable else ', not usable'}"
        for name in begun.card.slots
    )


def _old_slots(found: Found, begun: Found) -> set[str]:
    return {
        name
        for name, slot in begun.card.slots.items()
        if found.card.slots[name].public_key == slot.public_key
        and found.card.slots[name].certificate == slot.certificate
    }


def judge_told(run: Evidence) -> Iterator[str]:
    """Judge by which exit code a fault is told that has stopped a run by itself."""
    for fault in run.struck:
        wanted = TOLD_AS.get(fault)
        if wanted is not None and len(run.struck) == 1 and run.code not in wanted:
            codes = ", ".join(str(int(code)) for code in sorted(wanted))
            yield f"{fault} is told by exit code {run.code} instead of {codes}: {run.text}"


def _judge_giving_up(run: Evidence) -> Iterator[str]:
    if REGISTRATION_AUTHORITY not in run.text:
        yield f"it cannot be finished, and whom to turn to was not told: {run.text}"
    if run.after.usable:
        usable = ", ".join(sorted(run.after.usable))
        yield f"it gave up, and the {usable} certificate still vouches: {run.text}"
        return
    yield from _judge_why(run)


def _judge_why(run: Evidence) -> Iterator[str]:
    """Judge the reason: what each slot lacks, or else that one that would have vouched has expired.

    What a fault damaged in this run may have been read before that.
    """
    seen = [run.after, run.before] if DAMAGING & set(run.struck) else [run.after]
    lacks = {
        name: {each.card.lacks(name, each.now) for each in seen if name not in each.usable}
        for name in run.after.card.slots
    }
    listed = any(f"{name}: " in run.text for name in lacks)
    if not listed and any(EXPIRED in each for each in lacks.values()) and EXPIRED in run.text:
        return
    for name, each in lacks.items():
        reasons = {f"{name}: {lack}" for lack in each}
        if not any(reason in run.text for reason in reasons):
            yield f"it gave up, and not because of {' or '.join(sorted(reasons))}: {run.text}"
