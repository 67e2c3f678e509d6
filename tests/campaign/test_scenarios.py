# SPDX-License-Identifier: Apache-2.0
"""Single cases of every scenario: what they come to, and that they leave nothing behind."""

import time
from types import SimpleNamespace

import pytest

from selfrenew_emulator.campaign import kills
from selfrenew_emulator.campaign.case import KEY_TYPES, Case, Scenario
from selfrenew_emulator.campaign.client import REFERENCE, find_client
from selfrenew_emulator.campaign.kills import Kill, draw_kills, play_kill
from selfrenew_emulator.campaign.places import place_of
from selfrenew_emulator.campaign.plan import pairs, sample, settings, survey, sweep
from selfrenew_emulator.campaign.result import Result, Verdict
from selfrenew_emulator.campaign.scenarios import play
from selfrenew_emulator.campaign.variants import (
    AT_A_COMMAND,
    AT_A_MESSAGE,
    AT_ONCE,
    orders_at_messages,
    orders_at_once,
)
from selfrenew_emulator.campaign.world import World
from selfrenew_emulator.card import Personality
from selfrenew_emulator.faults import CATALOGUE, FaultTarget

RENEWAL = "renewal p256 piv"


@pytest.mark.parametrize("setting", settings(), ids=str)
def test_a_scenario_without_a_fault_is_done_at_once(world: World, setting: object) -> None:
    result = play(world, Case.read(str(setting)))
    assert (result.verdict, result.struck, len(result.runs)) == (Verdict.UNAFFECTED, (), 1)


@pytest.mark.parametrize(
    ("fault", "verdict", "codes"),
    [
        ("card.removed:after=GENERATE,slot=9c", Verdict.RECOVERED, [12, 0]),
        ("card.removed:before=SELECT", Verdict.RECOVERED, [7, 0]),
        ("card.torn:during=PUT DATA,slot=9a,kind=half", Verdict.RECOVERED, [12, 0]),
        ("card.wrong-passcode", Verdict.RECOVERED, [5, 0]),
        ("card.wrong-passcode:at=31", Verdict.RECOVERED, [12, 0]),
        ("ca.unreachable", Verdict.RECOVERED, [9, 0]),
        ("card.pin-blocked", Verdict.RECOVERED, [6, 0, 0]),
        ("card.slow", Verdict.UNAFFECTED, [0]),
        ("card.status:before=GENERAL AUTHENTICATE,sw=6F00", Verdict.UNAFFECTED, [0]),
        ("card.status:before=PUT DATA,slot=9c,sw=9000", Verdict.RECOVERED, [12, 0]),
        ("card.certificate:of=9c,kind=missing", Verdict.UNAFFECTED, [0]),
        ("card.certificate:of=9c,kind=anothers", Verdict.UNAFFECTED, [0]),
        ("world.killed:after=GENERATE,slot=9a", Verdict.RECOVERED, [None, 0]),
        ("world.clock-jumps:before=GENERATE,slot=9c,by=400d", Verdict.DIAGNOSED, [10, 4]),
        ("network.answer-lost:at=7,times=2", Verdict.RECOVERED, [12, 0]),
        ("reader.two-at-once", Verdict.RECOVERED, [7, 0]),
        ("reader.two-at-once:at=1", Verdict.UNAFFECTED, [0]),
        ("reader.two-at-once:after=GENERATE,slot=9c", Verdict.UNAFFECTED, [0]),
        ("reader.late", Verdict.RECOVERED, [7, 0]),
        ("management.refuses:at=3", Verdict.RECOVERED, [10, 0]),
        ("management.wrong-key", Verdict.RECOVERED, [8, 0]),
        ("spine.refuses", Verdict.RECOVERED, [10, 0]),
        # Both are renewed by then, and only signing in could not be shown.
        ("spine.refuses:at=3", Verdict.RECOVERED, [10, 3]),
        ("reader.stopped", Verdict.RECOVERED, [7, 0]),
    ],
)
def test_a_renewal_recovers_or_says_why_not(
    world: World, fault: str, verdict: Verdict, codes: list[int | None]
) -> None:
    result = play(world, Case.read(f"{RENEWAL} | {fault}"))
    assert result.violations == ()
    assert (result.verdict, [run.code for run in result.runs]) == (verdict, codes)
    assert set(result.struck) == {fault.partition(":")[0]}


