# SPDX-License-Identifier: Apache-2.0
"""Every way in which a renewal may fail: its exit code, its one line, and the card afterwards."""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import Variant
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.cli import ExitCode
from selfrenew.cmp.building import fail_bits
from selfrenew.cmp.crmf import CertReqMessages
from selfrenew.cmp.message import (
    ReceivedMessage,
    certificate_der,
    decode_list,
    decode_message,
    encode,
    tlv,
)
from selfrenew.cmp.structures import (
    BodyType,
    CertifiedKeyPair,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    FailureInfo,
    PkiStatus,
    PkiStatusInfo,
)
from selfrenew.cmp.template import public_key_of
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import KeyReference
from selfrenew_emulator.ca import PROFILES, person_name
from selfrenew_emulator.card import Card
from selfrenew_emulator.cli.card_changes import change_image
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage
from selfrenew_emulator.stage.tls import server_context

AUTHENTICATION, SIGNING = KeyReference.PIV_AUTHENTICATION, KeyReference.DIGITAL_SIGNATURE
COMMANDS = ("status", "login", "renew", "change-passcode", "unlock")


def fails(ended: Any, code: ExitCode, *words: str) -> None:
    assert ended.code == code, ended
    assert ended.out == ""
    assert ended.err.count("\n") == 1, ended.err
    for word in words:
        assert word in ended.failure


def edit(path: Path, tag: int, content: bytes) -> None:
    card = Card.open(path)
    card.store.put_object(tag, content)
    card.store.commit()
    card.close()


# The reader and the card.


@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_reader_is_named(run: Any, tmp_path: Path, command: str) -> None:
    location = tmp_path / "nobody.card"
    ended = run(command, SELFRENEW_READER_LOCATION=location, SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.NO_CARD, str(location), "Insert your smartcard")
    assert not location.exists()


def test_an_unknown_reader_is_named(run: Any, tmp_path: Path) -> None:
    location = tmp_path / "no such folder" / "alice.card"
    ended = run("renew", SELFRENEW_READER_LOCATION=location)
    fails(ended, ExitCode.NO_CARD, "no smartcard reader", str(location))


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_transport_is_named_beside_the_known_ones(run: Any, command: str) -> None:
    ended = run(command, SELFRENEW_READER_TRANSPORT="telepathy")
    fails(ended, ExitCode.CONFIGURATION, "'telepathy'", "image")


@pytest.mark.usefixtures("odd_transports")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_foreign_card_is_told_from_a_smartcard_that_can_be_renewed(
    run: Any, command: str
) -> None:
    ended = run(command, SELFRENEW_READER_TRANSPORT="foreign", SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.FOREIGN_CARD, "6A82", "not an NHS smartcard", "Registration Authority")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("keep", [0, 1, 100, -2])
def test_a_damaged_image_is_named_and_left_as_it_is(
    run: Any, card: Any, command: str, keep: int
) -> None:
    damaged = card.raw[:keep]
    card.path.write_bytes(damaged)
    ended = run(command, SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.FOREIGN_CARD, str(card.path), "damaged")
    assert card.raw == damaged


def test_a_card_in_use_by_another_program_is_named(run: Any, card: Any) -> None:
    elsewhere = Card.open(card.path)
    try:
        fails(run("renew"), ExitCode.NO_CARD, "Another program is using the card")
    finally:
        elsewhere.close()


def test_a_card_without_an_identity_is_named(run: Any, card: Any) -> None:
    edit(card.path, DataObject.CHUID.tag, b"\x30\x05junk")
    before = card.raw
    fails(run("renew"), ExitCode.FOREIGN_CARD, "CHUID")
    assert card.raw == before


