# SPDX-License-Identifier: Apache-2.0
"""The services of a stage as containers: ports, clocks, and how each tells that it is ready.

What the programs are started with stands in ci/containers/Dockerfile; here is what differs from
fleet to fleet.
"""

from collections.abc import Mapping
from dataclasses import dataclass

STAGE_MOUNT = "/stage"
STATE_MOUNT = "/state"
SOCKET_MOUNT = "/run/pcscd"
READER_NAME = "selfrenew"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A service: its image's target and name in the network, and its ports by what they are for.

    `health` is the path that answers once it is ready, on the port called `health_port`.
    `loads_copies` is for a program that copies libraries to its temporary folder and loads them.
    """

    name: str
    ports: Mapping[str, int]
    arguments: tuple[str, ...] = ()
    keeps_state: bool = True
    has_sockets: bool = False
    loads_copies: bool = False
    health: str = "/health"
    health_port: str = "control"
    secure: bool = False


def clock_argument(name: str) -> tuple[str, str]:
    """Name the clock of a service, which is its own so that it can be off."""
    return "--clock", f"{STAGE_MOUNT}/clock/{name}"


CA = Blueprint(
    "ca",
    {"cmp_http": 8080, "cmp_https": 8443, "status": 8081, "control": 9000},
    clock_argument("ca"),
)
SERVICES = Blueprint(
    "services",
    {"management": 8444, "spine": 8445, "control": 9001, "mail": 2525},
    clock_argument("services"),
)
READER = Blueprint(
    "reader",
    {"control": 9002},
    ("--reader-name", READER_NAME),
    has_sockets=True,
    loads_copies=True,
)
PORTAL = Blueprint(
    "portal",
    {"portal": 8446},
    clock_argument("portal"),
    keeps_state=False,
    health_port="portal",
    secure=True,
)
