# SPDX-License-Identifier: Apache-2.0
"""The TLS side of a stage's services: one server certificate for loopback, below the CA's root."""

import ssl

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


def server_context(issuer: x509.Certificate, issuer_key: PrivateKeyTypes) -> ssl.SSLContext:
    """Make a server context for 127.0.0.1 and localhost that sends its issuer along."""
    issuer_pem = issuer.public_bytes(serialization.Encoding.PEM)
    key_pem = issuer_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    leaf = trustme.CA.from_pem(issuer_pem, key_pem).issue_cert(
        "127.0.0.1",
        "localhost",
        not_before=issuer.not_valid_before_utc,
        not_after=issuer.not_valid_after_utc,
    )
    # from_pem knows no parent, so trustme's own chain would stop short of the intermediate.
    chain = leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes() + issuer_pem
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(chain).tempfile() as file:
        context.load_cert_chain(file)
    return context