@pytest.mark.parametrize(
    ("fault", "verdict", "codes", "said"),
    [
        ("mail.refused:times=1", Verdict.RECOVERED, [9, 0], "no mail goes out"),
        ("mail.lost", Verdict.RECOVERED, [10, 0], "again for a new code"),
        ("mail.late:by=20m", Verdict.RECOVERED, [10, 0], "again for a new code"),
        ("mail.late:by=5m", Verdict.UNAFFECTED, [0], "unlocked"),
    ],
)
def test_a_code_that_does_not_come_is_told_and_asked_for_again(
    world: World, fault: str, verdict: Verdict, codes: list[int], said: str
) -> None:
    result = play(world, Case.read(f"unlock p256 piv | {fault}"))
    assert result.violations == ()
    assert (result.verdict, [run.code for run in result.runs]) == (verdict, codes)
    assert result.struck == (fault.partition(":")[0],)
    assert said in result.runs[0].text
    assert not codes[0] or not any("RESET RETRY" in each for each in result.runs[0].timeline)


@pytest.mark.parametrize(
    "fault",
    [
        "card.reset:at=16",
        "card.reset:at=17",
        "card.reset:at=20",
        "card.status:at=15,phase=after,sw=6F00",
        "card.status:at=16,phase=before,sw=6F00",
    ],
)
@pytest.mark.parametrize("personality", list(Personality))
def test_a_chain_that_is_cut_costs_no_key(
    world: World, personality: Personality, fault: str
) -> None:
    """A part of one, or one with a part too many, is refused like a key that is not there."""
    result = play(world, Case.read(f"renewal rsa2048 {personality.value} | {fault}"))
    assert result.boundary.startswith(("GENERAL AUTHENTICATE 9", "GET RESPONSE"))
    assert (result.violations, [run.code for run in result.runs]) == ((), [0])


def test_what_stopped_a_renewal_is_told_and_not_that_its_rejection_failed_too(world: World) -> None:
    """A card that has refused the passcode does not sign the rejection either."""
    result = play(world, Case.read(f"{RENEWAL} | card.wrong-passcode:at=31"))
    assert "passcode you entered is not valid" in result.runs[0].text


def test_a_second_fault_strikes_while_the_first_is_recovered_from(world: World) -> None:
    line = f"{RENEWAL} | card.removed:after=GENERATE,slot=9c | card.removed:after=GENERATE,slot=9a"
    result = play(world, Case.read(line))
    assert result.verdict is Verdict.RECOVERED
    assert [run.code for run in result.runs] == [12, 12, 0]


def test_what_a_clock_that_went_back_does_not_count_yet_is_renewed(world: World) -> None:
    jumps = ("at=41,by=1h", "at=36,by=-30m")
    faults = " | ".join(f"world.clock-jumps:{jump}" for jump in jumps)
    result = play(world, Case.read(f"renewal p256 piv | {faults}"))
    assert result.verdict is Verdict.RECOVERED, result.violations
    assert "Both certificates are renewed" in result.runs[1].text


def test_what_is_not_known_to_count_is_not_told_to_be_renewed(world: World) -> None:
    faults = "card.removed:after=PUT DATA,slot=9a | network.refused:at=2"
    result = play(world, Case.read(f"{RENEWAL} | {faults}"))
    assert result.verdict is Verdict.RECOVERED
    assert [run.code for run in result.runs] == [12, 9, 0]


def test_whom_a_damaged_card_leads_to_is_told_whatever_strikes_then(world: World) -> None:
    faults = "card.mismatched:at=21,of=9a | reader.two-at-once:at=1,phase=after"
    result = play(world, Case.read(f"{RENEWAL} | {faults}"))
    assert result.verdict is Verdict.DIAGNOSED
    assert [run.code for run in result.runs] == [10, 4, 4]


def test_a_clock_is_not_put_right_to_a_time_that_is_over(world: World) -> None:
    """The CA has the first run wait for a minute and more; its certificates begin behind that."""
    line = f"{RENEWAL} | ca.waiting:seconds=20,after=0 | world.clock-jumps:at=13,by=-400d"
    result = play(world, Case.read(line))
    assert (result.violations, [run.code for run in result.runs]) == ((), [0, 3, 3])
    # Two faults, and neither stopped it.
    assert result.verdict is Verdict.UNAFFECTED


