# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong before the first key is made leaves card and CA as they were."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from selfrenew.clock import TIME_TOLERANCE
from selfrenew.cmp.errors import (
    CaBusyError,
    CaUnreachableError,
    CmpError,
    NotCmpError,
    WrongTransactionError,
)
from selfrenew.piv.errors import CardAnswerError, NotPivCardError
from selfrenew.piv.references import Algorithm
from selfrenew.renewal import Event, events
from selfrenew.secret import Secret
from selfrenew.services import (
    ServiceBusyError,
    ServiceError,
    ServiceRefusedError,
    ServiceUnreachableError,
    UnexpectedServiceAnswerError,
)
from selfrenew.transport import ReaderBusyError
from selfrenew_emulator.ca import person_name, responder
from selfrenew_emulator.card import CardState
from selfrenew_emulator.stage import TEST_PASSCODE
from selfrenew_steps.card_contents import tries_left

from .conftest import Bench, MakeBench


@dataclass(frozen=True)
class Kept:
    """All that a renewal could have changed."""

    objects: dict[int, bytes]
    keys: dict[int, object]
    certificates: int

    @classmethod
    def of(cls, bench: Bench) -> "Kept":
        state: CardState = bench.card.state
        issued = bench.stage.ca.certificates_of(person_name(bench.person.user_id))
        return cls(dict(state.objects), dict(state.keys), len(issued))


def assert_kept(bench: Bench, before: Kept) -> None:
    assert Kept.of(bench) == before
    assert bench.counting_slots() == {"authentication", "signing"}
    assert tries_left(bench.stage.reader) == 3


