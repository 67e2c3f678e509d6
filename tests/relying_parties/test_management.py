# SPDX-License-Identifier: Apache-2.0
import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from selfrenew.piv.references import Algorithm
from selfrenew.secret import Secret
from selfrenew_emulator.management.unlocking import REGISTRATION_DESK
from selfrenew_emulator.stage import mail_address

from .conftest import Holder, World


def open_session(world: World, holder: Holder) -> str:
    body = {
        "card": holder.guid,
        "assertion": holder.assertion(world.management.challenge()),
    }
    answer = world.management.call("POST", "/sessions", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["session"])


def authenticate(world: World, holder: Holder, guid: str, token: str) -> object:
    asked = holder.card.transmit(bytes.fromhex("00870A9B047C02810000"))
    challenge = asked[4:-2].hex()
    path = f"/cards/{guid}/management-authentication"
    return world.management.call("POST", path, {"challenge": challenge}, token)


def test_the_answer_opens_the_card_and_the_key_is_never_told(world: World) -> None:
    holder = world.holder()
    answer = authenticate(world, holder, holder.guid, open_session(world, holder))
    response = bytes.fromhex(answer.json()["response"])  # type: ignore[attr-defined]
    template = bytes([0x7C, len(response) + 2, 0x82, len(response)]) + response
    command = bytes.fromhex("00870A9B") + bytes([len(template)]) + template + b"\x00"
    assert holder.card.transmit(command) == b"\x90\x00"


def test_a_session_is_for_its_own_card(world: World) -> None:
    holder, other = world.holder(), world.holder("Bob Brown")
    token = open_session(world, holder)
    answer = authenticate(world, holder, other.guid, token)
    world.management.refuses(answer, 403, "not_the_holder")  # type: ignore[arg-type]
    body = {"card": other.guid, "assertion": holder.assertion(world.management.challenge())}
    world.management.refuses(
        world.management.call("POST", "/sessions", body), 403, "not_the_holder"
    )


def test_two_cards_have_two_management_keys(world: World) -> None:
    answers = set()
    for name in ("Alice Archer", "Bob Brown"):
        holder = world.holder(name)
        token = open_session(world, holder)
        path = f"/cards/{holder.guid}/management-authentication"
        body = {"challenge": "00" * 16}
        answers.add(world.management.call("POST", path, body, token).json()["response"])
    assert len(answers) == 2


def test_a_session_ends(world: World) -> None:
    holder = world.holder()
    token = open_session(world, holder)
    world.clock.advance(timedelta(minutes=30, seconds=1))
    answer = authenticate(world, holder, holder.guid, token)
    world.management.refuses(answer, 401, "session_ended")  # type: ignore[arg-type]


@pytest.mark.parametrize("challenge", ["00" * 15, "00" * 17, "00"])
def test_only_one_block_is_answered(world: World, challenge: str) -> None:
    holder = world.holder()
    path = f"/cards/{holder.guid}/management-authentication"
    answer = world.management.call(
        "POST", path, {"challenge": challenge}, open_session(world, holder)
    )
    assert answer.status_code == 422


def start(world: World, holder: Holder) -> tuple[str, str]:
    unlock = world.management.call("POST", "/unlocks", {"card": holder.guid}).json()["unlock"]
    mail = world.stage.outbox.messages_to(mail_address(holder.person))[-1].get_content()
    code = re.search(r"code is (\d+)", mail)
    assert code is not None
    return unlock, code[1]


def test_the_code_from_the_mail_gives_the_keys_once(world: World) -> None:
    unlock, code = start(world, world.holder())
    answer = world.management.call("POST", f"/unlocks/{unlock}/code", {"code": code})
    token = answer.json()["authorisation"]
    keys = world.management.call("POST", f"/unlocks/{unlock}/keys", token=token)
    assert re.fullmatch(r"\d{8}", keys.json()["candidates"][0])
    assert keys.json()["next"] not in keys.json()["candidates"]
    again = world.management.call("POST", f"/unlocks/{unlock}/keys", token=token)
    world.management.refuses(again, 403, "handed_out")
    assert world.management.call("POST", f"/unlocks/{unlock}/done", token=token).status_code == 204


