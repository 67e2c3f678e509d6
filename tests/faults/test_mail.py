# SPDX-License-Identifier: Apache-2.0
"""Mail that is not taken, until it is; that is lost; and that comes late."""

import smtplib
from datetime import timedelta

import pytest

from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import FaultBoard
from selfrenew_emulator.stage import EmbeddedStage

ADDRESSES = ("ward@nhs.example", "alice@nhs.example")


MINUTE = timedelta(minutes=1)


def send(stage: EmbeddedStage, subject: str = "a code") -> None:
    with smtplib.SMTP("127.0.0.1", stage.mail.port, timeout=60) as client:
        client.sendmail(*ADDRESSES, f"Subject: {subject}\r\n\r\n123\r\n".encode())


def subjects(stage: EmbeddedStage) -> list[str]:
    return [str(each["Subject"]) for each in stage.outbox.messages_to(ADDRESSES[1])]


def test_mail_is_refused_by_the_reply_that_was_ordered_and_taken_once_it_heals(
    selfrenew_faults: FaultBoard, selfrenew_stage: EmbeddedStage
) -> None:
    selfrenew_faults.attach_mail(selfrenew_stage.mail)
    selfrenew_faults.arm("mail.refused:reply=451 4.7.1 Come again,times=1")
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        send(selfrenew_stage)
    assert (refused.value.smtp_code, refused.value.smtp_error) == (451, b"4.7.1 Come again")
    send(selfrenew_stage)
    assert selfrenew_faults.history == ["mail.refused"]
    assert len(selfrenew_stage.outbox.messages_to(ADDRESSES[1])) == 1


def test_mail_that_is_lost_was_taken_and_reaches_nobody(
    selfrenew_faults: FaultBoard, selfrenew_stage: EmbeddedStage
) -> None:
    selfrenew_faults.arm("mail.lost")
    send(selfrenew_stage, "lost")
    send(selfrenew_stage, "kept")
    assert subjects(selfrenew_stage) == ["kept"]
    assert selfrenew_faults.history == ["mail.lost"]


def test_mail_that_is_late_comes_when_its_time_is_over_behind_what_was_sent_later(
    selfrenew_faults: FaultBoard, selfrenew_stage: EmbeddedStage, selfrenew_clock: SettableClock
) -> None:
    selfrenew_faults.arm("mail.late:by=20m")
    send(selfrenew_stage, "late")
    selfrenew_clock.advance(19 * MINUTE)
    send(selfrenew_stage, "in time")
    assert subjects(selfrenew_stage) == ["in time"]
    selfrenew_clock.advance(MINUTE)
    assert subjects(selfrenew_stage) == ["in time", "late"]


def test_an_emptied_outbox_gets_nothing_of_what_was_sent_before(
    selfrenew_faults: FaultBoard, selfrenew_stage: EmbeddedStage, selfrenew_clock: SettableClock
) -> None:
    selfrenew_faults.arm("mail.late")
    send(selfrenew_stage)
    send(selfrenew_stage)
    selfrenew_stage.outbox.empty()
    selfrenew_clock.advance(30 * MINUTE)
    assert subjects(selfrenew_stage) == []
