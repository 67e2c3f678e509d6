# SPDX-License-Identifier: Apache-2.0
"""pkilint on what a CA makes, its linters put together as its own programs do.

pkilint is an extra (`smartcard-selfrenew[lint]`); LinterUnavailableError says so where it lacks.
"""

from dataclasses import dataclass
from functools import cache

from .errors import CaError

try:
    from pkilint import loader, pkix
    from pkilint.pkix import certificate, crl, extension, name
    from pkilint.pkix import ocsp as ocsp_lint
    from pkilint.validation import ValidationFindingSeverity, ValidatorContainer
except ImportError as error:  # pragma: no cover  the tests have it
    _MISSING: ImportError | None = error
else:
    _MISSING = None


class LinterUnavailableError(CaError):
    """Pkilint is not installed."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Linting failed: pkilint cannot be used ({reason}). "
            "Install it: pip install 'smartcard-selfrenew[lint]'"
        )


_NOT_DECODED = "selfrenew.not_decoded"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, by pkilint's code, and where; of what it cannot decode, why not."""

    code: str
    path: str


def lint_certificate(der: bytes) -> list[Finding]:
    """Lint a certificate after RFC 5280. Raise LinterUnavailableError."""
    _require()
    return _findings(_certificates(), loader.RFC5280CertificateDocumentLoader(), der)


def lint_crl(der: bytes) -> list[Finding]:
    """Lint a CRL after RFC 5280. Raise LinterUnavailableError."""
    _require()
    return _findings(_crls(), loader.RFC5280CertificateListDocumentLoader(), der)


def lint_response(der: bytes) -> list[Finding]:
    """Lint an OCSP response after RFC 6960. Raise LinterUnavailableError."""
    _require()
    return _findings(_responses(), loader.RFC6960OCSPResponseDocumentLoader(), der)


def _require() -> None:
    if _MISSING is not None:
        raise LinterUnavailableError(str(_MISSING))


def _findings(
    linter: "ValidatorContainer", documents: "loader.DocumentLoader", der: bytes
) -> list[Finding]:
    """Name what a linter finds beyond information, and what it stumbles over."""
    try:
        document = documents.load_der_document(der, "it")
        results = linter.validate(document.root)
    except Exception as error:  # noqa: BLE001  what cannot be decoded is as wrong as can be
        return [Finding(_NOT_DECODED, " ".join(str(error).split()))]
    return [
        Finding(found.finding.code, str(result.node.path))
        for result in results
        for found in result.finding_descriptions
        if found.finding.severity <= ValidationFindingSeverity.NOTICE
    ]


@cache
def _certificates() -> "ValidatorContainer":
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
        ),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


@cache
def _crls() -> "ValidatorContainer":
    return crl.create_pkix_crl_validator_container(
        _decoders(),
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )


@cache
def _responses() -> "ValidatorContainer":
    return ocsp_lint.create_pkix_ocsp_response_validator_container(
        [ocsp_lint.create_response_decoder(), *_decoders()], []
    )


def _decoders() -> list[object]:
    return [
        pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ]
