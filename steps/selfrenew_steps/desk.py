# SPDX-License-Identifier: Apache-2.0
"""A person's desktop: the agent runs on it, and its windows are answered by a test."""

import queue
import socket
import threading
from contextlib import ExitStack
from typing import Any

import httpx

from selfrenew.agent import Login
from selfrenew.agent.agent import Agent
from selfrenew.agent.state import CardState, Situation
from selfrenew.cmp.message import decode_message
from selfrenew.cmp.structures import BodyType
from selfrenew.config import assemble, load_configuration
from selfrenew.secret import Secret
from selfrenew_emulator.stage import Stage

from .scripted_dialogs import WAIT_SECONDS, ScriptedDialogs


class Desk:
    """Start it to have the agent run; its port is its own before that, and after it was stopped.

    `port` 0 is any free one.
    """

    def __init__(self, stage: Stage, portal_url: str, port: int = 0) -> None:
        self._stage = stage
        self._portal_url = portal_url
        self._stack = ExitStack()
        self.opened: queue.Queue[str] = queue.Queue()
        """The addresses that the agent had the browser open."""
        self.ca_may_answer = threading.Event()
        """Cleared, whoever asks the CA for a certificate waits."""
        self.ca_may_answer.set()
        self._started = False
        self._agent, self.dialogs = self._prepare(port)
        self.port = self._agent.port

    def _prepare(self, port: int) -> tuple[Agent, ScriptedDialogs]:
        environ = {"SELFRENEW_PORTAL_URL": self._portal_url, "SELFRENEW_AGENT_PORT": str(port)}
        configuration = load_configuration(self._stage.config_file, environ)
        reader, clock = self._stage.direct_reader, self._stage.clock
        reference = self._stack.enter_context(assemble(configuration, reader=reader, clock=clock))
        reference.http.event_hooks = {"request": [self._hold]}
        dialogs = ScriptedDialogs()
        return reference.agent(dialogs, environ={}, open_url=self._open), dialogs

    def _hold(self, request: httpx.Request) -> None:
        if not str(request.url).startswith(self._stage.urls.cmp_https):
            return
        if decode_message(request.read()).body_type is BodyType.CR:
            assert self.ca_may_answer.wait(WAIT_SECONDS)

    def _open(self, url: str) -> bool:
        self.opened.put(url)
        return True

    def start(self) -> None:
        """Have the agent run and see what is in the reader."""
        self._started = True
        self._stack.enter_context(self._agent)
        thread = threading.Thread(target=self._agent.run, name="desktop")
        thread.start()
        self._stack.callback(self._end, thread, self._agent)

    def start_anew(self) -> None:
        """Have another launch of the agent run at the same port."""
        self._agent, self.dialogs = self._prepare(self.port)
        self.start()

    def stop(self) -> None:
        """End the agent; twice is harmless."""
        if not self._started:
            self._started = True
            self._stack.enter_context(self._agent)
        self._stack.close()

    def have_no_agent(self) -> None:
        """Have nothing answer at the agent's port, nor anything else come to be there."""
        self.stop()
        reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._stack.callback(reserved.close)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", self.port))

    def answer(self, kind: str, answer: object) -> Any:
        """Answer the window that comes next, which has to be of a kind; give what it is about."""
        about = self.dialogs.expect(kind)
        self.dialogs.answers.put(answer)
        return about

    def sign_in(self, passcode: str) -> Login:
        """Enter the passcode, choose the first role, and leave the notice where there is one."""
        self.answer("passcode", Secret(passcode))
        self.answer("role", 0)
        login = self.until(CardState.SIGNED_IN).login
        assert login is not None
        if login.notice is not None:
            self.dialogs.expect("notice" if login.notice.renewable else "told")
        return login

    def put_away_windows(self) -> None:
        """Wait until the card's removal was seen, and forget what was asked before."""
        self.until(CardState.NO_CARD)
        while not self.dialogs.asked.empty():
            self.dialogs.asked.get()

    def until(self, state: CardState) -> Situation:
        """Wait until the agent stands so."""
        there = threading.Event()
        observed = self._agent.state
        end = observed.subscribe(lambda now: there.set() if now.state is state else None)
        try:
            if observed.state is not state:
                assert there.wait(WAIT_SECONDS), (state, observed.state)
            return observed.now
        finally:
            end()

    @staticmethod
    def _end(thread: threading.Thread, agent: Agent) -> None:
        agent.stop()
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()
