# SPDX-License-Identifier: Apache-2.0
"""GENERATE ASYMMETRIC KEY PAIR and GENERAL AUTHENTICATE (SP 800-73-5 Part 2, 3.2.4 and 3.3.2)."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from selfrenew.piv.references import Algorithm

from .conftest import Terminal, make_terminal, tlv, value

MESSAGE = b"what is signed"
_SHA256_INFO = bytes.fromhex("3031300D060960864801650304020105000420")
CURVES = {Algorithm.P256: ec.SECP256R1(), Algorithm.P384: ec.SECP384R1()}
SYMMETRIC = [Algorithm.AES128, Algorithm.AES192, Algorithm.AES256, Algorithm.TDES]


def generate(
    terminal: Terminal, key: str, algorithm: Algorithm
) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    assert terminal.authenticate() == "9000"
    answer, sw = terminal.generate(key, algorithm)
    assert sw == "9000"
    template = value(answer, "7F49")
    if algorithm in CURVES:
        return ec.EllipticCurvePublicKey.from_encoded_point(
            CURVES[algorithm], value(template, "86")
        )
    modulus = value(template, "81")
    exponent = value(template[template.index(modulus) + len(modulus) :], "82")
    return rsa.RSAPublicNumbers(
        int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")
    ).public_key()


def sign(terminal: Terminal, key: str, algorithm: Algorithm, block: bytes) -> tuple[bytes, str]:
    template = tlv("7C", tlv("82", b"") + tlv("81", block))
    answer, sw = terminal.send(f"0087{algorithm:02X}{key}", template)
    return (value(value(answer, "7C"), "82"), sw) if sw == "9000" else (b"", sw)


@pytest.mark.parametrize("algorithm", [Algorithm.RSA2048, Algorithm.RSA3072, Algorithm.RSA4096])
def test_an_rsa_key_signs_the_block_it_is_given(terminal: Terminal, algorithm: Algorithm) -> None:
    public_key = generate(terminal, "9A", algorithm)
    assert isinstance(public_key, rsa.RSAPublicKey)
    terminal.verify()
    info = _SHA256_INFO + hashlib.sha256(MESSAGE).digest()
    size = public_key.key_size // 8
    block = b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info
    signature, sw = sign(terminal, "9A", algorithm, block)
    assert sw == "9000"
    public_key.verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    assert sign(terminal, "9A", algorithm, block[:-1])[1] == "6A80"


@pytest.mark.parametrize(
    ("algorithm", "hashed"), [(Algorithm.P256, hashes.SHA256()), (Algorithm.P384, hashes.SHA384())]
)
def test_an_elliptic_curve_key_signs_a_digest(
    terminal: Terminal, algorithm: Algorithm, hashed: hashes.HashAlgorithm
) -> None:
    public_key = generate(terminal, "9A", algorithm)
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    terminal.verify()
    digest = hashlib.new(hashed.name, MESSAGE).digest()
    signature, sw = sign(terminal, "9A", algorithm, digest)
    assert sw == "9000"
    public_key.verify(signature, MESSAGE, ec.ECDSA(hashed))


@pytest.mark.parametrize("algorithm", [Algorithm.P256, Algorithm.P384])
def test_a_key_management_key_agrees_on_a_secret(terminal: Terminal, algorithm: Algorithm) -> None:
    public_key = generate(terminal, "9D", algorithm)
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    terminal.verify()
    own = ec.generate_private_key(CURVES[algorithm])
    numbers, size = own.public_key().public_numbers(), CURVES[algorithm].key_size // 8
    point = b"\x04" + numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")
    template = tlv("7C", tlv("82", b"") + tlv("85", point))
    answer, sw = terminal.send(f"0087{algorithm:02X}9D", template)
    assert sw == "9000"
    assert value(value(answer, "7C"), "82") == own.exchange(ec.ECDH(), public_key)


def test_9a_needs_the_pin_once_and_9c_each_time(terminal: Terminal) -> None:
    generate(terminal, "9A", Algorithm.P256)
    generate(terminal, "9C", Algorithm.P256)
    digest = hashlib.sha256(MESSAGE).digest()
    terminal.card.reset()
    assert sign(terminal, "9A", Algorithm.P256, digest)[1] == "6982"
    assert sign(terminal, "9C", Algorithm.P256, digest)[1] == "6982"
    terminal.verify()
    assert sign(terminal, "9A", Algorithm.P256, digest)[1] == "9000"
    assert sign(terminal, "9A", Algorithm.P256, digest)[1] == "9000"
    assert sign(terminal, "9C", Algorithm.P256, digest)[1] == "6982"
    terminal.verify()
    assert sign(terminal, "9C", Algorithm.P256, digest)[1] == "9000"
    assert sign(terminal, "9C", Algorithm.P256, digest)[1] == "6982"


def test_9e_needs_no_pin(terminal: Terminal) -> None:
    generate(terminal, "9E", Algorithm.P256)
    terminal.card.reset()
    digest = hashlib.sha256(MESSAGE).digest()
    assert sign(terminal, "9E", Algorithm.P256, digest)[1] == "9000"


@pytest.mark.parametrize("key", ["9A", "9C", "9D", "9E"])
def test_making_a_key_needs_management_authentication(terminal: Terminal, key: str) -> None:
    terminal.verify()
    assert terminal.generate(key, Algorithm.P256)[1] == "6982"


@pytest.mark.parametrize("key", ["9B", "80", "82", "00", "F9"])
def test_other_references_take_no_new_key_pair(terminal: Terminal, key: str) -> None:
    assert terminal.authenticate() == "9000"
    assert terminal.generate(key, Algorithm.P256)[1] == "6A86"


@pytest.mark.parametrize("data", ["", "AC00", "AC0380010", "AC038001FF", "AC03800108", "800111"])
def test_a_mechanism_that_is_none_makes_no_key(terminal: Terminal, data: str) -> None:
    assert terminal.authenticate() == "9000"
    raw = bytes.fromhex(data if len(data) % 2 == 0 else data + "0")
    assert terminal.send("0047009A", raw)[1] == "6A80"
    assert sign(terminal, "9A", Algorithm.P256, bytes(32))[1] == "6A86"


@pytest.mark.parametrize("algorithm", SYMMETRIC, ids=lambda algorithm: algorithm.name)
def test_external_authentication(algorithm: Algorithm) -> None:
    terminal = make_terminal(algorithm, allow_tdes=algorithm is Algorithm.TDES)
    assert terminal.authenticate() == "9000"
    assert terminal.put("5FC102", b"x") == "9000"


@pytest.mark.parametrize("algorithm", SYMMETRIC, ids=lambda algorithm: algorithm.name)
def test_mutual_authentication(algorithm: Algorithm) -> None:
    terminal = make_terminal(algorithm, allow_tdes=algorithm is Algorithm.TDES)
    header = f"0087{algorithm:02X}9B"
    size = 8 if algorithm is Algorithm.TDES else 16
    answer, _ = terminal.send(header, bytes.fromhex("7C028000"))
    encrypted = value(value(answer, "7C"), "80")
    # The witness is ours to decrypt, and the challenge the card's to encrypt.
    witness = _decrypt(terminal, encrypted)
    challenge = bytes(range(size))
    answer, sw = terminal.send(
        header, tlv("7C", tlv("80", witness) + tlv("81", challenge) + tlv("82", b""))
    )
    assert sw == "9000"
    assert value(value(answer, "7C"), "82") == terminal.encrypt(challenge)
    assert terminal.put("5FC102", b"x") == "9000"


def test_a_wrong_answer_takes_back_what_was_granted(terminal: Terminal) -> None:
    assert terminal.authenticate() == "9000"
    terminal.send("00870A9B", bytes.fromhex("7C028100"))
    assert terminal.send("00870A9B", tlv("7C", tlv("82", bytes(16))))[1] == "6982"
    assert terminal.put("5FC102", b"x") == "6982"


def test_a_challenge_counts_once(terminal: Terminal) -> None:
    answer, _ = terminal.send("00870A9B", bytes.fromhex("7C028100"))
    response = tlv("7C", tlv("82", terminal.encrypt(value(value(answer, "7C"), "81"))))
    assert terminal.send("00870A9B", response)[1] == "9000"
    assert terminal.send("00870A9B", response)[1] != "9000"


def test_the_card_does_not_encrypt_its_own_challenge_for_anybody(terminal: Terminal) -> None:
    answer, _ = terminal.send("00870A9B", bytes.fromhex("7C028100"))
    challenge = value(value(answer, "7C"), "81")
    asked = tlv("7C", tlv("81", challenge) + tlv("82", b""))
    assert terminal.send("00870A9B", asked)[1] == "6A80"
    asked = tlv("7C", tlv("80", challenge) + tlv("81", challenge))
    assert terminal.send("00870A9B", asked)[1] != "9000"


def test_triple_des_is_off_unless_it_is_allowed() -> None:
    with pytest.raises(ValueError, match="allow_tdes"):
        make_terminal(Algorithm.TDES)


def test_a_key_of_another_algorithm_is_not_used(terminal: Terminal) -> None:
    generate(terminal, "9A", Algorithm.P256)
    terminal.verify()
    assert sign(terminal, "9A", Algorithm.P384, bytes(48))[1] == "6A86"
    assert sign(terminal, "9C", Algorithm.P256, bytes(32))[1] == "6A86"


def _decrypt(terminal: Terminal, block: bytes) -> bytes:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    key = terminal.management_key
    cipher = TripleDES(key) if terminal.algorithm is Algorithm.TDES else algorithms.AES(key)
    decryptor = Cipher(cipher, modes.ECB()).decryptor()  # noqa: S305  the standard's own
    return decryptor.update(block) + decryptor.finalize()
