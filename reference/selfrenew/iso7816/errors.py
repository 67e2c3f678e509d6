# SPDX-License-Identifier: Apache-2.0
"""The base of this package's errors.

Iso7816Error
├── ApduFormatError  bytes that are no command or no answer
└── TlvFormatError   bytes that are no BER-TLV
"""


class Iso7816Error(Exception):
    """Bytes do not have the form that ISO/IEC 7816-4 gives them."""
