# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the configuration."""

from typing import Final

from selfrenew.messages.marking import phrase, text

NO_GUID: Final = text(
    "reader.location {location} is no card's GUID: write guid: and 32 hexadecimal digits, or a "
    "reader's name."
)
NO_CONFIGURATION: Final = text(
    "No configuration was named. Name its file with --config or {variable}; {example}."
)
CONFIGURATION_EXAMPLES: Final = {
    "selfrenew": phrase("'selfrenew-emulator up' writes one for a test"),
    "portal": phrase("docs/portal.md shows one"),
}
"""Where an example of a configuration is, by what it configures."""
NO_LISTENER: Final = text("{where} has to be an address with a port, not {value}.")
NO_TABLE: Final = text("{path}: {table} is no table. Write [{table}] above its keys.")
CONFIGURATION_UNREADABLE: Final = text(
    "Reading the configuration {path} failed: {why}. Name another file with --config or {variable}."
)
NO_TOML: Final = text("The configuration {path} is no TOML: {why}. Correct it.")
VALUE_MISSING: Final = text("{where} is missing. Set it there or as {variable}.")
NO_TEXT: Final = text("{where} has to be a text, not {value}.")
NO_PORT: Final = text("{where} has to be a port, 0 to {highest}, not {value}.")
NO_SECONDS: Final = text("{where} has to be a number of seconds, 0 to {highest}, not {value}.")
NO_CHOICE: Final = text("{where} has to be {known}, not {value}.")
NOBODYS_FOLDER: Final = text("{where}: {value} names nobody's folder.")
NO_ADDRESS: Final = text("{where} is no address: {why}.")
CREDENTIALS_IN_ADDRESS: Final = text("{where} must not hold a name or a password. Take it out.")
WRONG_SCHEME: Final = text("{where} has to be an {wanted} address, not {value}.")
KIND_TABLE: Final = phrase("table")
KIND_KEY: Final = phrase("key in [{table}]")
UNKNOWN_NAME: Final = text("{path}: unknown {what}: {unknown}. Known: {known}.")
NO_TRANSPORT: Final = text(
    "There is no transport '{wanted}' to reach cards by. Known here: {names}. Set reader.transport "
    "in {source}, or install what provides it."
)
TRANSPORT_UNUSABLE: Final = text(
    "The transport '{wanted}' cannot be used: {why}. Install what it needs, which for pcsc is the "
    "extra smartcard-selfrenew[pcsc], or set reader.transport in {source} to another one."
)
ANCHORS_UNREADABLE: Final = text(
    "Reading the trust anchors {path} failed: {why}. Set {table}.trust_anchors to a file with "
    "certificates in PEM."
)
