# SPDX-License-Identifier: Apache-2.0
"""What the page has the agent do with the card: renew, change the passcode, unlock.

One operation at a time. Each tells how far it is in snapshots, kept in order, so that a page that
is reloaded, or a second one, sees the same.
"""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial

from selfrenew import messages
from selfrenew.clock import Clock
from selfrenew.operation_ticket import OperationKind
from selfrenew.piv.client import PivClient
from selfrenew.piv.reference_data import check_new_passcode
from selfrenew.renewal import CardSwappedError, Event, Renewal, RenewalWatch, events
from selfrenew.renewal.workflow import Services
from selfrenew.secret import Secret
from selfrenew.transport.connection import CardConnection, Reader

from .errors import (
    AgentStoppedError,
    NoCodeWantedError,
    NoSuchOperationError,
    OperationBusyError,
)
from .failures import FailureReason, reason_of
from .operation import Operation, OperationState
from .outcome import Failure, PasscodeSet, Result, failed, renewed
from .passcode import change_passcode, finish_unlock, start_unlock
from .state import AgentState
from .worker import CardWorker

_NAME_BYTES = 16
# The card itself said that it did not take the new passcode.
_REFUSED_BY_CARD = frozenset(
    {FailureReason.UNLOCKING_KEY_WRONG, FailureReason.UNLOCKING_KEY_BLOCKED}
)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with which card; the secrets go to the card and nowhere else."""

    kind: OperationKind
    card: bytes
    passcode: Secret | None = field(default=None, repr=False)
    new_passcode: Secret | None = field(default=None, repr=False)


class Operations:
    """Starts operations on the worker's card and remembers the last one."""

    def __init__(
        self,
        worker: CardWorker,
        services: Services,
        state: AgentState,
        clock: Clock,
        *,
        measure: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker = worker
        self._services = services
        self._state = state
        self._clock = clock
        self._measure = measure
        self._lock = threading.Lock()
        self._current: Operation | None = None

    @property
    def current(self) -> Operation | None:
        """The operation that runs, or ran last."""
        with self._lock:
            return self._current

    @property
    def running(self) -> bool:
        """Whether one is at work on the card now."""
        current = self.current
        return current is not None and current.state is OperationState.RUNNING

    def find(self, identifier: str) -> Operation:
        """Give the operation of a name. Raise NoSuchOperationError."""
        current = self.current
        if current is None or not secrets.compare_digest(
            current.identifier.encode(), identifier.encode("utf-8", "replace")
        ):
            raise NoSuchOperationError
        return current

    def start(self, order: Order) -> Operation:
        """Begin, and return at once. Raise OperationBusyError or AgentStoppedError.

        An unlock that waits for its code is given up for it.
        """
        with self._lock:
            if self._current is not None and self._current.state is OperationState.RUNNING:
                raise OperationBusyError
            name = secrets.token_hex(_NAME_BYTES)
            operation = Operation(name, order.kind, order.card, self._measure)
            work = {
                OperationKind.RENEW: self._renew,
                OperationKind.CHANGE_PASSCODE: self._change_passcode,
                OperationKind.UNLOCK: self._start_unlock,
            }[order.kind]
            self._submit(operation, partial(work, operation, order))
            if self._current is not None:
                self._current.give_up()
            self._current = operation
        return operation

    def give_code(self, identifier: str, code: Secret, new: Secret) -> Operation:
        """Go on with an unlock that waits for its code.

        Raise NoSuchOperationError, NoCodeWantedError, AgentStoppedError, or
        ReferenceDataFormatError for a new passcode that does not reach the card.
        """
        check_new_passcode(new)
        operation = self.find(identifier)
        with self._lock:
            if operation.state is not OperationState.AWAITING_CODE:
                raise NoCodeWantedError
            # First, since the worker may be done with it before the next line is reached.
            operation.take_code(lambda: messages.OPERATION_SETTING)
            self._submit(operation, partial(self._finish_unlock, operation, code, new))
        return operation

    def stop(self) -> None:
        """Tell who follows an operation that it ended with the agent, whose worker stops first."""
        current = self.current
        if current is not None and not current.state.over:
            doubt = current.state is OperationState.RUNNING
            current.end(failed(AgentStoppedError(), current.watch, passcode_in_doubt=doubt))

    def _submit(self, operation: Operation, work: Callable[[Reader], Result | None]) -> None:
        def job(reader: Reader) -> None:
            with self._state.operating():
                try:
                    result = work(reader)
                except Exception as error:  # noqa: BLE001  told to the page, or logged as a fault
                    result = failed(error, operation.watch)
                self._note(result)
            if result is not None:
                operation.end(result)

        self._worker.submit(operation.kind.value, job)

    def _note(self, result: Result | None) -> None:
        if isinstance(result, PasscodeSet):
            self._state.unlock()
        elif isinstance(result, Failure) and result.reason is FailureReason.LOCKED:
            self._state.lock()

    def _renew(self, operation: Operation, order: Order, reader: Reader) -> Result:
        watch = operation.watch or RenewalWatch()

        def observe(event: Event) -> None:
            # Here no slot is half renewed: a good place to leave, where the agent is to end.
            over = isinstance(event, events.SignedIn)
            if watch.within is None and self._worker.stopping.is_set() and not over:
                if not isinstance(event, events.SlotStarted):
                    watch.note(event)
                raise AgentStoppedError
            watch.note(event)
            operation.follow(event)

        with closing(reader.connect()) as connection:
            renewal = Renewal(
                connection,
                self._services,
                _given(order.passcode),
                self._clock,
                guid=order.card,
                observe=observe,
            )
            return renewed(renewal.run())

    def _change_passcode(self, operation: Operation, order: Order, reader: Reader) -> Result:
        sent = False
        try:
            with ExitStack() as stack:
                client = _selected(stack, reader, order.card)
                operation.say(lambda: messages.OPERATION_CHANGING)
                sent = True
                change_passcode(client, _given(order.passcode), _given(order.new_passcode))
        except Exception as error:  # noqa: BLE001  told to the page, or logged as a fault
            # A card that answers says what it did; one that is gone may have done it or not.
            gone = reason_of(error) is FailureReason.CARD_REMOVED
            return failed(error, passcode_in_doubt=sent and gone)
        return PasscodeSet(unlocked=False)

    def _start_unlock(self, operation: Operation, order: Order, reader: Reader) -> None:
        with ExitStack() as stack:
            client = _selected(stack, reader, order.card)
            unlock = start_unlock(client, self._services.management)
        operation.await_code(unlock)

    def _finish_unlock(
        self, operation: Operation, code: Secret, new: Secret, reader: Reader
    ) -> Result | None:
        reached = threading.Event()
        try:
            with ExitStack() as stack:
                client = _selected(stack, reader, operation.card)
                finish_unlock(
                    client,
                    self._services.management,
                    operation.unlock,
                    code,
                    new,
                    before_card=reached.set,
                )
        except Exception as error:  # noqa: BLE001  told to the page, or logged as a fault
            reason = reason_of(error)
            if reason is FailureReason.WRONG_CODE:
                operation.await_code(operation.unlock, lambda: messages.OPERATION_CODE_WRONG)
                return None
            doubt = reached.is_set() and reason not in _REFUSED_BY_CARD
            return failed(error, passcode_in_doubt=doubt)
        return PasscodeSet(unlocked=True)


def _given(secret: Secret | None) -> Secret:
    if secret is None:
        raise LookupError("an order came without a passcode that its kind needs")
    return secret


def _selected(stack: ExitStack, reader: Reader, card: bytes) -> PivClient:
    """Connect to the very card that was meant, and keep other programs off it."""
    connection: CardConnection = stack.enter_context(closing(reader.connect()))
    stack.enter_context(connection.exclusive())
    client = PivClient(connection)
    client.select()
    if client.guid() != card:
        raise CardSwappedError
    return client
