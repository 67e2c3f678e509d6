# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.asn1 import TLV, Null
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from selfrenew.cmp import CmpFormatError
from selfrenew.cmp import algorithms as alg
from selfrenew.cmp.building import NULL_NAME
from selfrenew.cmp.errors import UnknownAlgorithmError
from selfrenew.cmp.message import encode, encode_list
from selfrenew.cmp.protection import ProtectionError, verify_with
from selfrenew.cmp.pss import PssParameter, pss_parameters
from selfrenew.cmp.structures import GenMsgContent

KEY = rsa.generate_private_key(65537, 2048)
NULL = encode(Null())
OIDS = {algorithm.name: oid for oid, algorithm in alg.DIGESTS.items()}
Digest = hashes.HashAlgorithm


def hash_named(digest: Digest) -> list[TLV]:
    return alg.identifier(OIDS[digest.name], NULL)


def mask_named(digest: Digest) -> list[TLV]:
    return alg.identifier(alg.MGF1, encode_list(GenMsgContent(items=hash_named(digest))))


def pss(**fields: Any) -> list[TLV]:
    return alg.identifier(alg.RSASSA_PSS, encode(PssParameter(**fields)))


def check(identifier: list[TLV], mask: Digest, salt: int, digest: Digest) -> None:
    signature = KEY.sign(b"data", padding.PSS(padding.MGF1(mask), salt), digest)
    verify_with(identifier, KEY.public_key(), signature, b"data", what="it")


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_a_signature_of_named_parameters_holds(digest: Digest) -> None:
    salt = digest.digest_size
    named = pss(
        hash_algorithm=hash_named(digest), mask_gen_algorithm=mask_named(digest), salt_length=salt
    )
    check(named, digest, salt, digest)


def test_what_is_absent_has_the_standards_default() -> None:
    sha256 = hashes.SHA256()
    named: dict[str, Any] = {
        "hash_algorithm": hash_named(sha256),
        "mask_gen_algorithm": mask_named(sha256),
    }
    check(pss(**named), sha256, 20, sha256)
    check(pss(**named, salt_length=0, trailer_field=1), sha256, 0, sha256)


SHA1, SHA256 = hashes.SHA1(), hashes.SHA256()  # noqa: S303


@pytest.mark.parametrize(
    ("fields", "mask", "digest"),
    [
        ({}, SHA1, SHA1),
        ({"hash_algorithm": hash_named(SHA256)}, SHA1, SHA256),
        ({"mask_gen_algorithm": mask_named(SHA256)}, SHA256, SHA1),
        ({"hash_algorithm": hash_named(SHA1), "mask_gen_algorithm": mask_named(SHA1)}, SHA1, SHA1),
    ],
    ids=["by default", "in the mask by default", "as the hash by default", "named"],
)
def test_sha1_is_an_algorithm_that_is_not_taken(
    fields: dict[str, Any], mask: Digest, digest: Digest
) -> None:
    with pytest.raises(UnknownAlgorithmError):
        check(pss(**fields), mask, 20, digest)


def test_a_salt_or_a_mask_of_another_kind_is_a_wrong_signature() -> None:
    sha256, sha384 = hashes.SHA256(), hashes.SHA384()
    named = pss(hash_algorithm=hash_named(sha256), mask_gen_algorithm=mask_named(sha256))
    for mask, salt in ((sha384, 20), (sha256, 32)):
        with pytest.raises(ProtectionError, match="is wrong"):
            check(named, mask, salt, sha256)


def test_the_parameters_the_library_writes_are_read() -> None:
    """In a certificate, since the library writes none elsewhere."""
    when = datetime(2026, 1, 1, tzinfo=UTC)
    scheme = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
    builder = x509.CertificateBuilder(NULL_NAME, NULL_NAME, KEY.public_key(), 1)
    certificate = (
        builder.not_valid_before(when)
        .not_valid_after(when)
        .sign(KEY, hashes.SHA384(), rsa_padding=scheme)
    )
    raw = certificate.tbs_certificate_bytes
    oid = encode(alg.RSASSA_PSS)
    at = raw.index(oid)
    # The identifier is a SEQUENCE of less than 128 bytes, whose length stands before the OID.
    parameters = raw[at + len(oid) : at + raw[at - 1]]
    verify_with(
        alg.identifier(alg.RSASSA_PSS, parameters),
        KEY.public_key(),
        certificate.signature,
        raw,
        what="it",
    )


@pytest.mark.parametrize(
    "identifier",
    [
        alg.identifier(alg.RSASSA_PSS),
        alg.identifier(alg.RSASSA_PSS, NULL),
        pss(hash_algorithm=alg.identifier(alg.Oid("1.2.3"))),
        pss(mask_gen_algorithm=alg.identifier(alg.Oid("1.2.3"))),
        pss(mask_gen_algorithm=alg.identifier(alg.MGF1)),
        pss(mask_gen_algorithm=alg.identifier(alg.MGF1, NULL)),
        pss(mask_gen_algorithm=alg.identifier(alg.MGF1, b"\x30\x00")),
        pss(salt_length=-1),
        pss(salt_length=513),
        pss(salt_length=1 << 20000),
        pss(trailer_field=2),
    ],
    ids=lambda _: "",
)
def test_parameters_that_are_not_known_are_a_named_error(identifier: list[TLV]) -> None:
    with pytest.raises(CmpFormatError):
        pss_parameters(identifier)


@pytest.mark.parametrize("salt", [0, 222, 223, 512])
def test_a_salt_too_long_for_the_key_is_a_wrong_signature(salt: int) -> None:
    sha256 = hashes.SHA256()
    named = pss(
        hash_algorithm=hash_named(sha256), mask_gen_algorithm=mask_named(sha256), salt_length=salt
    )
    with pytest.raises(ProtectionError, match="is wrong"):
        verify_with(named, KEY.public_key(), bytes(256), b"data", what="it")
