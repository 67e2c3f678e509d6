# SPDX-License-Identifier: Apache-2.0
"""The docker daemon: found, or named with the remedy; its refusals, and the images it has."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import selfrenew
import selfrenew_emulator

from .errors import (
    DaemonUnavailableError,
    DockerMissingError,
    DockerRefusedError,
    ImageMissingError,
)
from .source_digest import source_digest

if TYPE_CHECKING:
    from docker import DockerClient

TAG_VARIABLE = "SELFRENEW_IMAGE_TAG"
_DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
_IMAGE_USER = 10001
_TIMEOUT_SECONDS = 120


def open_docker() -> "DockerClient":
    """Connect to the daemon that DOCKER_HOST names, or the machine's.

    Raise DockerMissingError or DaemonUnavailableError.
    """
    try:
        from docker import DockerClient  # noqa: PLC0415  an extra
        from docker.errors import DockerException  # noqa: PLC0415  the same
    except ImportError as error:
        raise DockerMissingError from error
    try:
        client = DockerClient.from_env(timeout=_TIMEOUT_SECONDS)
        try:
            client.ping()
        except BaseException:
            client.close()
            raise
    except (DockerException, OSError) as error:
        raise DaemonUnavailableError(
            os.environ.get("DOCKER_HOST") or _DEFAULT_ADDRESS,
            _innermost(error),
            forbidden=_is_forbidden(error),
        ) from error
    return client


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Name what the daemon was asked for when it refuses. Raise DockerRefusedError."""
    from docker.errors import APIError  # noqa: PLC0415  an extra

    try:
        yield
    except APIError as error:
        raise DockerRefusedError(what, str(error.explanation or error).strip()) from error


def image_of(client: "DockerClient", target: str) -> str:
    """Name the image of a target that is of the sources running here. Raise ImageMissingError.

    SELFRENEW_IMAGE_TAG names another one.
    """
    from docker.errors import ImageNotFound  # noqa: PLC0415  an extra

    tag = os.environ.get(TAG_VARIABLE) or installed_digest()
    name = f"selfrenew-{target}"
    try:
        client.images.get(f"{name}:{tag}")
    except ImageNotFound as error:
        raise ImageMissingError(f"{name}:{tag}", len(client.images.list(name))) from error
    return f"{name}:{tag}"


def installed_digest() -> str:
    """Digest the packages as they are installed here."""
    modules = (selfrenew, selfrenew_emulator)
    return source_digest(Path(str(module.__file__)).parent for module in modules)


def container_user(client: "DockerClient") -> tuple[int, int]:
    """Tell who programs in containers run as, so that both sides may use what they share.

    It is whoever runs the fleet, or the images' own user where that is root. A rootless daemon's
    root is that same person.
    """
    if any("rootless" in option for option in client.info().get("SecurityOptions") or ()):
        return 0, 0
    if os.geteuid() == 0:
        return _IMAGE_USER, _IMAGE_USER
    return os.geteuid(), os.getegid()


def _innermost(error: BaseException) -> str:
    found = _chain(error)[-1]
    return str(getattr(found, "strerror", None) or found)


def _is_forbidden(error: BaseException) -> bool:
    return any(isinstance(each, PermissionError) for each in _chain(error))


def _chain(error: BaseException) -> list[BaseException]:
    """List an error and what it came of; libraries hand those on as arguments too."""
    found = [error]
    while True:
        last = found[-1]
        further = [each for each in last.args if isinstance(each, BaseException)]
        inner = last.__cause__ or last.__context__ or next(iter(further), None)
        if inner is None or inner in found:
            return found
        found.append(inner)
