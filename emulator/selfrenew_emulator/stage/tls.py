# SPDX-License-Identifier: Apache-2.0
"""The TLS side of a stage's services: server certificates below the CA's root."""

import ipaddress
import re
import ssl
from collections.abc import Iterable
from datetime import timedelta

import httpx
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from selfrenew.clock import system_clock
from selfrenew_emulator.ca import CertificateAuthority

from .alerts import AlertingContext
from .patience import PATIENCE_SECONDS

_LOOPBACK = ("127.0.0.1", "localhost")
_SUBJECT = x509.Name.from_rfc4514_string("CN=NHS TEST Server,OU=servers,O=NHS TEST,C=GB")
# All that a P-256 key does in TLS, since it enciphers no keys (RFC 8813, 3).
_SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
_EARLIER, _TERM = timedelta(days=1), timedelta(days=730)
"""WebKit takes no server certificate that lasts for more than 825 days."""
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_HOST = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*", re.IGNORECASE)
"""RFC 1123, 2.1; with a wildcard for a whole label."""
_HOST_LETTERS = 253


def server_identity(ca: CertificateAuthority, names: Iterable[str] = ()) -> tuple[bytes, bytes]:
    """Issue a certificate for loopback and further names: its key, and its chain with the issuer.

    Raise ValueError for what is no name of a server.
    """
    issuer = ca.tls_issuer.certificate
    key = ec.generate_private_key(ec.SECP256R1())
    first, last = issuer.not_valid_before_utc, issuer.not_valid_after_utc
    # TLS is judged by the machine's clock, whatever the stage and so the issuer goes by.
    now = system_clock().replace(microsecond=0)
    now = min(max(now, first + _EARLIER), last - _EARLIER)
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
        issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    )
    told = x509.SubjectAlternativeName(
        [_name(each) for each in dict.fromkeys((*_LOOPBACK, *names))]
    )
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = (
        x509.CertificateBuilder()
        .subject_name(_SUBJECT)
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(min(now + _TERM, last))
        .add_extension(_SIGNS, critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(told, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority_key, critical=False)
    )
    chain = builder.sign(ca.tls_issuer.key, hashes.SHA256()), issuer
    ca.vouch_for(chain[0])
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        b"".join(each.public_bytes(Encoding.PEM) for each in chain),
    )


def _name(text: str) -> x509.GeneralName:
    """Take an address or the name of a host. Raise ValueError."""
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        host = text.encode("idna").decode("ascii")
    if len(host) > _HOST_LETTERS or not _HOST.fullmatch(host):
        raise ValueError(f"{text!r} is no name of a server")
    return x509.DNSName(host)


def context_of(key: bytes, chain: bytes) -> ssl.SSLContext:
    """Make a server's context that sends its issuer along."""
    context = AlertingContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(key + chain).tempfile() as file:
        context.load_cert_chain(file)
    return context


def server_context(ca: CertificateAuthority) -> ssl.SSLContext:
    """Make a context for a server on loopback."""
    return context_of(*server_identity(ca))


def http_client() -> httpx.Client:
    """Open a client for http alone; over TLS it trusts nobody.

    The authorities that httpx would trust take a good part of a stage's start to be read.
    """
    return httpx.Client(
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False, timeout=PATIENCE_SECONDS
    )
