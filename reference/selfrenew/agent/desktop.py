# SPDX-License-Identifier: Apache-2.0
"""The agent at a person's desktop: card in, passcode, sign-in, notice; card out, the end of it.

Everything here runs in one thread, the one that windows need. What other threads notice, a card in
a reader or a sign-in that ended, is put into a queue as something to do.
"""

import logging
import queue
import threading
import webbrowser
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from selfrenew import messages
from selfrenew.piv.errors import (
    GlobalPinBlockedError,
    PasscodeBlockedError,
    WrongPasscodeError,
)
from selfrenew.piv.reference_data import ReferenceDataFormatError, encode_reference_data
from selfrenew.secret import Secret
from selfrenew.services import Role
from selfrenew.transport.connection import MonitoredReader, NoReaderError, Reader, TransportError

from .card_view import SignInView, read_sign_in
from .dialogs import Answer, Dialogs
from .errors import AgentStoppedError, NoRoleChosenError, UnwatchedReaderError
from .failures import FailureReason, reason_of
from .session import AgentSession, Login
from .session_mode import SessionMode
from .state import AgentState, CardState, Situation
from .worker import CardWorker

_STOPPING_SECONDS = 0.5
_NOT_REACHED = frozenset(
    {FailureReason.UNREACHABLE, FailureReason.CARD_IN_USE, FailureReason.NO_CARD}
)
"""Reasons that speak against neither card nor passcode."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DesktopOptions:
    """How a desktop behaves; `describe` puts an error into a person's words."""

    portal_url: str
    mode: SessionMode = SessionMode.CIS1
    describe: Callable[[Exception], str] = str
    open_url: Callable[[str], bool] = webbrowser.open