@pytest.mark.parametrize("content", [b"", b"junk", b"\x70\x03abc\x71\x01\x00\xfe\x00"])
@pytest.mark.parametrize("key", [AUTHENTICATION, SIGNING])
def test_a_half_written_card_is_told_and_finished(
    run: Any, card: Any, key: KeyReference, content: bytes
) -> None:
    edit(card.path, DataObject.certificate_of(key).tag, content)
    told = run("status", "--json").json
    assert told["renewal"] == "interrupted"
    finished = run("renew", "--json")
    assert finished.code == ExitCode.DONE
    assert finished.json["resumed"] is True
    assert all(each.not_valid_before_utc == DEFAULT_NOW for each in card.certificates)


def test_a_card_torn_between_key_and_certificate_is_finished(run: Any, card: Any) -> None:
    opened = Card.open(card.path)
    change_image(opened, tear=SIGNING)
    opened.close()
    ended = run("renew")
    assert ended.code == ExitCode.DONE
    assert "A previous renewal was interrupted" in ended.err


def test_a_card_with_nothing_left_that_vouches_is_sent_to_the_registration_authority(
    run: Any, card: Any
) -> None:
    opened = Card.open(card.path)
    change_image(opened, tear=SIGNING)
    change_image(opened, clear=AUTHENTICATION)
    opened.close()
    before = card.raw
    ended = run("renew")
    fails(ended, ExitCode.SEE_REGISTRATION_AUTHORITY, "signing: mismatched", "test stage")
    assert card.raw == before


def test_a_card_of_another_world_is_sent_to_the_registration_authority(
    run: Any, tmp_path: Path, selfrenew_stage: EmbeddedStage
) -> None:
    person = selfrenew_stage.make_person()
    path = tmp_path / "alice.card"
    selfrenew_stage.write_card(path, selfrenew_stage.make_card(person))
    before = path.read_bytes()
    fails(run("renew"), ExitCode.SEE_REGISTRATION_AUTHORITY, "not accepted")
    assert path.read_bytes() == before


# The window.


@pytest.mark.parametrize("days", [91, 400])
def test_a_renewal_that_is_not_due_says_from_when_it_is(
    run: Any, make_card: Any, days: int
) -> None:
    card = make_card(days_left=days)
    before = card.raw
    fails(run("renew"), ExitCode.NOT_DUE, "You can renew them from")
    assert card.raw == before


def test_an_expired_card_is_sent_to_the_registration_authority(run: Any, make_card: Any) -> None:
    card = make_card(days_left=-1)
    before = card.raw
    fails(run("renew"), ExitCode.SEE_REGISTRATION_AUTHORITY, "expired on 01 March 2026")
    fails(run("login"), ExitCode.SEE_REGISTRATION_AUTHORITY, "expired", "Registration Authority")
    assert card.raw == before


# The passcode.


@pytest.mark.parametrize("command", ["login", "renew", "change-passcode"])
@pytest.mark.parametrize("passcode", ["123456789", "päßword", "1" * 5000])
def test_a_passcode_no_card_takes_does_not_reach_it(
    run: Any, card: Any, command: str, passcode: str
) -> None:
    before = card.raw
    ended = run(command, SELFRENEW_PASSCODE=passcode, SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.WRONG_PASSCODE, "at most 8 characters")
    assert card.raw == before


@pytest.mark.parametrize("passcode", ["12345", "123456789", "12345a", "١٢٣٤٥٦", "\udcff23456"])
def test_a_new_passcode_of_the_wrong_form_does_not_reach_the_card(
    run: Any, card: Any, passcode: str
) -> None:
    before = card.raw
    ended = run("change-passcode", SELFRENEW_NEW_PASSCODE=passcode)
    fails(ended, ExitCode.WRONG_PASSCODE, "6 to 8 digits")
    assert passcode not in ended.err
    assert card.raw == before


@pytest.mark.parametrize("command", ["login", "renew", "change-passcode"])
def test_a_missing_passcode_says_how_to_give_one(run: Any, card: Any, command: str) -> None:
    before = card.raw
    ended = run(command, SELFRENEW_PASSCODE=None, SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.USAGE, "--passcode-file or SELFRENEW_PASSCODE")
    assert card.raw == before


