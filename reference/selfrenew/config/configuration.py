# SPDX-License-Identifier: Apache-2.0
"""The configuration: which reader, which services, whom to trust; from TOML and environment.

A value of the environment replaces the file's: SELFRENEW_, the table and the key in capitals, such
as SELFRENEW_CA_URL. File names are relative to the file; those of the environment to the folder the
program was started in. What a reader's location means is for its transport. No secret is ever
configured.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selfrenew.http import one_line

from .errors import ConfigurationError

CONFIG_VARIABLE = "SELFRENEW_CONFIG"


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """How the card is reached: a transport by name, and where it finds the card."""

    transport: str
    location: str = ""


@dataclass(frozen=True, slots=True)
class CaSettings:
    """The CA: its CMP address without a profile, the profiles, the root of its certificates."""

    url: str
    trust_anchors: Path
    authentication_profile: str = "authentication"
    signing_profile: str = "signing"


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """A service by its address."""

    url: str


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """The roots of the services' TLS certificates."""

    trust_anchors: Path


@dataclass(frozen=True, slots=True)
class ContactSettings:
    """Whom a person turns to."""

    registration_authority: str = "your Registration Authority"
    it: str = "your IT service desk"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything a renewal has to be told before it starts; `source` is the file, for errors."""

    source: Path
    reader: ReaderSettings
    ca: CaSettings
    management: ServiceSettings
    spine: ServiceSettings
    tls: TlsSettings
    portal: ServiceSettings
    contacts: ContactSettings


# CMP protects its own messages (RFC 9811, 5), and the portal is only named to a person. To the
# other services tickets and consents travel, which have to be hidden.
_PLAIN_HTTP = frozenset({"ca", "portal"})
_TABLES: dict[str, type] = {
    "reader": ReaderSettings,
    "ca": CaSettings,
    "management": ServiceSettings,
    "spine": ServiceSettings,
    "tls": TlsSettings,
    "portal": ServiceSettings,
    "contacts": ContactSettings,
}


def load_configuration(
    path: Path | None = None, environ: Mapping[str, str] | None = None
) -> Configuration:
    """Load a configuration; `path` None takes the file SELFRENEW_CONFIG names.

    Raise ConfigurationError.
    """
    environ = environ or {}
    if path is None:
        named = environ.get(CONFIG_VARIABLE)
        if not named:
            raise ConfigurationError(
                f"No configuration was named. Name its file with --config or {CONFIG_VARIABLE}; "
                "'selfrenew-emulator up' writes one for a test."
            )
        path = Path(named)
    document = _read(path)
    _refuse_unknown(path, "table", document, _TABLES)
    tables: dict[str, Any] = {}
    for name, kind in _TABLES.items():
        table = document.get(name, {})
        if not isinstance(table, dict):
            raise ConfigurationError(f"{path}: {name} is no table. Write [{name}] above its keys.")
        tables[name] = _build(path, name, kind, table, environ)
    return Configuration(path, **tables)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigurationError(
            f"Reading the configuration {path} failed: {error.strerror}. Name another file with "
            f"--config or {CONFIG_VARIABLE}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"The configuration {path} is no TOML: {one_line(str(error))}. Correct it."
        ) from error


def _build(
    path: Path, name: str, kind: type, table: dict[str, Any], environ: Mapping[str, str]
) -> object:
    known = {each.name: each for each in fields(kind)}
    _refuse_unknown(path, f"key in [{name}]", table, known)
    values: dict[str, object] = {}
    for key, each in known.items():
        variable = f"SELFRENEW_{name}_{key}".upper()
        where, folder = f"{path}: {name}.{key}", path.parent
        value = table.get(key)
        if environ.get(variable):
            where, folder, value = variable, Path(), environ[variable]
        if value is None:
            if each.default is MISSING:
                raise ConfigurationError(f"{where} is missing. Set it there or as {variable}.")
            continue
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{where} has to be a text, not {value!r}.")
        if key == "url":
            _check_url(where, value, plain=name in _PLAIN_HTTP)
        values[key] = _path(where, folder, value) if each.type is Path else value
    return kind(**values)


def _path(where: str, folder: Path, value: str) -> Path:
    try:
        return folder / Path(value).expanduser()
    except RuntimeError as error:
        raise ConfigurationError(f"{where}: {value!r} names nobody's folder.") from error


def _check_url(where: str, value: str, *, plain: bool) -> None:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ConfigurationError(f"{where} is no address: {error}.") from error
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{where} must not hold a name or a password. Take it out.")
    if parts.scheme not in ({"http", "https"} if plain else {"https"}) or not parts.hostname:
        wanted = "http or https" if plain else "https"
        raise ConfigurationError(f"{where} has to be an {wanted} address, not {value!r}.")


def _refuse_unknown(
    path: Path, what: str, found: Mapping[str, object], known: Mapping[str, object]
) -> None:
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise ConfigurationError(
            f"{path}: unknown {what}: {', '.join(unknown)}. Known: {', '.join(known)}."
        )
