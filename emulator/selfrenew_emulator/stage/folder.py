# SPDX-License-Identifier: Apache-2.0
"""The folder a stage keeps: keys, databases, cards, and what others need to find the stage.

`stage.json` describes it: `format` (1), `ports`, `enrolment` (the reference), `desk` (URL). Files
that hold a secret are readable by their owner only.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfrenew.secret import Secret

from .errors import StateError

FORMAT = 1
CARD_FILE = "alice.card"
_REMEDY = "Name another folder, or remove this one to start afresh."


@dataclass(frozen=True, slots=True)
class StageDescription:
    """What `stage.json` says: the ports of the last start and where cards are made."""

    ports: Mapping[str, int] = field(default_factory=dict)
    enrolment_reference: str = ""
    desk: str = ""


@dataclass(frozen=True, slots=True)
class StageFolder:
    """Names the files in a stage's folder."""

    path: Path

    @property
    def description_file(self) -> Path:
        """What the folder is."""
        return self.path / "stage.json"

    @property
    def root_file(self) -> Path:
        """The CA's root, PEM."""
        return self.path / "root.pem"

    @property
    def config_file(self) -> Path:
        """The configuration for `selfrenew --config`."""
        return self.path / "selfrenew.toml"

    @property
    def portal_config_file(self) -> Path:
        """The configuration for `selfrenew portal --config`, where the stage writes one."""
        return self.path / "portal.toml"

    @property
    def portal_certificate_file(self) -> Path:
        """The portal's TLS certificate with its issuer, PEM."""
        return self.path / "portal.pem"

    @property
    def portal_key_file(self) -> Path:
        """The key to it, PEM."""
        return self.path / "portal.key"

    @property
    def enrolment_secret_file(self) -> Path:
        """The shared secret of the reusable enrolment, one line."""
        return self.path / "enrolment.secret"

    @property
    def desk_token_file(self) -> Path:
        """The token that opens the desk where cards are made."""
        return self.path / "desk.token"

    @property
    def control_token_file(self) -> Path:
        """The token that opens the control APIs of programs that share the folder."""
        return self.path / "control.token"

    def clock_file(self, program: str) -> Path:
        """Name the file with the time that a program goes by, where it is not the system's."""
        return self.path / "clock" / program

    @property
    def card_file(self) -> Path:
        """The card of the stage's first person."""
        return self.path / CARD_FILE

    @property
    def ca_folder(self) -> Path:
        """The CA's keys and database."""
        return self.path / "ca"

    @property
    def management_file(self) -> Path:
        """Card management's database."""
        return self.path / "management.sqlite"

    @property
    def spine_file(self) -> Path:
        """The Spine's database."""
        return self.path / "spine.sqlite"

    @property
    def mail_folder(self) -> Path:
        """The mail that was sent."""
        return self.path / "mail"

    def read_description(self) -> StageDescription:
        """Read `stage.json`. Raise StateError where it is missing or of another version."""
        try:
            raw = json.loads(self.description_file.read_text("utf-8"))
        except FileNotFoundError as error:
            reason = "it holds no stage.json"
            remedy = (
                f"Start a stage there, selfrenew-emulator up --state {self.path}, or name the "
                "folder of one that runs with --state."
            )
            raise StateError(self.path, reason, remedy) from error
        except (OSError, ValueError) as error:
            reason = f"its stage.json cannot be read ({error})"
            raise StateError(self.path, reason, _REMEDY) from error
        return self._parse(raw)

    def _parse(self, raw: Any) -> StageDescription:
        version = raw.get("format") if isinstance(raw, dict) else None
        if version != FORMAT:
            reason = f"it is of format {version!r}, this program keeps format {FORMAT}"
            raise StateError(self.path, reason, _REMEDY)
        try:
            ports = {str(name): int(port) for name, port in raw["ports"].items()}
            return StageDescription(ports, str(raw["enrolment"]), str(raw["desk"]))
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            reason = f"its stage.json is damaged ({error!r})"
            raise StateError(self.path, reason, _REMEDY) from error

    def read_control_token(self) -> Secret:
        """Read the token of the control APIs. Raise StateError."""
        try:
            return Secret(self.control_token_file.read_text("ascii").strip())
        except OSError as error:
            reason = f"{self.control_token_file.name} cannot be read ({error.strerror})"
            raise StateError(self.path, reason, "Start the stage's programs on it.") from error

    def write_description(self, description: StageDescription) -> None:
        """Write `stage.json`, in one step."""
        text = json.dumps(
            {
                "format": FORMAT,
                "ports": dict(description.ports),
                "enrolment": description.enrolment_reference,
                "desk": description.desk,
            },
            indent=2,
        )
        self.write(self.description_file, text + "\n")

    def write(self, file: Path, text: str, *, secret: bool = False) -> None:
        """Replace a file in one step; a secret is readable by its owner only.

        Raise StateError.
        """
        try:
            self._replace(file, text, secret=secret)
        except OSError as error:
            reason = f"{file.name} cannot be written ({error.strerror})"
            raise StateError(self.path, reason, "Name a folder you may write.") from error

    def _replace(self, file: Path, text: str, *, secret: bool) -> None:
        handle, name = tempfile.mkstemp(dir=self.path, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            if not secret:
                Path(name).chmod(0o644)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def open_folder(path: Path) -> Iterator[StageFolder]:
    """Hold a folder for one stage, made where it is missing. Raise StateError."""
    folder = StageFolder(path.absolute())
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path / "stage.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(path, error.strerror or str(error), "Name one you may write.") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            reason = "another stage is running on it"
            raise StateError(path, reason, "Stop it, or name another folder.") from error
        yield folder
    finally:
        os.close(lock)
