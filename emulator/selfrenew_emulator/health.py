# SPDX-License-Identifier: Apache-2.0
"""Asks a service whether it is well: `python3 -m selfrenew_emulator.health URL [ROOT]`.

The standard library alone, so that a container's health check starts fast. ROOT is the file with
the trust anchor of an https address. It ends with 0 for a 200, else with 1 and the reason.
"""

import ssl
import sys
import urllib.error
import urllib.request
from http import HTTPStatus

_TIMEOUT_SECONDS = 5
_ARGUMENTS = (2, 3)


def ailment(url: str, root: str | None = None) -> str | None:
    """Tell what is wrong with the service at an address; None where it is well."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    try:
        if root is not None:
            context = ssl.create_default_context(cafile=root)
            handlers.append(urllib.request.HTTPSHandler(context=context))
        opener = urllib.request.build_opener(*handlers)
        with opener.open(url, timeout=_TIMEOUT_SECONDS) as answer:
            status = int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered {error.code}, not {HTTPStatus.OK.value}"
    except (OSError, ValueError) as error:
        return str(error)
    return None if status == HTTPStatus.OK else f"it answered {status}, not {HTTPStatus.OK.value}"


def main(arguments: list[str]) -> int:
    """Check the address that is the argument."""
    if len(arguments) not in _ARGUMENTS:
        sys.stderr.write("Usage: python3 -m selfrenew_emulator.health URL [ROOT]\n")
        return 2
    reason = ailment(*arguments[1:])
    if reason is not None:
        sys.stderr.write(f"Asking {arguments[1]} failed: {reason}. Look at the service's log.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
