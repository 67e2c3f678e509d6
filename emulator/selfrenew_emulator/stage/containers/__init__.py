# SPDX-License-Identifier: Apache-2.0
"""The containers stage: the services in containers of a network of their own, driven by docker."""

from .blueprint import CA, PORTAL, READER, SERVICES, Blueprint
from .container import ServiceContainer
from .errors import (
    DaemonUnavailableError,
    DockerMissingError,
    DockerRefusedError,
    FleetError,
    FleetPortError,
    ImageMissingError,
    ServiceNotReadyError,
)
from .fleet import Fleet
from .stage import ContainersStage

__all__ = [
    "CA",
    "PORTAL",
    "READER",
    "SERVICES",
    "Blueprint",
    "ContainersStage",
    "DaemonUnavailableError",
    "DockerMissingError",
    "DockerRefusedError",
    "Fleet",
    "FleetError",
    "FleetPortError",
    "ImageMissingError",
    "ServiceContainer",
    "ServiceNotReadyError",
]
