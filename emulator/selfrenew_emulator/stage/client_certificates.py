# SPDX-License-Identifier: Apache-2.0
"""Has a server ask who connects over TLS for a certificate."""

import ssl
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

# X509_V_FLAG_NO_CHECK_TIME, which the ssl module has no name for.
_NO_CHECK_TIME = 0x200000


def ask_for_certificates(context: ssl.SSLContext, trusted: Sequence[x509.Certificate]) -> None:
    """Have a server ask its clients for a certificate that they may lack.

    Whether it is in its time is left to who reads it: a stage's clock is not this machine's.
    """
    context.load_verify_locations(
        cadata=b"".join(each.public_bytes(Encoding.DER) for each in trusted)
    )
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= _NO_CHECK_TIME