class Cut(httpx.BaseTransport):
    """Answers for one service, or cuts the line to it; everything else goes through."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        ours: Callable[[httpx.Request], bool],
        answer: httpx.Response | None,
    ) -> None:
        self._inner = inner
        self._ours = ours
        self._answer = answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._ours(request):
            return self._inner.handle_request(request)
        if self._answer is None:
            raise httpx.ConnectError("connection refused", request=request)
        return self._answer

    def close(self) -> None:
        self._inner.close()


def cut(
    http: httpx.Client, ours: Callable[[httpx.Request], bool], answer: httpx.Response | None
) -> None:
    inner = http._transport  # noqa: SLF001  httpx has no public way to wrap the one it made
    http._transport = Cut(inner, ours, answer)  # noqa: SLF001


BUSY = 503, "text/plain", b"come back later"
A_PAGE = 200, "text/html", b"<html>a page of a proxy</html>"
SERVICES: dict[str, Callable[[httpx.Request], bool]] = {
    "signing CA": lambda request: request.url.path.endswith("/p/signing"),
    "authentication CA": lambda request: request.url.path.endswith("/p/authentication"),
    "consent": lambda request: request.url.path in {"/challenges", "/sessions"},
    "management key": lambda request: request.url.path.endswith("/management-authentication"),
    "Spine": lambda request: request.url.path == "/health",
}


@pytest.mark.parametrize("service", list(SERVICES))
@pytest.mark.parametrize(
    ("answer", "of_the_ca", "of_a_service"),
    [
        (None, CaUnreachableError, ServiceUnreachableError),
        (BUSY, CaBusyError, ServiceBusyError),
        (A_PAGE, NotCmpError, UnexpectedServiceAnswerError),
    ],
    ids=["unreachable", "busy", "a page"],
)
def test_a_service_that_is_not_there_is_found_out_before_anything_is_written(
    make_bench: MakeBench,
    service: str,
    answer: tuple[int, str, bytes] | None,
    of_the_ca: type[CmpError],
    of_a_service: type[ServiceError],
) -> None:
    bench = make_bench()
    before = Kept.of(bench)
    response = None
    if answer is not None:
        status, content_type, body = answer
        stream = httpx.ByteStream(body)
        response = httpx.Response(status, headers={"content-type": content_type}, stream=stream)
    with bench.reference() as reference:
        cut(reference.http, SERVICES[service], response)
        with pytest.raises(of_the_ca if "CA" in service else of_a_service) as refused:
            bench.renewal(reference).run()
    assert str(refused.value).endswith(".")
    assert_kept(bench, before)


def test_a_clock_further_behind_than_is_tolerated_is_found_out_before_anything_is_written(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The stage's CA is stricter than the reference; here it takes any clock for good.
    monkeypatch.setattr(responder, "TIME_TOLERANCE", timedelta(days=1))
    bench = make_bench()
    before = Kept.of(bench)
    behind = TIME_TOLERANCE + timedelta(seconds=1)
    with (
        bench.reference(behind=behind) as reference,
        pytest.raises(WrongTransactionError, match="clock"),
    ):
        bench.renewal(reference).run()
    assert_kept(bench, before)


def test_card_management_consents_only_to_the_holder_of_the_card(make_bench: MakeBench) -> None:
    bench = make_bench()
    registered_to(bench, "100000000002")
    before = Kept.of(bench)
    with pytest.raises(ServiceRefusedError, match="not the signer's") as refused:
        bench.renew()
    assert refused.value.reason == "not_the_holder"
    assert_kept(bench, before)


@pytest.mark.parametrize("algorithm", [Algorithm.AES128, Algorithm.AES256])
def test_a_management_key_that_is_not_the_cards_is_refused_by_the_card(
    make_bench: MakeBench, algorithm: Algorithm
) -> None:
    bench = make_bench()
    registered_to(bench, bench.person.user_id, algorithm)
    before = Kept.of(bench)
    with pytest.raises(CardAnswerError, match="management"):
        bench.renew()
    assert_kept(bench, before)


def registered_to(bench: Bench, user_id: str, algorithm: Algorithm = Algorithm.AES192) -> None:
    chuid = bench.card.state.objects[0x5FC102]
    guid = chuid[chuid.index(b"\x34\x10") + 2 :][:16]
    bench.stage.management.register(
        guid, user_id=user_id, email="a@nhs.example", puk=Secret("12345678"), algorithm=algorithm
    )


def test_nobody_else_reaches_the_card_while_it_is_renewed(make_bench: MakeBench) -> None:
    bench, refused = make_bench(), list[type[Event]]()
    other = bench.connect()

    def try_to_reach(event: Event) -> None:
        with pytest.raises(ReaderBusyError):
            other.transmit(bytes.fromhex("00200080"))
        with pytest.raises(ReaderBusyError):
            bench.connect()
        refused.append(type(event))

    with bench.reference() as reference:
        bench.renewal(reference, bench.stage.reader.connect(), observe=try_to_reach).run()
    assert refused[0] is events.Inspected
    assert refused[-1] is events.SignedIn
    assert other.transmit(bytes.fromhex("00200080")).hex() == "63c3"


def test_a_card_that_somebody_else_holds_is_not_asked_anything(make_bench: MakeBench) -> None:
    bench = make_bench()
    before = Kept.of(bench)
    mine, other = bench.connect(), bench.connect()
    with (
        bench.reference() as reference,
        other.exclusive(),
        pytest.raises(ReaderBusyError, match="Another program"),
    ):
        bench.renewal(reference, mine).run()
    assert_kept(bench, before)


def test_a_card_without_the_application_is_named_as_foreign(make_bench: MakeBench) -> None:
    bench = make_bench()
    sent = []

    class Foreign:
        atr = b"\x3b\x00"

        def transmit(self, command: bytes) -> bytes:
            sent.append(command)
            return bytes.fromhex("6A82")

        def reset(self) -> None: ...
        def close(self) -> None: ...
        def exclusive(self) -> object:
            return bench.connect().exclusive()

    with (
        bench.reference() as reference,
        pytest.raises(NotPivCardError, match="Registration Authority"),
    ):
        bench.renewal(reference, Foreign()).run()  # type: ignore[arg-type]
    assert len(sent) == 1
    assert not any(TEST_PASSCODE in command for command in sent)