@pytest.mark.parametrize("command", ["login", "renew", "change-passcode"])
def test_a_wrong_passcode_tells_the_tries_left_and_asks_nothing_of_the_ca(
    run: Any, card: Any, shared_stage: EmbeddedStage, command: str
) -> None:
    asked = len(shared_stage.ca.audit())
    for left in ("2 remaining tries", "1 remaining try"):
        ended = run(command, SELFRENEW_PASSCODE="999999", SELFRENEW_NEW_PASSCODE="24681357")
        fails(ended, ExitCode.WRONG_PASSCODE, left)
    ended = run(command, SELFRENEW_PASSCODE="999999", SELFRENEW_NEW_PASSCODE="24681357")
    fails(ended, ExitCode.LOCKED, "locked", "selfrenew unlock")
    fails(run(command, SELFRENEW_NEW_PASSCODE="24681357"), ExitCode.LOCKED, "selfrenew unlock")
    assert len(shared_stage.ca.audit()) == asked
    assert card.tries_left == 0


# The services.


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address that refuses connections: its port is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


SERVICES = ("SELFRENEW_CA_URL", "SELFRENEW_MANAGEMENT_URL", "SELFRENEW_SPINE_URL")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_cannot_be_reached_leaves_the_card_alone(
    run: Any, card: Any, nowhere: str, service: str
) -> None:
    before = card.raw
    ended = run("renew", **{service: f"https://{nowhere}"})
    assert ended.code == ExitCode.UNREACHABLE
    assert nowhere in ended.failure
    assert "try again later" in ended.failure
    assert card.raw == before


@pytest.mark.parametrize("service", SERVICES)
def test_a_server_whose_tls_is_not_trusted_is_told_nothing(
    run: Any, card: Any, tls_loopback: Any, service: str
) -> None:
    before = card.raw
    ended = run("renew", **{service: tls_loopback.url})
    assert ended.code == ExitCode.NOT_TRUSTED
    assert "certificate is not trusted" in ended.failure
    assert "Nothing was sent" in ended.failure
    assert tls_loopback.seen == []
    assert card.raw == before


@pytest.mark.parametrize("service", SERVICES)
def test_a_server_that_is_no_tls_is_not_trusted(
    run: Any, card: Any, loopback: Any, service: str
) -> None:
    loopback.blurt = b"SSH-2.0-OpenSSH_9.2\r\n"
    before = card.raw
    ended = run("renew", **{service: loopback.url.replace("http:", "https:")})
    assert ended.code == ExitCode.NOT_TRUSTED
    assert card.raw == before


@pytest.fixture
def trusted(tls_loopback: Any, shared_stage: EmbeddedStage) -> Any:
    """A server of its own making, under the stage's root."""
    issuer = shared_stage.ca.tls_issuer
    context: ssl.SSLContext = server_context(issuer.certificate, issuer.key)
    tls_loopback.context = context
    return tls_loopback


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("status", [503, 404])
def test_a_service_that_is_busy_or_another_leaves_the_card_alone(
    run: Any, card: Any, trusted: Any, service: str, status: int
) -> None:
    trusted.respond = lambda _: b"HTTP/1.1 %d Whatever\r\nContent-Length: 0\r\n\r\n" % status
    before = card.raw
    ended = run("renew", **{service: trusted.url})
    assert ended.code == {503: ExitCode.UNREACHABLE, 404: ExitCode.NOT_TRUSTED}[status]
    assert str(status) in ended.failure
    assert card.raw == before


def test_a_spine_that_is_down_at_the_end_leaves_a_renewed_card(
    run: Any, card: Any, trusted: Any, answered: Callable[..., bytes]
) -> None:
    def respond(request: Any) -> bytes:
        if request.target == "/health":
            return answered(b"{}", 200, "application/json")
        return answered(status=503, Retry_After="7")

    trusted.respond = respond
    ended = run("renew", SELFRENEW_SPINE_URL=trusted.url)
    assert ended.code == ExitCode.UNREACHABLE
    assert "Both certificates are renewed" in ended.failure
    assert "in 7 seconds" in ended.failure
    assert all(each.not_valid_before_utc == DEFAULT_NOW for each in card.certificates)
    assert run("renew").code == ExitCode.NOT_DUE