def test_a_case_begins_as_if_there_had_been_none_before_it(world: World) -> None:
    line = f"{RENEWAL} | network.answer-lost:at=7,times=2"
    first, second = (play(world, Case.read(line)) for _ in range(2))
    assert [run.code for run in first.runs] == [run.code for run in second.runs]
    assert first.verdict is second.verdict is Verdict.RECOVERED


@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_a_number_means_the_same_command_in_every_run(world: World, key_type: str) -> None:
    setting = settings([Scenario.RENEWAL], [key_type])[0]
    runs = [survey(world, setting).boundaries for _ in range(5)]
    assert all(each == runs[0] for each in runs)


def test_a_card_is_made_at_the_beginning_of_time_whatever_the_last_case_did_to_it() -> None:
    """Within one world, the first case of a kind of card behind one whose clock jumped."""
    with World(find_client(REFERENCE), "clock") as world:
        play(world, Case.read(f"{RENEWAL} | world.clock-jumps:at=3,by=400d"))
        later = play(world, Case.read("renewal p256 yubikey"))
    assert (later.verdict, [run.code for run in later.runs]) == (Verdict.UNAFFECTED, [0])


def test_a_result_is_read_back_from_its_json(world: World) -> None:
    result = play(world, Case.read(f"{RENEWAL} | card.removed:at=19,phase=after"))
    assert result.boundary == "GENERATE ASYMMETRIC KEY PAIR 9C"
    assert Result.from_json(result.as_json()) == result


def test_a_timeline_names_what_went_by_and_no_secret(world: World) -> None:
    result = play(world, Case.read(f"{RENEWAL} | card.wrong-passcode"))
    lines = result.runs[0].timeline
    assert lines[0] == "  1 SELECT: 9000 (success)"
    assert "VERIFY: 63C2 (verification failed, 2 left)" in lines[-1]
    assert not any("73519408" in line for run in result.runs for line in run.timeline)


@pytest.mark.parametrize("scenario", list(Scenario))
def test_a_sweep_has_every_fault_that_has_a_part_in_the_scenario(
    world: World, scenario: Scenario
) -> None:
    places = survey(world, settings([scenario], KEY_TYPES[:1])[0])
    swept = {case.fault.partition(":")[0] for case in sweep(places)}
    left_out = {
        name
        for name, fault in CATALOGUE.items()
        if fault.target is not FaultTarget.PORTAL and name not in swept
    }
    certificates = {"card.certificate", "card.mismatched"}
    writing = {"card.torn", "card.memory-failure", "card.full", "card.generation-failed"}
    of_the_ca = {name for name in CATALOGUE if name.startswith("ca.")}
    of_the_line = {name for name in CATALOGUE if name.startswith("network.")}
    of_the_services = {name for name in CATALOGUE if name.startswith(("management.", "spine."))}
    of_the_mail = {name for name in CATALOGUE if name.startswith("mail.")}
    puk, pin, mistyped = "card.puk-blocked", "card.pin-blocked", "card.wrong-passcode"
    assert (
        left_out
        == {
            Scenario.RENEWAL: {puk} | of_the_mail,
            Scenario.UNLOCK: {pin, mistyped, "spine.refuses"} | certificates | writing | of_the_ca,
            Scenario.CHANGE_PASSCODE: {puk, mistyped}
            | certificates
            | writing
            | of_the_ca
            | of_the_line
            | of_the_services
            | of_the_mail,
            Scenario.PERSONALISATION: {pin, puk, "card.swapped", "reader.two-at-once"}
            | certificates
            | of_the_services
            | of_the_mail,
        }[scenario]
    )


def test_what_the_sweep_knows_by_name_is_in_the_catalogue() -> None:
    assert AT_A_COMMAND.keys() | AT_A_MESSAGE.keys() | AT_ONCE.keys() <= CATALOGUE.keys()


