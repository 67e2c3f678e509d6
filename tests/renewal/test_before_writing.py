# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong before the first key is made leaves card and CA as they were."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew import messages
from selfrenew.clock import TIME_TOLERANCE
from selfrenew.cmp.errors import (
    CaBusyError,
    CaUnreachableError,
    CmpError,
    NotCmpError,
    UnusableAnchorsError,
    WrongTransactionError,
)
from selfrenew.iso7816 import Tlv
from selfrenew.piv import CertificateObject, DataObject, KeyReference
from selfrenew.piv.errors import CardAnswerError, NotPivCardError
from selfrenew.piv.references import Algorithm
from selfrenew.renewal import Event, NotDueError, UnsupportedCertificateError, events
from selfrenew.secret import Secret
from selfrenew.services import (
    ServiceBusyError,
    ServiceError,
    ServiceRefusedError,
    ServiceUnreachableError,
    UnexpectedServiceAnswerError,
)
from selfrenew.transport import ReaderBusyError
from selfrenew_emulator.ca import CertificateAuthority, person_name, responder
from selfrenew_emulator.card import CardState
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.stage import DEFAULT_NOW, TEST_PASSCODE, EmbeddedStage
from selfrenew_emulator.stage.folder import StageFolder
from selfrenew_steps.card_contents import read_contents, tries_left

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


def certificate_like(
    old: x509.Certificate, key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
) -> bytes:
    """Issue what the old one says for a key of another kind."""
    builder = x509.CertificateBuilder(
        old.issuer,
        old.subject,
        key.public_key(),
        old.serial_number,
        old.not_valid_before_utc,
        old.not_valid_after_utc,
    )
    issuer = ec.generate_private_key(ec.SECP256R1())
    return builder.sign(issuer, hashes.SHA256()).public_bytes(Encoding.DER)


def put(bench: Bench, key: KeyReference, content: bytes) -> None:
    bench.card.store.put_object(DataObject.certificate_of(key).tag, content)
    bench.card.store.commit()


SLOTS = [KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE]


@pytest.mark.parametrize("reference", SLOTS)
@pytest.mark.parametrize(
    "kind",
    [
        ed25519.Ed25519PrivateKey.generate,
        lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505  such cards are still about
    ],
    ids=["Ed25519", "RSA-1024"],
)
@pytest.mark.parametrize("days_left", [30, 400])
def test_a_key_of_a_kind_that_is_not_known_is_never_replaced(
    make_bench: MakeBench,
    kind: Callable[[], ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey],
    reference: KeyReference,
    days_left: int,
) -> None:
    bench = make_bench(days_left=days_left)
    old = bench.before.certificates[messages.SLOT_NAMES[reference]]
    put(bench, reference, bytes(CertificateObject(certificate_like(old, kind()))))
    before = Kept.of(bench)
    with pytest.raises(NotDueError if days_left > 90 else UnsupportedCertificateError) as refused:
        bench.renew()
    if isinstance(refused.value, UnsupportedCertificateError):
        assert f"The {messages.SLOT_NAMES[reference]} certificate" in str(refused.value)
        assert "Nothing was changed" in str(refused.value)
    else:
        assert f"the {messages.SLOT_NAMES[reference]} certificate is of a kind" in str(
            refused.value
        )
        assert "You can renew" not in str(refused.value)
    assert Kept.of(bench) == before
    assert tries_left(bench.stage.reader) == 3


@pytest.mark.parametrize("reference", SLOTS)
def test_a_certificate_that_net_id_packed_is_not_due_either(
    make_bench: MakeBench, reference: KeyReference
) -> None:
    bench = make_bench(days_left=400)
    old = bench.before.certificates[messages.SLOT_NAMES[reference]].public_bytes(Encoding.DER)
    packed = b"\x01\x00" + len(old).to_bytes(2, "little") + zlib.compress(old)
    put(bench, reference, bytes(Tlv(0x70, packed)) + bytes.fromhex("710101FE00"))
    before = Kept.of(bench)
    with pytest.raises(NotDueError):
        bench.renew()
    assert Kept.of(bench) == before


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


def test_an_issuer_that_nothing_is_checked_against_is_found_out_before_anything_is_written(
    tmp_path: Path,
) -> None:
    clock = SettableClock(DEFAULT_NOW)
    folder = StageFolder(tmp_path)
    folder.ca_folder.mkdir()
    curves = iter([ec.SECP256R1(), ec.SECP256R1(), ec.BrainpoolP256R1(), *[ec.SECP256R1()] * 2])
    CertificateAuthority.open(
        folder.ca_folder, clock, make_key=lambda: ec.generate_private_key(next(curves))
    ).close()
    with EmbeddedStage(clock=clock, state=tmp_path) as stage:
        person = stage.make_person()
        card = stage.make_card(person)
        stage.reader.insert(card)
        bench = Bench(stage, person, card, read_contents(stage.reader), stage.reader.connect)
        before = Kept.of(bench)
        with pytest.raises(UnusableAnchorsError, match="Signing G2"):
            bench.renew()
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
