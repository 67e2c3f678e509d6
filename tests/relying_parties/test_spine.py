# SPDX-License-Identifier: Apache-2.0
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509

from selfrenew_emulator.certificate_status import (
    CertificateStatus,
    StatusError,
    StatusUnavailableError,
    StatusUntrustedError,
)
from selfrenew_emulator.plain_http import Answer, PlainHttp
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.spine import Spine
from selfrenew_emulator.stage.server import Endpoint, Servers, bind

from .conftest import Service, World


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


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StatusUnavailableError("nobody answers"), "status_unavailable"),
        (StatusUntrustedError("a forged answer"), "status_untrusted"),
    ],
)
def test_while_nobody_tells_whether_a_certificate_counts_nobody_signs_in(
    world: World, error: StatusError, reason: str
) -> None:
    holder, down = world.holder(), [error]

    async def status_of(certificate: x509.Certificate) -> CertificateStatus:
        if down:
            raise down[0]
        return world.stage.ca.status_of(certificate)

    spine = Spine(
        issuers=list(world.stage.ca.issuers.values()),
        status_of=status_of,
        clock=world.clock,
        randomness=seeded("down"),
    )
    spine.register(holder.person)
    endpoint = Endpoint(spine.app, bind())
    with (
        Servers([endpoint]),
        httpx.Client(base_url=endpoint.url, trust_env=False, timeout=60) as http,
    ):
        service = Service(http)
        body = {"assertion": holder.assertion(service.challenge())}
        refused = service.call("POST", "/sessions", body)
        service.refuses(refused, 503, reason)
        assert refused.headers["retry-after"] == "60"
        assert str(error) in refused.json()["detail"]
        down.clear()
        # The challenge was not used up.
        ticket = service.call("POST", "/sessions", body).json()["ticket"]
        down.append(error)
        told = service.call("POST", "/tickets/validation", {"ticket": ticket})
        service.refuses(told, 503, reason)
        # To go is granted to everybody.
        assert service.call("DELETE", "/session", token=ticket).status_code == 204
    spine.close()


def test_the_services_of_a_stage_ask_the_responder_that_certificates_name(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = world.holder()
    access = holder.certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    named = access.value[0].access_location.value
    asked: list[str] = []

    post = PlainHttp.post

    async def noted(http: PlainHttp, url: str, *args: Any, **options: Any) -> Answer:
        asked.append(url)
        return await post(http, url, *args, **options)

    monkeypatch.setattr(PlainHttp, "post", noted)
    world.sign_in(holder)
    assert asked == [named]


def test_a_ticket_or_role_that_is_no_text_is_malformed(world: World) -> None:
    ticket = world.sign_in(world.holder())["ticket"]
    for method, path, body in (
        ("POST", "/tickets/validation", {"ticket": "\ud800"}),
        ("PUT", "/session/role", {"role_id": "\ud800"}),
        ("POST", "/tickets/validation", {"ticket": "0" * 10_000}),
    ):
        world.spine.refuses(
            world.spine.http.request(
                method,
                path,
                content=json.dumps(body).encode(),
                headers={"authorization": f"Bearer {ticket}", "content-type": "application/json"},
            ),
            422,
            "malformed",
        )
