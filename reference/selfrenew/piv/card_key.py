# SPDX-License-Identifier: Apache-2.0
"""A key on the card as a signer, for CMP and for a challenge of the Spine or card management."""

from dataclasses import dataclass, field
from typing import cast

from cryptography import x509

from selfrenew.secret import Secret

from .client import PivClient, PublicKey
from .errors import NotAuthenticatedError
from .references import KeyReference
from .signatures import algorithm_of, digest_for


@dataclass(frozen=True)
class CardKey:
    """Signs on the card; `certificate` is None while the key has none.

    The digital signature key wants the passcode immediately before each use (SP 800-73-4 Part 1,
    3.2.2), the other once after a reset, which is the caller's to do. A card may have been told to
    want it each time for the other too, as a YubiKey can be; that is found out by its refusal.
    """

    client: PivClient
    reference: KeyReference
    public_key: PublicKey
    passcode: Secret = field(repr=False)
    certificate: x509.Certificate | None = None

    @classmethod
    def certified(
        cls,
        client: PivClient,
        reference: KeyReference,
        certificate: x509.Certificate,
        passcode: Secret,
    ) -> "CardKey":
        """Take the key that goes with a certificate. Raise ValueError where no PIV card has one."""
        public_key = certificate.public_key()
        algorithm_of(public_key)  # refuses any other kind of key
        return cls(client, reference, cast("PublicKey", public_key), passcode, certificate)

    def sign(self, data: bytes) -> bytes:
        """Sign with SHA-256, a P-384 key with SHA-384. Raise PivError or TransportError."""
        if self.reference is KeyReference.DIGITAL_SIGNATURE:
            self.client.verify(self.passcode)
            return self._sign(data)
        try:
            return self._sign(data)
        except NotAuthenticatedError:
            if self.client.passcode_refused:  # to present it again would cost another try
                raise
            self.client.verify(self.passcode)
            return self._sign(data)

    def _sign(self, data: bytes) -> bytes:
        algorithm = algorithm_of(self.public_key)
        return self.client.sign(self.reference, algorithm, data, digest_for(algorithm))
