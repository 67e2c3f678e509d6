# SPDX-License-Identifier: Apache-2.0
"""The agent put together: the card's thread, the desktop, and the interface for the page."""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Self

from selfrenew import messages
from selfrenew.clock import Clock
from selfrenew.renewal.workflow import Services
from selfrenew.transport.connection import Reader

from .desktop import Desktop, DesktopOptions
from .dialogs import Dialogs
from .launch import Launch, new_launch
from .loopback import LoopbackParts, LoopbackServer, loopback_application
from .operations import Operations
from .portal_client import PortalClient
from .remote_desktop import find_remote_desktop
from .session import AgentSession
from .state import AgentState
from .worker import CardWorker


class Agent:
    """Enter it to answer the page, `run` it to serve the person, leave it to end all of it.

    Raise PortTakenError or UnwatchedReaderError.
    """

    def __init__(
        self,
        session: AgentSession,
        dialogs: Dialogs,
        options: DesktopOptions,
        *,
        reader: Reader,
        services: Services,
        portal: PortalClient,
        clock: Clock,
        port: int,
        environ: Mapping[str, str],
    ) -> None:
        self.state = AgentState()
        self.launch: Launch = new_launch()
        self._worker = CardWorker(reader)
        self._operations = Operations(self._worker, services, self.state, clock)
        self._session = session
        self._desktop = Desktop(
            session, dialogs, options, reader=reader, worker=self._worker, state=self.state
        )
        parts = LoopbackParts(
            self.launch,
            self._worker,
            self.state,
            self._operations,
            portal,
            services,
            clock,
            refusal=partial(_refusal, environ),
            language=lambda header: messages.use_language(messages.negotiate(header)),
        )
        self._server = LoopbackServer(port, partial(loopback_application, parts))
        self._stack = ExitStack()

    @property
    def port(self) -> int:
        """Where the interface for the page is."""
        return self._server.port

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._server)
            # Left in the other order: who follows an operation is told before the streams end.
            stack.callback(self._operations.stop)
            # A sign-in that was at work when the desktop ended may have come to its end since.
            stack.callback(self._session.end)
            stack.enter_context(self._worker)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def run(self) -> None:
        """Serve the person until `stop`, in the thread that windows need."""
        self._desktop.run()

    def stop(self) -> None:
        """Have `run` return; any thread may ask for it."""
        self._desktop.stop()


def _refusal(environ: Mapping[str, str]) -> str | None:
    how = find_remote_desktop(environ)
    return None if how is None else messages.REMOTE_DESKTOP.format(how=how.value)
