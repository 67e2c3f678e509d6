# SPDX-License-Identifier: Apache-2.0
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.agent import (
    AgentSession,
    CertificateExpiredError,
    NoCertificateError,
    NoSuchRoleError,
)
from selfrenew.agent.failures import FailureReason, reason_of
from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.iso7816 import Instruction
from selfrenew.piv import CertificateObject, DataObject
from selfrenew.piv.errors import (
    PasscodeBlockedError,
    PivError,
    UnreadableObjectError,
    WrongPasscodeError,
)
from selfrenew.piv.reference_data import ReferenceDataFormatError
from selfrenew.secret import Secret
from selfrenew.services import Role, ServiceRefusedError, ServiceUnreachableError, SpineLogin
from selfrenew.transport import CardRemovedError, NoCardError, ReaderBusyError
from selfrenew_emulator.card import Card
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import EmbeddedStage
from selfrenew_steps.card_contents import read_contents, tries_left
from selfrenew_steps.trouble import put_certificate_of_unknown_kind

PASSCODE = Secret("123456")


@pytest.fixture
def reference(
    selfrenew_stage: EmbeddedStage, selfrenew_reader: EmbeddedReader
) -> Iterator[Reference]:
    configuration = load_configuration(selfrenew_stage.config_file)
    with assemble(configuration, reader=selfrenew_reader, clock=selfrenew_stage.clock) as made:
        yield made


@pytest.fixture
def session(reference: Reference) -> AgentSession:
    return reference.session()