def test_five_wrong_codes_end_an_unlock(world: World) -> None:
    unlock, code = start(world, world.holder())
    wrong = f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"
    for _ in range(5):
        answer = world.management.call("POST", f"/unlocks/{unlock}/code", {"code": wrong})
        world.management.refuses(answer, 403, "wrong_code")
    answer = world.management.call("POST", f"/unlocks/{unlock}/code", {"code": code})
    world.management.refuses(answer, 403, "no_tries_left")


def test_a_code_is_good_for_fifteen_minutes(world: World) -> None:
    unlock, code = start(world, world.holder())
    world.clock.advance(timedelta(minutes=15, seconds=1))
    answer = world.management.call("POST", f"/unlocks/{unlock}/code", {"code": code})
    world.management.refuses(answer, 403, "code_expired")


def test_an_unknown_card_is_answered_like_a_known_one_and_gets_no_mail(world: World) -> None:
    known = world.management.call("POST", "/unlocks", {"card": world.holder().guid})
    unknown = world.management.call("POST", "/unlocks", {"card": "00" * 16})
    assert known.status_code == unknown.status_code == 202
    assert set(known.json()) == set(unknown.json())
    path = f"/unlocks/{unknown.json()['unlock']}/code"
    answer = world.management.call("POST", path, {"code": "00000000"})
    world.management.refuses(answer, 403, "wrong_code")


def test_keys_need_the_code_first(world: World) -> None:
    unlock, _ = start(world, world.holder())
    answer = world.management.call("POST", f"/unlocks/{unlock}/keys", token="0" * 64)
    world.management.refuses(answer, 403, "not_authorised")


def confirm(world: World, unlock: str, code: str) -> httpx.Response:
    return world.management.call("POST", f"/unlocks/{unlock}/code", {"code": code})


def test_a_code_is_good_once(world: World) -> None:
    unlock, code = start(world, world.holder())
    assert confirm(world, unlock, code).status_code == 200
    world.management.refuses(confirm(world, unlock, code), 403, "wrong_code")


def test_a_code_is_no_good_once_the_unlock_is_done(world: World) -> None:
    unlock, code = start(world, world.holder())
    token = confirm(world, unlock, code).json()["authorisation"]
    world.management.call("POST", f"/unlocks/{unlock}/keys", token=token)
    world.management.call("POST", f"/unlocks/{unlock}/done", token=token)
    world.management.refuses(confirm(world, unlock, code), 404, "unknown_unlock")


def keys_of(world: World, holder: Holder) -> tuple[str, str, list[str]]:
    """Begin an unlock; give it with its authorisation and the keys that the card may have."""
    unlock, code = start(world, holder)
    token = confirm(world, unlock, code).json()["authorisation"]
    answer = world.management.call("POST", f"/unlocks/{unlock}/keys", token=token)
    return unlock, token, answer.json()["candidates"]


def test_the_key_that_a_card_has_refused_comes_last_from_then_on(world: World) -> None:
    holder = world.holder()
    unlock, token, only = keys_of(world, holder)
    path = f"/unlocks/{unlock}/refused"
    world.management.refuses(
        world.management.call("POST", path, token=token), 409, "not_handed_out"
    )
    unlock, token, first = keys_of(world, holder)
    assert (len(first), first[1:]) == (2, only)
    path = f"/unlocks/{unlock}/refused"
    # Its answer may be lost, and it be told once more.
    for _ in range(2):
        assert world.management.call("POST", path, token=token).status_code == 204
    unlock, token, second = keys_of(world, holder)
    assert second == first[::-1]
    world.management.call("POST", f"/unlocks/{unlock}/refused", token=token)
    assert keys_of(world, holder)[2] == first


