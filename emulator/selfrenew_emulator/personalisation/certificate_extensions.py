# SPDX-License-Identifier: Apache-2.0
"""What the certificates on a complete card hold beyond the CA's own: names and policies.

FIPS 201-2, appendix B, and the profiles that SP 800-85B tests for (section 7). The policies are
those a validator of PIV cards asks for; nothing is issued under them here, by a CA whose every name
says TEST.
"""

from collections.abc import Mapping

from cryptography import x509

from selfrenew.cmp.message import encode
from selfrenew_emulator.ca import (
    AUTHENTICATION,
    CARD_AUTHENTICATION,
    CONTENT_SIGNING,
    KEY_MANAGEMENT,
    SIGNING,
    Extensions,
    Profile,
)

from .card_identity import CardIdentity

Oid = x509.ObjectIdentifier

_POLICIES = {
    AUTHENTICATION: Oid("2.16.840.1.101.3.2.1.3.13"),
    SIGNING: Oid("2.16.840.1.101.3.2.1.3.7"),
    KEY_MANAGEMENT: Oid("2.16.840.1.101.3.2.1.3.7"),
    CARD_AUTHENTICATION: Oid("2.16.840.1.101.3.2.1.3.17"),
    CONTENT_SIGNING: Oid("2.16.840.1.101.3.2.1.3.39"),
}
_PIV_INTERIM = Oid("2.16.840.1.101.3.6.9.1")
_CONTENT_SIGNING = Oid("2.16.840.1.101.3.6.7")
_CARD_AUTH = Oid("2.16.840.1.101.3.6.8")
_PADDING = Oid("2.25.305871426059132879420731168204963218744")
_PAIR = (AUTHENTICATION.name, SIGNING.name)


def holder_extensions(identity: CardIdentity) -> dict[str, Extensions]:
    """Give what the holder's certificates hold, by the CA's profile."""
    return {
        AUTHENTICATION.name: (*_card_names(identity), *_issued_under(AUTHENTICATION)),
        SIGNING.name: _issued_under(SIGNING),
        KEY_MANAGEMENT.name: _issued_under(KEY_MANAGEMENT),
    }


def padded(extensions: Mapping[str, Extensions], number: int) -> dict[str, Extensions]:
    """Add an extension that means nothing, and so many bytes, to the certificates of the pair."""
    # Below the arc for identifiers that nobody has to register (ITU-T X.667).
    padding = _extension(x509.UnrecognizedExtension(_PADDING, encode(bytes(number))))
    return {
        name: (*extensions.get(name, ()), *((padding,) if name in _PAIR else ()))
        for name in {*extensions, *_PAIR}
    }


def card_extensions(identity: CardIdentity) -> dict[str, Extensions]:
    """Give what the card authentication certificate holds."""
    return {
        CARD_AUTHENTICATION.name: (
            *_card_names(identity),
            _extension(x509.ExtendedKeyUsage([_CARD_AUTH]), critical=True),
            *_issued_under(CARD_AUTHENTICATION),
        )
    }


def signer_extensions() -> dict[str, Extensions]:
    """Give what the content signer's certificate holds."""
    return {
        CONTENT_SIGNING.name: (
            _extension(x509.ExtendedKeyUsage([_CONTENT_SIGNING]), critical=True),
            *_issued_under(CONTENT_SIGNING),
        )
    }


def _card_names(identity: CardIdentity) -> Extensions:
    # FALSE: what is checked of a holder before the card is issued was checked to the end.
    interim = x509.UnrecognizedExtension(_PIV_INTERIM, encode(False))
    return _extension(identity.alternative_name), _extension(interim)


def _issued_under(profile: Profile) -> Extensions:
    policy = x509.PolicyInformation(_POLICIES[profile], None)
    return (_extension(x509.CertificatePolicies([policy])),)


def _extension(
    value: x509.ExtensionType, *, critical: bool = False
) -> x509.Extension[x509.ExtensionType]:
    return x509.Extension(value.oid, critical, value)
