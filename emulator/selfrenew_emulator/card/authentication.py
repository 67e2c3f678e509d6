# SPDX-License-Identifier: Apache-2.0
"""GENERAL AUTHENTICATE and GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4 Part 2, 3.2.4 and 3.3.2).

What the dynamic authentication template holds says which protocol is run (appendix A):

    key            template                   protocol
    9B, 9E         those of symmetric_authentication
    key pair       82 empty, 81 filled        sign, or RSA key transport
    EC key pair    82 empty, 85 filled        ECDH
    04             82 empty, 81 filled        key establishment (section 4.1)
"""

import logging

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
from .key_establishment import SUITES, establish, suite_of
from .refusal import CommandRefusedError, incorrect_data
from .secure_messaging import SecureSession
from .security import SecurityStatus
from .store import Store, StoredKey
from .symmetric_authentication import MANAGEMENT_KEY_BYTES, SymmetricAuthentication
from .vendor import VendorAlgorithm
from .virtual_contact import InterfaceRules, is_strong_enough, policy_of

_log = logging.getLogger(__name__)

_TEMPLATE = 0x7C
_CHALLENGE, _RESPONSE, _EXPONENTIATION = 0x81, 0x82, 0x85
# SP 800-78-5, table 10: RSA 1024 is left to retired keys, which no command makes.
_RSA = frozenset((*RSA_BITS, VendorAlgorithm.RSA1024))
MECHANISM_TEMPLATE = 0xAC
_MECHANISM, _EXPONENT = 0x80, 0x81


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
        self._symmetric = SymmetricAuthentication(security, randomness)

    def general_authenticate(self, command: CommandApdu) -> bytes:
        """Run one step of the protocol that the template asks for."""
        just_verified = self._security.take_pin_just_verified()
        # A protocol is aborted by whatever comes between its steps, be it refused (Part 2, 2.4.2).
        pending = self._security.take_pending(command.p2)
        if command.p2 == KeyReference.SECURE_MESSAGING:
            return self._establish(command)
        stored = self._key(command.p1, command.p2)
        if self._rules.contactless and command.p2 == KeyReference.MANAGEMENT:
            # The command is there, its condition can never be met (Part 1, table 4b).
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        self._rules.require(CONTACTLESS_KEY_RULES.get(command.p2, ContactlessRule.NEVER))
        if command.p2 == KeyReference.MANAGEMENT:
            # A protocol that is begun, fails or is left takes back what one before it had granted
            # (Part 2, 2.4.2); the one that ends well grants it anew.
            self._security.management_authenticated = False
        template = parse_template(command.data, _TEMPLATE)
        if stored.algorithm in MANAGEMENT_KEY_BYTES:
            return self._symmetric.run(stored, template, pending)
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
            # A mechanism that exists, and is none of this key reference (Part 2, 3.3.2).
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
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
        suite = suite_of(self._store.state)
        if suite is None or command.p1 != suite.identifier:
            # This asks for no session of this card's.
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        self._security.session = None
        template = parse_template(command.data, _TEMPLATE)
        answer, session_keys = establish(self._store.state, suite, template, self._randomness)
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
        state = self._store.state
        # P1 00 is the "default algorithm" of SP 800-78, Triple DES under its other name.
        if algorithm == 0x00:
            algorithm = Algorithm.TDES
        stored = state.keys.get(reference)
        if reference == KeyReference.CARD_AUTHENTICATION and algorithm in MANAGEMENT_KEY_BYTES:
            # Two keys share this reference (Part 1, table 4b), which one is meant P1 tells.
            stored = state.symmetric_card_authentication_key
        if stored is None or stored.algorithm != algorithm:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        if algorithm == Algorithm.TDES and not state.allow_tdes:
            raise CommandRefusedError(StatusWord.INCORRECT_P1_P2)
        return stored


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


def take_mechanism(template: dict[int, bytes]) -> int:
    """Take the mechanism's number, one byte, out of its template. Raise CommandRefusedError."""
    mechanism = template.pop(_MECHANISM, b"")
    if len(mechanism) != 1:
        raise incorrect_data()
    return mechanism[0]


def _mechanism(template: dict[int, bytes]) -> Algorithm:
    """Read the cryptographic mechanism (Part 1, table 5), refusing what would not be obeyed.

    An RSA key may be asked for with the exponent it gets anyway.
    """
    number = take_mechanism(template)
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
    if stored.algorithm in _RSA:
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
