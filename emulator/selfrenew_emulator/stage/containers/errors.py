# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with containers.

StageError
└── FleetError                   the containers cannot be had, or do not do what they should
    ├── DockerMissingError       docker's client for Python is not installed
    ├── DaemonUnavailableError   no daemon answers, or not to this account
    ├── ImageMissingError        there is no image of these sources
    ├── FleetPortError           the ports that were taken for the fleet are another program's
    ├── DockerRefusedError       the daemon answered that it does not
    └── ServiceNotReadyError     a container runs, or ran, and its service is not ready
"""

from selfrenew_emulator.stage.errors import StageError

BUILD = "ci/containers/build"
RUN_DAEMON = "ci/docker"
_LAST_LINES = 5


class FleetError(StageError):
    """The containers cannot be had, or do not do what they should."""


class DockerMissingError(FleetError):
    """What speaks to docker is an extra."""

    def __init__(self) -> None:
        super().__init__(
            "Speaking to docker needs its client for Python, which is not installed. "
            "Install the extra: pip install 'smartcard-selfrenew[containers]'"
        )


class DaemonUnavailableError(FleetError):
    """No daemon answers, or not to this account."""

    def __init__(self, address: str, reason: str, *, forbidden: bool) -> None:
        remedy = (
            "Add your account to the group docker and sign in again, or run this as root."
            if forbidden
            else f"Start docker, name its address in DOCKER_HOST, or run this by {RUN_DAEMON}."
        )
        super().__init__(f"Asking docker at {address} failed: {reason}. {remedy}")


class ImageMissingError(FleetError):
    """The images are missing, or of other sources than the ones that are installed."""

    def __init__(self, image: str, others: int) -> None:
        found = f"only {others} of other sources" if others else "none of its name"
        super().__init__(
            f"Starting a container of {image} failed: there is no such image, {found}. "
            f"Build the images: {BUILD}"
        )


class FleetPortError(FleetError):
    """Ports that were free a moment ago are taken, and so were the next ones."""

    def __init__(self, container: str, reason: str) -> None:
        super().__init__(
            f"Publishing the ports of {container} on 127.0.0.1 failed: {reason}. "
            "End the program that uses them, or try again, which takes others."
        )


class DockerRefusedError(FleetError):
    """The daemon answered, and did not do it."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} failed: docker answered {reason}. Look at the daemon's own log.")


class ServiceNotReadyError(FleetError):
    """A service did not become ready; the facts are kept besides the text."""

    def __init__(self, container: str, expected: str, seen: str, log: str) -> None:
        lines = log.strip().splitlines()[-_LAST_LINES:]
        said = " | ".join(line.strip() for line in lines) or "nothing"
        super().__init__(
            f"Waiting for the container {container} failed: expected {expected}, seen: {seen}. "
            f"It said last: {said}. If the stage's folder stays empty, the daemon runs on another "
            "machine or does not share this one's files."
        )
        self.expected = expected
        self.seen = seen
