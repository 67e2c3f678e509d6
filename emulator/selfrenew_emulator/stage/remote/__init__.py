# SPDX-License-Identifier: Apache-2.0
"""A stage whose programs are elsewhere: a client for each control API, and the stage of them."""

from .faults import RemoteCaFront, RemoteFault, RemoteFaults
from .portal import PortalHost
from .stage import Controls, RemoteStage, shared_clock

__all__ = [
    "Controls",
    "PortalHost",
    "RemoteCaFront",
    "RemoteFault",
    "RemoteFaults",
    "RemoteStage",
    "shared_clock",
]
