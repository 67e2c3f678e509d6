# SPDX-License-Identifier: Apache-2.0
"""Who sent a message: its protection checked, before anything in it is believed.

RFC 9810, 5.1.3 and RFC 9483, 3.2, 3.3 and 3.5.
"""

from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from selfrenew.certificates import (
    UNREADABLE,
    UnreadableCertificateError,
    load_certificate,
)
from selfrenew.clock import Clock
from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.errors import CmpFormatError, UnknownAlgorithmError
from selfrenew.cmp.message import (
    ReceivedMessage,
    attributes_of,
    certificate_der,
    decode_list,
    name_of,
)
from selfrenew.cmp.names import same_name
from selfrenew.cmp.protection import (
    ProtectionError,
    is_mac,
    subject_key_identifier,
    verify_mac,
    verify_signature,
)
from selfrenew.cmp.structures import FailureInfo, GenMsgContent, PkiHeader
from selfrenew_emulator.certificate_status import CertificateState

from .errors import RequestRefusedError
from .profiles import PROFILES
from .records import Enrolment, Record
from .store import Store

_REFERENCE, _CERTIFICATE = b"reference ", b"certificate "
_EMPTY_NAME = b"\x30\x00"
_TEXTS = frozenset({b"\x0c", b"\x13"})
"""UTF8String and PrintableString."""
_KEPT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class EnrolledRequester:
    """Somebody with an enrolment's secret."""

    enrolment: Enrolment

    @property
    def identity(self) -> bytes:
        """What ties the messages of one transaction together."""
        return _REFERENCE + self.enrolment.reference.encode()

    @property
    def right(self) -> Enrolment:
        """What gives a right to certificates."""
        return self.enrolment


@dataclass(frozen=True, slots=True)
class CertifiedRequester:
    """Somebody with a certificate of this CA that is valid."""

    record: Record
    identity: bytes
    """What ties the messages of one transaction together."""

    @property
    def right(self) -> Record:
        """What gives a right to certificates."""
        return self.record


@dataclass(frozen=True, slots=True)
class Anybody:
    """Somebody who did not say who she is, which is enough to be told what is public."""

    identity: bytes = b"anybody"


Requester = EnrolledRequester | CertifiedRequester


def by_reference(identity: bytes) -> bool:
    """Tell whether an identity is that of somebody with a secret."""
    return identity.startswith(_REFERENCE)


def identify(message: ReceivedMessage, store: Store, clock: Clock) -> Requester:
    """Check a message's protection and name its sender. Raise RequestRefusedError."""
    try:
        if is_mac(message):
            return _by_mac(message, store)
        return _by_signature(message, store, clock)
    except UnknownAlgorithmError as error:
        raise RequestRefusedError(FailureInfo.badAlg, str(error)) from error
    except (ProtectionError, CmpFormatError) as error:
        # Never the expected value: the text says only that it is wrong.
        raise RequestRefusedError(FailureInfo.badMessageCheck, str(error)) from error


def _by_mac(message: ReceivedMessage, store: Store) -> Requester:
    if name_of(message.header.sender) is None:
        raise RequestRefusedError(
            FailureInfo.badMessageCheck, "under a secret the sender is a directoryName"
        )
    enrolment = store.enrolment(_reference(message.header))
    if enrolment is None:
        raise RequestRefusedError(
            FailureInfo.badMessageCheck, "no enrolment goes with the senderKID, or the MAC is wrong"
        )
    verify_mac(message, enrolment.secret)
    return EnrolledRequester(enrolment)


def _reference(header: PkiHeader) -> str:
    """Read the enrolment's reference: senderKID, or else a sender that is one common name.

    That senderKID is there is no more than a SHOULD (RFC 9810, 5.1.1).
    """
    if header.sender_kid is not None:
        return header.sender_kid.decode("utf-8", "replace")
    rdns = decode_list(GenMsgContent, name_of(header.sender) or _EMPTY_NAME)
    attributes = [each for rdn in rdns for each in attributes_of(rdn)]
    if len(attributes) != 1 or attributes[0].type != NameOID.COMMON_NAME:
        return ""
    value = attributes[0].value
    return bytes(value.data).decode("utf-8", "replace") if value.tag_bytes in _TEXTS else ""


