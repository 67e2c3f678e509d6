# SPDX-License-Identifier: Apache-2.0
"""Java's keytool takes the card for a keystore, through its own PKCS#11 provider and OpenSC."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from selfrenew.piv.references import Algorithm

from .conftest import Insert, Printed
from .issued_card import AUTHENTICATION, PIN, four_keys

pytestmark = pytest.mark.interop

AUTHENTICATION_ALIAS = "Certificate for PIV Authentication"


@pytest.fixture
def keytool(printed: Printed, opensc_module: Path, tmp_path: Path) -> Callable[..., str]:
    """Run keytool on the card in the first reader."""
    settings = tmp_path / "card.cfg"
    settings.write_text(f"name = card\nlibrary = {opensc_module}\nslotListIndex = 0\n")
    provider = ("-providerClass", "sun.security.pkcs11.SunPKCS11", "-providerArg", settings)
    store = ("-keystore", "NONE", "-storetype", "PKCS11", "-storepass", PIN)
    return lambda *arguments: printed("keytool", *arguments, *store, *provider)


def test_a_keystore_has_every_key_with_its_certificate(
    insert: Insert, keytool: Callable[..., str]
) -> None:
    issued = insert(four_keys(Algorithm.P256))
    entries = re.findall(r"PrivateKeyEntry, \n.*\(SHA-256\): ([0-9A-F:]+)", keytool("-list"))
    certificates = issued.certificates.values()
    fingerprints = (each.fingerprint(hashes.SHA256()).hex(":").upper() for each in certificates)
    assert sorted(entries) == sorted(fingerprints)


@pytest.mark.parametrize("algorithm", [Algorithm.RSA2048, Algorithm.P256, Algorithm.P384])
def test_a_key_signs_a_request(
    insert: Insert, keytool: Callable[..., str], algorithm: Algorithm
) -> None:
    issued = insert(four_keys(algorithm))
    pem = keytool("-certreq", "-alias", AUTHENTICATION_ALIAS)
    request = x509.load_pem_x509_csr(pem.encode())
    assert request.is_signature_valid
    assert request.public_key() == issued.certificates[AUTHENTICATION].public_key()
