# SPDX-License-Identifier: Apache-2.0
import selfrenew.iso7816
import selfrenew.piv
import selfrenew.transport
from selfrenew.piv import Algorithm, KeyReference, ReferenceDataQualifier


def test_the_numbers_are_those_of_the_standard() -> None:
    # SP 800-73-4 Part 1, tables 4a and 4b.
    assert [KeyReference[f"RETIRED_{number}"] for number in range(1, 21)] == list(range(0x82, 0x96))
    assert KeyReference.PIV_AUTHENTICATION == 0x9A
    assert KeyReference.MANAGEMENT == 0x9B
    assert KeyReference.DIGITAL_SIGNATURE == 0x9C
    assert KeyReference.KEY_MANAGEMENT == 0x9D
    assert KeyReference.CARD_AUTHENTICATION == 0x9E
    assert ReferenceDataQualifier.APPLICATION_PIN == 0x80
    assert ReferenceDataQualifier.PUK == 0x81
    assert (Algorithm.RSA2048, Algorithm.P256, Algorithm.P384) == (0x07, 0x11, 0x14)


def test_each_package_names_all_it_gives() -> None:
    for package in (selfrenew.iso7816, selfrenew.piv, selfrenew.transport):
        assert package.__doc__
        assert all(hasattr(package, name) for name in package.__all__)
        assert list(package.__all__) == sorted(package.__all__, key=_isort)


def _isort(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)