def test_a_fault_that_waits_for_nothing_is_swept_once() -> None:
    of_the_reader = [f"reader.{name}:times=1" for name in ("two-at-once", "late", "stopped")]
    assert list(orders_at_once(Scenario.RENEWAL)) == of_the_reader
    assert list(orders_at_once(Scenario.UNLOCK)) == [
        *of_the_reader,
        "mail.refused:times=1",
        "mail.lost:times=1",
        "mail.late:by=5m,times=1",
        "mail.late:by=20m,times=1",
    ]


def test_the_faults_of_the_ca_are_swept_at_every_message_that_they_fit(world: World) -> None:
    places = survey(world, settings([Scenario.RENEWAL], KEY_TYPES[:1])[0])
    orders = list(orders_at_messages(Scenario.RENEWAL, places.requests))
    sent = ["genm", "genm", "cr", "certConf", "cr", "certConf"]
    met = [place_of(f"ca.error:after={number}", (), places.requests) for number in range(6)]
    assert [each.name.rpartition("(")[2] for each in met if each] == [f"{name})" for name in sent]
    assert [each for each in orders if each.startswith("ca.pkiconf-lost")] == [
        "ca.pkiconf-lost:after=0,times=1",
        "ca.pkiconf-lost:after=0",
        "ca.pkiconf-lost:after=1,times=1",
        "ca.pkiconf-lost:after=1",
    ]
    swept = {order.partition(":")[0] for order in orders}
    assert swept == {name for name in CATALOGUE if name.startswith("ca.")}
    assert all(place_of(order, (), places.requests) for order in orders)


@pytest.mark.parametrize(
    ("at", "verdict", "code"), [(19, Verdict.RECOVERED, None), (99, Verdict.UNAFFECTED, 0)]
)
def test_a_process_that_was_done_before_its_end_is_not_counted_as_recovered(
    world: World, at: int, verdict: Verdict, code: int | None
) -> None:
    kill = Kill.read(f"sigkill p256 piv | world.killed:at={at},phase=after")
    result = play_kill(world, kill, REFERENCE)
    assert (result.violations, result.verdict, result.runs[0].code) == ((), verdict, code)
    assert result.struck == (("world.killed",) if code is None else ())


def test_an_instant_is_a_part_of_what_a_whole_renewal_takes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    clock = SimpleNamespace(sleep=slept.append, perf_counter=time.perf_counter)
    monkeypatch.setattr(kills, "time", clock)
    first, second = (Kill.read(f"sigkill p256 piv | after={each}/10000") for each in (2500, 7500))
    results = [play_kill(world, each, REFERENCE) for each in (first, second)]
    assert [each.violations for each in results] == [(), ()]
    assert slept[1] == pytest.approx(3 * slept[0])
    # A renewal makes keys and signs; nothing does that in a millisecond, nor takes it a minute.
    assert 0.001 < slept[0] * 4 < 60


def test_instants_are_drawn_from_all_of_a_renewal() -> None:
    drawn = [each.instant for each in draw_kills(1000, "1") if not each.order]
    assert {instant * 20 // 10_000 for instant in drawn} == set(range(20))


@pytest.mark.parametrize("personality", list(Personality))
def test_kills_are_as_many_as_asked_for_and_at_every_command(
    world: World, personality: Personality
) -> None:
    (setting,) = settings([Scenario.RENEWAL], KEY_TYPES[:1], [personality])
    drawn = draw_kills(2000, "1")
    assert len(set(drawn)) == len(drawn) == 2000
    orders = {each.order for each in drawn if each.order and each.personality is personality}
    assert orders == {
        f"world.killed:at={each.number},phase={phase}"
        for each in survey(world, setting).boundaries
        for phase in ("before", "after")
    }


def test_samples_and_pairs_are_drawn_by_the_seed(world: World) -> None:
    cases = list(sweep(survey(world, settings([Scenario.CHANGE_PASSCODE], ["p256"])[0])))
    assert sample(cases, 5, "1") == sample(cases, 5, "1") != sample(cases, 5, "2")
    assert sample(cases, 10_000, "1") == cases
    drawn = pairs(cases, 50, "1")
    assert drawn == pairs(cases, 50, "1")
    assert len({str(each) for each in drawn}) == 50
    assert len(pairs(cases[:2], 50, "1")) == 4
