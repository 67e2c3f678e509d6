# SPDX-License-Identifier: Apache-2.0
"""A configuration's tables: from TOML and the environment to frozen dataclasses, one a table.

A value of the environment replaces the file's: SELFRENEW_, the table and the key in capitals, such
as SELFRENEW_CA_URL. File names are relative to the file; those of the environment to the folder the
program was started in.
"""

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, NewType
from urllib.parse import urlsplit

from selfrenew import messages
from selfrenew.http import one_line

from .errors import ConfigurationError

Seconds = NewType("Seconds", int)
"""A length of time in a table."""
_PORT_MAX = 65535
_SECONDS_MAX = 86_400
_FURTHER = "further"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int


def further() -> Any:
    """Make the field of a table that takes the keys its other fields do not name."""
    return field(default_factory=dict, metadata={_FURTHER: True})


@dataclass(frozen=True, slots=True)
class TableReader:
    """Reads files of one kind; `variable` names such a file where nobody else does.

    Services in `plain_http` may have an address without TLS. `kind` names it in the texts.
    """

    tables: Mapping[str, type]
    variable: str
    kind: str
    plain_http: Collection[str] = ()

    def read(
        self, path: Path | None, environ: Mapping[str, str] | None
    ) -> tuple[Path, dict[str, Any]]:
        """Read a file; None takes the one `variable` names. Raise ConfigurationError."""
        environ = environ or {}
        if path is None:
            named = environ.get(self.variable)
            if not named:
                raise ConfigurationError(
                    messages.NO_CONFIGURATION.format(
                        variable=self.variable, example=messages.CONFIGURATION_EXAMPLES[self.kind]
                    )
                )
            path = Path(named)
        document = self._document(path)
        _refuse_unknown(path, messages.KIND_TABLE, document, self.tables)
        found = {}
        for name, kind in self.tables.items():
            table = document.get(name, {})
            if not isinstance(table, dict):
                raise ConfigurationError(messages.NO_TABLE.format(path=path, table=name))
            found[name] = self._build(path, name, kind, table, environ)
        return path, found

    def _document(self, path: Path) -> dict[str, Any]:
        try:
            return tomllib.loads(path.read_bytes().decode())
        except OSError as error:
            raise ConfigurationError(
                messages.CONFIGURATION_UNREADABLE.format(
                    path=path, why=error.strerror, variable=self.variable
                )
            ) from error
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(
                messages.NO_TOML.format(path=path, why=one_line(str(error)))
            ) from error

    def _build(
        self, path: Path, name: str, kind: type, table: dict[str, Any], environ: Mapping[str, str]
    ) -> object:
        every = {each.name: each for each in fields(kind)}
        known = {key: each for key, each in every.items() if _FURTHER not in each.metadata}
        values: dict[str, object] = {}
        if known == every:
            _refuse_unknown(path, messages.KIND_KEY.format(table=name), table, known)
        else:
            (rest,) = set(every) - set(known)
            values[rest] = {
                key: _text(f"{path}: {name}.{key}", value)
                for key, value in table.items()
                if key not in known
            }
        for key, each in known.items():
            variable = f"SELFRENEW_{name}_{key}".upper()
            where, folder = f"{path}: {name}.{key}", path.parent
            value = table.get(key)
            # Where nothing is a value too, it can replace the file's.
            empty_allowed = each.default == ""
            if environ.get(variable) or (empty_allowed and variable in environ):
                where, folder, value = variable, Path(), environ[variable]
            if value is None:
                if each.default is MISSING:
                    raise ConfigurationError(
                        messages.VALUE_MISSING.format(where=where, variable=variable)
                    )
                continue
            if each.type is int:
                values[key] = _port(where, value)
                continue
            if each.type is Seconds:
                values[key] = _seconds(where, value)
                continue
            text = _text(where, value, empty_allowed=empty_allowed)
            if key == "url":
                _check_url(where, text, plain=name in self.plain_http)
            values[key] = _read(where, folder, each.type, text)
        return kind(**values)


def _read(where: str, folder: Path, kind: Any, text: str) -> object:
    if kind is Path:
        return _path(where, folder, text)
    if kind is Address:
        return _address(where, text)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _word(where, kind, text)
    return text


def _text(where: str, value: object, *, empty_allowed: bool = False) -> str:
    if not isinstance(value, str) or not (value or empty_allowed):
        raise ConfigurationError(messages.NO_TEXT.format(where=where, value=repr(value)))
    return value


def _port(where: str, value: object) -> int:
    number = _number(value, _PORT_MAX)
    if number is None:
        raise ConfigurationError(
            messages.NO_PORT.format(where=where, highest=_PORT_MAX, value=repr(value))
        )
    return number


def _seconds(where: str, value: object) -> int:
    number = _number(value, _SECONDS_MAX)
    if number is None:
        raise ConfigurationError(
            messages.NO_SECONDS.format(where=where, highest=_SECONDS_MAX, value=repr(value))
        )
    return number


def _number(value: object, highest: int) -> int | None:
    # The environment has texts alone, TOML has true, which Python takes for 1.
    text = value if isinstance(value, str) else str(value) if type(value) is int else ""
    if not text.isascii() or not text.isdigit() or int(text) > highest:
        return None
    return int(text)


def _address(where: str, text: str) -> Address:
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise ConfigurationError(messages.NO_LISTENER.format(where=where, value=repr(text)))
    return Address(host.removeprefix("[").removesuffix("]"), _port(where, port))


def _word(where: str, kind: Callable[[str], StrEnum], text: str) -> StrEnum:
    try:
        return kind(text)
    except ValueError as error:
        words = (repr(word.value) for word in kind)  # type: ignore[attr-defined]
        known = f" {messages.OR} ".join(words)
        raise ConfigurationError(
            messages.NO_CHOICE.format(where=where, known=known, value=repr(text))
        ) from error


def _path(where: str, folder: Path, value: str) -> Path:
    try:
        return folder / Path(value).expanduser()
    except RuntimeError as error:
        raise ConfigurationError(
            messages.NOBODYS_FOLDER.format(where=where, value=repr(value))
        ) from error


def _check_url(where: str, value: str, *, plain: bool) -> None:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ConfigurationError(messages.NO_ADDRESS.format(where=where, why=error)) from error
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(messages.CREDENTIALS_IN_ADDRESS.format(where=where))
    if parts.scheme not in ({"http", "https"} if plain else {"https"}) or not parts.hostname:
        wanted = f"http {messages.OR} https" if plain else "https"
        raise ConfigurationError(
            messages.WRONG_SCHEME.format(where=where, wanted=wanted, value=repr(value))
        )


def _refuse_unknown(
    path: Path, what: str, found: Mapping[str, object], known: Mapping[str, object]
) -> None:
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise ConfigurationError(
            messages.UNKNOWN_NAME.format(
                path=path, what=what, unknown=", ".join(unknown), known=", ".join(known)
            )
        )
