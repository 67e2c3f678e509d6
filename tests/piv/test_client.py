# SPDX-License-Identifier: Apache-2.0
"""The client against a card that answers as a test says, and against the emulated one."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from selfrenew.iso7816 import Tlv
from selfrenew.piv import (
    Algorithm,
    DataObject,
    KeyReference,
    ReferenceDataFormatError,
    ReferenceDataQualifier,
)
from selfrenew.piv.card_key import CardKey
from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import (
    CardAnswerError,
    GlobalPinBlockedError,
    GlobalPinError,
    NotAuthenticatedError,
    NotPivCardError,
    PasscodeBlockedError,
    PivError,
    PukBlockedError,
    UnreadableObjectError,
    WrongPasscodeError,
    WrongPukError,
)
from selfrenew.secret import Secret
from selfrenew.transport import TransportError
from selfrenew_emulator.card import Card
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import EmbeddedReader

PASSCODE, PUK, MANAGEMENT_KEY = Secret(b"123456"), Secret(b"87654321"), bytes(range(24))
SIGNING = KeyReference.DIGITAL_SIGNATURE
AUTHENTICATION = KeyReference.PIV_AUTHENTICATION


@dataclass
class Answering:
    """A connection to a card that always answers the same."""

    answer: bytes
    sent: list[bytes] = field(default_factory=list)
    atr: bytes = b"\x3b\x00"

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command)
        return self.answer

    def reset(self) -> None:
        pass

    def exclusive(self) -> AbstractContextManager[object]:
        return nullcontext()

    def close(self) -> None:
        pass


def client_of(answer: str) -> PivClient:
    return PivClient(Answering(bytes.fromhex(answer)))


@pytest.fixture
def client() -> PivClient:
    card = Card.blank(
        pin=b"123456",
        puk=b"87654321",
        management_key=MANAGEMENT_KEY,
        randomness=seeded(3),
    )
    reader = EmbeddedReader()
    reader.insert(card)
    client = PivClient(reader.connect())
    client.select()
    return client


def authenticate(client: PivClient) -> None:
    challenge = client.management_challenge(Algorithm.AES192)
    encryptor = Cipher(algorithms.AES(MANAGEMENT_KEY), modes.ECB()).encryptor()  # noqa: S305  the standard's own
    client.answer_management_challenge(Algorithm.AES192, encryptor.update(challenge))


def test_a_written_object_is_read_back_without_its_wrapper(client: PivClient) -> None:
    authenticate(client)
    assert client.read_object(DataObject.CHUID) is None
    client.write_object(DataObject.CHUID, bytes(3000))
    assert client.read_object(DataObject.CHUID) == bytes(3000)
    client.write_object(DataObject.CHUID, b"")
    assert client.read_object(DataObject.CHUID) is None


def test_the_discovery_object_is_its_own_wrapper(client: PivClient) -> None:
    content = client.read_object(DataObject.DISCOVERY)
    assert content == bytes.fromhex("4F0BA0000003080000100001005F2F024000")


@pytest.mark.parametrize(
    "algorithm", [Algorithm.P256, Algorithm.P384, Algorithm.RSA2048, Algorithm.RSA3072]
)
@pytest.mark.parametrize("reference", [AUTHENTICATION, SIGNING])
def test_a_new_key_signs_what_its_public_key_verifies(
    client: PivClient, reference: KeyReference, algorithm: Algorithm
) -> None:
    authenticate(client)
    public_key = client.generate_key(reference, algorithm)
    client.verify(PASSCODE)
    key = CardKey(client, reference, public_key, PASSCODE)
    for message in (b"", b"one", bytes(5000)):
        signature = key.sign(message)
        if isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            digest = hashes.SHA384() if algorithm is Algorithm.P384 else hashes.SHA256()
            public_key.verify(signature, message, ec.ECDSA(digest))


def test_another_digest_may_be_asked_of_an_rsa_key(client: PivClient) -> None:
    authenticate(client)
    public_key = client.generate_key(AUTHENTICATION, Algorithm.RSA2048)
    assert isinstance(public_key, rsa.RSAPublicKey)
    client.verify(PASSCODE)
    for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
        signature = client.sign(AUTHENTICATION, Algorithm.RSA2048, b"message", digest)
        public_key.verify(signature, b"message", padding.PKCS1v15(), digest)


def test_the_tries_are_told_though_the_passcode_is_verified(client: PivClient) -> None:
    client.verify(PASSCODE)
    assert client.tries_left() == 3


def test_a_card_that_cannot_be_told_to_forget_is_reset_to_tell_its_tries(
    client: PivClient,
) -> None:
    class OfAnOlderStandard(Answering):
        def transmit(self, command: bytes) -> bytes:
            if command[1:3] == b"\x20\xff":
                return b"\x6a\x86"
            return client.connection.transmit(command)

        def reset(self) -> None:
            client.connection.reset()

    client.verify(PASSCODE)
    assert PivClient(OfAnOlderStandard(b"")).tries_left() == 3


def test_passcode_and_unlocking(client: PivClient) -> None:
    wrong, new = Secret(b"000000"), Secret(b"24681357")
    assert client.tries_left() == 3
    for left in (2, 1):
        with pytest.raises(WrongPasscodeError) as caught:
            client.verify(wrong)
        assert caught.value.tries_left == left == client.tries_left()
    with pytest.raises(PasscodeBlockedError):
        client.verify(wrong)
    with pytest.raises(PasscodeBlockedError):
        client.verify(PASSCODE)
    assert client.tries_left() == 0
    with pytest.raises(WrongPukError) as refused:
        client.reset_passcode(Secret(b"11111111"), new)
    assert refused.value.tries_left == 2
    client.reset_passcode(PUK, new)
    client.verify(new)
    client.change_passcode(new, PASSCODE)
    client.verify(PASSCODE)
    client.change_puk(PUK, Secret(b"55555555"))
    for _ in range(2):
        with pytest.raises(WrongPukError):
            client.reset_passcode(PUK, new)
    for _ in range(2):
        with pytest.raises(PukBlockedError):
            client.reset_passcode(PUK, new)


@pytest.mark.parametrize("passcode", [b"abcdef", b"12345a", b"123", b"123456\n", b"\xff"])
def test_a_passcode_the_card_cannot_have_costs_no_try_and_says_so(
    client: PivClient, passcode: bytes
) -> None:
    for attempt in (
        lambda: client.verify(Secret(passcode)),
        lambda: client.change_passcode(Secret(passcode), Secret(b"24681357")),
    ):
        with pytest.raises(ReferenceDataFormatError, match=r"No try was used up: enter"):
            attempt()
    assert client.tries_left() == 3


@pytest.mark.parametrize("passcode", [b"", b"123456789"])
def test_a_passcode_that_fits_no_command_is_not_sent(passcode: bytes) -> None:
    connection = Answering(b"\x90\x00")
    with pytest.raises(ReferenceDataFormatError, match="Nothing was sent"):
        PivClient(connection).verify(Secret(passcode))
    assert connection.sent == []


GLOBAL = Secret(b"654321")


def client_by_policy(policy: str) -> tuple[PivClient, Card]:
    """A client of a card with both PINs, and the second half of a discovery object."""
    card = Card.blank(
        pin=b"123456",
        puk=b"87654321",
        global_pin=b"654321",
        management_key=MANAGEMENT_KEY,
        randomness=seeded(3),
    )
    body = bytes.fromhex("4F0BA000000308000010000100" + policy)
    card.store.put_object(DataObject.DISCOVERY.tag, bytes(Tlv(0x7E, body)))
    card.store.commit()
    reader = EmbeddedReader()
    reader.insert(card)
    client = PivClient(reader.connect())
    client.select()
    return client, card


def test_a_passcode_that_is_the_global_pin_is_presented_and_replaced_as_that() -> None:
    client, card = client_by_policy("5F2F026020")
    own = card.state.references[ReferenceDataQualifier.APPLICATION_PIN]
    client.verify(GLOBAL)
    assert client.tries_left() == 3
    with pytest.raises(WrongPasscodeError):
        client.verify(PASSCODE)
    assert client.tries_left() == 2
    client.change_passcode(GLOBAL, Secret(b"24681357"))
    client.verify(Secret(b"24681357"))
    assert own.tries == 3


def test_a_global_pin_that_is_blocked_is_none_to_unlock() -> None:
    client, _ = client_by_policy("5F2F026020")
    assert not client.unlockable()
    for _ in range(2):
        with pytest.raises(WrongPasscodeError):
            client.verify(PASSCODE)
    for refused in (
        lambda: client.verify(PASSCODE),
        lambda: client.change_passcode(GLOBAL, PASSCODE),
    ):
        with pytest.raises(GlobalPinBlockedError, match="See your Registration Authority"):
            refused()


@pytest.mark.parametrize("policy", ["5F2F026010", "5F2F024000", "5F2F024020", "5F2F0160", ""])
def test_the_passcode_is_the_applications_pin_unless_the_policy_says_otherwise(
    policy: str,
) -> None:
    client, _ = client_by_policy(policy)
    client.verify(PASSCODE)


def test_a_card_with_nothing_to_discover_is_asked_once_and_given_its_passcode() -> None:
    class Card(Answering):
        def transmit(self, command: bytes) -> bytes:
            super().transmit(command)
            return bytes.fromhex("6A82" if command[1] == 0xCB else "9000")

    connection = Card(b"")
    client = PivClient(connection)
    client.verify(PASSCODE)
    client.verify(PASSCODE)
    assert [command[1:4].hex() for command in connection.sent] == ["cb3fff", "200080", "200080"]


def test_a_global_pin_is_not_unlocked_with_a_key_that_is_not_its() -> None:
    client, card = client_by_policy("5F2F026020")
    with pytest.raises(GlobalPinError, match="Nothing was changed"):
        client.reset_passcode(Secret(b"11111111"), PASSCODE)
    assert card.state.references[ReferenceDataQualifier.PUK].tries == 3


def test_writing_without_management_is_told_apart(client: PivClient) -> None:
    for attempt in (
        lambda: client.write_object(DataObject.CHUID, b"x"),
        lambda: client.generate_key(SIGNING, Algorithm.P256),
        lambda: client.answer_management_challenge(Algorithm.AES192, _challenge(client)),
    ):
        with pytest.raises(NotAuthenticatedError) as caught:
            attempt()
        assert caught.value.sw == 0x6982


def _challenge(client: PivClient) -> bytes:
    client.management_challenge(Algorithm.AES192)
    return bytes(16)


# A foreign card; each answer is one that a card of another kind gives.
@pytest.mark.parametrize("sw", ["6A82", "6999", "6D00", "6E00", "6700", "0000"])
def test_a_card_without_the_application_is_foreign(sw: str) -> None:
    with pytest.raises(NotPivCardError, match=sw):
        client_of(sw).select()


COMMANDS: dict[str, Callable[[PivClient], object]] = {
    "tries_left": lambda client: client.tries_left(),
    "guid": lambda client: client.guid(),
    "verify": lambda client: client.verify(PASSCODE),
    "change_passcode": lambda client: client.change_passcode(PASSCODE, PASSCODE),
    "reset_passcode": lambda client: client.reset_passcode(PUK, PASSCODE),
    "change_puk": lambda client: client.change_puk(PUK, PUK),
    "read_object": lambda client: client.read_object(DataObject.CHUID),
    "read_certificate": lambda client: client.read_certificate(SIGNING),
    "write_certificate": lambda client: client.write_certificate(SIGNING, b"DER"),
    "generate_key": lambda client: client.generate_key(SIGNING, Algorithm.P256),
    "generate_key, RSA": lambda client: client.generate_key(SIGNING, Algorithm.RSA2048),
    "sign": lambda client: client.sign(SIGNING, Algorithm.P256, b"", hashes.SHA256()),
    "challenge": lambda client: client.management_challenge(Algorithm.AES192),
    "answer": lambda client: client.answer_management_challenge(Algorithm.AES192, bytes(16)),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_status_nobody_knows_is_told_by_its_number_in_one_line(
    command: Callable[[PivClient], object],
) -> None:
    with pytest.raises(CardAnswerError, match="9999") as caught:
        command(client_of("9999"))
    assert caught.value.sw == 0x9999
    assert len(str(caught.value).splitlines()) == 1


@given(answer=st.binary(max_size=40), name=st.sampled_from(list(COMMANDS)))
@settings(max_examples=100)
def test_any_answer_is_a_result_or_a_named_error(answer: bytes, name: str) -> None:
    try:
        COMMANDS[name](PivClient(Answering(answer + b"\x90\x00")))
    except (PivError, TransportError, ReferenceDataFormatError) as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017  no error is as good


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "one data object was due"),
        ("53", "length is missing"),
        ("5402AABB", "tagged 54"),
        ("53005300", "one data object was due, 2"),
    ],
)
def test_an_object_that_cannot_be_read_says_why(answer: str, why: str) -> None:
    with pytest.raises(UnreadableObjectError, match=why):
        client_of(answer + "9000").read_object(DataObject.CHUID)


RSA1024 = bytes(Tlv(0x81, b"\xc0" + 126 * b"\0" + b"\x01")) + bytes.fromhex("8203010001")


@pytest.mark.parametrize(
    ("algorithm", "answer", "why"),
    [
        (Algorithm.P256, b"", "one data object"),
        (Algorithm.P256, bytes(Tlv(0x7F48, b"")), "tagged 7F48"),
        (Algorithm.P256, bytes(Tlv(0x7F49, b"")), "tag 86 is missing"),
        (
            Algorithm.P256,
            bytes(Tlv(0x7F49, bytes(Tlv(0x86, b"\x04" + 64 * b"\1")))),
            "Invalid EC key",
        ),
        (Algorithm.RSA2048, bytes(Tlv(0x7F49, b"\x81\x01\x01")), "tag 82 is missing"),
        (Algorithm.RSA2048, bytes(Tlv(0x7F49, RSA1024)), "RSA of 1024 bits is not"),
        (Algorithm.RSA3072, None, "it has 2048 bits"),
    ],
)
def test_a_public_key_that_cannot_be_one_says_why(
    algorithm: Algorithm, answer: bytes | None, why: str
) -> None:
    if answer is None:
        modulus = b"\xc0" + 254 * b"\0" + b"\x01"
        answer = bytes(Tlv(0x7F49, bytes(Tlv(0x81, modulus)) + bytes.fromhex("8203010001")))
    portions = [answer[at : at + 256] for at in range(0, len(answer), 256)] or [b""]

    class Card(Answering):
        def transmit(self, _: bytes) -> bytes:
            return portions.pop(0) + (b"\x61\x00" if portions else b"\x90\x00")

    with pytest.raises(UnreadableObjectError, match=why):
        PivClient(Card(b"")).generate_key(SIGNING, algorithm)


def test_no_secret_is_in_the_log(client: PivClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.verify(PASSCODE)
        client.change_passcode(PASSCODE, Secret(b"24681357"))
        client.reset_passcode(PUK, Secret(b"13572468"))
        client.change_puk(PUK, Secret(b"55667788"))
    assert "VERIFY of the APPLICATION PIN" in caplog.text
    for secret in (b"123456", b"24681357", b"13572468", b"87654321", b"55667788"):
        assert secret.decode() not in caplog.text
        assert secret.hex() not in caplog.text


def test_a_card_key_shows_no_passcode(client: PivClient) -> None:
    public_key = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    assert "123456" not in repr(CardKey(client, SIGNING, public_key, PASSCODE))


def test_9c_is_given_the_passcode_before_each_signature_and_9a_is_not(client: PivClient) -> None:
    authenticate(client)
    for reference in (SIGNING, AUTHENTICATION):
        public_key = client.generate_key(reference, Algorithm.P256)
        key = CardKey(client, reference, public_key, Secret(b"000000"))
        if reference is SIGNING:
            with pytest.raises(WrongPasscodeError):
                key.sign(b"message")
        else:
            client.verify(PASSCODE)
            assert key.sign(b"message")
