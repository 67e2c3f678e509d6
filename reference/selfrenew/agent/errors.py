# SPDX-License-Identifier: Apache-2.0
"""What the agent cannot do, and says no to.

AgentError
├── NoCertificateError       the card has no authentication certificate
│   └── UnsupportedAtSignInError  it has one for a kind of key that is not known here
├── CertificateExpiredError  the Spine no longer takes it
├── NoSuchRoleError          the role that was chosen is not the person's
├── AgentStoppedError        the agent is being ended
├── OperationBusyError       another operation is under way
├── OperationGivenUpError    it was followed by another one
├── NoSuchOperationError     the operation is not, or no longer, known
├── NoCodeWantedError        the operation does not wait for a code
├── TicketUsedError          the portal's leave was taken before
├── NoRoleChosenError        the person put the list of roles away
├── AlreadyRunningError      an agent runs in this session already
├── NoInstanceFolderError    agents have no folder to see one another in
├── NoDialogsError           there is neither a display nor a terminal
├── UnwatchedReaderError     the reader does not tell of cards by itself
└── PortTakenError           another program listens at the loopback port
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from selfrenew import messages
from selfrenew.services import Role


class AgentError(Exception):
    """The agent cannot do what was asked of it."""


class NoCertificateError(AgentError):
    """The card has no authentication certificate."""

    def __init__(self, told: str | None = None) -> None:
        super().__init__(messages.NO_CERTIFICATE if told is None else told)


class UnsupportedAtSignInError(NoCertificateError):
    """The authentication certificate is for a kind of key that is not known here."""

    def __init__(self) -> None:
        super().__init__(messages.UNSUPPORTED_AT_SIGN_IN)


class CertificateExpiredError(AgentError):
    """The Spine no longer takes the authentication certificate."""

    def __init__(self, since: datetime) -> None:
        super().__init__(messages.EXPIRED_AT_SIGN_IN.format(since=since))
        self.since = since


class NoSuchRoleError(AgentError):
    """The person does not have the role that was chosen."""

    def __init__(self, wanted: str, roles: Sequence[Role]) -> None:
        known = ", ".join(f"{role.id} ({role.name})" for role in roles) or messages.NONE_AT_ALL
        super().__init__(messages.NO_SUCH_ROLE.format(wanted=wanted, roles=known))


class AgentStoppedError(AgentError):
    """The agent is being ended, and what it was asked for with it."""

    def __init__(self) -> None:
        super().__init__(messages.AGENT_STOPPED)


class OperationBusyError(AgentError):
    """The card is in the middle of another operation."""

    def __init__(self) -> None:
        super().__init__(messages.OPERATION_BUSY)


class OperationGivenUpError(AgentError):
    """The operation waited for its holder, who began another one."""

    def __init__(self) -> None:
        super().__init__(messages.OPERATION_GIVEN_UP)


class NoSuchOperationError(AgentError):
    """No operation of that name is known."""

    def __init__(self) -> None:
        super().__init__(messages.NO_SUCH_OPERATION)


class NoCodeWantedError(AgentError):
    """The operation does not wait for a code."""

    def __init__(self) -> None:
        super().__init__(messages.NO_CODE_WANTED)


class TicketUsedError(AgentError):
    """The ticket started an operation before."""

    def __init__(self) -> None:
        super().__init__(messages.TICKET_USED)


class PortTakenError(AgentError):
    """Another program listens where the page would look for the agent."""

    def __init__(self, port: int, why: str) -> None:
        super().__init__(messages.AGENT_PORT_TAKEN.format(port=port, why=why))


class NoRoleChosenError(AgentError):
    """The person put the list of her roles away; nobody is signed in."""

    def __init__(self) -> None:
        super().__init__(messages.NO_ROLE_CHOSEN)


class AlreadyRunningError(AgentError):
    """An agent runs in this session already."""

    def __init__(self, process: str) -> None:
        super().__init__(messages.ALREADY_RUNNING.format(process=process or "?"))


class NoInstanceFolderError(AgentError):
    """There is no folder in which agents can see one another."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(messages.NO_INSTANCE_FOLDER.format(path=path, why=why))


class NoDialogsError(AgentError):
    """There is neither a display nor a terminal to ask at."""

    def __init__(self) -> None:
        super().__init__(messages.NO_DIALOGS)


class UnwatchedReaderError(AgentError):
    """The reader does not tell of cards by itself, and an agent lives of that."""

    def __init__(self, name: str) -> None:
        super().__init__(messages.UNWATCHED_READER.format(reader=name))
