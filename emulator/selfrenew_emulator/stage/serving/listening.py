# SPDX-License-Identifier: Apache-2.0
"""Where the programs of a stage listen."""

from dataclasses import dataclass

from selfrenew_emulator.stage.server import HOST


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to bind, and the names under which others reach it, for TLS certificates."""

    host: str = HOST
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name by which others reach it: the first, or else this machine's own address."""
        return self.names[0] if self.names else HOST