# The CA's answers. What is wrong before the first write costs nothing; what is wrong after it
# leaves one slot to redo, the other as it was.


def html(_request: ReceivedMessage, _answer: bytes) -> tuple[str, bytes]:
    return "text/html", b"<h1>Welcome</h1>"


def junk(_request: ReceivedMessage, _answer: bytes) -> bytes:
    return b"\x30\x03junk"


def of_another_transaction(between: Any) -> Callable[[ReceivedMessage, bytes], bytes]:
    def change(_: ReceivedMessage, answer: bytes) -> bytes:
        message = decode_message(answer)
        message.header.transaction_id = bytes(16)
        return bytes(between.signed(message))

    return change


def to_another_message(between: Any) -> Callable[[ReceivedMessage, bytes], bytes]:
    def change(_: ReceivedMessage, answer: bytes) -> bytes:
        message = decode_message(answer)
        message.header.recip_nonce = bytes(16)
        return bytes(between.signed(message))

    return change


def changed_on_its_way(_between: Any) -> Callable[[ReceivedMessage, bytes], bytes]:
    def change(_: ReceivedMessage, answer: bytes) -> bytes:
        nonce = decode_message(answer).header.sender_nonce
        assert nonce is not None
        return answer.replace(nonce, bytes(16))

    return change


WRONG_ANSWERS = {
    "no CMP": (lambda _: html, "not CMP"),
    "junk": (lambda _: junk, "not a CMP message"),
    "another transaction": (of_another_transaction, "belongs to another transaction"),
    "another message": (to_another_message, "not to the message that was sent last"),
    "changed": (changed_on_its_way, "was not used"),
}


@pytest.mark.parametrize("wrong", WRONG_ANSWERS)
def test_an_answer_that_is_wrong_from_the_start_costs_the_card_nothing(
    run: Any, card: Any, between: Any, wrong: str
) -> None:
    change, words = WRONG_ANSWERS[wrong]
    between.change[BodyType.GENM] = change(between)
    before = card.raw
    ended = run("renew", SELFRENEW_CA_URL=between.url)
    assert ended.code == ExitCode.NOT_TRUSTED
    assert words in ended.failure
    assert card.raw == before
    assert between.asked == ["genm"]


def torn(run: Any, card: Any, between: Any, code: ExitCode, *words: str) -> None:
    """Run a renewal that breaks off at the signing slot, and finish it."""
    before = card.state
    asked = card.certificates
    ended = run("renew", "--json", SELFRENEW_CA_URL=between.url)
    assert (ended.code, ended.err) == (code, "")
    told = ended.json
    assert told["error"] == code.name
    assert told["exit_code"] == code
    assert told["unfinished"] == ["signing", "authentication"]
    for word in (*words, "signing certificate was being replaced", "run the renewal again"):
        assert word in told["message"]
    after = card.state
    tag = DataObject.certificate_of(SIGNING).tag
    assert after.keys[AUTHENTICATION] == before.keys[AUTHENTICATION]
    assert after.objects == before.objects, "no certificate was written"
    assert after.references == before.references
    assert tag in after.objects
    between.change.clear()
    finished = run("renew", "--json", SELFRENEW_CA_URL=between.url)
    assert finished.code == ExitCode.DONE
    assert finished.json["resumed"] is True
    assert not set(asked) & set(card.certificates)


@pytest.mark.parametrize("wrong", WRONG_ANSWERS)
def test_a_wrong_answer_to_the_request_leaves_one_slot_to_redo(
    run: Any, card: Any, between: Any, wrong: str
) -> None:
    change, words = WRONG_ANSWERS[wrong]
    between.change[BodyType.CR] = change(between)
    torn(run, card, between, ExitCode.NOT_TRUSTED, words)