class Desktop:
    """Leads a person through her day; `run` returns when `stop` was called, by any thread.

    A card is in from its insertion to its removal, and what belongs to an earlier stay is dropped.
    """

    def __init__(
        self,
        session: AgentSession,
        dialogs: Dialogs,
        options: DesktopOptions,
        *,
        reader: Reader,
        worker: CardWorker,
        state: AgentState,
    ) -> None:
        if not isinstance(reader, MonitoredReader):
            raise UnwatchedReaderError(reader.name)
        self._session = session
        self._reader = reader
        self._worker = worker
        self._state = state
        self._dialogs = dialogs
        self._options = options
        self._to_do: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._stays = 0
        self._in = False
        self._over = 0
        """The last stay whose end was noticed, maybe not yet seen to."""
        self._locked_stay = 0
        self._end_watch: Callable[[], None] | None = None

    def run(self) -> None:
        """Watch the reader until it is stopped, then end the session."""
        end = self._reader.on_insertion(lambda: self._to_do.put(self._look))
        end_unlocks = self._state.subscribe(self._see_unlock)
        try:
            self._look()
            while (action := self._to_do.get()) is not None:
                action()
        finally:
            end()
            end_unlocks()
            self._leave()
            self._session.end()
            self._state.change(CardState.NO_CARD)

    def stop(self) -> None:
        """Have `run` return; a question that stands is taken away."""
        self._to_do.put(None)
        self._dialogs.close()

    def _look(self) -> None:
        """See whether a card came in."""
        if self._in:
            return
        if not self._present():
            return
        self._stays += 1
        self._in = True
        stay = self._stays
        self._dialogs.resume()
        try:
            self._end_watch = self._reader.on_removal(partial(self._gone, stay))
        except TransportError as error:
            _log.warning("the reader does not tell of removals: %s", error)
            self._leave()
            self._note(CardState.NO_CARD)
            return
        # It may have been taken out before anybody watched for that.
        if self._present():
            self._begin(stay)
        else:
            self._leave()

    def _present(self) -> bool:
        """Ask for a card, and note it where there is none."""
        try:
            if self._reader.card_present:
                return True
        except NoReaderError:
            self._note(CardState.NO_READER)
        except TransportError as error:
            _log.warning("the reader could not be asked: %s", error)
            self._note(CardState.NO_READER)
        else:
            self._note(CardState.NO_CARD)
        return False

    def _gone(self, stay: int) -> None:
        """Note, in the reader's thread, that the card is out; the rest is for the desktop's."""
        self._over = stay
        self._to_do.put(partial(self._removed, stay))
        self._dialogs.dismiss()

    def _removed(self, stay: int) -> None:
        if not self._is(stay):
            return
        self._leave()
        if self._options.mode is SessionMode.CIS1:
            self._session.card_removed()
        self._note(CardState.NO_CARD)
        # It may have been put back while its removal was still being seen to.
        self._look()

    def _leave(self) -> None:
        self._in = False
        self._locked_stay = 0
        end, self._end_watch = self._end_watch, None
        if end is not None:
            end()

    def _is(self, stay: int) -> bool:
        return self._in and stay == self._stays

    def _note(self, card: CardState) -> None:
        self._state.change(card, self._session.login)

    def _begin(self, stay: int) -> None:
        """Find out what card it is."""
        self._submit(stay, "look at the card", read_sign_in, self._known)

    def _known(self, stay: int, found: "Future[SignInView]") -> None:
        try:
            card = found.result()
        except Exception as error:  # noqa: BLE001  told to the person, or logged as a fault
            self._failed(stay, error)
            return
        if card.tries_left == 0:
            self._locked(PasscodeBlockedError() if card.unlockable else GlobalPinBlockedError())
            return
        login = self._session.login
        if login is not None and login.certificate_serial == card.serial:
            # The session outlived the card (CIS2), and it is still this card's.
            self._note(CardState.SIGNED_IN)
            return
        self._note(CardState.CARD)
        self._ask(stay, "")

    def _ask(self, stay: int, told: str) -> None:
        """Ask for the passcode until one has a form that a card takes."""
        while (passcode := self._dialogs.ask_passcode(told)) is not None:
            try:
                encode_reference_data(passcode)
            except ReferenceDataFormatError as error:
                told = str(error)
                continue
            self._sign_in(stay, passcode)
            return

    def _sign_in(self, stay: int, passcode: Secret) -> None:
        def sign_in(_: Reader) -> Login:
            return self._session.sign_in(passcode, partial(self._choose_role, stay))

        self._submit(stay, "sign in", sign_in, self._signed_in)

    def _choose_role(self, stay: int, roles: Sequence[Role]) -> Role:
        """Ask from the card's thread what only the desktop's may ask."""
        if len(roles) == 1:
            return roles[0]
        chosen: Future[Role | None] = Future()

        def ask() -> None:
            try:
                chosen.set_result(self._dialogs.choose_role(roles) if self._is(stay) else None)
            except BaseException as error:  # noqa: BLE001  told to who waits for it
                chosen.set_exception(error)

        self._to_do.put(ask)
        while not self._worker.stopping.is_set():
            try:
                role = chosen.result(timeout=_STOPPING_SECONDS)
            except TimeoutError:
                continue
            if role is None:
                raise NoRoleChosenError
            return role
        raise AgentStoppedError

    def _signed_in(self, stay: int, done: "Future[Login]") -> None:
        try:
            login = done.result()
        except (WrongPasscodeError, ReferenceDataFormatError) as error:
            self._ask(stay, str(error))
        except Exception as error:  # noqa: BLE001  told to the person, or logged as a fault
            self._failed(stay, error)
        else:
            self._note(CardState.SIGNED_IN)
            self._show_notice(stay, login)

    def _show_notice(self, stay: int, login: Login) -> None:
        notice = login.notice
        if notice is None:
            return
        if not notice.renewable:
            self._dialogs.tell(notice.text)
            return
        answer = self._dialogs.show_notice(notice)
        if answer is Answer.NO:
            self._dialogs.show_link(messages.NOTICE_COPY, notice.url)
        elif answer is Answer.YES:
            self._open(stay, notice.url)

    def _open(self, stay: int, url: str) -> None:
        """Open an address exactly as it stands; where that fails, give it to be copied."""

        def work() -> None:
            try:
                opened = self._options.open_url(url)
            except (webbrowser.Error, OSError) as error:
                _log.warning("the browser could not be opened: %s", error)
                opened = False
            if not opened:
                self._to_do.put(show_link)

        def show_link() -> None:
            if self._is(stay):
                self._dialogs.show_link(messages.NOTICE_BROWSER_FAILED, url)

        # Some browsers return when they are closed, and a removal is not to wait for that.
        threading.Thread(target=work, name="browser", daemon=True).start()

    def _failed(self, stay: int, error: Exception) -> None:
        reason = reason_of(error)
        if reason is FailureReason.CARD_REMOVED or not self._present():
            # Whatever is to be said of that, the person has it in her hand.
            return
        if isinstance(error, PasscodeBlockedError):
            self._locked(error)
            return
        if isinstance(error, AgentStoppedError | NoRoleChosenError):
            return
        if reason is None:
            _log.error("a fault of the program ended a sign-in", exc_info=error)
        self._note(
            CardState.FOREIGN_CARD if reason is FailureReason.FOREIGN_CARD else CardState.CARD
        )
        self._dialogs.tell(self._options.describe(error))
        if reason in _NOT_REACHED:
            # Let her try again without taking it out.
            self._ask(stay, "")

    def _locked(self, error: PasscodeBlockedError) -> None:
        self._locked_stay = self._stays
        self._note(CardState.LOCKED)
        if isinstance(error, GlobalPinBlockedError):
            self._dialogs.tell(self._options.describe(error))
            return
        self._dialogs.show_link(
            messages.LOCKED_UNLOCK_HERE, self._options.portal_url, title=messages.TITLE_LOCKED
        )

    def _see_unlock(self, now: Situation) -> None:
        """Note, in the thread that unlocked the card, that its holder can sign in."""
        stay = self._locked_stay
        if stay and now.state is CardState.CARD:
            self._locked_stay = 0
            self._to_do.put(partial(self._unlocked, stay))
            # The link to the page that did it.
            self._dialogs.dismiss()

    def _unlocked(self, stay: int) -> None:
        if not self._is(stay):
            return
        self._dialogs.resume()
        # After it, so that either this or what dismisses comes second.
        if self._over != stay:
            self._ask(stay, "")

    def _submit(
        self,
        stay: int,
        name: str,
        work: Callable[[Reader], object],
        then: "Callable[[int, Future[Any]], None]",
    ) -> None:
        def done(future: "Future[Any]") -> None:
            self._to_do.put(partial(self._if_still(then), stay, future))

        try:
            self._worker.submit(name, work).add_done_callback(done)
        except AgentStoppedError:
            return

    def _if_still(
        self, then: "Callable[[int, Future[Any]], None]"
    ) -> "Callable[[int, Future[Any]], None]":
        def go_on(stay: int, future: "Future[Any]") -> None:
            if self._is(stay) and not future.cancelled():
                then(stay, future)

        return go_on
