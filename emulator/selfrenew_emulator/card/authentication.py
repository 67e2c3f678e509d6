# SPDX-License-Identifier: Apache-2.0
"""GENERAL AUTHENTICATE and GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4 Part 2, 3.2.4 and 3.3.2).

What the dynamic authentication template holds says which protocol is run (appendix A):

    key            template                   protocol
    9B             81 empty                   external authentication, first step: our challenge
    9B             82 filled                  external authentication, second step
    9B             80 empty                   mutual authentication, first step: our witness
    9B             80 filled, 81 filled       mutual authentication, second step
    key pair       82 empty, 81 filled        sign, or RSA key transport
    EC key pair    82 empty, 85 filled        ECDH
    04             82 empty, 81 filled        key establishment (section 4.1)
"""

import hmac
import logging

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes

from selfrenew.iso7816 import CommandApdu, StatusWord, Tlv, TlvFormatError, parse_tlvs
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.randomness import Randomness

from . import keys
from .access import (
    CONTACTLESS_KEY_RULES,
    EC_BITS,
    GENERATED_KEYS,
    KEY_RULES,
    RSA_BITS,
    SIGNING_KEYS,
    AccessRule,
    ContactlessRule,
)
from .discovery import without_virtual_contact
from .key_establishment import SUITES, establish
from .refusal import CommandRefusedError, incorrect_data
from .secure_messaging import SecureSession
from .security import SecurityStatus
from .store import Store, StoredKey
from .virtual_contact import InterfaceRules, is_strong_enough, policy_of

_log = logging.getLogger(__name__)

_TEMPLATE = 0x7C
_WITNESS, _CHALLENGE, _RESPONSE, _EXPONENTIATION = 0x80, 0x81, 0x82, 0x85
MECHANISM_TEMPLATE, MECHANISM, _EXPONENT = 0xAC, 0x80, 0x81

MANAGEMENT_KEY_BYTES: dict[Algorithm, int] = {
    Algorithm.TDES: 24,
    Algorithm.AES128: 16,
    Algorithm.AES192: 24,
    Algorithm.AES256: 32,
}


class KeyCommands:
    """The commands that use or make keys."""

    def __init__(
        self,
        store: Store,
        security: SecurityStatus,
        rules: InterfaceRules,
        randomness: Randomness,
        key_source: keys.KeySource,
    ) -> None:
        self._store = store
        self._security = security
        self._rules = rules
        self._randomness = randomness
        self._key_source = key_source

    def general_authenticate(self, command: CommandApdu) -> bytes:
        """Run one step of the protocol that the template asks for."""
        just_verified = self._security.take_pin_just_verified()
        if command.p2 == KeyReference.SECURE_MESSAGING:
            return self._establish(command)
        stored = self._key(command.p1, command.p2)
        if self._rules.contactless and command.p2 == KeyReference.MANAGEMENT:
            # The command is there, its condition can never be met (Part 1, table 4b).
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        self._rules.require(CONTACTLESS_KEY_RULES.get(command.p2, ContactlessRule.NEVER))
        template = parse_template(command.data, _TEMPLATE)
        if command.p2 == KeyReference.MANAGEMENT:
            return self._management(stored, template)
        rule = self._rule(command.p2, stored)
        self._security.require(rule, pin_just_verified=just_verified)
        if template.get(_RESPONSE) != b"" or len(template) != 2:
            raise incorrect_data()
        try:
            result = self._use_key_pair(command.p2, stored, template)
        except ValueError as error:
            _log.debug("key %02X refuses its input: %s", command.p2, error)
            raise incorrect_data() from error
        return bytes(Tlv(_TEMPLATE, bytes(Tlv(_RESPONSE, result))))

    def generate(self, command: CommandApdu) -> bytes:
        """Make a key pair; the old one is gone when this has answered."""
        if command.p1 != 0x00 or command.p2 not in GENERATED_KEYS:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        self._security.require_management()
        algorithm = _mechanism(parse_template(command.data, MECHANISM_TEMPLATE))
        if command.p2 == KeyReference.SECURE_MESSAGING and algorithm not in SUITES:
            raise incorrect_data()
        key = self._key_source(algorithm)
        self._store.put_key(command.p2, keys.store_key(algorithm, key))
        if command.p2 == KeyReference.SECURE_MESSAGING:
            self._forget_certificate()
        elif policy_of(self._store.state).virtual_contact and not is_strong_enough(
            self._store.state
        ):
            # Such a key would be stronger than the channel to it (Part 2, 4.1.4).
            raise incorrect_data()
        return keys.public_key_template(key)

    def _establish(self, command: CommandApdu) -> bytes:
        """Begin a secure messaging session; asking for one ends the one before (Part 2, 4.3)."""
        self._security.session = None
        template = parse_template(command.data, _TEMPLATE)
        answer, session_keys = establish(self._store.state, command.p1, template, self._randomness)
        self._security.session = SecureSession(session_keys)
        return answer

    def _forget_certificate(self) -> None:
        """Take back what rested on the key before: its certificate, its session, and the VCI."""
        self._security.session = None
        self._store.put_card_verifiable_certificate(b"")
        discovery = self._store.state.objects.get(DataObject.DISCOVERY.tag)
        if discovery is not None and policy_of(self._store.state).virtual_contact:
            self._store.put_object(DataObject.DISCOVERY.tag, without_virtual_contact(discovery))

    def _rule(self, reference: int, stored: StoredKey) -> AccessRule:  # noqa: ARG002
        """Tell what has to come before a key pair is used."""
        return KEY_RULES[reference]

    def _use_key_pair(self, reference: int, stored: StoredKey, template: dict[int, bytes]) -> bytes:
        """Sign, decipher or agree, whichever the key is for. Raise ValueError for wrong input."""
        return _use_key_pair(reference, stored, template)

    def _key(self, algorithm: int, reference: int) -> StoredKey:
        stored = self._store.state.keys.get(reference)
        if stored is None:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        # P1 00 is the "default algorithm" of SP 800-78, Triple DES under its other name.
        if algorithm == 0x00:
            algorithm = Algorithm.TDES
        if stored.algorithm != algorithm:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        if algorithm == Algorithm.TDES and not self._store.state.allow_tdes:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        return stored

    def _management(self, stored: StoredKey, template: dict[int, bytes]) -> bytes:
        security = self._security
        challenge, witness = security.pending_challenge, security.pending_witness
        security.forget_pending()
        # The empty response that asks for one (82 00) may stand beside a challenge.
        asks = template.get(_RESPONSE) == b""
        tags = {tag: bool(template[tag]) for tag in template if not (asks and tag == _RESPONSE)}
        size = _block_bytes(stored)
        if tags == {_CHALLENGE: False}:
            security.pending_challenge = self._randomness(size)
            return _answer(_CHALLENGE, security.pending_challenge)
        if tags == {_WITNESS: False}:
            security.pending_witness = self._randomness(size)
            return _answer(_WITNESS, _encrypt(stored, security.pending_witness))
        if tags == {_RESPONSE: True}:
            self._accept(template[_RESPONSE], challenge and _encrypt(stored, challenge))
            return b""
        if tags == {_WITNESS: True, _CHALLENGE: True} and len(template[_CHALLENGE]) == size:
            self._accept(template[_WITNESS], witness)
            return _answer(_RESPONSE, _encrypt(stored, template[_CHALLENGE]))
        # Notably a filled challenge alone: encrypting it would hand out the answer to our own.
        security.management_authenticated = False
        raise incorrect_data()

    def _accept(self, shown: bytes, expected: bytes | None) -> None:
        # A failed or aborted protocol takes back what an earlier one granted (Part 2, 2.4.2).
        self._security.management_authenticated = False
        if expected is None:
            raise incorrect_data()
        if not hmac.compare_digest(shown, expected):
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        self._security.management_authenticated = True