@pytest.fixture
def tickets(reference: Reference, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect every ticket the Spine gives out."""
    given: list[str] = []
    spine = reference.services.spine
    sign_in = spine.sign_in

    def noting(*asked: Any) -> SpineLogin:
        login = sign_in(*asked)
        given.append(login.ticket)
        return login

    monkeypatch.setattr(spine, "sign_in", noting)
    return given


def first(roles: tuple[Role, ...]) -> Role:
    return roles[0]


def test_a_certificate_for_a_kind_of_key_that_is_not_known_is_none_to_sign_in_with(
    session: AgentSession, selfrenew_stage: EmbeddedStage, selfrenew_reader: EmbeddedReader
) -> None:
    card = selfrenew_stage.make_card(selfrenew_stage.make_person(), days_left=30)
    key, name = ed25519.Ed25519PrivateKey.generate(), x509.Name([])
    now = selfrenew_stage.clock()
    certificate = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1)
    ).sign(key, None)
    content = CertificateObject(certificate.public_bytes(Encoding.DER))
    card.store.put_object(DataObject.PIV_AUTHENTICATION_CERTIFICATE.tag, bytes(content))
    card.store.commit()
    if selfrenew_reader.card_present:
        selfrenew_reader.remove()
    selfrenew_reader.insert(card)
    with pytest.raises(NoCertificateError, match="of a kind that is not known here") as refused:
        session.sign_in(PASSCODE, first)
    assert reason_of(refused.value) is FailureReason.UNSUPPORTED_CERTIFICATE


def test_the_notice_of_a_card_that_cannot_be_renewed_asks_nothing(
    session: AgentSession, selfrenew_reader: EmbeddedReader, selfrenew_card: Card
) -> None:
    selfrenew_reader.remove()
    put_certificate_of_unknown_kind(selfrenew_card, "signing")
    selfrenew_reader.insert(selfrenew_card)
    notice = session.sign_in(PASSCODE, first).notice
    assert notice is not None
    assert not notice.renewable
    assert "Visit your Registration Authority" in notice.text
    assert "?" not in notice.text


def test_a_session_has_the_role_that_was_chosen(
    session: AgentSession, reference: Reference
) -> None:
    for number in (0, 1):
        login = session.sign_in(PASSCODE, lambda roles, number=number: roles[number])
        assert login.role == login.spine.roles[number]
        assert reference.services.spine.validate(login.spine.ticket).role == login.role


def test_somebody_without_roles_signs_in_without_one(
    selfrenew_stage: EmbeddedStage, selfrenew_person: Person, session: AgentSession
) -> None:
    selfrenew_stage.spine.register(Person(selfrenew_person.user_id, selfrenew_person.name, ()))
    login = session.sign_in(PASSCODE, first)
    assert login.role is None
    assert session.login is login


def test_a_role_of_somebody_else_is_refused_and_leaves_no_ticket(
    session: AgentSession, reference: Reference, tickets: list[str]
) -> None:
    with pytest.raises(NoSuchRoleError, match="Your roles are"):
        session.sign_in(PASSCODE, lambda _: Role("R0", "Registrar", "Elsewhere"))
    assert session.login is None
    assert_all_dead(reference, tickets)


def test_who_does_not_choose_a_role_leaves_no_ticket(
    session: AgentSession, reference: Reference, tickets: list[str]
) -> None:
    def walk_away(_: object) -> Role:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session.sign_in(PASSCODE, walk_away)
    assert session.login is None
    assert_all_dead(reference, tickets)


def assert_all_dead(reference: Reference, tickets: list[str]) -> None:
    assert tickets
    for ticket in tickets:
        assert reference.services.spine.validate(ticket).reason == "logged_out"


@pytest.mark.parametrize("put_back", [False, True])
@pytest.mark.parametrize("watched", [False, True])
def test_a_card_taken_out_during_the_sign_in_ends_it(
    session: AgentSession,
    reference: Reference,
    tickets: list[str],
    *,
    watched: bool,
    put_back: bool,
) -> None:
    reader = reference.reader
    assert isinstance(reader, EmbeddedReader)
    if watched:
        reader.on_removal(session.card_removed)

    def choose_with_card_out(roles: tuple[Role, ...]) -> Role:
        card = reader.remove()
        if put_back:
            reader.insert(card)
        return roles[0]

    with pytest.raises(CardRemovedError):
        session.sign_in(PASSCODE, choose_with_card_out)
    assert session.login is None
    assert_all_dead(reference, tickets)


def test_taking_the_card_out_ends_session_and_ticket(
    session: AgentSession, reference: Reference, selfrenew_reader: EmbeddedReader
) -> None:
    selfrenew_reader.on_removal(session.card_removed)
    login = session.sign_in(PASSCODE, first)
    selfrenew_reader.remove()
    assert session.login is None
    assert reference.services.spine.validate(login.spine.ticket).reason == "logged_out"


def test_signing_in_again_ends_the_session_before(
    session: AgentSession, reference: Reference
) -> None:
    before = session.sign_in(PASSCODE, first)
    after = session.sign_in(PASSCODE, first)
    validate = reference.services.spine.validate
    assert not validate(before.spine.ticket).valid
    assert validate(after.spine.ticket).valid


def test_the_old_ticket_dies_with_the_renewal(session: AgentSession, reference: Reference) -> None:
    login = session.sign_in(PASSCODE, first)
    reference.renew(PASSCODE, guid=login.guid)
    assert not reference.services.spine.validate(login.spine.ticket).valid
    after = session.sign_in(PASSCODE, first)
    assert after.certificate_serial != login.certificate_serial
    assert after.notice is None


def test_a_session_shows_neither_ticket_nor_passcode(session: AgentSession) -> None:
    login = session.sign_in(PASSCODE, first)
    shown = f"{login!r} {login.spine!r} {session!r} {vars(session)!r}"
    assert login.spine.ticket not in shown
    assert "123456" not in shown


def test_the_notice_is_made_anew_at_each_sign_in(
    session: AgentSession, selfrenew_clock: SettableClock
) -> None:
    notice = session.sign_in(PASSCODE, first).notice
    assert notice is not None
    assert notice.days_left == 30
    selfrenew_clock.advance(timedelta(days=29))
    notice = session.sign_in(PASSCODE, first).notice
    assert notice is not None
    assert notice.days_left == 1
    assert "in 1 day," in notice.text


def test_an_expired_certificate_leads_to_the_registration_authority(
    session: AgentSession, selfrenew_clock: SettableClock
) -> None:
    selfrenew_clock.advance(timedelta(days=31))
    with pytest.raises(CertificateExpiredError, match="Registration Authority"):
        session.sign_in(PASSCODE, first)


def test_a_wrong_passcode_starts_no_session(session: AgentSession) -> None:
    with pytest.raises(WrongPasscodeError, match="You have 2 remaining tries"):
        session.sign_in(Secret("999999"), first)
    assert session.login is None


def test_a_wrong_passcode_is_not_told_to_the_spine(
    session: AgentSession, reference: Reference
) -> None:
    asked: list[str] = []
    reference.http.event_hooks = {"request": [lambda request: asked.append(str(request.url))]}
    with pytest.raises(WrongPasscodeError):
        session.sign_in(Secret("999999"), first)
    assert not asked


def test_while_the_spine_is_asked_nobody_can_sign_with_the_card(
    session: AgentSession, reference: Reference
) -> None:
    is_verified, answers = bytes.fromhex("00200080"), set[bytes]()

    def look(_: object) -> None:
        with closing(reference.reader.connect()) as other:
            answers.add(other.transmit(is_verified))

    reference.http.event_hooks = {"request": [look]}
    session.sign_in(PASSCODE, first)
    assert answers == {bytes.fromhex("63C3")}


def test_nobody_comes_between_the_passcode_and_the_signature(
    session: AgentSession, selfrenew_reader: EmbeddedReader
) -> None:
    held: dict[Instruction, set[bool]] = defaultdict(set)

    def look(command: bytes, exchange: Callable[[bytes], bytes]) -> bytes:
        try:
            selfrenew_reader.connect()
        except ReaderBusyError:
            held[Instruction(command[1])].add(True)
        else:
            held[Instruction(command[1])].add(False)
        return exchange(command)

    selfrenew_reader.tap = look
    session.sign_in(PASSCODE, first)
    assert held[Instruction.VERIFY] == held[Instruction.GENERAL_AUTHENTICATE] == {True}


@pytest.mark.parametrize("passcode", ["", "123456789", "\ud800"])
def test_a_passcode_of_no_form_costs_no_try(
    session: AgentSession, selfrenew_reader: EmbeddedReader, passcode: str
) -> None:
    with pytest.raises((ReferenceDataFormatError, PivError)):
        session.sign_in(Secret(passcode), first)
    assert tries_left(selfrenew_reader) == 3


def test_a_locked_card_does_not_sign_in(session: AgentSession) -> None:
    for left in (2, 1):
        with pytest.raises(WrongPasscodeError, match=f"{left} remaining"):
            session.sign_in(Secret("999999"), first)
    for passcode in (Secret("999999"), PASSCODE):
        with pytest.raises(PasscodeBlockedError, match="unlock"):
            session.sign_in(passcode, first)
    assert session.login is None


def test_a_revoked_certificate_does_not_sign_in(
    session: AgentSession, selfrenew_stage: EmbeddedStage, selfrenew_reader: EmbeddedReader
) -> None:
    certificate = read_contents(selfrenew_reader).certificates["authentication"]
    assert selfrenew_stage.ca.revoke(certificate)
    with pytest.raises(ServiceRefusedError) as refused:
        session.sign_in(PASSCODE, first)
    assert refused.value.reason == "revoked"


def test_an_empty_reader_says_so(session: AgentSession, selfrenew_reader: EmbeddedReader) -> None:
    selfrenew_reader.remove()
    with pytest.raises(NoCardError, match="Insert your smartcard"):
        session.sign_in(PASSCODE, first)


def test_a_blank_card_has_nothing_to_sign_in_with(
    session: AgentSession, selfrenew_reader: EmbeddedReader
) -> None:
    selfrenew_reader.remove()
    selfrenew_reader.insert(Card.blank(pin=b"123456", puk=b"12345678", management_key=bytes(24)))
    with pytest.raises(UnreadableObjectError, match="it is missing"):
        session.sign_in(PASSCODE, first)


def test_a_spine_that_is_gone_does_not_keep_a_session_open(
    selfrenew_stage: EmbeddedStage, selfrenew_card: Card
) -> None:
    reader = selfrenew_stage.reader
    reader.insert(selfrenew_card)
    configuration = load_configuration(selfrenew_stage.config_file)
    with assemble(configuration, reader=reader, clock=selfrenew_stage.clock) as reference:
        session = reference.session()
        session.sign_in(PASSCODE, first)
        reference.http.event_hooks = {"request": [_unreachable]}
        session.end()
        assert session.login is None
        with pytest.raises(ServiceUnreachableError):
            session.sign_in(PASSCODE, first)


def _unreachable(request: object) -> None:
    raise httpx.ConnectError("nobody is there")
