# SPDX-License-Identifier: Apache-2.0
"""The control API's operations on faults, alike for every program that has some."""

from fastapi import APIRouter, Response

from selfrenew_emulator.faults import (
    ElsewhereError,
    FaultBoard,
    FaultError,
    FaultTarget,
    check_order,
)
from selfrenew_emulator.problem import ProblemError
from selfrenew_emulator.stage.remote.fault_models import FaultForm, FaultView


def fault_operations(faults: FaultBoard, *here: FaultTarget) -> APIRouter:
    """Arm, list and clear the faults of what is attached here."""
    router = APIRouter()

    @router.get("/faults")
    async def armed() -> list[FaultView]:
        """List what was armed, and how often it has struck."""
        return [FaultView(order=str(one.order), strikes=one.strikes) for one in faults.armed]

    # What arms and clears is not async: it waits for the servers, which are in the event loop.
    @router.post("/faults", status_code=204)
    def arm(form: FaultForm) -> Response:
        """Arm a fault."""
        try:
            check_order(form.order, here)
            faults.arm(form.order)
        except ElsewhereError as error:
            raise ProblemError(422, "not_here", str(error)) from error
        except FaultError as error:
            raise ProblemError(422, "no_fault", str(error)) from error
        return Response(status_code=204)

    @router.delete("/faults", status_code=204)
    def clear() -> Response:
        """Let everything be well again."""
        faults.clear()
        return Response(status_code=204)

    return router
