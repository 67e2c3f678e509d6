# SPDX-License-Identifier: Apache-2.0
"""One agent in a person's session: a second one would ask for the same passcode again."""

import errno
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from platformdirs import user_runtime_path

from .errors import AlreadyRunningError, NoInstanceFolderError

_SESSION_VARIABLES = ("XDG_SESSION_ID", "SESSIONNAME", "DISPLAY")
"""What names a session where a person may have several on a machine; the first that is set."""


class SingleInstance:
    """Holds the session's one place while it is entered; the system frees it with the process.

    Raise AlreadyRunningError or NoInstanceFolderError.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ, folder: Path | None = None) -> None:
        name = next((environ[name] for name in _SESSION_VARIABLES if environ.get(name)), "")
        self._folder = folder or _runtime_folder()
        safe = "".join(character if character.isalnum() else "-" for character in name)
        self._path = self._folder / f"agent{'-' if safe else ''}{safe}.lock"
        self._file: int | None = None

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = _open(self._folder, self._path.name)
        except OSError as error:
            raise NoInstanceFolderError(self._folder, error.strerror or str(error)) from error
        try:
            _lock(file)
        except OSError as error:
            os.lseek(file, 0, os.SEEK_SET)
            process = os.read(file, 32).decode("ascii", "replace").strip()
            os.close(file)
            raise AlreadyRunningError(process) from error
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The file stays: to remove it would let two agents lock two files of the same name.
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _runtime_folder() -> Path:
    with warnings.catch_warnings():
        # That the system names none is no news to a person at the terminal.
        warnings.simplefilter("ignore", UserWarning)
        return user_runtime_path("selfrenew", appauthor=False)


if sys.platform == "win32":
    import msvcrt

    def _open(folder: Path, name: str) -> int:
        return os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)

    def _lock(file: int) -> None:
        # Far behind the number, which a second agent reads.
        os.lseek(file, 1 << 20, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _open(folder: Path, name: str) -> int:
        """Open a file in a folder of our own. Raise OSError.

        Without XDG_RUNTIME_DIR the folder is below /tmp, where anybody may have made it first, with
        a link to what is not to be written to.
        """
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(opened).st_uid != os.geteuid():
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            return os.open(name, flags, 0o600, dir_fd=opened)
        finally:
            os.close(opened)

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
