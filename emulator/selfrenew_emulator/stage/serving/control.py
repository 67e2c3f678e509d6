# SPDX-License-Identifier: Apache-2.0
"""What the control API of every program of a stage shares: token, health, refusals.

`GET /health` answers 200 to anybody; everything else asks for the token that the stage's shared
folder keeps in `control.token`.
"""

import hmac
import os
import secrets
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header

from selfrenew.secret import Secret
from selfrenew_emulator.problem import ProblemError, answer_with_problems, bearer
from selfrenew_emulator.stage.errors import StateError
from selfrenew_emulator.stage.folder import StageFolder

_TOKEN_BYTES = 32


def control_application(title: str, token: Secret, router: APIRouter) -> FastAPI:
    """Make a control API of its operations."""
    application = FastAPI(title=title, docs_url=None, redoc_url=None)
    answer_with_problems(application)

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(bearer(authorization).encode(), token.reveal()):
            detail = "the token is not this stage's: read control.token in its shared folder"
            raise ProblemError(403, "wrong_token", detail)

    @application.get("/health")
    async def health() -> dict[str, str]:
        """Say that the program is ready."""
        return {"status": "ok"}

    application.include_router(router, dependencies=[Depends(authorised)])
    return application


def open_shared(path: Path) -> StageFolder:
    """Make a stage's shared folder where it is missing. Raise StateError."""
    folder = StageFolder(path.absolute())
    try:
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StateError(path, reason, "Name a folder you may write.") from error
    return folder


def control_token(folder: StageFolder) -> Secret:
    """Read the token, or make it where this is the first program to need it. Raise StateError."""
    try:
        _make_token(folder.control_token_file)
        return folder.read_control_token()
    except OSError as error:
        reason = f"{folder.control_token_file.name} cannot be made ({error.strerror})"
        raise StateError(folder.path, reason, "Name a folder you may write.") from error


def _make_token(file: Path) -> None:
    if file.exists():
        return
    # Written first and named afterwards: of programs that start together the first one's counts,
    # and none reads a half.
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(_TOKEN_BYTES) + "\n")
        try:
            file.hardlink_to(name)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()
