# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator
from datetime import timedelta

import pytest

from selfrenew.agent import (
    AgentSession,
    CertificateExpiredError,
    NoSuchRoleError,
)
from selfrenew.config import Reference, assemble, load_configuration
from selfrenew.piv.errors import UnreadableObjectError, WrongPasscodeError
from selfrenew.secret import Secret
from selfrenew.services import Role, ServiceUnreachableError
from selfrenew.transport import NoCardError
from selfrenew_emulator.card import Card
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.stage import EmbeddedStage

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


def first(roles: tuple[Role, ...]) -> Role:
    return roles[0]


def test_a_session_has_the_role_that_was_chosen(
    session: AgentSession, reference: Reference
) -> None:
    for number in (0, 1):
        login = session.sign_in(PASSCODE, lambda roles, number=number: roles[number])
        assert login.role == login.spine.roles[number]
        assert reference.services.spine.validate(login.spine.ticket).role == login.role


def test_a_role_of_somebody_else_is_refused(session: AgentSession) -> None:
    with pytest.raises(NoSuchRoleError, match="Your roles are"):
        session.sign_in(PASSCODE, lambda _: Role("R0", "Registrar", "Elsewhere"))
    assert session.login is None


def test_taking_the_card_out_ends_session_and_ticket(
    session: AgentSession, reference: Reference, selfrenew_reader: EmbeddedReader
) -> None:
    selfrenew_reader.on_removal(session.card_removed)
    login = session.sign_in(PASSCODE, first)
    selfrenew_reader.remove()
    assert session.login is None
    assert not reference.services.spine.validate(login.spine.ticket).valid


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
    import httpx  # noqa: PLC0415  only for this failure

    raise httpx.ConnectError("nobody is there")
