# SPDX-License-Identifier: Apache-2.0
"""The CA as a program: CMP over HTTP and HTTPS, and a control API."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter

from selfrenew.certificates import UnreadableCertificateError, load_certificate
from selfrenew_emulator.ca import (
    CRL_PATH,
    EST_PATH,
    GENERAL,
    OCSP_PATH,
    CertificateAuthority,
    UnknownCertificateError,
    Variety,
)
from selfrenew_emulator.ca.errors import UnknownEnrolmentError
from selfrenew_emulator.clock import clock_from
from selfrenew_emulator.faults import CaFront, FaultBoard, FaultTarget
from selfrenew_emulator.problem import ProblemError
from selfrenew_emulator.randomness import system_randomness
from selfrenew_emulator.stage.client_certificates import ask_for_certificates
from selfrenew_emulator.stage.folder import StageDescription, open_folder
from selfrenew_emulator.stage.remote.ca_models import (
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
    name_in,
)
from selfrenew_emulator.stage.remote.fault_models import CaRecordView
from selfrenew_emulator.stage.server import CMP_PATH, Endpoint, Servers, bind_again, url_of
from selfrenew_emulator.stage.services import ISSUERS, open_authority, standing_enrolment
from selfrenew_emulator.stage.tls import context_of, server_identity

from .control import control_application, control_token, open_shared
from .faults import fault_operations
from .listening import Listen


@contextmanager
def serve_ca(
    state: Path | None,
    shared: Path | None,
    listen: Listen,
    *,
    port: int = 0,
    tls_port: int = 0,
    status_port: int = 0,
    control_port: int = 0,
    clock: Path | None = None,
    faults: Sequence[str] = (),
    seed: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Run a CA and tell its addresses and files. Raise StageError or FaultError.

    `state` None keeps nothing; `shared` None has its files in the state folder, or where there is
    none in a folder of their own, which goes with the CA. `seed` repeats what varies on purpose.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder(state or _temporary_folder(stack)))
        common = folder if shared is None else open_shared(shared)
        known = StageDescription()
        if folder.description_file.exists():
            known = folder.read_description()
        token = control_token(common)
        variety = Variety(system_randomness(4).hex() if seed is None else seed)
        wanted = {
            "cmp_http": port,
            "cmp_https": tls_port,
            "status": status_port,
            "control": control_port,
        }
        # Certificates name the address of OCSP and CRLs: it should outlast a start.
        listeners = {
            name: stack.enter_context(bind_again(each, known.ports.get(name), listen.host))
            for name, each in wanted.items()
        }
        plain, secure, telling, control = listeners.values()
        ca = stack.enter_context(
            open_authority(
                folder,
                clock_from(clock),
                system_randomness,
                published_at=url_of(telling, host=listen.name),
                kept=state is not None,
                variety=variety,
            )
        )
        enrolment = standing_enrolment(ca)
        common.write(common.root_file, ca.root.public_bytes(Encoding.PEM).decode())
        revealed = enrolment.secret.reveal().decode()
        common.write(common.enrolment_secret_file, f"{revealed}\n", secret=True)
        context = context_of(*server_identity(ca, listen.names))
        # EST knows its clients by their certificates.
        ask_for_certificates(context, [ca.root, *ca.issuers.values()])
        board, front = FaultBoard(), CaFront(ca.app, ISSUERS)
        cmp_http, cmp_https = Endpoint(front, plain), Endpoint(front, secure, context)
        # Apart from CMP, which may be away while people still sign in.
        status = Endpoint(ca.app, telling)
        router = _operations(ca, cmp_http.port, cmp_https.port, status.port)
        router.include_router(fault_operations(board, FaultTarget.CA))
        _add_exchanges(router, front)
        controlling = Endpoint(control_application("CA control", token, router), control)
        # The control API comes last: where it answers, everything does.
        servers = stack.enter_context(Servers([cmp_http, cmp_https, status, controlling]))
        front.door = servers.door(cmp_http, cmp_https)
        board.attach_ca(front)
        for order in faults:
            board.arm(order)
        ports = {name: int(each.getsockname()[1]) for name, each in listeners.items()}
        folder.write_description(
            StageDescription({**known.ports, **ports}, enrolment.reference, known.desk)
        )
        yield {
            "cmp": cmp_http.url + CMP_PATH,
            "cmp_https": cmp_https.url + CMP_PATH,
            "root": str(common.root_file),
            "enrolment": {
                "reference": enrolment.reference,
                "secret_file": str(common.enrolment_secret_file),
            },
            "ocsp": status.url + OCSP_PATH,
            # Of the issuer under which the enrolment gets its certificates.
            "crl": f"{status.url}{CRL_PATH}/{GENERAL.issuer.value}.crl",
            "est": cmp_https.url + EST_PATH,
            "status": status.url,
            "control": controlling.url,
            "control_token_file": str(common.control_token_file),
            "seed": variety.seed,
        }


def _temporary_folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="selfrenew-ca-")))


def _operations(ca: CertificateAuthority, cmp_http: int, cmp_https: int, status: int) -> APIRouter:
    router = APIRouter()
    _add_enrolments(router, ca)
    _add_certificates(router, ca)

    @router.get("/authority")
    async def authority() -> AuthorityView:
        """Tell what the CA is."""
        issuers = {name: each.public_bytes(Encoding.DER) for name, each in ca.issuers.items()}
        root = ca.root.public_bytes(Encoding.DER)
        return AuthorityView(
            root=root, issuers=issuers, cmp_http=cmp_http, cmp_https=cmp_https, status=status
        )

    @router.post("/root-updates", status_code=201)
    async def update_root() -> RootUpdateView:
        """Announce a new root, which genm then tells of."""
        return RootUpdateView(root=ca.update_root().identity.certificate_pem.decode())

    @router.get("/audit")
    async def audit() -> list[AuditEntryView]:
        """List every CMP message that was answered."""
        return [AuditEntryView(**asdict(entry)) for entry in ca.audit()]

    @router.post("/tls-certificates", status_code=201)
    async def tls(form: TlsForm) -> TlsView:
        """Make a server's key and certificate."""
        try:
            key, chain = server_identity(ca, form.names)
        except ValueError as error:
            raise ProblemError(422, "no_such_name", str(error)) from error
        return TlsView(key=key.decode(), chain=chain.decode())

    return router


