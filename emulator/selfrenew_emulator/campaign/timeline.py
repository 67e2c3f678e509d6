# SPDX-License-Identifier: Apache-2.0
"""What happened between a client and the card, and between it and the services, in order.

Of a command its name is kept, the slot it is about and the status word, never its data.
"""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from selfrenew.iso7816 import (
    ApduFormatError,
    CommandApdu,
    Instruction,
    carries_secret,
    describe_status,
)
from selfrenew.piv import ReferenceDataQualifier
from selfrenew_emulator.faults import CaMessage, Exchange, PulledOutError, Tap, title

_CHAINED = 0x10
_PRESENTS_PIN = frozenset({Instruction.VERIFY, Instruction.CHANGE_REFERENCE_DATA})
_PRESENTS_PUK = frozenset({Instruction.RESET_RETRY_COUNTER, Instruction.CHANGE_REFERENCE_DATA})
_IN_P2 = frozenset({Instruction.GENERATE_ASYMMETRIC_KEY_PAIR, Instruction.GENERAL_AUTHENTICATE})
_WRITES = frozenset({Instruction.GENERATE_ASYMMETRIC_KEY_PAIR, Instruction.PUT_DATA})
_TAGS = {b"\x5f\xc1\x05": "9A", b"\x5f\xc1\x0a": "9C"}


@dataclass(frozen=True, slots=True)
class Boundary:
    """A command to the card: its number, its name, and whether it ends a chain or stands alone."""

    number: int
    name: str
    instruction: int
    whole: bool
    filled: bool
    reference: int = 0
    """Which key or reference data it is about."""

    @property
    def writes(self) -> bool:
        """Whether the card changes its keys or objects by it."""
        return self.whole and self.instruction in _WRITES


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a service: its number, its name, and what it asks of the CA, if it does."""

    number: int
    name: str
    message: CaMessage | None = None
    service: str = ""
    path: str = ""


class Timeline:
    """Records what goes by, and calls `after_each` when something may have changed.

    `before_each` is called when the card is about to see a command, after what a fault has done to
    its memory until then.
    """

    def __init__(
        self,
        secrets: tuple[bytes, ...] = (),
        read_message: Callable[[httpx.URL, bytes], CaMessage | None] = lambda _url, _raw: None,
        service_of: Callable[[httpx.URL], str] = lambda _: "",
    ) -> None:
        self.lines: list[str] = []
        self.boundaries: list[Boundary] = []
        self.requests: list[Request] = []
        self.leaks: list[str] = []
        self.presented: list[int] = []
        """The status word to each passcode that was presented; 0 for none."""
        self.presented_puks: list[int] = []
        """The same of the unlocking key."""
        self.before_each: Callable[[], None] = lambda: None
        self.after_each: Callable[[], None] = lambda: None
        self._secrets = secrets
        self._read_message = read_message
        self._service_of = service_of
        self._object = ""
        self._chaining = False

    def before_card(self, inner: Tap | None) -> Tap:
        """Stand before another tap, where the client sees what came back."""

        def tap(command: bytes, exchange: Exchange) -> bytes:
            def seen(command: bytes) -> bytes:
                self.before_each()
                return exchange(command)

            boundary = self._note(command)
            answer: bytes | None = None
            said = "no answer"
            try:
                answer = seen(command) if inner is None else inner(command, seen)
                said = describe_status(int.from_bytes(answer[-2:], "big")) if answer else "mute"
            except PulledOutError:
                said = "the card is out"
                raise
            finally:
                self.lines.append(f"{boundary.number:3} {boundary.name}: {said}")
                self._note_presented(boundary, int.from_bytes((answer or b"")[-2:], "big"))
                self.after_each()
            return answer

        return tap

    def before_services(self, inner: httpx.BaseTransport) -> httpx.BaseTransport:
        """Stand before another transport."""
        return _Requests(inner, self)

    def note_request(self, request: httpx.Request, said: str) -> None:
        """Note a request, and look for what has no place in one."""
        message = self._read_message(request.url, request.content)
        what = f"{request.method} {request.url.path}"
        if message is not None and message.kind is not None:
            what = f"{what} ({message.kind.standard_name})"
        number, service = len(self.requests) + 1, self._service_of(request.url)
        self.requests.append(Request(number, what, message, service, request.url.path))
        self.lines.append(f"    {what}: {said}")
        self.look_for_secrets(request.content + bytes(request.url.raw_path), what)

    def look_for_secrets(self, text: bytes, where: str) -> None:
        """Note where a secret is that only the card may get."""
        if any(secret in text for secret in self._secrets):
            self.leaks.append(where)

    def _note_presented(self, boundary: Boundary, sw: int) -> None:
        if not boundary.filled:
            return
        changes = boundary.instruction == Instruction.CHANGE_REFERENCE_DATA
        of_puk = changes and boundary.reference == ReferenceDataQualifier.PUK
        if boundary.instruction in _PRESENTS_PIN and not of_puk:
            self.presented.append(sw)
        elif boundary.instruction in _PRESENTS_PUK:
            self.presented_puks.append(sw)

    def _note(self, raw: bytes) -> Boundary:
        number = len(self.boundaries) + 1
        try:
            command = CommandApdu.from_bytes(raw)
        except ApduFormatError:
            boundary = Boundary(number, "no command", -1, whole=True, filled=False)
        else:
            if not carries_secret(command.ins):
                self.look_for_secrets(raw, f"command {number}")
            whole = not command.cla & _CHAINED
            name = f"{title(command.ins)} {self._about(command)}".strip()
            name = name if whole else f"{name} (a part)"
            self._chaining = not whole
            boundary = Boundary(
                number, name, command.ins, whole, bool(command.data), reference=command.p2
            )
        self.boundaries.append(boundary)
        return boundary

    def _about(self, command: CommandApdu) -> str:
        if command.ins in _IN_P2:
            return f"{command.p2:02X}"
        for tag, slot in _TAGS.items():
            if command.data[2:5] == tag:
                self._object = slot
                return slot
        if command.ins == Instruction.PUT_DATA and self._chaining:
            return self._object
        self._object = ""
        return ""


class _Requests(httpx.BaseTransport):
    """Tells a timeline of each request and of its answer."""

    def __init__(self, inner: httpx.BaseTransport, timeline: Timeline) -> None:
        self._inner = inner
        self._timeline = timeline

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        said = "no answer"
        try:
            response = self._inner.handle_request(request)
            said = str(response.status_code)
        except httpx.TransportError as error:
            said = str(error)
            raise
        finally:
            self._timeline.note_request(request, said)
            self._timeline.after_each()
        return response

    def close(self) -> None:
        self._inner.close()
