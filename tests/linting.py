# SPDX-License-Identifier: Apache-2.0
"""What the linter finds, as pairs of code and path."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew_emulator.ca import linting


def lint(issued: x509.Certificate) -> list[tuple[str, str]]:
    """Lint a certificate after RFC 5280."""
    found = linting.lint_certificate(issued.public_bytes(Encoding.DER))
    return [(each.code, each.path) for each in found]


lint_crl = linting.lint_crl
lint_response = linting.lint_response
