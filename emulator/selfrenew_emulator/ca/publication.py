# SPDX-License-Identifier: Apache-2.0
"""Where a CA tells of its certificates: the paths, and the extensions that name them.

RFC 5280, 4.2.1.13 (cRLDistributionPoints) and 4.2.2.1 (authorityInfoAccess); RFC 6960, 3.1.
"""

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from .records import Extensions

OCSP_PATH = "/ocsp"
CRL_PATH = "/crl"
CERTIFICATE_PATH = "/certificates"


class Publication:
    """The addresses under one base, as `http://ca.test:8081`.

    They are http: to check a TLS certificate by TLS would never end (RFC 5280, section 8).
    """

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")

    @property
    def ocsp(self) -> str:
        """The OCSP responder of every issuer."""
        return self._base + OCSP_PATH

    def crl(self, issuer: str) -> str:
        """Name an issuer's CRL."""
        return f"{self._base}{CRL_PATH}/{issuer}.crl"

    def certificates(self, issuer: str) -> str:
        """Name an issuer's own certificate, in certs-only CMS as FIPS 201 asks of a card."""
        return f"{self._base}{CERTIFICATE_PATH}/{issuer}.p7c"

    def extensions(self, issuer: str) -> Extensions:
        """Give what a certificate of an issuer says of where to ask about it."""
        access = x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _uri(self.ocsp)),
                x509.AccessDescription(
                    AuthorityInformationAccessOID.CA_ISSUERS, _uri(self.certificates(issuer))
                ),
            ]
        )
        crl = x509.DistributionPoint([_uri(self.crl(issuer))], None, None, None)
        return (
            x509.Extension(access.oid, critical=False, value=access),
            x509.Extension(
                x509.CRLDistributionPoints.oid,
                critical=False,
                value=x509.CRLDistributionPoints([crl]),
            ),
        )


def _uri(address: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(address)
