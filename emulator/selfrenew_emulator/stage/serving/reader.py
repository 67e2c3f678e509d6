# SPDX-License-Identifier: Apache-2.0
"""Readers as a program: a pcscd, the cards in its slots, and a control API that moves them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Body, Response

from selfrenew_emulator.card import CardImageError
from selfrenew_emulator.faults import FaultBoard, FaultTarget, Surroundings, blank_card
from selfrenew_emulator.problem import ProblemError
from selfrenew_emulator.reader import PrivatePcscd, ReaderError
from selfrenew_emulator.stage.folder import open_folder
from selfrenew_emulator.stage.key_making import KeyMaking
from selfrenew_emulator.stage.remote.reader_models import KeyMakingForm, SlotView
from selfrenew_emulator.stage.server import Endpoint, Servers, bind

from .control import control_application, control_token, open_shared
from .faults import fault_operations
from .slot import KeptSlot, SlotEmptyError, SlotTakenError


@contextmanager
def serve_readers(
    state: Path,
    shared: Path,
    pcscd: PrivatePcscd,
    host: str,
    *,
    control_port: int = 0,
    faults: Sequence[str] = (),
) -> Iterator[dict[str, object]]:
    """Run a pcscd with the cards kept in a folder, and tell what it offers.

    The card that comes by a fault is a blank one. Raise StageError, ReaderError, CardImageError or
    FaultError.
    """
    with ExitStack() as stack:
        cards, token = stack.enter_context(open_folder(state)), control_token(open_shared(shared))
        control = stack.enter_context(bind(control_port, host))
        stack.enter_context(pcscd)
        key_making, board = KeyMaking(), FaultBoard(Surroundings(other_card=blank_card))
        slots = []
        for number, reader in enumerate(pcscd.readers()):
            file = cards.path / f"slot-{number}.card"
            board.attach_reader(reader)
            slot = KeptSlot(reader, file, key_making)
            stack.callback(slot.close)
            slot.restore()
            slots.append(slot)
        # A key that is held back must not hold up the end.
        stack.callback(key_making.go_on)
        operations = _operations(slots)
        operations.include_router(_key_making(key_making))
        operations.include_router(fault_operations(board, FaultTarget.CARD, FaultTarget.READER))
        for order in faults:
            board.arm(order)
        application = control_application("Reader control", token, operations)
        endpoint = Endpoint(application, control)
        stack.enter_context(Servers([endpoint]))
        yield {
            "readers": pcscd.reader_names,
            "ports": pcscd.ports,
            "socket": str(pcscd.socket_file),
            "control": endpoint.url,
        }


def _operations(slots: Sequence[KeptSlot]) -> APIRouter:
    router = APIRouter()

    @router.get("/slots")
    async def each() -> list[SlotView]:
        """List the slots."""
        return [SlotView(reader=one.name, occupied=one.occupied) for one in slots]

    # What moves cards is not async: it takes as long as pcscd, and key making stays to be let go.
    @router.put("/slots/{number}/card", status_code=204)
    def insert(number: int, image: Annotated[dict[str, object], Body()]) -> Response:
        """Put a card in, by its image."""
        with _refusals():
            _slot(slots, number).insert(json.dumps(image).encode())
        return Response(status_code=204)

    @router.get("/slots/{number}/card")
    def image(number: int) -> Response:
        """Give the image of the card that is in, or was until a fault pulled it out."""
        with _refusals():
            return Response(_slot(slots, number).image(), media_type="application/json")

    @router.delete("/slots/{number}/card")
    def remove(number: int) -> Response:
        """Take the card out, and give its image."""
        with _refusals():
            return Response(_slot(slots, number).remove(), media_type="application/json")

    return router


def _key_making(key_making: KeyMaking) -> APIRouter:
    router = APIRouter()

    @router.get("/key-making")
    async def held() -> KeyMakingForm:
        """Tell whether cards wait before they make a key."""
        return KeyMakingForm(held=key_making.held)

    @router.put("/key-making", status_code=204)
    async def hold(form: KeyMakingForm) -> Response:
        """Have cards wait, or let them go on."""
        if form.held:
            key_making.hold()
        else:
            key_making.go_on()
        return Response(status_code=204)

    return router


def _slot(slots: Sequence[KeptSlot], number: int) -> KeptSlot:
    if not 0 <= number < len(slots):
        raise ProblemError(404, "no_such_slot", f"the slots are 0 to {len(slots) - 1}")
    return slots[number]


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what is foreseen into refusals."""
    try:
        yield
    except SlotTakenError as error:
        raise ProblemError(409, "taken", "a card is in already; take it out") from error
    except SlotEmptyError as error:
        raise ProblemError(404, "empty", "no card is in") from error
    except CardImageError as error:
        raise ProblemError(422, "no_card", str(error)) from error
    except ReaderError as error:
        raise ProblemError(503, "no_reader", str(error)) from error
