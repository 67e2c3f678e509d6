# SPDX-License-Identifier: Apache-2.0
from typing import Any

import pytest
from cryptography import x509

from selfrenew.cmp import CmpFormatError
from selfrenew.cmp.certificates import load_certificate
from selfrenew.cmp.message import certificate_der

ODD = {
    "no certificate": "",
    "empty": "",
    "version 4": "not a valid X509 version",
    "extension twice": "Duplicate 1.2.3.4 extension",
    "no point": "",
    "no curve": "",
    "broken extension": "",
    "x400 name": "x400Address",
    "no time": "",
}


def test_a_certificate_that_can_be_read_is_the_librarys(pki: Any) -> None:
    raw = certificate_der(pki.person.certificate)
    assert load_certificate(raw) == pki.person.certificate


@pytest.mark.parametrize("what", ODD)
def test_one_that_cannot_be_read_is_a_named_error(
    odd_certificates: dict[str, bytes], what: str
) -> None:
    with pytest.raises(CmpFormatError, match=f"the certificate cannot be read: .*{ODD[what]}"):
        load_certificate(odd_certificates[what])


def test_some_of_them_are_odd_only_on_a_second_look(odd_certificates: dict[str, bytes]) -> None:
    """Or the others would be enough to show that loading alone does not do."""
    late = {"extension twice", "no point", "no curve", "x400 name"}
    for what in late:
        x509.load_der_x509_certificate(odd_certificates[what])
    assert set(odd_certificates) == set(ODD)
