# SPDX-License-Identifier: Apache-2.0
"""Who sent a message: its protection checked, before anything in it is believed.

RFC 9810, 5.1.3 and RFC 9483, 3.2, 3.3 and 3.5.
"""

from dataclasses import dataclass

from cryptography import x509

from selfrenew.clock import Clock
from selfrenew.cmp.errors import CmpFormatError
from selfrenew.cmp.message import ReceivedMessage, name_of
from selfrenew.cmp.protection import (
    ProtectionError,
    is_mac,
    subject_key_identifier,
    verify_mac,
    verify_signature,
)
from selfrenew.cmp.structures import FailureInfo
from selfrenew_emulator.certificate_status import CertificateState

from .errors import RequestRefusedError
from .records import Enrolment, Record
from .store import Store

_EMPTY_NAME = b"\x30\x00"


@dataclass(frozen=True, slots=True)
class EnrolledRequester:
    """Somebody with an enrolment's secret."""

    enrolment: Enrolment

    @property
    def identity(self) -> bytes:
        """What ties the messages of one transaction together."""
        return b"reference " + self.enrolment.reference.encode()


@dataclass(frozen=True, slots=True)
class CertifiedRequester:
    """Somebody with a certificate of this CA that is valid."""

    record: Record

    @property
    def identity(self) -> bytes:
        """What ties the messages of one transaction together."""
        return f"certificate {self.record.certificate.serial_number:x}".encode()


Requester = EnrolledRequester | CertifiedRequester


def identify(message: ReceivedMessage, store: Store, clock: Clock) -> Requester:
    """Check a message's protection and name its sender. Raise RequestRefusedError."""
    try:
        if is_mac(message):
            return _by_mac(message, store)
        return _by_signature(message, store, clock)
    except (ProtectionError, CmpFormatError) as error:
        # Never the expected value: the text says only that it is wrong.
        raise RequestRefusedError(FailureInfo.badMessageCheck, str(error)) from error


def _by_mac(message: ReceivedMessage, store: Store) -> Requester:
    reference = (message.header.sender_kid or b"").decode("utf-8", "replace")
    enrolment = store.enrolment(reference)
    if enrolment is None:
        raise RequestRefusedError(
            FailureInfo.badMessageCheck, "no enrolment goes with the senderKID, or the MAC is wrong"
        )
    verify_mac(message, enrolment.secret)
    return EnrolledRequester(enrolment)


def _by_signature(message: ReceivedMessage, store: Store, clock: Clock) -> Requester:
    certificate = _signer(message)
    record = store.find(certificate.serial_number)
    if record is None or record.certificate != certificate:
        raise RequestRefusedError(
            FailureInfo.signerNotTrusted, "the signer's certificate was not issued here"
        )
    verify_signature(message, certificate.public_key())
    if record.state is not CertificateState.VALID:
        raise RequestRefusedError(
            FailureInfo.certRevoked, f"the signer's certificate is {record.state.value}"
        )
    if not certificate.not_valid_before_utc <= clock() <= certificate.not_valid_after_utc:
        raise RequestRefusedError(
            FailureInfo.signerNotTrusted,
            f"the signer's certificate is not valid now, but until "
            f"{certificate.not_valid_after_utc.isoformat()}",
        )
    return CertifiedRequester(record)


def _signer(message: ReceivedMessage) -> x509.Certificate:
    """Find the protection certificate: first of the extraCerts (RFC 9483, 3.3)."""
    header = message.header
    if not message.certificates:
        raise RequestRefusedError(
            FailureInfo.signerNotTrusted, "the signer's certificate is not in extraCerts"
        )
    for certificate in message.certificates:
        if header.sender_kid and subject_key_identifier(certificate) != header.sender_kid:
            continue
        sender = name_of(header.sender)
        if sender not in {_EMPTY_NAME, certificate.subject.public_bytes()}:
            continue
        return certificate
    raise RequestRefusedError(
        FailureInfo.badMessageCheck, "no certificate in extraCerts goes with sender and senderKID"
    )
