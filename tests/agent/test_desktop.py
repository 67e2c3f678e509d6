# SPDX-License-Identifier: Apache-2.0
"""The agent at a desktop, with a card and services of the stage and a person of the test."""

import queue
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from selfrenew import messages
from selfrenew.agent import SessionMode
from selfrenew.agent.desktop import Desktop, DesktopOptions
from selfrenew.agent.dialogs import Answer
from selfrenew.agent.errors import UnwatchedReaderError
from selfrenew.agent.session import AgentSession
from selfrenew.agent.state import AgentState, CardState, Situation
from selfrenew.agent.worker import CardWorker
from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.secret import Secret
from selfrenew.services import ServiceUnreachableError
from selfrenew_emulator.card import Card
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.stage import EmbeddedStage
from selfrenew_steps.passcode import make_global_pin_primary
from selfrenew_steps.scripted_dialogs import WAIT_SECONDS, ScriptedDialogs
from selfrenew_steps.trouble import put_certificate_of_unknown_kind

PASSCODE, WRONG = Secret("123456"), Secret("999999")


class Desk:
    """A desktop that runs in a thread, and what a test does to it."""

    def __init__(self, stage: EmbeddedStage, reference: Reference, mode: SessionMode) -> None:
        self.reader = stage.reader
        self.spine = reference.services.spine
        self.session = reference.session()
        self.dialogs = ScriptedDialogs()
        self.opened: queue.Queue[str] = queue.Queue()
        self.browser = True
        self.before_opened: Callable[[], object] = lambda: None
        self.state = AgentState()
        self.worker = CardWorker(stage.reader)
        self.url = reference.configuration.portal.url
        self.desktop = Desktop(
            self.session,
            self.dialogs,
            DesktopOptions(self.url, mode, open_url=self._open),
            reader=stage.reader,
            worker=self.worker,
            state=self.state,
        )
        self._thread = threading.Thread(target=self.desktop.run)

    def _open(self, url: str) -> bool:
        self.before_opened()
        self.opened.put(url)
        return self.browser

    def start(self) -> None:
        self.worker.start()
        self._thread.start()

    def stop(self) -> None:
        self.desktop.stop()
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive()
        self.worker.stop()

    def answer(self, kind: str, answer: object) -> Any:
        about = self.dialogs.expect(kind)
        self.dialogs.answers.put(answer)
        return about

    def sign_in(self, role: int = 0) -> None:
        self.answer("passcode", PASSCODE)
        self.answer("role", role)

    def until(self, state: CardState) -> Situation:
        """Wait until the agent stands so."""
        there = threading.Event()
        end = self.state.subscribe(lambda now: there.set() if now.state is state else None)
        try:
            if self.state.state is not state:
                assert there.wait(WAIT_SECONDS), (state, self.state.state)
            return self.state.now
        finally:
            end()


MakeDesk = Callable[..., Desk]


@pytest.fixture
def reference(selfrenew_stage: EmbeddedStage) -> Iterator[Reference]:
    configuration = load_configuration(selfrenew_stage.config_file)
    reader, clock = selfrenew_stage.reader, selfrenew_stage.clock
    with assemble(configuration, reader=reader, clock=clock) as made:
        yield made


@pytest.fixture
def make_desk(selfrenew_stage: EmbeddedStage, reference: Reference) -> Iterator[MakeDesk]:
    made: list[Desk] = []

    def make(mode: SessionMode = SessionMode.CIS1) -> Desk:
        made.append(Desk(selfrenew_stage, reference, mode))
        made[-1].start()
        return made[-1]

    yield make
    for desk in made:
        desk.stop()


@pytest.fixture
def later_card(selfrenew_stage: EmbeddedStage) -> Card:
    return selfrenew_stage.make_card(selfrenew_stage.make_person("Bob Brown"), days_left=300)


def test_who_puts_a_card_in_is_signed_in_and_notified(
    make_desk: MakeDesk, selfrenew_card: Card
) -> None:
    desk = make_desk()
    desk.until(CardState.NO_CARD)
    desk.reader.insert(selfrenew_card)
    desk.sign_in(role=1)
    notice = desk.answer("notice", Answer.YES)
    assert notice.days_left == 30
    login = desk.until(CardState.SIGNED_IN).login
    assert login is not None
    assert login.role == login.spine.roles[1]


def test_a_card_that_is_in_already_is_seen(
    make_desk: MakeDesk, selfrenew_stage: EmbeddedStage, selfrenew_card: Card
) -> None:
    selfrenew_stage.reader.insert(selfrenew_card)
    make_desk().dialogs.expect("passcode")


