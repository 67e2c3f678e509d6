# SPDX-License-Identifier: Apache-2.0
"""The CA of another process, held by its control API as `CertificateAuthority` is held."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew_emulator.ca import GENERAL, AuditEntry, Enrolment, IssuerName, Record
from selfrenew_emulator.certificate_status import CertificateStatus

from .ca_models import (
    AuditEntryView,
    AuthorityView,
    CertificateForm,
    EnrolmentForm,
    EnrolmentView,
    RecordView,
    RevocationForm,
    RevocationView,
    RootUpdateView,
    StatusView,
    TlsForm,
    TlsView,
    forms,
)
from .client import ControlClient


class RemoteAuthority:
    """The methods are those of `CertificateAuthority`; each may raise ControlError besides."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    @cached_property
    def view(self) -> AuthorityView:
        """What the CA is: its certificates, and where it speaks CMP."""
        return self._control.ask(AuthorityView, "GET", "/authority")

    @property
    def root(self) -> x509.Certificate:
        """The trust anchor."""
        return x509.load_der_x509_certificate(self.view.root)

    @property
    def issuers(self) -> dict[IssuerName, x509.Certificate]:
        """The two issuers' certificates."""
        issuers = self.view.issuers
        return {name: x509.load_der_x509_certificate(der) for name, der in issuers.items()}

    def enrol(
        self,
        reference: str | None = None,
        *,
        subject: x509.Name | None = None,
        profiles: Iterable[str] = (GENERAL.name,),
        uses: int | None = 1,
        not_after: datetime | None = None,
        extensions: Mapping[str, Iterable[x509.Extension[x509.ExtensionType]]] | None = None,
    ) -> Enrolment:
        """Let somebody ask for a first certificate under a shared secret."""
        form = EnrolmentForm(
            reference=reference,
            subject=None if subject is None else subject.rfc4514_string(),
            profiles=list(profiles),
            uses=uses,
            not_after=not_after,
            extensions=forms({name: tuple(each) for name, each in (extensions or {}).items()}),
        )
        return self._control.ask(EnrolmentView, "POST", "/enrolments", form).enrolment()

    def enrolment(self, reference: str) -> Enrolment:
        """Find an enrolment. Raise ControlRefusedError where there is none."""
        return self._control.ask(EnrolmentView, "GET", f"/enrolments/{reference}").enrolment()

    def status_of(self, certificate: x509.Certificate) -> CertificateStatus:
        """Tell the standing of a certificate; UNKNOWN for one of another CA."""
        form = CertificateForm(certificate=certificate.public_bytes(Encoding.DER))
        return self._control.ask(StatusView, "POST", "/certificates/status", form).status()

    def revoke(
        self,
        certificate: x509.Certificate,
        reason: x509.ReasonFlags = x509.ReasonFlags.unspecified,
    ) -> bool:
        """Revoke a certificate; False where it no longer counted."""
        form = RevocationForm(certificate=certificate.public_bytes(Encoding.DER), reason=reason)
        return self._control.ask(RevocationView, "POST", "/certificates/revocations", form).revoked

    def update_root(self) -> x509.Certificate:
        """Announce a new root, which genm tells of; give its certificate."""
        view = self._control.ask(RootUpdateView, "POST", "/root-updates")
        return x509.load_pem_x509_certificate(view.root.encode())

    def audit(self) -> list[AuditEntry]:
        """List every CMP message that was answered, oldest first."""
        views = self._control.ask(list[AuditEntryView], "GET", "/audit")
        return [view.entry() for view in views]

    def certificates_of(self, subject: x509.Name) -> list[Record]:
        """List all certificates ever issued to a subject, in the order of their issue."""
        query = {"subject": subject.rfc4514_string()}
        views = self._control.ask(list[RecordView], "GET", "/certificates", query=query)
        return [view.record() for view in views]

    def tls_certificate(self, names: Iterable[str]) -> tuple[bytes, bytes]:
        """Have a server's key and certificate made, for loopback and further names."""
        view = self._control.ask(TlsView, "POST", "/tls-certificates", TlsForm(names=list(names)))
        return view.key.encode(), view.chain.encode()
