# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta

from .conftest import World


def test_a_ticket_is_good_until_the_person_logs_out(world: World) -> None:
    login = world.sign_in(world.holder())
    ask = {"ticket": login["ticket"]}
    assert world.spine.call("POST", "/tickets/validation", ask).json()["valid"] is True
    assert world.spine.call("DELETE", "/session", token=login["ticket"]).status_code == 204
    answer = world.spine.call("POST", "/tickets/validation", ask).json()
    assert (answer["valid"], answer["reason"]) == (False, "logged_out")
    world.spine.refuses(
        world.spine.call("DELETE", "/session", token=login["ticket"]), 401, "logged_out"
    )


def test_each_role_of_a_person_may_be_chosen_and_no_other(world: World) -> None:
    login = world.sign_in(world.holder())
    assert len(login["roles"]) == 2
    for role in login["roles"]:
        answer = world.spine.call(
            "PUT", "/session/role", {"role_id": role["id"]}, login["ticket"]
        ).json()
        assert answer["role"] == role
    refused = world.spine.call("PUT", "/session/role", {"role_id": "R1"}, login["ticket"])
    world.spine.refuses(refused, 422, "no_such_role")


def test_a_ticket_ends_with_its_time(world: World) -> None:
    login = world.sign_in(world.holder())
    world.clock.advance(timedelta(hours=12, seconds=1))
    answer = world.spine.call("POST", "/tickets/validation", {"ticket": login["ticket"]}).json()
    assert (answer["valid"], answer["reason"]) == (False, "expired")


def test_a_ticket_ends_with_its_certificate(world: World) -> None:
    holder = world.holder()
    login = world.sign_in(holder)
    world.stage.make_card(holder.person)
    answer = world.spine.call("POST", "/tickets/validation", {"ticket": login["ticket"]}).json()
    assert (answer["valid"], answer["reason"]) == (False, "superseded")


def test_an_unknown_ticket_is_not_good(world: World) -> None:
    answer = world.spine.call("POST", "/tickets/validation", {"ticket": "0" * 64}).json()
    assert (answer["valid"], answer["reason"]) == (False, "unknown")
    world.spine.refuses(world.spine.call("DELETE", "/session"), 401, "no_token")