def test_yes_opens_exactly_the_configured_address(
    make_desk: MakeDesk, selfrenew_card: Card
) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.sign_in()
    desk.answer("notice", Answer.YES)
    assert desk.opened.get(timeout=WAIT_SECONDS) == desk.url
    desk.reader.remove()
    desk.until(CardState.NO_CARD)
    assert desk.opened.empty()


def test_a_browser_that_does_not_open_gives_the_link_to_copy(
    make_desk: MakeDesk, selfrenew_card: Card
) -> None:
    desk = make_desk()
    desk.browser = False
    desk.reader.insert(selfrenew_card)
    desk.sign_in()
    desk.answer("notice", Answer.YES)
    assert desk.dialogs.expect("link") == (messages.NOTICE_BROWSER_FAILED, desk.url)


def test_no_gives_the_link_to_copy_and_work_goes_on(
    make_desk: MakeDesk, selfrenew_card: Card
) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.sign_in()
    desk.answer("notice", Answer.NO)
    assert desk.dialogs.expect("link") == (messages.NOTICE_COPY, desk.url)
    assert desk.opened.empty()
    login = desk.state.login
    assert login is not None
    assert desk.spine.validate(login.spine.ticket).valid


def test_outside_the_window_there_is_no_notice(make_desk: MakeDesk, later_card: Card) -> None:
    desk = make_desk()
    desk.reader.insert(later_card)
    desk.sign_in()
    desk.until(CardState.SIGNED_IN)
    desk.reader.remove()
    desk.until(CardState.NO_CARD)
    assert desk.dialogs.asked.empty()


def test_a_wrong_passcode_is_asked_for_again_with_the_tries_left(
    make_desk: MakeDesk, selfrenew_card: Card
) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.answer("passcode", WRONG)
    assert "2 remaining tries" in desk.answer("passcode", PASSCODE)


def test_what_is_no_passcode_costs_no_try(make_desk: MakeDesk, selfrenew_card: Card) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.answer("passcode", Secret("123456789"))
    assert desk.answer("passcode", WRONG)
    assert "2 remaining tries" in desk.dialogs.expect("passcode")


def test_what_only_the_card_takes_for_no_passcode_is_asked_again(
    make_desk: MakeDesk, selfrenew_card: Card
) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.answer("passcode", Secret("abc"))
    assert "No try was used up" in desk.answer("passcode", WRONG)
    assert "2 remaining tries" in desk.dialogs.expect("passcode")


def test_the_third_wrong_passcode_shows_where_to_unlock(
    make_desk: MakeDesk, selfrenew_card: Card
) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    for _ in range(3):
        desk.answer("passcode", WRONG)
    assert desk.dialogs.expect("link") == (messages.LOCKED_UNLOCK_HERE, desk.url)
    assert desk.dialogs.title == "Smartcard locked"
    assert desk.until(CardState.LOCKED).login is None


def test_a_locked_card_asks_for_no_passcode(make_desk: MakeDesk, selfrenew_card: Card) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    for _ in range(3):
        desk.answer("passcode", WRONG)
    desk.dialogs.expect("link")
    desk.reader.remove()
    desk.reader.insert(selfrenew_card)
    assert desk.dialogs.expect("link") == (messages.LOCKED_UNLOCK_HERE, desk.url)


def test_a_locked_card_that_no_code_unlocks_is_told_as_such(
    make_desk: MakeDesk, selfrenew_stage: EmbeddedStage
) -> None:
    person = selfrenew_stage.make_person()
    card = selfrenew_stage.make_card(person, global_pin=PASSCODE.reveal())
    make_global_pin_primary(card)
    desk = make_desk()
    desk.reader.insert(card)
    for _ in range(3):
        desk.answer("passcode", WRONG)
    assert desk.dialogs.expect("told") == messages.GLOBAL_PIN_LOCKED
    desk.reader.remove()
    desk.reader.insert(card)
    assert desk.dialogs.expect("told") == messages.GLOBAL_PIN_LOCKED
    desk.until(CardState.LOCKED)


def test_a_card_that_is_not_piv_is_named_foreign(
    make_desk: MakeDesk, selfrenew_card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selfrenew_card, "transmit", lambda _: b"\x6a\x82")
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    assert "not an NHS smartcard" in desk.dialogs.expect("told")
    assert desk.state.state is CardState.FOREIGN_CARD


