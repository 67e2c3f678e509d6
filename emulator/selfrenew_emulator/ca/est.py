# SPDX-License-Identifier: Apache-2.0
"""EST (RFC 7030) as a second front on the CA's policy: PKCS #10 in, certificates out.

What CMP's `ir` and `kur` are, simpleenroll and simplereenroll are here, with the same enrolments,
profiles and refusals. EST has no confirmation, so a certificate counts as it is issued.
"""

import hmac
from base64 import b64encode
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import AttributeOID

from selfrenew.clock import Clock
from selfrenew.cmp.structures import FailureInfo
from selfrenew.cmp.template import request_attributes
from selfrenew_emulator.certificate_status import CertificateState

from .authority import Authority
from .enrolling import EST, Enroller
from .errors import RequestRefusedError
from .policy import choose_profile
from .profiles import Profile
from .records import AuditEntry, Enrolment, Record
from .requester import CertifiedRequester, EnrolledRequester, Requester, by_certificate
from .requests import RequestedCertificate, read_pkcs10
from .root_update import RootUpdate
from .store import Store


class EstFront:
    """Answers EST's operations; how they come over HTTP is in `est_app`."""

    def __init__(
        self,
        authority: Authority,
        store: Store,
        clock: Clock,
        root_update: Callable[[], RootUpdate | None] = lambda: None,
    ) -> None:
        self._authority = authority
        self._store = store
        self._clock = clock
        self._root_update = root_update
        self._enroller = Enroller(authority, store, clock)

    def ca_certificates(self) -> bytes:
        """Give the trust anchor, the issuers and an announced root update as certs-only CMS.

        The three certificates of an update are OldWithNew, NewWithOld and NewWithNew (4.1.3).
        """
        others = [issuer.certificate for issuer in self._authority.issuers.values()]
        update = self._root_update()
        if update is not None:
            others += [update.old_with_new, update.new_with_old, update.identity.certificate]
        return _certs_only([self._authority.root.certificate, *others])

    def by_secret(self, reference: str, secret: bytes) -> EnrolledRequester | None:
        """Name who has an enrolment's secret, None for a wrong one."""
        enrolment = self._store.enrolment(reference)
        if enrolment is None or not hmac.compare_digest(enrolment.secret.reveal(), secret):
            return None
        return EnrolledRequester(enrolment)

    def by_certificate(self, certificate: x509.Certificate) -> CertifiedRequester:
        """Name who has a certificate's key, as TLS has proved. Raise RequestRefusedError."""
        self._enroller.withdraw_overdue()
        return by_certificate(certificate, self._store, self._clock)

    def enroll(
        self,
        requester: Requester,
        request: bytes,
        profile: Profile | None,
        *,
        again: bool,
        shown: CertifiedRequester | None = None,
        tls_unique: bytes | None = None,
    ) -> bytes:
        """Issue for a PKCS #10 request; `again` in place of the current certificate.

        That is the one which was `shown`, also where a secret gives the right. `tls_unique` is the
        connection's, None where it has none. Raise RequestRefusedError.
        """
        operation = "simplereenroll" if again else "simpleenroll"
        self._enroller.withdraw_overdue()
        try:
            with self._store.change():
                certificate = self._issue(
                    requester, request, profile, shown, again=again, tls_unique=tls_unique
                )
                self._note(operation, requester, f"issued {certificate.serial_number:x}")
        except RequestRefusedError as refusal:
            self._note(operation, requester, str(refusal))
            raise
        return _certs_only([certificate])

    def _issue(
        self,
        requester: Requester,
        request: bytes,
        profile: Profile | None,
        shown: CertifiedRequester | None,
        *,
        again: bool,
        tls_unique: bytes | None,
    ) -> x509.Certificate:
        asked = read_pkcs10(request)
        _check_link(request, tls_unique)
        by = requester.enrolment if isinstance(requester, EnrolledRequester) else requester.record
        current = None
        if again:
            holder = by if shown is None else shown.record
            current = self._current(holder, asked, profile)
        chosen = choose_profile(by, profile, current)
        record = self._enroller.issue(asked, chosen, by, current, how=EST)
        self._enroller.confirm(record)
        return record.certificate

    def _current(
        self, by: Enrolment | Record, asked: RequestedCertificate, profile: Profile | None
    ) -> Record:
        """Find the certificate that is replaced; it is as the request says (4.2.2)."""
        if isinstance(by, Record):
            current = by
        else:
            name = choose_profile(by, profile, None).name
            holder = asked.subject.public_bytes()
            valid = self._store.of_holder(holder, name, CertificateState.VALID)
            if not valid:
                raise RequestRefusedError(
                    FailureInfo.badCertTemplate,
                    f"there is no certificate of the profile {name} with this subject to replace",
                )
            same = (old for old in valid if old.certificate.public_key() == asked.public_key)
            current = next(same, valid[-1])
        same_names = _alternative_names(asked.extensions) == _alternative_names(
            current.certificate.extensions
        )
        if asked.subject != current.certificate.subject or not same_names:
            raise RequestRefusedError(
                FailureInfo.badCertTemplate,
                "subject and subjectAltName have to be those of the certificate that is replaced",
            )
        return current

    def _note(self, operation: str, requester: Requester, told: str) -> None:
        requested_by = requester.identity.decode()
        self._store.note(AuditEntry(self._clock(), b"", operation, requested_by, told))


def _check_link(request: bytes, tls_unique: bytes | None) -> None:
    """Check what links a request to the connection that it came by, where it has that.

    A challengePassword is nothing else in EST, and has to be verified (RFC 7030, 3.5).
    """
    said = [
        [bytes(each.data) for each in values]
        for kind, values in request_attributes(request)
        if kind == AttributeOID.CHALLENGE_PASSWORD
    ]
    if not said:
        return
    if tls_unique is None:
        raise RequestRefusedError(
            FailureInfo.badPOP,
            "a challengePassword is checked against the connection's tls-unique, which this one "
            "does not have: use TLS 1.2 or leave it out",
        )
    if said != [[b64encode(tls_unique)]]:
        raise RequestRefusedError(
            FailureInfo.badPOP, "the challengePassword is not the tls-unique of this connection"
        )


def _alternative_names(extensions: x509.Extensions) -> bytes | None:
    for extension in extensions:
        if extension.oid == x509.SubjectAlternativeName.oid:
            names: bytes = extension.value.public_bytes()
            return names
    return None


def _certs_only(certificates: Sequence[x509.Certificate]) -> bytes:
    return pkcs7.serialize_certificates(list(certificates), Encoding.DER)