def _by_signature(message: ReceivedMessage, store: Store, clock: Clock) -> Requester:
    # What is no signature has no signer either.
    algorithm = alg.oid_of(message.header.protection_alg or [])
    if algorithm not in alg.SIGNATURES:
        raise UnknownAlgorithmError(
            f"a protection of the algorithm {algorithm.dotted_string} is not taken here"
        )
    signer = _signer(message, store)
    record = _issued(signer.certificate, store)
    verify_signature(message, signer.public_key)
    return _vouching(record, clock)


def by_certificate(certificate: x509.Certificate, store: Store, clock: Clock) -> CertifiedRequester:
    """Name who proved elsewhere to have a certificate's key. Raise RequestRefusedError."""
    return _vouching(_issued(certificate, store), clock)


def _issued(certificate: x509.Certificate, store: Store) -> Record:
    record = store.find(certificate.serial_number)
    if record is None or record.certificate != certificate:
        raise RequestRefusedError(
            FailureInfo.signerNotTrusted, "the signer's certificate was not issued here"
        )
    return record


def _vouching(record: Record, clock: Clock) -> CertifiedRequester:
    certificate = record.certificate
    if record.state is not CertificateState.VALID:
        raise RequestRefusedError(
            FailureInfo.certRevoked, f"the signer's certificate is {record.state.value}"
        )
    if PROFILES[record.profile].office_only:
        raise RequestRefusedError(
            FailureInfo.notAuthorized,
            f"a certificate of the profile {record.profile} asks for no other",
        )
    if not certificate.not_valid_before_utc <= clock() <= certificate.not_valid_after_utc:
        raise RequestRefusedError(
            FailureInfo.signerNotTrusted,
            f"the signer's certificate is not valid now, but until "
            f"{certificate.not_valid_after_utc.isoformat()}",
        )
    return CertifiedRequester(record, _CERTIFICATE + f"{certificate.serial_number:x}".encode())


@dataclass(frozen=True, slots=True)
class _Signer:
    """What is looked at of a certificate to tell whether it protects a message."""

    certificate: x509.Certificate
    key_identifier: bytes
    subject: bytes
    public_key: object


def _load(der: bytes) -> _Signer | None:
    """Read a certificate; None where it cannot be. Each signer sends at least two messages."""
    # What anybody sends is kept, so that it must not be long.
    return _load_once(der) if len(der) <= _KEPT_BYTES else _read(der)


def _read(der: bytes) -> _Signer | None:
    try:
        certificate = load_certificate(der)
        return _Signer(
            certificate,
            subject_key_identifier(certificate),
            certificate.subject.public_bytes(),
            certificate.public_key(),
        )
    except (UnreadableCertificateError, *UNREADABLE):
        return None


_load_once = lru_cache(maxsize=1024)(_read)


def _signer(message: ReceivedMessage, store: Store) -> _Signer:
    """Find the protection certificate, whose subject is the sender (RFC 9483, 3.1 and 3.3).

    It is the first in extraCerts; the others are not looked at, as all it takes is known here. What
    goes on with a transaction may leave it out (RFC 9483, 4.1.1).
    """
    header = message.header
    given = message.extra_certs or _known(message, store)
    signer = _load(given[0]) if given else None
    if signer is None:
        raise RequestRefusedError(
            FailureInfo.badMessageCheck, "the signer's certificate is not the first in extraCerts"
        )
    sender = name_of(header.sender)
    alike = sender is not None and same_name(sender, signer.subject)
    if not alike or header.sender_kid not in {None, b"", signer.key_identifier}:
        raise RequestRefusedError(
            FailureInfo.badMessageCheck,
            "the first certificate in extraCerts does not go with sender and senderKID",
        )
    return signer


def _known(message: ReceivedMessage, store: Store) -> tuple[bytes, ...]:
    """Give the certificate with which a message's transaction was begun, if it was with one."""
    found = store.transaction(message.header.transaction_id or b"")
    if found is None or not found[0].requester.startswith(_CERTIFICATE):
        return ()
    record = store.find(int(found[0].requester.removeprefix(_CERTIFICATE), 16))
    return () if record is None else (certificate_der(record.certificate),)
