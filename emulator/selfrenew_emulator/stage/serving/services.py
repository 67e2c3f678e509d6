# SPDX-License-Identifier: Apache-2.0
"""Card management, Spine and mail as a program with a control API, relying on a CA elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Response
from fastapi import Path as PathParameter

from selfrenew_emulator.card import generate
from selfrenew_emulator.clock import clock_from
from selfrenew_emulator.faults import FaultBoard, FaultTarget
from selfrenew_emulator.plain_http import PlainHttp
from selfrenew_emulator.problem import ProblemError
from selfrenew_emulator.randomness import system_randomness
from selfrenew_emulator.stage.card_maker import CardMaker
from selfrenew_emulator.stage.desk import CardOrderForm, MakeCard, answer_order, ordering
from selfrenew_emulator.stage.folder import open_folder
from selfrenew_emulator.stage.patience import PATIENCE_SECONDS
from selfrenew_emulator.stage.remote.ca import RemoteAuthority
from selfrenew_emulator.stage.remote.client import ControlClient, wait_for
from selfrenew_emulator.stage.remote.services_models import MessageView, PersonForm, RefusalForm
from selfrenew_emulator.stage.server import CMP_PATH, HOST, Endpoint, Servers, bind
from selfrenew_emulator.stage.services import StageServices, open_services
from selfrenew_emulator.stage.tls import context_of, http_client

from .control import control_application, control_token, open_shared
from .faults import fault_operations
from .listening import Listen

UserId = Annotated[str, PathParameter(pattern=r"^[0-9]{12}$")]


@contextmanager
def serve_services(
    state: Path,
    shared: Path,
    ca_url: str,
    listen: Listen,
    *,
    management_port: int = 0,
    spine_port: int = 0,
    control_port: int = 0,
    mail_port: int = 0,
    clock: Path | None = None,
    faults: Sequence[str] = (),
) -> Iterator[dict[str, str]]:
    """Run the services kept in a folder, and tell their addresses; wait for the CA before.

    Raise StageError or FaultError.
    """
    with ExitStack() as stack:
        folder, common = stack.enter_context(open_folder(state)), open_shared(shared)
        token, now = control_token(common), clock_from(clock)
        wait_for(ca_url, PATIENCE_SECONDS)
        client = ControlClient(ca_url, token)
        ca = RemoteAuthority(stack.enter_context(closing(client)))
        ports = (management_port, spine_port, control_port, mail_port)
        management, spine, control, mail = (
            stack.enter_context(bind(port, listen.host)) for port in ports
        )
        address = f"http://{urlsplit(ca_url).hostname}"
        status_http = PlainHttp()
        services = stack.enter_context(
            open_services(
                ca,
                folder,
                now,
                system_randomness,
                mail,
                ca_address=f"{address}:{ca.view.status}",
                status_http=status_http,
            )
        )
        cards = CardMaker(
            ca,
            services.management,
            cmp_url=lambda: f"{address}:{ca.view.cmp_http}{CMP_PATH}",
            http=stack.enter_context(http_client()),
            clock=now,
            randomness=system_randomness,
            key_source=generate,
        )
        context = context_of(*ca.tls_certificate(listen.names))
        board = FaultBoard()
        board.attach_mail(services.mail)
        for order in faults:
            board.arm(order)
        router = _operations(services, ordering(services.spine, cards, system_randomness))
        router.include_router(fault_operations(board, FaultTarget.MAIL))
        endpoints = [
            Endpoint(services.management.app, management, context),
            Endpoint(services.spine.app, spine, context),
            # The control API comes last: where it answers, everything does.
            Endpoint(control_application("Services control", token, router), control),
        ]
        stack.enter_context(Servers(endpoints, [services.mail, status_http]))
        names = ("management", "spine", "control")
        addresses = {name: each.url for name, each in zip(names, endpoints, strict=True)}
        yield {**addresses, "mail": f"smtp://{HOST}:{services.mail.port}"}


def _operations(services: StageServices, make_card: MakeCard) -> APIRouter:
    router = APIRouter()

    @router.put("/people/{user_id}", status_code=204)
    async def register(user_id: UserId, form: PersonForm) -> Response:
        """Let the Spine know a person."""
        services.spine.register(form.person(user_id))
        return Response(status_code=204)

    @router.get("/people/{user_id}")
    async def person(user_id: UserId) -> PersonForm:
        """Tell what the Spine knows of a person."""
        found = services.spine.person(user_id)
        if found is None:
            raise ProblemError(404, "unknown", "the Spine does not know this person")
        return PersonForm.of(found)

    # Not async: making a card takes the CA's time, and the services go on meanwhile.
    @router.post("/cards", status_code=201)
    def order(form: CardOrderForm) -> Response:
        """Make a card and give its image."""
        return answer_order(make_card, form)

    @router.get("/messages")
    async def messages(address: str) -> list[MessageView]:
        """List what was delivered to an address, oldest first."""
        delivered = services.outbox.messages_to(address)
        return [MessageView(message=each.as_bytes()) for each in delivered]

    @router.get("/mail/refusal")
    async def refusal() -> RefusalForm:
        """Tell whether mail is refused."""
        return RefusalForm(reply=services.mail.refusal)

    @router.put("/mail/refusal", status_code=204)
    async def refuse(form: RefusalForm) -> Response:
        """Refuse mail, or take it again."""
        services.mail.refusal = form.reply
        return Response(status_code=204)

    return router
