# SPDX-License-Identifier: Apache-2.0
"""What both services accept as a holder's word, and each reason for which they do not."""

from datetime import timedelta

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew_emulator.ca import (
    CARD_AUTHENTICATION,
    KEY_MANAGEMENT,
    CertificateAuthority,
    Extensions,
    Profile,
)

from .conftest import Holder, Service, World


@pytest.fixture(params=["spine", "management"])
def service(request: pytest.FixtureRequest, world: World) -> Service:
    found = getattr(world, request.param)
    assert isinstance(found, Service)
    return found


def show(service: Service, holder: Holder, assertion: str) -> object:
    return service.call("POST", "/sessions", {"assertion": assertion, **_card(service, holder)})


def _card(service: Service, holder: Holder) -> dict[str, str]:
    # The Spine takes no other field.
    is_management = "unlocks" in service.http.get("/openapi.json").text
    return {"card": holder.guid} if is_management else {}


def refused(service: Service, holder: Holder, assertion: str, reason: str) -> None:
    answer = show(service, holder, assertion)
    service.refuses(answer, 403, reason)  # type: ignore[arg-type]


def test_a_signed_challenge_is_taken_once(world: World, service: Service) -> None:
    holder = world.holder()
    assertion = holder.assertion(service.challenge())
    assert show(service, holder, assertion).status_code == 201  # type: ignore[attr-defined]
    refused(service, holder, assertion, "wrong_challenge")


def test_a_challenge_ends_after_five_minutes(world: World, service: Service) -> None:
    holder, challenge = world.holder(), service.challenge()
    world.clock.advance(timedelta(minutes=5, seconds=1))
    refused(service, holder, holder.assertion(challenge), "wrong_challenge")


def test_a_challenge_of_ones_own_is_not_taken(world: World, service: Service) -> None:
    holder, challenge = world.holder(), service.challenge()
    own = holder.assertion(challenge, claims={"nonce": "00" * 32})
    refused(service, holder, own, "wrong_challenge")


def test_an_assertion_for_another_service_is_not_taken(world: World, service: Service) -> None:
    holder, challenge = world.holder(), service.challenge()
    other = holder.assertion(challenge, claims={"aud": "somebody else"})
    refused(service, holder, other, "wrong_audience")


def test_another_key_than_the_certificates_is_not_taken(world: World, service: Service) -> None:
    holder = world.holder()
    forged = holder.assertion(service.challenge(), key=ec.generate_private_key(ec.SECP256R1()))
    refused(service, holder, forged, "bad_signature")


def test_the_algorithm_is_the_keys_and_not_the_headers(world: World, service: Service) -> None:
    holder, challenge = world.holder(), service.challenge()
    unsigned = holder.assertion(challenge, key="", algorithm="none")
    refused(service, holder, unsigned, "bad_signature")
    shared = holder.assertion(challenge, key="k" * 32, algorithm="HS256")
    refused(service, holder, shared, "bad_signature")


@pytest.mark.parametrize("text", ["", "a.b.c", "x" * 30_000, jwt.encode({}, "k" * 32)])
def test_what_is_no_assertion_is_named_so(world: World, service: Service, text: str) -> None:
    holder = world.holder()
    answer = show(service, holder, text)
    assert answer.status_code in {403, 422}  # type: ignore[attr-defined]
    assert answer.json()["reason"] == "malformed"  # type: ignore[attr-defined]


def test_a_certificate_of_another_ca_is_unknown(world: World, service: Service) -> None:
    holder = world.holder()
    elsewhere = CertificateAuthority(world.clock)
    issuer = elsewhere.authority.issuers[next(iter(elsewhere.authority.issuers))]
    forged = (
        x509.CertificateBuilder()
        .subject_name(holder.certificate.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(holder.key.public_key())
        .serial_number(holder.certificate.serial_number)
        .not_valid_before(world.clock())
        .not_valid_after(world.clock() + timedelta(days=9))
        .sign(issuer.key, hashes.SHA256())
    )
    elsewhere.close()
    assertion = holder.assertion(service.challenge(), certificate=forged)
    refused(service, holder, assertion, "unknown")


CARD_PURPOSE = x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.16.840.1.101.3.6.8")])


@pytest.mark.parametrize(
    ("profile", "extensions"),
    [
        (KEY_MANAGEMENT, ()),
        (CARD_AUTHENTICATION, (x509.Extension(CARD_PURPOSE.oid, True, CARD_PURPOSE),)),
    ],
    ids=["encryption", "card"],
)
def test_a_certificate_for_another_purpose_is_named_so(
    world: World, service: Service, profile: Profile, extensions: Extensions
) -> None:
    holder = world.holder()
    now = world.clock()
    certificate = world.stage.ca.authority.issue(
        profile,
        holder.certificate.subject,
        holder.key.public_key(),
        now,
        now + timedelta(days=9),
        extensions=extensions,
    )
    assertion = holder.assertion(service.challenge(), certificate=certificate)
    issuer_is_taken = service is world.management or profile is CARD_AUTHENTICATION
    refused(service, holder, assertion, "wrong_usage" if issuer_is_taken else "unknown")


def test_an_expired_certificate_is_named_so(world: World, service: Service) -> None:
    holder = world.holder(days_left=1)
    world.clock.advance(timedelta(days=1, seconds=1))
    refused(service, holder, holder.assertion(service.challenge()), "expired")


def test_a_revoked_certificate_is_named_so(world: World, service: Service) -> None:
    holder = world.holder()
    world.stage.ca.revoke(holder.certificate)
    refused(service, holder, holder.assertion(service.challenge()), "revoked")


def test_a_superseded_certificate_is_named_so(world: World, service: Service) -> None:
    holder = world.holder()
    # A new card for the same person takes the place of the old one.
    world.stage.make_card(holder.person)
    refused(service, holder, holder.assertion(service.challenge()), "superseded")


def test_a_malformed_body_is_told_without_repeating_it(service: Service) -> None:
    answer = service.call("POST", "/sessions", {"assertion": ["secret-thing"]})
    service.refuses(answer, 422, "malformed")
    assert "secret-thing" not in answer.text


def test_an_unknown_operation_is_a_problem_too(service: Service) -> None:
    service.refuses(service.call("GET", "/nowhere"), 404, "no_such_operation")
    service.refuses(service.call("PATCH", "/health"), 405, "no_such_operation")


def test_the_interface_describes_itself(service: Service) -> None:
    document = service.http.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), f"{method} {path}"
            assert {"200", "201", "202", "204"} & set(operation["responses"]), f"{method} {path}"
            (content_type, refusal), *others = operation["responses"]["422"]["content"].items()
            assert (content_type, others) == ("application/problem+json", []), f"{method} {path}"
            assert "reason" in refusal["schema"]["required"], f"{method} {path}"
