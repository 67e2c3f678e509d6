# SPDX-License-Identifier: Apache-2.0
"""The client of a control API: HTTP and JSON, with the token of the stage's shared folder."""

import json
import ssl
import time
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter

from selfrenew.secret import Secret
from selfrenew_emulator.stage.errors import ControlRefusedError, ControlUnreachableError
from selfrenew_emulator.stage.patience import PATIENCE_SECONDS

_POLL_SECONDS = 0.1
# Control APIs are HTTP alone, and httpx would load all authorities that are trusted by itself.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_Answer = TypeVar("_Answer")


class ControlClient:
    """Speaks to one program; any thread may, and `close` ends it."""

    def __init__(
        self, url: str, token: Secret, *, timeout_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self.url = url
        self._http = httpx.Client(
            base_url=url,
            verify=_NO_TLS,
            timeout=httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, 5.0)),
            trust_env=False,
            headers={"authorization": f"Bearer {token.reveal().decode()}"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        body: BaseModel | bytes | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> bytes:
        """Give the answer's body. Raise ControlUnreachableError or ControlRefusedError."""
        content = body.model_dump_json().encode() if isinstance(body, BaseModel) else body
        headers = {"content-type": "application/json"} if content is not None else {}
        try:
            answer = self._http.request(
                method, path, content=content, params=query, headers=headers
            )
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ControlUnreachableError(self.url, reason) from error
        if not answer.is_success:
            raise ControlRefusedError(
                f"{method} {self.url}{path}", answer.status_code, _detail(answer)
            )
        return answer.content

    def ask(
        self, kind: type[_Answer], method: str, path: str, *arguments: Any, **options: Any
    ) -> _Answer:
        """Give the answer as what it is. Raise as `call` does."""
        return TypeAdapter(kind).validate_json(self.call(method, path, *arguments, **options))


def wait_for(url: str, patience_seconds: float) -> None:
    """Return once the program at a control API's address is ready. Raise ControlUnreachableError.

    The programs of a stage are started together, so who needs another one waits for it.
    """
    deadline = time.monotonic() + patience_seconds
    with httpx.Client(base_url=url, verify=_NO_TLS, timeout=5.0, trust_env=False) as http:
        while True:
            try:
                answer = http.get("/health")
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                seen = str(error) or type(error).__name__
            else:
                if answer.is_success:
                    return
                seen = f"it answered {answer.status_code}"
            if time.monotonic() > deadline:
                reason = f"expected to be well within {patience_seconds:g} seconds, seen: {seen}"
                raise ControlUnreachableError(url, reason)
            time.sleep(_POLL_SECONDS)


def _detail(answer: httpx.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
    return detail if isinstance(detail, str) else json.dumps(detail)
