# SPDX-License-Identifier: Apache-2.0
"""What the CA's control API takes and gives, and how the CA's values go into it and come out."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from selfrenew.secret import Secret
from selfrenew_emulator.ca import AuditEntry, Enrolment, Extensions, IssuerName, Record
from selfrenew_emulator.certificate_status import CertificateState, CertificateStatus


def _decoded(value: object) -> object:
    return b64decode(value, validate=True) if isinstance(value, str) else value


Bytes = Annotated[
    bytes,
    BeforeValidator(_decoded),
    PlainSerializer(lambda value: b64encode(value).decode(), return_type=str),
]
"""Base64 in JSON."""


class ControlModel(BaseModel):
    """What goes over a control API, and nothing besides."""

    model_config = ConfigDict(extra="forbid")


class AuthorityView(ControlModel):
    """The CA's certificates in DER, and the ports of CMP and of what tells of certificates."""

    root: Bytes
    issuers: dict[IssuerName, Bytes]
    cmp_http: int
    cmp_https: int
    status: int


class ExtensionForm(ControlModel):
    """An extension of a certificate."""

    oid: str
    critical: bool
    value: Bytes

    @classmethod
    def of(cls, extension: x509.Extension[x509.ExtensionType]) -> "ExtensionForm":
        """Write an extension down."""
        return cls(
            oid=extension.oid.dotted_string,
            critical=extension.critical,
            value=extension.value.public_bytes(),
        )

    def extension(self) -> x509.Extension[x509.ExtensionType]:
        """Give the extension. Raise ValueError."""
        oid = x509.ObjectIdentifier(self.oid)
        content = x509.UnrecognizedExtension(oid, self.value)
        return x509.Extension[x509.ExtensionType](oid, self.critical, content)


class EnrolmentForm(ControlModel):
    """Whom to let ask for what; the fields are those of `CertificateAuthority.enrol`."""

    reference: str | None = Field(None, min_length=1, max_length=200)
    subject: str | None = Field(None, description="a name as RFC 4514 writes it")
    profiles: list[str]
    uses: int | None = Field(1, ge=1)
    not_after: datetime | None = None
    extensions: dict[str, list[ExtensionForm]] = {}

    def added(self) -> dict[str, Extensions]:
        """Give the extensions by profile. Raise ValueError."""
        return _extensions(self.extensions)


class EnrolmentView(ControlModel):
    """An enrolment with its shared secret."""

    reference: str
    secret: str = Field(repr=False)
    subject: str | None
    profiles: list[str]
    uses_left: int | None
    not_after: datetime | None
    extensions: dict[str, list[ExtensionForm]]

    @classmethod
    def of(cls, enrolment: Enrolment) -> "EnrolmentView":
        """Write an enrolment down."""
        return cls(
            reference=enrolment.reference,
            secret=enrolment.secret.reveal().decode(),
            subject=None if enrolment.subject is None else text_of(enrolment.subject),
            profiles=sorted(enrolment.profiles),
            uses_left=enrolment.uses_left,
            not_after=enrolment.not_after,
            extensions=forms(enrolment.extensions),
        )

    def enrolment(self) -> Enrolment:
        """Give the enrolment."""
        return Enrolment(
            self.reference,
            Secret(self.secret),
            None if self.subject is None else name_in(self.subject).public_bytes(),
            frozenset(self.profiles),
            self.uses_left,
            self.not_after,
            _extensions(self.extensions),
        )


class RecordView(ControlModel):
    """A certificate and its standing."""

    certificate: Bytes
    profile: str
    state: CertificateState
    since: datetime
    replaces: str | None
    reference: str | None
    reason: x509.ReasonFlags | None

    @classmethod
    def of(cls, record: Record) -> "RecordView":
        """Write a record down; serial numbers are hex, since JSON's numbers are shorter."""
        return cls(
            certificate=record.certificate.public_bytes(Encoding.DER),
            profile=record.profile,
            state=record.state,
            since=record.since,
            replaces=None if record.replaces is None else f"{record.replaces:x}",
            reference=record.reference,
            reason=record.reason,
        )

    def record(self) -> Record:
        """Give the record."""
        return Record(
            x509.load_der_x509_certificate(self.certificate),
            self.profile,
            self.state,
            self.since,
            None if self.replaces is None else int(self.replaces, 16),
            self.reference,
            self.reason,
        )


class CertificateForm(ControlModel):
    """Which certificate is meant."""

    certificate: Bytes


class StatusView(ControlModel):
    """What the CA says of a certificate."""

    state: CertificateState
    since: datetime | None

    def status(self) -> CertificateStatus:
        """Give the status."""
        return CertificateStatus(self.state, self.since)


class RevocationForm(CertificateForm):
    """Which certificate does not count any more, and why."""

    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified


class RevocationView(ControlModel):
    """Whether the certificate counted until then."""

    revoked: bool


class RootUpdateView(ControlModel):
    """The next root, as PEM."""

    root: str


class AuditEntryView(ControlModel):
    """A message that was answered."""

    at: datetime
    transaction_id: Bytes
    message: str
    requester: str
    answer: str

    def entry(self) -> AuditEntry:
        """Give the entry."""
        return AuditEntry(self.at, self.transaction_id, self.message, self.requester, self.answer)


class TlsForm(ControlModel):
    """The names of a server beside loopback's."""

    names: list[str]


class TlsView(ControlModel):
    """A server's key and its certificate with the issuer, PEM."""

    key: str = Field(repr=False)
    chain: str


def text_of(name: bytes) -> str:
    """Write a name in DER as RFC 4514 does."""
    return x509.Name.from_bytes(name).rfc4514_string()


def name_in(text: str) -> x509.Name:
    """Read a name as RFC 4514 writes it. Raise ValueError."""
    return x509.Name.from_rfc4514_string(text)


def forms(extensions: Mapping[str, Extensions]) -> dict[str, list[ExtensionForm]]:
    """Write extensions down by profile."""
    return {name: [ExtensionForm.of(each) for each in those] for name, those in extensions.items()}


def _extensions(given: Mapping[str, list[ExtensionForm]]) -> dict[str, Extensions]:
    return {name: tuple(each.extension() for each in those) for name, those in given.items()}