def test_nobody_else_tells_of_a_refused_key(world: World) -> None:
    unlock, *_ = keys_of(world, world.holder())
    answer = world.management.call("POST", f"/unlocks/{unlock}/refused", token="0" * 64)
    world.management.refuses(answer, 403, "not_authorised")


def test_a_code_of_another_unlock_is_no_good(world: World) -> None:
    holder = world.holder()
    first, second = start(world, holder), start(world, holder)
    world.management.refuses(confirm(world, first[0], second[1]), 403, "wrong_code")


def test_a_code_is_still_good_at_the_last_second(world: World) -> None:
    unlock, code = start(world, world.holder())
    world.clock.advance(timedelta(minutes=15))
    assert confirm(world, unlock, code).status_code == 200


def test_fifteen_minutes_count_from_the_start_whatever_happens_between(world: World) -> None:
    unlock, code = start(world, world.holder())
    world.clock.advance(timedelta(minutes=14))
    token = confirm(world, unlock, code).json()["authorisation"]
    world.clock.advance(timedelta(minutes=1, seconds=1))
    answer = world.management.call("POST", f"/unlocks/{unlock}/keys", token=token)
    world.management.refuses(answer, 403, "code_expired")


def reports(world: World, guid: str) -> int:
    mail = world.stage.outbox.messages_to(REGISTRATION_DESK)
    return sum(guid in each.get_content() for each in mail)


@pytest.mark.parametrize(
    "address",
    [
        "eve@elsewhere.example",
        "eve@sub.nhs.example",
        "nhs.example",
        "",
        "@nhs.example",
        "eve@elsewhere.example, alice@nhs.example",
        "<eve@elsewhere.example>, <alice@nhs.example",
        "alice@nhs.example\r\nBcc: eve@elsewhere.example",
        "élise@nhs.example",
    ],
)
def test_an_address_outside_the_allowed_domains_gets_no_code(world: World, address: str) -> None:
    guid = world.stage.make_person(address).user_id.zfill(32)
    world.stage.management.register(
        bytes.fromhex(guid),
        user_id="1",
        email=address,
        puk=Secret("12345678"),
        algorithm=Algorithm.AES192,
    )
    answer = world.management.call("POST", "/unlocks", {"card": guid})
    assert answer.status_code == 202
    for recipient in (address, "eve@elsewhere.example", "alice@nhs.example"):
        assert world.stage.outbox.messages_to(recipient) == []
    assert reports(world, guid) == 1


def test_an_unknown_card_is_reported_to_the_registration_desk_and_a_known_one_is_not(
    world: World,
) -> None:
    holder, unknown = world.holder(), "ab" * 16
    start(world, holder)
    world.management.call("POST", "/unlocks", {"card": unknown})
    assert (reports(world, holder.guid), reports(world, unknown)) == (0, 1)


@pytest.fixture
def mail_down(world: World) -> Iterator[World]:
    world.stage.mail.refusal = "421 4.3.2 Service shutting down"
    yield world
    world.stage.mail.refusal = None


def test_while_no_mail_goes_out_known_and_unknown_cards_are_told_the_same(mail_down: World) -> None:
    told = []
    for guid in (mail_down.holder().guid, "00" * 16):
        answer = mail_down.management.call("POST", "/unlocks", {"card": guid})
        mail_down.management.refuses(answer, 503, "mail_down")
        told.append((answer.text, answer.headers["retry-after"]))
    assert told[0] == told[1]


def test_an_unlock_begins_as_soon_as_mail_goes_out_again(mail_down: World) -> None:
    holder = mail_down.holder()
    mail_down.management.call("POST", "/unlocks", {"card": holder.guid})
    mail_down.stage.mail.refusal = None
    unlock, code = start(mail_down, holder)
    assert len(mail_down.stage.outbox.messages_to(mail_address(holder.person))) == 1
    assert confirm(mail_down, unlock, code).status_code == 200
