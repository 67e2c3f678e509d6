# SPDX-License-Identifier: Apache-2.0
"""GENERATE ASYMMETRIC KEY PAIR and GENERAL AUTHENTICATE (SP 800-73-4 Part 2, 3.2.4 and 3.3.2)."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

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


@pytest.mark.parametrize("asked", ["7C028000", "7C0480008100", "7C0481008000", "7C06800081008200"])
@pytest.mark.parametrize("algorithm", SYMMETRIC, ids=lambda algorithm: algorithm.name)
def test_mutual_authentication(algorithm: Algorithm, asked: str) -> None:
    terminal = make_terminal(algorithm, allow_tdes=algorithm is Algorithm.TDES)
    header = f"0087{algorithm:02X}9B"
    size = 8 if algorithm is Algorithm.TDES else 16
    answer, _ = terminal.send(header, bytes.fromhex(asked))
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


# Part 2, 2.4.2: what is aborted is as good as failed.
@pytest.mark.parametrize("step", ["7C028100", "7C028000"])
def test_a_protocol_that_is_begun_and_left_takes_back_what_was_granted(
    terminal: Terminal, step: str
) -> None:
    assert terminal.authenticate() == "9000"
    terminal.send("00870A9B", bytes.fromhex(step))
    assert terminal.put("5FC102", b"x") == "6982"
    assert terminal.authenticate() == "9000"
    assert terminal.put("5FC102", b"x") == "9000"


# Refused for its template, its key, its algorithm, or its rule: each is a protocol left.
@pytest.mark.parametrize("asked", ["7C028100", "7C028000"])
@pytest.mark.parametrize(
    ("between", "sw"),
    [
        ("00870A9B02530000", "6A80"),
        ("00870A9B067C048100810000", "6A80"),
        ("00870A9B", "6A80"),
        ("00870A01047C02810000", "6A86"),
        ("0087279B047C02810000", "6A86"),
        ("00872704047C02810000", "6A86"),
        ("0087119A067C048100820000", "6982"),
    ],
)
def test_a_refused_command_ends_the_protocol_it_comes_into(
    terminal: Terminal, asked: str, between: str, sw: str
) -> None:
    generate(terminal, "9A", Algorithm.P256)
    answer, _ = terminal.send("00870A9B", bytes.fromhex(asked))
    given = value(value(answer, "7C"), asked[4:6])
    assert terminal.raw(between) == sw
    if asked == "7C028100":
        shown = tlv("82", terminal.encrypt(given))
    else:
        shown = tlv("80", _decrypt(terminal, given)) + tlv("81", bytes(16))
    assert terminal.send("00870A9B", tlv("7C", shown))[1] == "6982"
    assert terminal.put("5FC102", b"x") == "6982"


# What names no key of the card is no protocol with 9B, and takes nothing back.
@pytest.mark.parametrize(
    ("command", "sw", "granted"),
    [
        ("00870A9B02530000", "6A80", "6982"),
        ("00870A9B067C048100810000", "6A80", "6982"),
        ("00870A9B", "6A80", "6982"),
        ("0087279B047C02810000", "6A86", "9000"),
        ("00870A01047C02810000", "6A86", "9000"),
    ],
)
def test_a_template_of_no_form_takes_back_what_was_granted(
    terminal: Terminal, command: str, sw: str, granted: str
) -> None:
    assert terminal.authenticate() == "9000"
    assert terminal.raw(command) == sw
    assert terminal.put("5FC102", b"x") == granted


def test_a_challenge_counts_once(terminal: Terminal) -> None:
    answer, _ = terminal.send("00870A9B", bytes.fromhex("7C028100"))
    response = tlv("7C", tlv("82", terminal.encrypt(value(value(answer, "7C"), "81"))))
    assert terminal.send("00870A9B", response)[1] == "9000"
    assert terminal.send("00870A9B", response)[1] == "6982"


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


def test_a_block_padded_otherwise_is_signed_as_it_is(terminal: Terminal) -> None:
    public_key = generate(terminal, "9E", Algorithm.RSA2048)
    assert isinstance(public_key, rsa.RSAPublicKey)
    numbers = public_key.public_numbers()
    blocks = [
        bytes(255) + b"\x02",
        b"\x00\x02" + 200 * b"\x17" + b"\x00" + 53 * b"\x01",
        b"\x00\x01" + 7 * b"\xff" + b"\x00" + 246 * b"\x01",
        b"\x00\x01" + 254 * b"\xff",
        b"\x00\x01" + 253 * b"\xff" + b"\x00",
    ]
    for block in blocks:
        signature, sw = sign(terminal, "9E", Algorithm.RSA2048, block)
        assert sw == "9000"
        assert len(signature) == 256
        opened = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n)
        assert opened.to_bytes(256, "big") == block
    assert sign(terminal, "9E", Algorithm.RSA2048, 256 * b"\xff")[1] == "6A80"
    assert sign(terminal, "9E", Algorithm.RSA2048, b"")[1] == "6A80"


def test_an_rsa_key_takes_a_wrapped_key_out(terminal: Terminal) -> None:
    public_key = generate(terminal, "9D", Algorithm.RSA2048)
    assert isinstance(public_key, rsa.RSAPublicKey)
    terminal.verify()
    wrapped = public_key.encrypt(b"content key", padding.PKCS1v15())
    block, sw = sign(terminal, "9D", Algorithm.RSA2048, wrapped)
    assert sw == "9000"
    assert block.startswith(b"\x00\x02")
    assert block.endswith(b"\x00content key")


@pytest.mark.parametrize("length", [1, 20, 31, 32, 48, 64])
def test_a_digest_of_another_length_counts_as_ecdsa_has_it(terminal: Terminal, length: int) -> None:
    public_key = generate(terminal, "9E", Algorithm.P256)
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    digest = bytes(range(1, length + 1))
    signature, sw = sign(terminal, "9E", Algorithm.P256, digest)
    assert sw == "9000"
    # FIPS 186-5, 6.4: a number, of which the leftmost 256 bits count.
    as_wide = digest[:32].rjust(32, b"\0")
    public_key.verify(signature, as_wide, ec.ECDSA(Prehashed(hashes.SHA256())))
    assert sign(terminal, "9E", Algorithm.P256, b"")[1] == "6A80"


@pytest.mark.parametrize(
    "template",
    [
        *("", "7C00", "7C028200", "7C028100", "7C0382008101", "7C05820081017F00"),
        *("7D05820081017F", "7C0782008101018101FF", "7C0682018101017F", "7C0282018101"),
        *("7C078200810101850104", "7C058200850104"),
    ],
)
def test_a_template_that_asks_nothing_is_refused(terminal: Terminal, template: str) -> None:
    generate(terminal, "9E", Algorithm.P256)
    assert terminal.send("0087119E", bytes.fromhex(template))[1] == "6A80"
    assert sign(terminal, "9E", Algorithm.P256, bytes(32))[1] == "9000"


def test_no_secret_is_agreed_with_a_point_that_is_none(terminal: Terminal) -> None:
    generate(terminal, "9D", Algorithm.P256)
    terminal.verify()
    generator = bytes.fromhex("036B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296")
    for point in (b"", b"\x00", b"\x04" + bytes(64), b"\x04" + 64 * b"\xff", generator):
        template = tlv("7C", tlv("82", b"") + tlv("85", point))
        assert terminal.send("0087119D", template)[1] == "6A80"


# Part 2, table 20: the chain, the portion of 256 bytes, 61 08, and the rest.
def test_the_standards_example_of_a_chained_signature(terminal: Terminal) -> None:
    public_key = generate(terminal, "9A", Algorithm.RSA2048)
    assert isinstance(public_key, rsa.RSAPublicKey)
    terminal.verify()
    info = _SHA256_INFO + hashlib.sha256(MESSAGE).digest()
    block = b"\x00\x01" + (253 - len(info)) * b"\xff" + b"\x00" + info
    template = bytes.fromhex("7C82010682008182") + b"\x01\x00" + block
    transmit = terminal.card.transmit
    assert transmit(bytes.fromhex("1087079AFF") + template[:255]) == b"\x90\x00"
    first = transmit(bytes.fromhex("0087079A0B") + template[255:] + b"\x00")
    assert (len(first), first[:8].hex(), first[-2:].hex()) == (258, "7c82010482820100", "6108")
    rest = transmit(bytes.fromhex("00C0000008"))
    assert rest[-2:] == b"\x90\x00"
    signature = first[8:-2] + rest[:-2]
    public_key.verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    "between",
    [
        *("00200080", "00A4040005A000000308", "00CB3FFF035C017E00", "00C0000000", "00FF0000"),
        *("8087119C", "0C87119C", "00", "", "0087119A00"),
    ],
)
def test_9c_wants_the_pin_immediately_before(terminal: Terminal, between: str) -> None:
    generate(terminal, "9C", Algorithm.P256)
    assert terminal.verify() == "9000"
    terminal.raw(between)
    assert sign(terminal, "9C", Algorithm.P256, bytes(32))[1] == "6982"
    assert terminal.verify() == "9000"
    assert sign(terminal, "9C", Algorithm.P256, bytes(32))[1] == "9000"


def test_9c_takes_no_pin_that_was_changed_or_presented_wrongly(terminal: Terminal) -> None:
    generate(terminal, "9C", Algorithm.P256)
    pin, new = b"123456\xff\xff", b"13572468"
    assert terminal.send("00240080", pin + new, le="")[1] == "9000"
    assert sign(terminal, "9C", Algorithm.P256, bytes(32))[1] == "6982"
    terminal.verify(new)
    terminal.verify(b"000000")
    assert sign(terminal, "9C", Algorithm.P256, bytes(32))[1] == "6982"


def test_a_chain_to_9c_may_follow_the_pin(terminal: Terminal) -> None:
    generate(terminal, "9C", Algorithm.P256)
    template = tlv("7C", tlv("82", b"") + tlv("81", bytes(32)))
    terminal.verify()
    assert terminal.card.transmit(bytes.fromhex("1087119C05") + template[:5]) == b"\x90\x00"
    last = bytes.fromhex("0087119C") + bytes([len(template) - 5]) + template[5:] + b"\x00"
    assert terminal.card.transmit(last)[-2:] == b"\x90\x00"


@pytest.mark.parametrize("between", ["00200080", "00FF0000", "80870000", "00", "00C0000000"])
def test_an_interrupted_chain_has_no_effect(terminal: Terminal, between: str) -> None:
    generate(terminal, "9E", Algorithm.P256)
    template = tlv("7C", tlv("82", b"") + tlv("81", bytes(32)))
    assert terminal.card.transmit(bytes.fromhex("1087119E05") + template[:5]) == b"\x90\x00"
    terminal.raw(between)
    assert terminal.send("0087119E", template[5:])[1] == "6A80"
    assert sign(terminal, "9E", Algorithm.P256, bytes(32))[1] == "9000"


@pytest.mark.parametrize("header", ["00870A9B", "0087119A", "0087119C"])
def test_a_chain_of_another_head_is_another_command(terminal: Terminal, header: str) -> None:
    generate(terminal, "9E", Algorithm.P256)
    template = tlv("7C", tlv("82", b"") + tlv("81", bytes(32)))
    assert terminal.card.transmit(bytes.fromhex("1087119E05") + template[:5]) == b"\x90\x00"
    assert terminal.send(header, template[5:])[1] in {"6A80", "6A86"}
    assert terminal.send("0087119E", template[5:])[1] == "6A80"


# Part 1, table 5: an exponent may be asked for; one the card does not give is refused.
@pytest.mark.parametrize(
    ("template", "sw"),
    [
        ("AC088001078103010001", "9000"),
        ("AC0A80010781050000010001", "9000"),
        ("AC06800107810103", "6A80"),
        ("AC05800107" + "8100", "6A80"),
        ("AC06800111810103", "6A80"),
        ("AC06800111800114", "6A80"),
        ("AC06800111820100", "6A80"),
        ("AC03800111" + "00", "6A80"),
        ("AC03800111" + "AC03800114", "6A80"),
        ("AC0480021100", "6A80"),
        ("AC0480020011", "6A80"),
        ("AC0780050000000007", "6A80"),
        ("AC028000", "6A80"),
        ("AC02800111", "6A80"),
        ("AD03800111", "6A80"),
    ],
)
def test_a_key_is_made_as_asked_or_the_old_one_stays(
    terminal: Terminal, template: str, sw: str
) -> None:
    old = generate(terminal, "9E", Algorithm.P256)
    assert isinstance(old, ec.EllipticCurvePublicKey)
    assert terminal.send("0047009E", bytes.fromhex(template))[1] == sw
    signature, signed = sign(terminal, "9E", Algorithm.P256, hashlib.sha256(MESSAGE).digest())
    if sw == "9000":
        assert signed == "6A86"
    else:
        old.verify(signature, MESSAGE, ec.ECDSA(hashes.SHA256()))


def test_each_generation_makes_another_key(terminal: Terminal) -> None:
    first = generate(terminal, "9A", Algorithm.P256)
    assert generate(terminal, "9A", Algorithm.P256) != first


def test_an_answer_without_a_question_authenticates_nobody(terminal: Terminal) -> None:
    for template, sw in (
        (tlv("82", bytes(16)), "6982"),
        (tlv("80", bytes(16)) + tlv("81", bytes(16)), "6982"),
        (tlv("82", bytes(15)), "6A80"),
        (tlv("80", bytes(17)) + tlv("81", bytes(16)), "6A80"),
        (tlv("80", bytes(16)) + tlv("81", bytes(15)), "6A80"),
        (tlv("80", bytes(16)), "6A80"),
        (tlv("82", b""), "6A80"),
        (tlv("81", b"") + tlv("80", bytes(16)), "6A80"),
        (tlv("81", bytes(16)) + tlv("80", b""), "6A80"),
    ):
        assert terminal.send("00870A9B", tlv("7C", template))[1] == sw
        assert terminal.put("5FC102", b"x") == "6982"


@pytest.mark.parametrize("answer", [b"\x00", bytes(15), bytes(16), bytes(17), bytes(200)])
def test_an_answer_of_another_length_is_of_no_form_and_another_one_wrong(
    terminal: Terminal, answer: bytes
) -> None:
    terminal.send("00870A9B", bytes.fromhex("7C028100"))
    sw = "6982" if len(answer) == 16 else "6A80"
    assert terminal.send("00870A9B", tlv("7C", tlv("82", answer)))[1] == sw
    assert terminal.put("5FC102", b"x") == "6982"
    terminal.send("00870A9B", bytes.fromhex("7C028000"))
    shown = tlv("80", answer) + tlv("81", bytes(16))
    assert terminal.send("00870A9B", tlv("7C", shown))[1] == sw
    assert terminal.put("5FC102", b"x") == "6982"


def test_a_witness_is_not_a_challenge(terminal: Terminal) -> None:
    answer, _ = terminal.send("00870A9B", bytes.fromhex("7C028000"))
    witness = value(value(answer, "7C"), "80")
    # The encrypted witness is no answer to a challenge that was not asked for.
    assert terminal.send("00870A9B", tlv("7C", tlv("82", witness)))[1] == "6982"
    assert terminal.put("5FC102", b"x") == "6982"


def test_power_loss_forgets_a_challenge(terminal: Terminal) -> None:
    answer, _ = terminal.send("00870A9B", bytes.fromhex("7C028100"))
    terminal.card.power_off()
    terminal.card.power_on()
    response = tlv("82", terminal.encrypt(value(value(answer, "7C"), "81")))
    assert terminal.send("00870A9B", tlv("7C", response))[1] == "6982"


# SP 800-73-4 Part 2, appendix A.1 writes the default algorithm, Triple DES, as 00.
def test_triple_des_has_two_names() -> None:
    terminal = make_terminal(Algorithm.TDES, allow_tdes=True)
    answer, _ = terminal.send("0087009B", bytes.fromhex("7C028100"))
    assert answer[:4].hex() == "7c0a8108"
    response = tlv("7C", tlv("82", terminal.encrypt(answer[4:])))
    assert terminal.send("0087009B", response)[1] == "9000"


@pytest.mark.parametrize("header", ["0087089B", "0087039B", "0087009B", "0087279B", "00872704"])
def test_the_management_key_has_one_algorithm(terminal: Terminal, header: str) -> None:
    assert terminal.send(header, bytes.fromhex("7C028100"))[1] == "6A86"


def test_the_pin_opens_no_management_and_management_no_key(terminal: Terminal) -> None:
    generate(terminal, "9A", Algorithm.P256)
    assert sign(terminal, "9A", Algorithm.P256, bytes(32))[1] == "6982"
    terminal.card.reset()
    terminal.verify()
    assert terminal.put("5FC102", b"x") == "6982"