def parse_template(data: bytes, tag: int) -> dict[int, bytes]:
    """Parse a template whose fields come once each. Raise CommandRefusedError."""
    try:
        outer = Tlv.from_bytes(data)
        inner = parse_tlvs(outer.value)
    except TlvFormatError as error:
        raise incorrect_data() from error
    template = {tlv.tag: tlv.value for tlv in inner}
    if outer.tag != tag or len(template) != len(inner) or not template:
        raise incorrect_data()
    return template


def _mechanism(template: dict[int, bytes]) -> Algorithm:
    """Read the cryptographic mechanism (Part 1, table 5), refusing what would not be obeyed.

    An RSA key may be asked for with the exponent it gets anyway.
    """
    number = int.from_bytes(template.pop(MECHANISM, b""), "big")
    if number in RSA_BITS:
        exponent = template.pop(_EXPONENT, None)
        if exponent is not None and int.from_bytes(exponent, "big") != keys.RSA_EXPONENT:
            raise incorrect_data()
    elif number not in EC_BITS:
        raise incorrect_data()
    if template:
        raise incorrect_data()
    return Algorithm(number)


def _use_key_pair(reference: int, stored: StoredKey, template: dict[int, bytes]) -> bytes:
    challenge = template.get(_CHALLENGE)
    if stored.algorithm in RSA_BITS:
        if challenge is None:
            raise incorrect_data()
        return keys.use_rsa(stored, challenge)
    if reference in SIGNING_KEYS:
        if challenge is None:
            raise incorrect_data()
        return keys.sign_ecdsa(stored, challenge)
    point = template.get(_EXPONENTIATION)
    if point is None:
        raise incorrect_data()
    return keys.agree_ecdh(stored, point)


def _answer(tag: int, value: bytes) -> bytes:
    return bytes(Tlv(_TEMPLATE, bytes(Tlv(tag, value))))


def _block_bytes(stored: StoredKey) -> int:
    return 8 if stored.algorithm == Algorithm.TDES else 16


def _encrypt(stored: StoredKey, block: bytes) -> bytes:
    cipher: CipherAlgorithm
    if stored.algorithm == Algorithm.TDES:
        cipher = TripleDES(stored.material)
    else:
        cipher = algorithms.AES(stored.material)
    # ECB of one block of random is what the standard's protocol is (appendix A.1).
    encryptor = Cipher(cipher, modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(block) + encryptor.finalize()
