# SPDX-License-Identifier: Apache-2.0
"""The portal of another process: what starts it, and what it is started with."""

from typing import Protocol


class PortalHost(Protocol):
    """Runs `selfrenew-emulator portal` by the `portal.toml` of the stage's shared folder."""

    port: int
    """Where it is reached, on 127.0.0.1."""
    listen: str
    """The address that it binds, as its configuration has it."""
    spine: str
    """The address by which it reaches the Spine."""

    def start(self, fault: str | None = None) -> None:
        """Start it, with a fault or none, and return once it is well. Raise StageError."""

    def stop(self) -> None:
        """End it; ending it twice is harmless."""
