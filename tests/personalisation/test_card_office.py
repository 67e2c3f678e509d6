# SPDX-License-Identifier: Apache-2.0
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from selfrenew.iso7816 import CommandApdu, Instruction, StatusWord, Tlv
from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.card import MANAGEMENT_KEY_BYTES, Card
from selfrenew_emulator.personalisation import CardOffice, CardRefusesError
from selfrenew_emulator.personalisation.card_identity import FASC_N
from selfrenew_emulator.personalisation.personalise import CARD_CAPABILITY_CONTAINER
from selfrenew_emulator.randomness import seeded

PIN = b"123456"
SLOT = KeyReference.DIGITAL_SIGNATURE


def blank(management: Algorithm = Algorithm.AES192) -> tuple[Card, bytes]:
    key = seeded("management")(MANAGEMENT_KEY_BYTES[management])
    card = Card.blank(
        pin=PIN,
        puk=b"87654321",
        management_key=key,
        management_algorithm=management,
        allow_tdes=management is Algorithm.TDES,
        randomness=seeded("card"),
    )
    return card, key


@pytest.mark.parametrize(
    "management", [Algorithm.TDES, Algorithm.AES128, Algorithm.AES192, Algorithm.AES256]
)
def test_an_object_is_written_after_management_authentication(management: Algorithm) -> None:
    card, key = blank(management)
    office = CardOffice(card.transmit)
    office.select()
    office.authenticate(key, management)
    office.write(DataObject.CARD_CAPABILITY_CONTAINER, CARD_CAPABILITY_CONTAINER)
    command = CommandApdu(0, Instruction.GET_DATA, 0x3F, 0xFF, bytes.fromhex("5C035FC107"), 256)
    expected = bytes(Tlv(0x53, CARD_CAPABILITY_CONTAINER)) + b"\x90\x00"
    assert card.transmit(bytes(command)) == expected


def test_nothing_is_written_without_it_and_the_refusal_names_the_step() -> None:
    card, _ = blank()
    office = CardOffice(card.transmit)
    office.select()
    with pytest.raises(CardRefusesError, match="Writing the card holder unique ident") as caught:
        office.write(DataObject.CHUID, b"\x30\x00")
    assert caught.value.sw == StatusWord.SECURITY_STATUS_NOT_SATISFIED


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P384, Algorithm.RSA2048])
def test_a_generated_key_signs_after_the_passcode(algorithm: Algorithm) -> None:
    card, key = blank()
    office = CardOffice(card.transmit)
    office.select()
    office.authenticate(key, Algorithm.AES192)
    public_key = office.generate(SLOT, algorithm)
    office.verify(PIN)
    signature = office.sign(SLOT, algorithm, b"data")
    if isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, b"data", padding.PKCS1v15(), hashes.SHA256())
    else:
        digest = hashes.SHA384() if algorithm is Algorithm.P384 else hashes.SHA256()
        public_key.verify(signature, b"data", ec.ECDSA(digest))


def test_the_fasc_n_is_that_of_no_agency() -> None:
    bits = "".join(f"{byte:08b}" for byte in FASC_N)
    groups = [bits[at : at + 5] for at in range(0, 200, 5)]
    digits = [int(group[3::-1], 2) for group in groups]
    assert all(group.count("1") % 2 for group in groups)
    start, separator, end = 0xB, 0xD, 0xF
    head = [start, *[9] * 4, separator, *[9] * 4, separator, *[9] * 6, separator]
    assert digits[: len(head)] == head
    assert digits[-2] == end