def _add_exchanges(router: APIRouter, front: CaFront) -> None:
    @router.get("/exchanges")
    async def exchanges() -> list[CaRecordView]:
        """List the requests that came, oldest first, and what came of them."""
        return [CaRecordView.of(record) for record in front.history]


def _add_enrolments(router: APIRouter, ca: CertificateAuthority) -> None:
    @router.post("/enrolments", status_code=201)
    async def enrol(form: EnrolmentForm) -> EnrolmentView:
        """Let somebody ask for certificates."""
        try:
            subject = None if form.subject is None else name_in(form.subject)
            enrolment = ca.enrol(
                form.reference,
                subject=subject,
                profiles=form.profiles,
                uses=form.uses,
                not_after=form.not_after,
                extensions=form.added(),
            )
        except KeyError as error:
            raise ProblemError(422, "no_such_profile", f"there is no profile {error}") from error
        except ValueError as error:
            raise ProblemError(422, "no_such_enrolment", str(error)) from error
        return EnrolmentView.of(enrolment)

    @router.get("/enrolments/{reference}")
    async def enrolment(reference: str) -> EnrolmentView:
        """Tell an enrolment."""
        try:
            return EnrolmentView.of(ca.enrolment(reference))
        except UnknownEnrolmentError as error:
            raise ProblemError(404, "unknown", str(error)) from error


def _add_certificates(router: APIRouter, ca: CertificateAuthority) -> None:
    @router.get("/certificates")
    async def certificates(subject: str) -> list[RecordView]:
        """List what was ever issued to a subject, its name as RFC 4514 writes it."""
        try:
            name = name_in(subject)
        except ValueError as error:
            raise ProblemError(422, "malformed", "the subject is no name of RFC 4514") from error
        return [RecordView.of(record) for record in ca.certificates_of(name)]

    @router.post("/certificates/status")
    async def status(form: CertificateForm) -> StatusView:
        """Tell the standing of a certificate."""
        found = ca.status_of(_certificate(form))
        return StatusView(state=found.state, since=found.since)

    @router.post("/certificates/revocations")
    async def revoke(form: RevocationForm) -> RevocationView:
        """Revoke a certificate."""
        try:
            return RevocationView(revoked=ca.revoke(_certificate(form), form.reason))
        except UnknownCertificateError as error:
            raise ProblemError(404, "unknown", str(error)) from error


def _certificate(form: CertificateForm) -> x509.Certificate:
    try:
        return load_certificate(form.certificate)
    except UnreadableCertificateError as error:
        raise ProblemError(422, "malformed", str(error)) from error
