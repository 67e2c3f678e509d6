# SPDX-License-Identifier: Apache-2.0
"""Yubico's own library takes the emulated YubiKey for one, method by method."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from ykman import piv as ykman_piv
from yubikit import piv
from yubikit.core import TRANSPORT, InvalidPinError, NotSupportedError
from yubikit.core.smartcard import SW, ApplicationNotAvailableError
from yubikit.core.smartcard import SmartCardProtocol as Protocol
from yubikit.management import CAPABILITY, ManagementSession
from yubikit.support import read_info

from selfrenew.piv.references import Algorithm
from selfrenew_emulator.randomness import seeded

from .cards import KEY, PIN, PUK, pooled
from .yubikit_desk import Connection, Desk, NfcConnection, assert_is_signed_by, refused

pytestmark = pytest.mark.interop

SLOT, KEY_TYPE = piv.SLOT, piv.KEY_TYPE
RETIRED = [slot for slot in SLOT if slot.name.startswith("RETIRED")]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_fresh_card_tells_version_serial_and_default_values(desk: Desk) -> None:
    session = desk.session
    assert str(session.version) == "5.7.4"
    assert session.get_serial() == desk.card.state.serial
    assert session.get_pin_metadata() == piv.PinMetadata(True, 3, 3)
    assert session.get_puk_metadata() == piv.PinMetadata(True, 3, 3)
    assert session.get_management_key_metadata() == piv.ManagementKeyMetadata(
        piv.MANAGEMENT_KEY_TYPE.AES192, True, piv.TOUCH_POLICY.NEVER
    )
    for slot in SLOT:
        if slot is not SLOT.ATTESTATION:
            assert refused(lambda slot=slot: session.get_slot_metadata(slot)) == (
                SW.REFERENCE_DATA_NOT_FOUND
            )
    with pytest.raises(NotSupportedError):
        session.get_bio_metadata()
    with pytest.raises(NotSupportedError):
        session.verify_uv()


def test_the_management_application_tells_what_device_this_is(desk: Desk) -> None:
    session = ManagementSession(Connection(desk.card))
    info = session.read_device_info()
    assert (str(session.version), str(info.version)) == ("5.7.4", "5.7.4")
    assert info.serial == desk.card.state.serial
    assert info.supported_capabilities == {TRANSPORT.USB: CAPABILITY.PIV}
    assert info.config.enabled_capabilities == {TRANSPORT.USB: CAPABILITY.PIV}
    assert (info.is_locked, info.is_fips, info.is_sky, info.pin_complexity) == (False,) * 4
    assert read_info(NfcConnection(desk.card)) == info
    # It was selected last, and knows none of PIV's commands.
    assert refused(lambda: Protocol(Connection(desk.card)).send_apdu(0, 0xFD, 0, 0)) == (
        SW.INVALID_INSTRUCTION
    )


@pytest.mark.parametrize("aid", ["A0000005272001", "D27600012401", "A0000005272101"])
def test_applications_of_other_keys_are_not_there_and_piv_stays(desk: Desk, aid: str) -> None:
    session = desk.sign_in()
    with pytest.raises(ApplicationNotAvailableError):
        Protocol(Connection(desk.card)).select(bytes.fromhex(aid))
    session.generate_key(SLOT.AUTHENTICATION, KEY_TYPE.ECCP256)


@pytest.mark.parametrize("key_type", KEY_TYPE)
def test_a_key_of_each_type_is_generated_described_and_attested(desk: Desk, key_type: Any) -> None:
    session = desk.sign_in()
    public = session.generate_key(
        SLOT.RETIRED20, key_type, piv.PIN_POLICY.NEVER, piv.TOUCH_POLICY.CACHED
    )
    metadata = session.get_slot_metadata(SLOT.RETIRED20)
    assert metadata.key_type == key_type
    assert metadata.public_key == public
    assert (metadata.generated, metadata.pin_policy, metadata.touch_policy) == (
        *(True, piv.PIN_POLICY.NEVER, piv.TOUCH_POLICY.CACHED),
    )
    attestation = session.attest_key(SLOT.RETIRED20)
    attestation.verify_directly_issued_by(session.get_certificate(SLOT.ATTESTATION))
    assert attestation.public_key() == public


def extension(certificate: x509.Certificate, number: int) -> bytes:
    oid = x509.ObjectIdentifier(f"1.3.6.1.4.1.41482.3.{number}")
    return certificate.extensions.get_extension_for_oid(oid).value.public_bytes()


def test_an_attestation_names_slot_firmware_serial_and_policies(desk: Desk) -> None:
    session = desk.sign_in()
    session.generate_key(SLOT.SIGNATURE, KEY_TYPE.ECCP384, touch_policy=piv.TOUCH_POLICY.ALWAYS)
    attestation = session.attest_key(SLOT.SIGNATURE)
    assert attestation.subject.rfc4514_string() == "CN=YubiKey PIV Attestation 9c"
    assert extension(attestation, 3) == bytes((5, 7, 4))
    serial = extension(attestation, 7)
    assert (serial[0], serial[1]) == (0x02, len(serial) - 2)
    assert int.from_bytes(serial[2:], "big") == session.get_serial()
    assert extension(attestation, 8) == bytes((3, 2))
    assert len(extension(attestation, 9)) == 1


def test_an_imported_key_is_not_attested(desk: Desk) -> None:
    session = desk.sign_in()
    session.put_key(SLOT.AUTHENTICATION, ec.generate_private_key(ec.SECP256R1()))
    assert refused(lambda: session.attest_key(SLOT.AUTHENTICATION)) == SW.INCORRECT_PARAMETERS


IMPORTS: dict[str, Callable[[], PrivateKeyTypes]] = {
    "RSA1024": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505
    "RSA2048": lambda: pooled(Algorithm.RSA2048),
    "RSA3072": lambda: pooled(Algorithm.RSA3072),
    "RSA4096": lambda: pooled(Algorithm.RSA4096),
    "ECCP256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECCP384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ED25519": ed25519.Ed25519PrivateKey.generate,
    "X25519": x25519.X25519PrivateKey.generate,
}


@pytest.mark.parametrize(("name", "make"), IMPORTS.items(), ids=IMPORTS)
def test_a_key_of_each_type_is_imported(
    desk: Desk, name: str, make: Callable[[], PrivateKeyTypes]
) -> None:
    session, key = desk.sign_in(), make()
    slot = SLOT.RETIRED1
    assert session.put_key(slot, key, piv.PIN_POLICY.ALWAYS) == KEY_TYPE[name]
    metadata = session.get_slot_metadata(slot)
    assert metadata.public_key == key.public_key()
    assert not metadata.generated
    assert metadata.pin_policy == piv.PIN_POLICY.ALWAYS


def test_a_key_is_imported_in_short_commands_too(desk: Desk) -> None:
    session = desk.sign_in()
    session.protocol = Protocol(Connection(desk.card))
    session.protocol.configure(session.version, force_short=True)
    session.put_key(SLOT.AUTHENTICATION, pooled(Algorithm.RSA4096))
    assert session.get_slot_metadata(SLOT.AUTHENTICATION).key_type == KEY_TYPE.RSA4096


# The library makes an RSA key of the same size for each signature: larger ones take too long.
@pytest.mark.parametrize("name", ["RSA1024", "RSA2048", "ECCP256", "ECCP384", "ED25519"])
def test_a_key_of_each_signing_type_signs(desk: Desk, name: str) -> None:
    session = desk.sign_in()
    public = session.generate_key(SLOT.KEY_MANAGEMENT, KEY_TYPE[name])
    signature = session.sign(
        SLOT.KEY_MANAGEMENT, KEY_TYPE[name], b"message", hashes.SHA256(), padding.PKCS1v15()
    )
    assert_is_signed_by(public, signature, b"message")


def test_rsa_decrypts_what_was_encrypted_to_it(desk: Desk) -> None:
    session = desk.sign_in()
    public = session.generate_key(SLOT.KEY_MANAGEMENT, KEY_TYPE.RSA2048)
    sealed = public.encrypt(b"message", padding.PKCS1v15())
    assert session.decrypt(SLOT.KEY_MANAGEMENT, sealed, padding.PKCS1v15()) == b"message"


@pytest.mark.parametrize("name", ["ECCP256", "ECCP384", "X25519"])
def test_both_sides_agree_on_a_secret(desk: Desk, name: str) -> None:
    session = desk.sign_in()
    public = session.generate_key(SLOT.AUTHENTICATION, KEY_TYPE[name])
    if isinstance(public, x25519.X25519PublicKey):
        own = x25519.X25519PrivateKey.generate()
        expected = own.exchange(public)
    else:
        own = ec.generate_private_key(public.curve)
        expected = own.exchange(ec.ECDH(), public)
    assert session.calculate_secret(SLOT.AUTHENTICATION, own.public_key()) == expected


def test_each_pin_policy_is_kept(desk: Desk) -> None:
    session = desk.sign_in()
    for slot, policy in (
        (SLOT.AUTHENTICATION, piv.PIN_POLICY.NEVER),
        (SLOT.KEY_MANAGEMENT, piv.PIN_POLICY.ONCE),
        (SLOT.CARD_AUTH, piv.PIN_POLICY.ALWAYS),
        (SLOT.SIGNATURE, piv.PIN_POLICY.DEFAULT),
    ):
        session.generate_key(slot, KEY_TYPE.ECCP256, policy)
    assert session.get_slot_metadata(SLOT.SIGNATURE).pin_policy == piv.PIN_POLICY.ALWAYS

    def sign(slot: Any) -> bytes:
        return bytes(session.sign(slot, KEY_TYPE.ECCP256, b"message", hashes.SHA256()))

    desk.card.reset()
    sign(SLOT.AUTHENTICATION)
    for slot in (SLOT.KEY_MANAGEMENT, SLOT.CARD_AUTH, SLOT.SIGNATURE):
        assert refused(lambda slot=slot: sign(slot)) == SW.SECURITY_CONDITION_NOT_SATISFIED
    session.verify_pin(PIN)
    sign(SLOT.KEY_MANAGEMENT)
    sign(SLOT.KEY_MANAGEMENT)
    for slot in (SLOT.CARD_AUTH, SLOT.SIGNATURE):
        session.verify_pin(PIN)
        sign(slot)
        assert refused(lambda slot=slot: sign(slot)) == SW.SECURITY_CONDITION_NOT_SATISFIED


def test_a_key_moves_with_its_policies_and_is_deleted(desk: Desk) -> None:
    session = desk.sign_in()
    public = session.generate_key(SLOT.SIGNATURE, KEY_TYPE.ECCP256)
    metadata = session.get_slot_metadata(SLOT.SIGNATURE)
    session.move_key(SLOT.SIGNATURE, SLOT.RETIRED12)
    assert session.get_slot_metadata(SLOT.RETIRED12) == metadata
    assert metadata.public_key == public
    assert refused(lambda: session.get_slot_metadata(SLOT.SIGNATURE)) == (
        SW.REFERENCE_DATA_NOT_FOUND
    )
    session.delete_key(SLOT.RETIRED12)
    assert refused(lambda: session.get_slot_metadata(SLOT.RETIRED12)) == (
        SW.REFERENCE_DATA_NOT_FOUND
    )


def test_pin_and_puk_are_changed_and_the_pin_unblocked(desk: Desk) -> None:
    session = desk.session
    session.change_pin(PIN, "p@ss w")
    assert not session.get_pin_metadata().default_value
    session.change_puk(PUK, "abcdef")
    assert not session.get_puk_metadata().default_value
    for left in (2, 1, 0):
        with pytest.raises(InvalidPinError) as caught:
            session.verify_pin(PIN)
        assert caught.value.attempts_remaining == left == session.get_pin_attempts()
    with pytest.raises(InvalidPinError) as caught:
        session.unblock_pin(PUK, PIN)
    assert caught.value.attempts_remaining == 2
    session.unblock_pin("abcdef", PIN)
    session.verify_pin(PIN)
    assert session.get_pin_metadata() == piv.PinMetadata(True, 3, 3)


def test_tries_are_set_and_counted_past_fifteen(desk: Desk) -> None:
    session = desk.session
    session.change_pin(PIN, "654321")
    desk.card.reset()
    session.authenticate(KEY)
    assert refused(lambda: session.set_pin_attempts(20, 200)) == SW.SECURITY_CONDITION_NOT_SATISFIED
    session.verify_pin("654321")
    session.set_pin_attempts(20, 200)
    assert session.get_pin_metadata() == piv.PinMetadata(True, 20, 20)
    assert session.get_puk_metadata() == piv.PinMetadata(True, 200, 200)
    with pytest.raises(InvalidPinError) as caught:
        session.verify_pin("000000")
    assert caught.value.attempts_remaining == 15
    assert session.get_pin_attempts() == 19


@pytest.mark.parametrize("kind", piv.MANAGEMENT_KEY_TYPE)
@pytest.mark.parametrize("touch", [False, True])
def test_a_management_key_of_each_type_is_set_and_used(desk: Desk, kind: Any, touch: bool) -> None:
    new = seeded(kind.name)(kind.key_len)
    desk.sign_in().set_management_key(kind, new, require_touch=touch)
    desk.card.reset()
    session = piv.PivSession(Connection(desk.card))
    policy = piv.TOUCH_POLICY.ALWAYS if touch else piv.TOUCH_POLICY.NEVER
    assert session.get_management_key_metadata() == piv.ManagementKeyMetadata(kind, False, policy)
    session.authenticate(new)
    session.generate_key(SLOT.AUTHENTICATION, KEY_TYPE.ECCP256)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("slot", SLOT)
def test_a_certificate_is_kept_in_every_slot(desk: Desk, slot: Any, compress: bool) -> None:
    session = desk.sign_in()
    certificate = session.get_certificate(SLOT.ATTESTATION)
    session.put_certificate(slot, certificate, compress=compress)
    assert session.get_certificate(slot) == certificate
    session.delete_certificate(slot)
    assert refused(lambda: session.get_certificate(slot)) == SW.FILE_NOT_FOUND


@pytest.mark.parametrize(
    "tag", [0x5FFF00, 0x5FFF10, *range(0x5FFF11, 0x5FFF16), 0x5FC102, 0x5F0000]
)
def test_an_object_of_any_program_is_kept(desk: Desk, tag: int) -> None:
    session = desk.sign_in()
    assert refused(lambda: session.get_object(tag)) == SW.FILE_NOT_FOUND
    session.put_object(tag, bytes(3000))
    assert session.get_object(tag) == bytes(3000)


def test_ykman_keeps_the_management_key_behind_the_pin(desk: Desk) -> None:
    session, new = desk.sign_in(), bytes(range(24))
    ykman_piv.pivman_set_mgm_key(session, new, piv.MANAGEMENT_KEY_TYPE.AES192, store_on_device=True)
    desk.card.reset()
    assert ykman_piv.get_pivman_data(session).has_stored_key
    assert refused(lambda: session.get_object(piv.OBJECT_ID.PRINTED)) == (
        SW.SECURITY_CONDITION_NOT_SATISFIED
    )
    session.verify_pin(PIN)
    assert ykman_piv.get_pivman_protected_data(session).key == new
    session.authenticate(new)
    ykman_piv.pivman_set_mgm_key(session, KEY, piv.MANAGEMENT_KEY_TYPE.AES192)
    assert not ykman_piv.get_pivman_data(session).has_stored_key


@pytest.mark.filterwarnings("ignore:Deprecated:DeprecationWarning")  # between its own functions
def test_ykman_describes_the_card(desk: Desk) -> None:
    session = desk.sign_in()
    public = session.generate_key(SLOT.SIGNATURE, KEY_TYPE.ECCP256)
    now = session.get_certificate(SLOT.ATTESTATION).not_valid_before_utc
    session.verify_pin(PIN)
    certificate = ykman_piv.generate_self_signed_certificate(
        session, SLOT.SIGNATURE, public, "CN=Alice", now, now.replace(year=now.year + 1)
    )
    session.put_certificate(SLOT.SIGNATURE, certificate)
    session.put_object(piv.OBJECT_ID.CHUID, ykman_piv.generate_chuid())
    session.put_object(piv.OBJECT_ID.CAPABILITY, ykman_piv.generate_ccc())
    lines = repr(ykman_piv.get_piv_info(session))
    assert "CN=Alice" in lines
    assert "3/3" in lines
    assert "default PIN" in lines
    session.verify_pin(PIN)
    assert ykman_piv.check_key(session, SLOT.SIGNATURE, public)
    assert not ykman_piv.check_key(session, SLOT.RETIRED1, public)


def test_a_reset_forgets_all_but_the_attestation_key(desk: Desk) -> None:
    session = desk.sign_in()
    serial, attested = session.get_serial(), session.get_slot_metadata(SLOT.ATTESTATION)
    certificate = session.get_certificate(SLOT.ATTESTATION)
    session.set_pin_attempts(5, 6)
    session.change_pin(PIN, "abcdefgh")
    session.generate_key(SLOT.AUTHENTICATION, KEY_TYPE.ECCP256)
    session.put_certificate(SLOT.AUTHENTICATION, certificate)
    session.put_object(0x5FFF00, b"\x80\x00")
    session.set_management_key(piv.MANAGEMENT_KEY_TYPE.TDES, bytes(range(24)))
    assert refused(lambda: session.protocol.send_apdu(0, 0xFB, 0, 0)) == (
        SW.CONDITIONS_NOT_SATISFIED
    )
    session.reset()
    assert session.get_pin_metadata() == piv.PinMetadata(True, 3, 3)
    assert session.get_puk_metadata() == piv.PinMetadata(True, 3, 3)
    assert session.get_management_key_metadata().default_value
    for tag in (piv.OBJECT_ID.AUTHENTICATION, 0x5FFF00):
        assert refused(lambda tag=tag: session.get_object(tag)) == SW.FILE_NOT_FOUND
    assert session.get_serial() == serial
    assert session.get_slot_metadata(SLOT.ATTESTATION) == attested
    assert session.get_certificate(SLOT.ATTESTATION) == certificate
    desk.sign_in().generate_key(SLOT.AUTHENTICATION, KEY_TYPE.ECCP256)
