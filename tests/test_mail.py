# SPDX-License-Identifier: Apache-2.0
"""Mail over SMTP: what the server takes, and what the sender says where it does not."""

import asyncio
import smtplib
import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

import pytest

from selfrenew_emulator.mail import (
    AddressRefusedError,
    MailDownError,
    MailSender,
    MailServer,
    Outbox,
)
from selfrenew_emulator.stage import Servers, bind
from tests.silent_clients import everything_closed, knocking

ALICE, BOB = "alice@nhs.example", "bob@nhs.example"
GREETING = b"220 mail.test ready\r\n"


def message(to: str = ALICE, text: str = "Hello.\n") -> EmailMessage:
    made = EmailMessage()
    made["From"] = "desk@nhs.example"
    made["To"] = to
    made["Subject"] = "A test"
    made.set_content(text)
    return made


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def server(outbox: Outbox) -> Iterator[MailServer]:
    served = MailServer(outbox, bind())
    with Servers([], [served]):
        yield served


def send(port: int, mail: EmailMessage, timeout_seconds: float = 5) -> None:
    asyncio.run(MailSender("127.0.0.1", port, timeout_seconds).send(mail))


def test_a_message_has_arrived_when_the_sender_returns(server: MailServer, outbox: Outbox) -> None:
    send(server.port, message(text="Zahlen: 1\n.\n.. und ein Punkt\n"))
    (arrived,) = outbox.messages_to(ALICE)
    assert arrived["Subject"] == "A test"
    assert arrived.get_content() == "Zahlen: 1\n.\n.. und ein Punkt\n"


def test_a_message_goes_to_whom_the_envelope_names(server: MailServer, outbox: Outbox) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, local_hostname="client.test") as client:
        client.send_message(message(to=ALICE), to_addrs=[BOB])
    assert outbox.messages_to(ALICE) == []
    assert len(outbox.messages_to(BOB)) == 1


def test_a_maildir_keeps_the_mail_for_the_next_start(tmp_path: Path) -> None:
    with Servers([], [served := MailServer(Outbox(tmp_path / "mail"), bind())]):
        send(served.port, message())
        send(served.port, message(text="Again.\n"))
    texts = {each.get_content() for each in Outbox(tmp_path / "mail").messages_to(ALICE)}
    assert texts == {"Hello.\n", "Again.\n"}


def test_a_server_that_takes_no_mail_now_is_down(server: MailServer, outbox: Outbox) -> None:
    server.refusal = "421 4.3.2 Service shutting down"
    with pytest.raises(MailDownError, match="shutting down"):
        send(server.port, message())
    server.refusal = None
    send(server.port, message())
    assert len(outbox.messages_to(ALICE)) == 1


def test_a_server_that_is_not_there_is_down() -> None:
    with bind() as free:
        port = free.getsockname()[1]
    with pytest.raises(MailDownError, match=f"127.0.0.1:{port}"):
        send(port, message())


def test_leaving_hangs_up_on_whoever_is_connected(outbox: Outbox) -> None:
    before = threading.active_count()
    served = MailServer(outbox, bind())
    with Servers([], [served]):
        client = smtplib.SMTP("127.0.0.1", served.port, local_hostname="client.test")
        client.noop()
    with client, pytest.raises(smtplib.SMTPServerDisconnected):
        client.noop()
    assert threading.active_count() == before


def test_leaving_hangs_up_on_whoever_just_connects(outbox: Outbox) -> None:
    for _ in range(2):
        with everything_closed():
            served = MailServer(outbox, bind())
            servers = Servers([], [served])
            servers.start()
            with knocking(served.port):
                servers.stop()


class Scripted:
    """A mail server that answers each line with the next reply of a list, then says no more."""

    def __init__(self, *replies: bytes) -> None:
        self._replies = replies
        self._listener = bind()
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(60)
        self._listener.close()

    def _serve(self) -> None:
        link, _ = self._listener.accept()
        with link, link.makefile("rb") as lines:
            for reply in self._replies:
                link.sendall(reply)
                if not lines.readline():
                    return
            # Until the client gives up.
            while lines.readline():
                pass


@pytest.mark.parametrize(
    "replies",
    [
        (b"",),
        (GREETING,),
        (GREETING, b"250 mail.test\r\n"),
        (GREETING, b"250 mail.test\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"),
    ],
    ids=["greeting", "ehlo", "mail", "data"],
)
def test_a_server_that_falls_silent_is_down(replies: tuple[bytes, ...]) -> None:
    with Scripted(*replies) as server, pytest.raises(MailDownError):
        send(server.port, message(), timeout_seconds=0.2)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"550 5.1.1 No such user\r\n", AddressRefusedError),
        (b"450 4.2.1 Mailbox busy\r\n", MailDownError),
    ],
)
def test_an_address_refused_for_good_is_told_from_one_refused_for_now(
    reply: bytes, error: Any
) -> None:
    script = (GREETING, b"250 mail.test\r\n", b"250 OK\r\n", reply, b"250 OK\r\n", b"221 Bye\r\n")
    with Scripted(*script) as server, pytest.raises(error, match=reply[4:9].decode()):
        send(server.port, message())


@pytest.mark.parametrize("reply", [b"554 No SMTP here\r\n", b"HTTP/1.1 400 Bad\r\n", b"\xff\r\n"])
def test_what_is_no_mail_server_is_down(reply: bytes) -> None:
    with Scripted(reply) as server, pytest.raises(MailDownError):
        send(server.port, message(), timeout_seconds=1)


def test_a_server_that_hangs_up_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(MailDownError):
            send(listener.getsockname()[1], message())
        thread.join()