def test_removal_takes_the_question_away(make_desk: MakeDesk, selfrenew_card: Card) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.dialogs.expect("passcode")
    desk.reader.remove()
    desk.until(CardState.NO_CARD)
    assert desk.dialogs.asked.empty()


def test_a_card_that_goes_just_before_the_question_leaves_none(
    make_desk: MakeDesk, selfrenew_card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk()
    desk.until(CardState.NO_CARD)
    ask, asked = desk.dialogs.ask_passcode, threading.Event()

    def remove_and_ask(told: str) -> Secret | None:
        desk.reader.remove()
        asked.set()
        return ask(told)

    monkeypatch.setattr(desk.dialogs, "ask_passcode", remove_and_ask)
    desk.reader.insert(selfrenew_card)
    assert asked.wait(WAIT_SECONDS)
    desk.until(CardState.NO_CARD)
    assert desk.dialogs.asked.empty()


def test_a_card_that_goes_before_it_is_watched_is_noticed(
    make_desk: MakeDesk, selfrenew_card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk()
    watch = desk.reader.on_removal

    def remove_and_watch(observer: Callable[[], None]) -> Callable[[], None]:
        desk.reader.remove()
        return watch(observer)

    with monkeypatch.context() as quick:
        quick.setattr(desk.reader, "on_removal", remove_and_watch)
        desk.until(CardState.NO_CARD)
        desk.reader.insert(selfrenew_card)
        while desk.reader.card_present:
            pass
    desk.reader.insert(selfrenew_card)
    desk.dialogs.expect("passcode")


def test_the_card_forgets_the_passcode_before_a_role_is_picked(
    make_desk: MakeDesk, selfrenew_card: Card
) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.answer("passcode", PASSCODE)
    desk.dialogs.expect("role")
    is_verified = bytes.fromhex("00200080")
    assert desk.reader.connect().transmit(is_verified) == bytes.fromhex("63C3")


def test_a_browser_that_stays_keeps_no_removal_waiting(
    make_desk: MakeDesk, selfrenew_card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = threading.Event()
    desk = make_desk()
    desk.before_opened = closed.wait
    desk.reader.insert(selfrenew_card)
    desk.sign_in()
    desk.answer("notice", Answer.YES)
    desk.reader.remove()
    desk.until(CardState.NO_CARD)
    assert desk.opened.empty()
    closed.set()


def test_a_spine_that_does_not_answer_keeps_no_removal_waiting(
    make_desk: MakeDesk, selfrenew_card: Card, later_card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk()
    desk.reader.insert(later_card)
    desk.sign_in()
    desk.until(CardState.SIGNED_IN)
    answers = threading.Event()
    monkeypatch.setattr(desk.spine, "log_out", lambda _: answers.wait(3 * WAIT_SECONDS))
    desk.reader.remove()
    assert desk.until(CardState.NO_CARD).login is None
    desk.reader.insert(selfrenew_card)
    desk.dialogs.expect("passcode")
    answers.set()


def test_who_unlocked_her_card_on_the_page_is_asked_to_sign_in(
    make_desk: MakeDesk, selfrenew_card: Card
) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    for _ in range(3):
        desk.answer("passcode", WRONG)
    desk.dialogs.expect("link")
    with desk.state.operating():
        desk.state.unlock()
    assert desk.dialogs.expect("passcode") == ""


def test_another_card_after_a_locked_one_is_asked_for_once(
    make_desk: MakeDesk, selfrenew_card: Card, later_card: Card
) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    for _ in range(3):
        desk.answer("passcode", WRONG)
    desk.dialogs.expect("link")
    desk.reader.remove()
    desk.until(CardState.NO_CARD)
    desk.reader.insert(later_card)
    desk.sign_in()
    desk.until(CardState.SIGNED_IN)
    assert desk.dialogs.asked.empty()


def test_removal_ends_the_session_and_its_ticket(make_desk: MakeDesk, selfrenew_card: Card) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.sign_in()
    desk.answer("notice", Answer.NO)
    login = desk.until(CardState.SIGNED_IN).login
    assert login is not None
    desk.reader.remove()
    assert desk.until(CardState.NO_CARD).login is None
    assert desk.spine.validate(login.spine.ticket).reason == "logged_out"


def test_a_card_put_back_at_once_signs_in_anew(make_desk: MakeDesk, selfrenew_card: Card) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.sign_in()
    desk.answer("notice", Answer.NO)
    desk.dialogs.expect("link")
    desk.reader.insert(desk.reader.remove())
    desk.sign_in()
    assert desk.answer("notice", Answer.NO).days_left == 30


def test_in_cis2_the_session_outlives_the_card(make_desk: MakeDesk, selfrenew_card: Card) -> None:
    desk = make_desk(SessionMode.CIS2)
    desk.reader.insert(selfrenew_card)
    desk.sign_in()
    desk.answer("notice", Answer.NO)
    desk.dialogs.expect("link")
    desk.reader.remove()
    login = desk.until(CardState.NO_CARD).login
    assert login is not None
    assert desk.spine.validate(login.spine.ticket).valid
    desk.reader.insert(selfrenew_card)
    assert desk.until(CardState.SIGNED_IN).login is login
    assert desk.dialogs.asked.empty()


def test_in_cis2_a_renewed_card_signs_in_afresh(
    make_desk: MakeDesk, selfrenew_card: Card, reference: Reference
) -> None:
    desk = make_desk(SessionMode.CIS2)
    desk.reader.insert(selfrenew_card)
    desk.sign_in()
    desk.answer("notice", Answer.NO)
    desk.dialogs.expect("link")
    old = desk.state.login
    assert old is not None
    outcome = reference.renew(PASSCODE)
    desk.reader.insert(desk.reader.remove())
    desk.sign_in()
    new = desk.until(CardState.SIGNED_IN).login
    assert new is not None
    assert new.certificate_serial in {each.serial_number for each in outcome.new.values()}
    assert new.certificate_serial != old.certificate_serial


def test_another_persons_card_signs_in_afresh_in_cis2(
    make_desk: MakeDesk, selfrenew_card: Card, later_card: Card
) -> None:
    desk = make_desk(SessionMode.CIS2)
    desk.reader.insert(selfrenew_card)
    desk.sign_in()
    desk.answer("notice", Answer.NO)
    desk.dialogs.expect("link")
    desk.reader.remove()
    desk.reader.insert(later_card)
    desk.sign_in()
    login = desk.until(CardState.SIGNED_IN).login
    assert login is not None
    assert login.spine.name == "Bob Brown"


def test_who_picks_no_role_is_not_signed_in(make_desk: MakeDesk, selfrenew_card: Card) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.answer("passcode", PASSCODE)
    desk.answer("role", None)
    desk.reader.remove()
    assert desk.until(CardState.NO_CARD).login is None


def test_an_expired_card_is_sent_to_the_registration_authority(
    make_desk: MakeDesk, selfrenew_stage: EmbeddedStage, selfrenew_card: Card
) -> None:
    selfrenew_stage.clock.advance(timedelta(days=31))  # type: ignore[attr-defined]
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.answer("passcode", PASSCODE)
    assert "Registration Authority" in desk.dialogs.expect("told")


def test_who_cannot_renew_is_told_where_to_go_and_asked_nothing(
    make_desk: MakeDesk, selfrenew_card: Card
) -> None:
    put_certificate_of_unknown_kind(selfrenew_card, "signing")
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.sign_in()
    told = desk.dialogs.expect("told")
    assert "They cannot be renewed by self-service" in told
    assert "Visit your Registration Authority" in told


def test_a_spine_that_is_down_is_tried_again_with_the_card_in(
    make_desk: MakeDesk, selfrenew_card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk()
    down = ServiceUnreachableError("Signing in to the Spine failed. Try again later.")

    def fail(*_: object) -> None:
        raise down

    with monkeypatch.context() as while_down:
        while_down.setattr(desk.spine, "sign_in", fail)
        desk.reader.insert(selfrenew_card)
        desk.answer("passcode", PASSCODE)
        assert desk.dialogs.expect("told") == str(down)
    desk.sign_in()
    desk.until(CardState.SIGNED_IN)


def test_stopping_ends_the_session(make_desk: MakeDesk, selfrenew_card: Card) -> None:
    desk = make_desk()
    desk.reader.insert(selfrenew_card)
    desk.sign_in()
    login = desk.until(CardState.SIGNED_IN).login
    assert login is not None
    desk.stop()
    assert desk.spine.validate(login.spine.ticket).reason == "logged_out"


def test_an_unwatched_reader_is_refused(reference: Reference) -> None:
    class Plain:
        name = "plain"
        card_present = False

        def connect(self) -> Any:
            raise AssertionError

    session: AgentSession = reference.session()
    with pytest.raises(UnwatchedReaderError, match="plain"):
        Desktop(
            session,
            ScriptedDialogs(),
            DesktopOptions("https://p.test/"),
            reader=Plain(),
            worker=CardWorker(EmbeddedReader()),
            state=AgentState(),
        )
