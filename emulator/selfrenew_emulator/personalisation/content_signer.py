# SPDX-License-Identifier: Apache-2.0
"""Who signs the objects of a card: a key of the card office with a certificate for just that.

FIPS 201-2, 4.2.1; SP 800-73-4 Part 1, 3.1.2.1 (CHUID) and 3.1.7 (security object); SP 800-76-2 on
the signature block of biometric data. The attributes' identifiers are those of FIPS 201-2,
appendix B.
"""

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from selfrenew.cmp.message import encode
from selfrenew.cmp.protection import PrivateKeySigner
from selfrenew_emulator.ca import CONTENT_SIGNING

from .card_identity import PIV_FASC_N, CardIdentity
from .enrolment import EnrolmentOffice
from .signed_data import Oid, attribute, signed_data

_CHUID = Oid("2.16.840.1.101.3.6.1")
_BIOMETRIC = Oid("2.16.840.1.101.3.6.2")
_SIGNER_DN = Oid("2.16.840.1.101.3.6.5")
_LDS_SECURITY_OBJECT = Oid("1.3.27.1.1.1")
_ENTRY_UUID = Oid("1.3.6.1.1.16.4")


@dataclass(frozen=True, slots=True)
class ContentSigner:
    """The card office's signature; one signs all the objects of a card."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    @classmethod
    def enrolled(
        cls, enrolment: EnrolmentOffice, subject: x509.Name, curve: ec.EllipticCurve
    ) -> "ContentSigner":
        """Make a key and have it certified. Raise EnrolmentFailedError."""
        key = ec.generate_private_key(curve)
        certificate = enrolment.enrol(CONTENT_SIGNING.name, subject, PrivateKeySigner(key))
        return cls(key, certificate)

    def sign_chuid(self, content: bytes) -> bytes:
        """Sign a CHUID; this is the one signature that brings the signer's certificate."""
        signer_name = attribute(_SIGNER_DN, self.certificate.subject.public_bytes())
        return signed_data(
            content,
            _CHUID,
            key=self.key,
            certificate=self.certificate,
            attributes=(signer_name,),
            with_certificate=True,
        )

    def sign_biometric(self, content: bytes, identity: CardIdentity) -> bytes:
        """Sign a CBEFF header with its record, for one card."""
        return signed_data(
            content,
            _BIOMETRIC,
            key=self.key,
            certificate=self.certificate,
            attributes=(
                attribute(_SIGNER_DN, self.certificate.subject.public_bytes()),
                attribute(PIV_FASC_N, encode(identity.fasc_n)),
                attribute(_ENTRY_UUID, encode(identity.guid)),
            ),
        )

    def sign_security_object(self, lds_security_object: bytes) -> bytes:
        """Sign an LDSSecurityObject, which is inside the answer."""
        return signed_data(
            lds_security_object,
            _LDS_SECURITY_OBJECT,
            key=self.key,
            certificate=self.certificate,
            external=False,
        )