def issued(
    between: Any,
    *,
    subject: x509.Name | None = None,
    public_key: ec.EllipticCurvePublicKey | None = None,
) -> Callable[[ReceivedMessage, bytes], bytes]:
    """Have the CA itself grant another certificate than the one that was asked for."""

    def change(request: ReceivedMessage, answer: bytes) -> bytes:
        (asked,) = decode_list(CertReqMessages, request.content)
        holder = request.certificates[0].subject
        certificate = between.stage.ca.authority.issue(
            PROFILES["signing"],
            subject or holder,
            public_key or public_key_of(asked.cert_req.cert_template),
            DEFAULT_NOW,
            DEFAULT_NOW.replace(year=2028),
        )
        der = tlv(certificate_der(certificate))
        pair = CertifiedKeyPair(cert_or_enc_cert=Variant(der, "certificate"))
        info = PkiStatusInfo(status=PkiStatus.ACCEPTED)
        response = CertResponse(cert_req_id=0, status=info, certified_key_pair=pair)
        content = encode(CertRepMessage(response=[response]))
        return bytes(between.signed(decode_message(answer), content))

    return change


def test_a_certificate_for_another_key_is_rejected_and_not_written(
    run: Any, card: Any, between: Any
) -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    between.change[BodyType.CR] = issued(between, public_key=other)
    torn(run, card, between, ExitCode.NOT_TRUSTED, "for another key", "rejected and not written")
    assert "certConf" in between.asked


def test_a_certificate_for_another_person_is_rejected_and_not_written(
    run: Any, card: Any, between: Any
) -> None:
    between.change[BodyType.CR] = issued(between, subject=person_name("000000000001"))
    torn(run, card, between, ExitCode.NOT_TRUSTED, "000000000001", "rejected and not written")
    assert "certConf" in between.asked


def test_a_refusal_of_the_ca_is_passed_on_with_its_reason(
    run: Any, card: Any, between: Any
) -> None:
    def refuse(_: ReceivedMessage, answer: bytes) -> bytes:
        info = PkiStatusInfo(
            status=PkiStatus.REJECTION,
            status_string=["not on a\nSunday"],
            fail_info=fail_bits(FailureInfo.notAuthorized),
        )
        message = replace(decode_message(answer), body_type=BodyType.ERROR)
        return bytes(between.signed(message, encode(ErrorMsgContent(pki_status_info=info))))

    between.change[BodyType.CR] = refuse
    torn(run, card, between, ExitCode.REFUSED, "notAuthorized", "not on a Sunday")


def test_a_ca_that_says_it_is_unavailable_is_to_be_tried_later(
    run: Any, card: Any, between: Any
) -> None:
    def fail(_: ReceivedMessage, answer: bytes) -> bytes:
        info = PkiStatusInfo(
            status=PkiStatus.REJECTION, fail_info=fail_bits(FailureInfo.systemUnavail)
        )
        message = replace(decode_message(answer), body_type=BodyType.ERROR)
        return bytes(between.signed(message, encode(ErrorMsgContent(pki_status_info=info))))

    between.change[BodyType.GENM] = fail
    before = card.raw
    ended = run("renew", SELFRENEW_CA_URL=between.url)
    assert ended.code == ExitCode.UNREACHABLE
    assert "systemUnavail" in ended.failure
    assert card.raw == before


@pytest.mark.parametrize("at", [BodyType.CR, BodyType.CERTCONF])
def test_a_card_taken_out_half_way_is_renewed_when_it_is_back(
    run: Any, card: Any, between: Any, at: BodyType
) -> None:
    away = card.path.with_suffix(".away")

    def take_out(_: ReceivedMessage, answer: bytes) -> bytes:
        card.path.rename(away)
        return answer

    between.change[at] = take_out
    ended = run("renew", SELFRENEW_CA_URL=between.url)
    assert ended.code == ExitCode.INTERRUPTED
    assert "was removed" in ended.failure
    assert "run the renewal again" in ended.failure
    away.rename(card.path)
    between.change.clear()
    finished = run("renew", SELFRENEW_CA_URL=between.url)
    assert finished.code == ExitCode.DONE
    assert all(each.not_valid_before_utc == DEFAULT_NOW for each in card.certificates)


