# SPDX-License-Identifier: Apache-2.0
"""The TLS side of a stage's services: server certificates below the CA's root."""

import ssl
from collections.abc import Iterable

import httpx
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from .patience import PATIENCE_SECONDS

_LOOPBACK = ("127.0.0.1", "localhost")


def server_identity(
    issuer: x509.Certificate, issuer_key: PrivateKeyTypes, names: Iterable[str] = ()
) -> tuple[bytes, bytes]:
    """Issue a certificate for loopback and further names: its key, and its chain with the issuer.

    Raise ValueError for what is no name of a server.
    """
    issuer_pem = issuer.public_bytes(serialization.Encoding.PEM)
    key_pem = issuer_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    leaf = trustme.CA.from_pem(issuer_pem, key_pem).issue_cert(
        *dict.fromkeys((*_LOOPBACK, *names)),
        not_before=issuer.not_valid_before_utc,
        not_after=issuer.not_valid_after_utc,
    )
    # from_pem knows no parent, so trustme's own chain would stop short of the intermediate.
    return leaf.private_key_pem.bytes(), leaf.cert_chain_pems[0].bytes() + issuer_pem


def context_of(key: bytes, chain: bytes) -> ssl.SSLContext:
    """Make a server's context that sends its issuer along."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(key + chain).tempfile() as file:
        context.load_cert_chain(file)
    return context


def server_context(issuer: x509.Certificate, issuer_key: PrivateKeyTypes) -> ssl.SSLContext:
    """Make a context for a server on loopback."""
    return context_of(*server_identity(issuer, issuer_key))


def http_client() -> httpx.Client:
    """Open a client for http alone; over TLS it trusts nobody.

    The authorities that httpx would trust take a good part of a stage's start to be read.
    """
    return httpx.Client(
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False, timeout=PATIENCE_SECONDS
    )
