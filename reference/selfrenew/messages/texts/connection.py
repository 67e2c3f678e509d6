# SPDX-License-Identifier: Apache-2.0
"""What fails between this program and a service."""

from typing import Final

from selfrenew.messages.marking import phrase, text

NO_URL: Final = text(
    "{attempted} failed: its address is no URL ({why}). Check the address in the configuration."
)
ATTEMPTED_AT: Final = phrase("{attempted} at {scheme}://{host}")
BUSY: Final = text("{where} was answered {status}: the service is busy. {remedy}")
REDIRECTED: Final = text(
    "{where} was answered with a redirection ({status}), which is not followed. Check the address "
    "in the configuration."
)
COMPRESSED: Final = text(
    "{where} was answered in compressed form, which was not asked for. Check the address in the "
    "configuration."
)
TOO_LONG: Final = text(
    "{where} was answered with more than {number} bytes. Check the address in the configuration."
)
TOO_SLOW: Final = text(
    "{where} got no whole answer in time. Check the network and try again later."
)
TLS_NOT_TRUSTED: Final = text(
    "{where}: the server's certificate is not trusted ({why}). Nothing was sent. Check the address "
    "and the trust anchors in the configuration."
)
TLS_FAILED: Final = text(
    "{where}: no TLS could be agreed on ({why}). Nothing was sent. Check the address in the "
    "configuration."
)
UNREACHABLE: Final = text("{where} failed: {why}. Check the network and try again later.")
