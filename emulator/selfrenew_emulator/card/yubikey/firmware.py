# SPDX-License-Identifier: Apache-2.0
"""Which YubiKey this is: what its version, its management application and its attestations say."""

VERSION = bytes((5, 7, 4))
FORM_FACTOR_USB_C_KEYCHAIN = 0x03
SERIAL_BYTES = 4


def version_text() -> str:
    """Write the version as people read it.

    >>> version_text()
    '5.7.4'
    """
    return ".".join(map(str, VERSION))
