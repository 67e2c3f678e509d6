# SPDX-License-Identifier: Apache-2.0
"""A card or a Spine that says yes and did something else is found out, and the CA hears of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from selfrenew.iso7816 import Instruction
from selfrenew.piv.errors import CardAnswerError, PivError
from selfrenew.piv.references import KeyReference
from selfrenew.renewal import Event, NotProvenError, RenewalInterruptedError, events
from selfrenew.services import SpineLogin
from selfrenew_emulator.card import Card
from selfrenew_emulator.card.store import StoredKey
from selfrenew_emulator.stage import EmbeddedStage

from .conftest import Bench, MakeBench

_CHAINED = 0x10


class Lying:
    """A connection to a card; what it lies about is decided for each command."""

    def __init__(
        self, stage: EmbeddedStage, lie: Callable[[bytes, Callable[[bytes], bytes]], bytes]
    ) -> None:
        self._inner = stage.reader.connect()
        self._lie = lie

    @property
    def atr(self) -> bytes:
        return self._inner.atr

    def transmit(self, command: bytes) -> bytes:
        return self._lie(command, self._inner.transmit)

    def reset(self) -> None:
        self._inner.reset()

    def exclusive(self) -> AbstractContextManager[object]:
        return self._inner.exclusive()

    def close(self) -> None:
        self._inner.close()


def interrupted(
    bench: Bench, lie: Callable[[bytes, Callable[[bytes], bytes]], bytes]
) -> RenewalInterruptedError:
    with bench.reference() as reference, pytest.raises(RenewalInterruptedError) as broken:
        bench.renewal(reference, Lying(bench.stage, lie)).run()
    return broken.value


def assert_withdrawn_and_finished(bench: Bench) -> None:
    assert bench.stage.ca.audit()[-1].answer.startswith("withdrew")
    assert bench.counting_slots() == {"authentication"}
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


def test_a_card_that_does_not_keep_the_certificate_is_found_out(make_bench: MakeBench) -> None:
    bench = make_bench()

    def forget(command: bytes, send: Callable[[bytes], bytes]) -> bytes:
        return b"\x90\x00" if command[1] == Instruction.PUT_DATA else send(command)

    assert "did not keep" in str(interrupted(bench, forget).cause)
    assert_withdrawn_and_finished(bench)


def test_a_certificate_that_is_kept_with_a_wrong_bit_is_found_out(make_bench: MakeBench) -> None:
    bench = make_bench()

    def flip(command: bytes, send: Callable[[bytes], bytes]) -> bytes:
        if command[1] == Instruction.PUT_DATA and not command[0] & _CHAINED:
            middle = len(command) // 2
            command = command[:middle] + bytes([command[middle] ^ 1]) + command[middle + 1 :]
        return send(command)

    assert isinstance(interrupted(bench, flip).cause, PivError)
    assert_withdrawn_and_finished(bench)


def test_a_key_that_is_another_one_once_the_certificate_is_written_is_found_out(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()

    def other_key(command: bytes, send: Callable[[bytes], bytes]) -> bytes:
        answer = send(command)
        if command[1] == Instruction.PUT_DATA and not command[0] & _CHAINED:
            exchange_key(bench.card, 0x9C, bench.card.state.keys[0x9A])
        return answer

    assert "did not keep" in str(interrupted(bench, other_key).cause)
    assert_withdrawn_and_finished(bench)


def exchange_key(card: Card, reference: int, key: StoredKey) -> None:
    card.store.put_key(reference, key)
    card.store.commit()


@pytest.mark.parametrize("instruction", [Instruction.PUT_DATA, Instruction.GENERAL_AUTHENTICATE])
def test_a_card_that_fails_after_the_new_key_leaves_a_slot_to_redo(
    make_bench: MakeBench, instruction: Instruction
) -> None:
    bench, made = make_bench(), list[bytes]()

    def fail(command: bytes, send: Callable[[bytes], bytes]) -> bytes:
        if command[1] == Instruction.GENERATE_ASYMMETRIC_KEY_PAIR:
            made.append(command)
        return b"\x65\x81" if made and command[1] == instruction else send(command)

    cause = interrupted(bench, fail).cause
    assert isinstance(cause, CardAnswerError)
    assert cause.sw == 0x6581
    assert bench.counting_slots() == {"authentication"}
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


def test_a_key_that_is_lost_before_it_could_sign_in_is_a_slot_to_redo(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()

    def lose(event: Event) -> None:
        if isinstance(event, events.Confirmed) and event.slot is KeyReference.PIV_AUTHENTICATION:
            exchange_key(bench.card, 0x9A, bench.card.state.keys[0x9C])

    with (
        bench.reference() as reference,
        pytest.raises(RenewalInterruptedError, match=r"did not keep.*run the renewal again"),
    ):
        bench.renewal(reference, observe=lose).run()
    assert bench.counting_slots() == {"signing"}
    bench.renew()
    bench.assert_renewed_and_nothing_else_counts()


def test_a_sign_in_of_another_certificate_proves_nothing(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench()
    with bench.reference() as reference:
        spine = reference.services.spine
        sign_in = spine.sign_in

        def another(*asked: Any) -> SpineLogin:
            login = sign_in(*asked)
            return replace(login, certificate_serial=login.certificate_serial + 1)

        monkeypatch.setattr(spine, "sign_in", another)
        with pytest.raises(NotProvenError, match=r"another certificate.*Nothing has to be renewed"):
            bench.renewal(reference).run()
    bench.assert_renewed_and_nothing_else_counts()
