# SPDX-License-Identifier: Apache-2.0
"""A card under fuzz, and what must hold after each command whatever the command was."""

import json
import logging
import time
from dataclasses import dataclass, field, replace
from functools import cache

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.card import Card, CardState, Interface, Personality, PrivateKey, StoredKey
from selfrenew_emulator.card.image_content import decode, encode
from selfrenew_emulator.card.keys import generate
from selfrenew_emulator.randomness import seeded
from tests.card.conftest import make_terminal
from tests.card.secure_card import make_secure_card, pairing_code
from tests.secure_messaging_host import SUITES, Host

MANAGEMENT_KEY = bytes(range(24))
CARD_KEY = bytes(range(16))


class InvariantError(AssertionError):
    """What must hold did not; the transcript repeats it."""


@cache
def _pooled(algorithm: Algorithm) -> PrivateKey:
    return generate(algorithm)


@cache
def _states() -> dict[str, CardState]:
    """Make a card of each kind, once."""
    secured = {suite: make_secure_card(suite, establish=False).card.state for suite in SUITES}
    plain = make_terminal(symmetric_card_authentication_key=StoredKey(Algorithm.AES128, CARD_KEY))
    assert plain.authenticate() == "9000"
    assert plain.put("5FC105", bytes(700)) == "9000"
    plain.card.state.keys.update(secured["CS2"].keys)
    del plain.card.state.keys[0x04]
    yubikey = make_terminal(personality=Personality.YUBIKEY)
    assert yubikey.authenticate() == "9000"
    for reference in ("9A", "9C", "9D", "82"):
        assert yubikey.generate(reference, Algorithm.P256)[1] == "9000"
    return {
        "contact": plain.card.state,
        "yubikey": yubikey.card.state,
        "CS2": secured["CS2"],
        "CS7": secured["CS7"],
    }


KINDS = ("contact", "yubikey", "CS2", "CS7")


class _Errors(logging.Handler):
    """Keeps what the card logs as an error: a bug in it, or a memory that fails."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@dataclass
class Tally:
    """What a whole run of the fuzzer did."""

    commands: int = 0
    cards: int = 0
    slowest_seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)


class World:
    """One card, its host, and the checks; `send` is how everything reaches the card."""

    def __init__(self, kind: str, seed: str, tally: Tally) -> None:
        state = _states()[kind]
        copy = replace(
            state,
            objects=dict(state.objects),
            keys=dict(state.keys),
            references=dict(state.references),
        )
        self.kind = kind
        self.card = Card(copy, randomness=seeded(seed), key_source=_pooled)
        self.card.power_on()
        self.host = Host(self.send, SUITES[kind]) if kind in SUITES else None
        self.transcript: list[str] = []
        self.tally = tally
        tally.cards += 1
        self._errors = _Errors()

    @property
    def code(self) -> bytes:
        return pairing_code(self.kind)

    def power_on(self, interface: Interface) -> None:
        if self.card.state.interfaces.has(interface):
            self.transcript.append(f"power {interface.value}")
            self.card.power_on(interface)

    def send(self, command: bytes) -> bytes:
        """Have the card answer, and hold its answer and its memory to the rules."""
        self.transcript.append(command.hex())
        before = self.card.state
        logger = logging.getLogger("selfrenew_emulator")
        logger.addHandler(self._errors)
        start = time.process_time()
        try:
            answer = self.card.transmit(command)
        finally:
            logger.removeHandler(self._errors)
        took = time.process_time() - start
        tally = self.tally
        tally.commands += 1
        tally.slowest_seconds = max(tally.slowest_seconds, took)
        sw = answer[-2:].hex().upper()
        tally.statuses[sw] = tally.statuses.get(sw, 0) + 1
        self._require(len(answer) >= 2, "an answer has a status word")
        self._require(sw != "6F00" and not self._errors.records, "the card has no bug")
        done = sw == "9000" or sw[:2] == "61"
        self._require(done or len(answer) == 2, "a refusal has no data")
        self._check_counters(before, sw, secured=bool(command[:1]) and command[0] & 0x0C == 0x0C)
        after = self.card.state
        if after is before:
            return answer
        if not done:
            same = (after.objects, after.keys) == (before.objects, before.keys)
            self._require(same, "a refused command writes no object and no key")
        content = json.loads(json.dumps(encode(after)))
        self._require(decode(content) == after, "what a card keeps fits its image")
        return answer

    def _check_counters(self, before: CardState, sw: str, *, secured: bool) -> None:
        lower = []
        for qualifier, new in self.card.state.references.items():
            old = before.references[qualifier]
            if new == old:
                continue
            if new.tries < old.tries and new.digest == old.digest:
                self._require(new.tries == old.tries - 1, "a wrong secret costs one try")
                lower.append(new.tries)
            else:
                self._require(new.tries == new.tries_limit, "a right secret gives all tries back")
        self._require(len(lower) <= 1, "a command costs one try at most")
        if lower and not secured:
            self._require(sw == f"63C{min(lower[0], 15):X}", "what a try cost is told")

    def _require(self, holds: bool, rule: str) -> None:
        if not holds:
            log = "".join(f"\n{record.getMessage()}" for record in self._errors.records)
            commands = "\n".join(self.transcript)
            raise InvariantError(f"{rule}: not so on a card {self.kind} after\n{commands}{log}")