# The program itself.


@pytest.mark.usefixtures("odd_transports")
def test_a_fault_of_the_program_is_one_line_and_its_traceback_is_for_v(run: Any) -> None:
    ended = run("status", SELFRENEW_READER_TRANSPORT="broken")
    fails(ended, ExitCode.BUG, "RuntimeError", "-v")
    assert "developer" not in ended.err
    detailed = run("status", "-v", SELFRENEW_READER_TRANSPORT="broken")
    assert detailed.code == ExitCode.BUG
    assert "what only a developer wants to read" in detailed.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("frobnicate",), "frobnicate"),
        (("renew", "--passcode", "123456"), "--passcode"),
        (("renew", "extra"), "extra"),
        (("login", "--role", "R0"), "You do not have the role 'R0'. Your roles are: R8000"),
        (("status", "--now", "tomorrow"), "'tomorrow' is no moment"),
        (("status", "--now", "0001-01-01T00:00+14:00"), "is no moment"),
        (("renew", "--passcode-file", "/nowhere/passcode"), "No such file"),
        (("renew", "--passcode-file", "/"), "Is a directory"),
    ],
)
def test_a_wrong_command_line_is_one_line(
    run: Any, card: Any, arguments: tuple[str, ...], words: str
) -> None:
    before = card.raw
    ended = run(*arguments, SELFRENEW_PASSCODE="654321" if "123456" in arguments else "123456")
    fails(ended, ExitCode.USAGE, words)
    assert card.raw == before


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SELFRENEW_CONFIG": None}, "--config"),
        ({"SELFRENEW_CONFIG": "/nowhere/selfrenew.toml"}, "/nowhere/selfrenew.toml"),
        ({"SELFRENEW_SPINE_URL": "http://spine"}, "https"),
        ({"SELFRENEW_TLS_TRUST_ANCHORS": "/nowhere/root.pem"}, "/nowhere/root.pem"),
        ({"SELFRENEW_CA_TRUST_ANCHORS": "/nowhere/root.pem"}, "/nowhere/root.pem"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_one_line(
    run: Any, card: Any, environ: dict[str, str | None], words: str
) -> None:
    before = card.raw
    fails(run("renew", **environ), ExitCode.CONFIGURATION, words)
    assert card.raw == before


@pytest.mark.parametrize("position", ["before", "behind"])
def test_with_json_a_failure_is_one_object_and_nothing_else(run: Any, position: str) -> None:
    words = ("--json", "status") if position == "before" else ("status", "--json")
    ended = run(*words, SELFRENEW_READER_TRANSPORT="telepathy")
    assert ended.err == ""
    assert set(ended.json) == {"error", "message", "exit_code"}
    assert ended.json["error"] == "CONFIGURATION"
    assert ended.json["exit_code"] == ended.code == ExitCode.CONFIGURATION


def test_with_json_a_wrong_command_line_is_one_object_too(run: Any) -> None:
    ended = run("frobnicate", "--json")
    assert ended.err == ""
    assert ended.json["error"] == "USAGE"


# Whom to turn to.


@pytest.mark.usefixtures("card")
def test_the_configured_contact_is_named_where_somebody_has_to_help(
    run: Any, make_card: Any, tls_loopback: Any
) -> None:
    contacts = {
        "SELFRENEW_CONTACTS_REGISTRATION_AUTHORITY": "ext 4666",
        "SELFRENEW_CONTACTS_IT": "ext 5499",
    }
    untrusted = run("renew", SELFRENEW_CA_URL=tls_loopback.url, **contacts)
    assert untrusted.failure.endswith("IT service desk: ext 5499.")
    location = Path(make_card("old.card", days_left=-1).path)
    expired = run("renew", SELFRENEW_READER_LOCATION=location, **contacts)
    assert expired.failure.endswith("Registration Authority: ext 4666.")
    wrong = run("renew", SELFRENEW_PASSCODE="999999", **contacts)
    assert "ext" not in wrong.failure
