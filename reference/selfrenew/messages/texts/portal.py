# SPDX-License-Identifier: Apache-2.0
"""What keeps a portal from starting."""

from typing import Final

from selfrenew.messages.marking import text

BROWSER_TABLE_UNREADABLE: Final = text(
    "Reading the table of browsers {source} failed: {why}. Correct it, or set browsers.table to "
    "'modern'."
)
ASSETS_MISSING: Final = text(
    "The page's style sheet is not in {folder}. In a source tree, build it with ci/assets, which "
    "needs npm; an installed wheel brings it along."
)
PORTAL_PORT_TAKEN: Final = text(
    "Listening on {host}:{port} failed ({why}). End the program that uses the port, or set "
    "portal.listen to another one."
)
PORTAL_EXTRA_MISSING: Final = text(
    "The portal needs {name}, which is not installed. Install the extra that brings it: pip "
    "install 'smartcard-selfrenew[portal]'."
)
PORTAL_TLS_UNREADABLE: Final = text(
    "Reading {path} failed: {why}. Set portal.certificate and portal.key to the files of the "
    "portal's TLS certificate and its key, in PEM."
)
PORTAL_TLS_UNUSABLE: Final = text(
    "Using the TLS certificate {certificate} with the key {key} failed: {why}. Both have to be "
    "PEM, belong together, and need no password."
)
