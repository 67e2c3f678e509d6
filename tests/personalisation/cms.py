# SPDX-License-Identifier: Apache-2.0
"""CMS read by pyasn1 and verified by OpenSSL: neither knows how the card office signed."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyasn1.codec.der import decoder, encoder
from pyasn1_alt_modules import rfc5652


@dataclass(frozen=True)
class Signed:
    """A ContentInfo with SignedData, in plain values; OIDs are dotted strings."""

    raw: bytes
    version: int
    digests: list[str]
    content_type: str
    content: bytes | None
    certificates: list[x509.Certificate] | None
    has_crls: bool
    signers: int
    signer_version: int
    issuer: bytes
    serial_number: int
    digest: str
    signature_algorithm: str
    signature_parameters: bool
    attributes: dict[str, list[bytes]]


def read_signed(raw: bytes) -> Signed:
    info, rest = decoder.decode(raw, asn1Spec=rfc5652.ContentInfo())
    assert rest == b""
    assert str(info["contentType"]) == str(rfc5652.id_signedData)
    data, rest = decoder.decode(bytes(info["content"]), asn1Spec=rfc5652.SignedData())
    assert rest == b""
    # Strict DER, the order of each SET OF included.
    assert encoder.encode(data) == bytes(info["content"])
    signer = data["signerInfos"][0]
    named = signer["sid"]["issuerAndSerialNumber"]
    assert named.isValue
    certificates = None
    if data["certificates"].isValue:
        certificates = [
            x509.load_der_x509_certificate(encoder.encode(each["certificate"]))
            for each in data["certificates"]
        ]
    content = data["encapContentInfo"]["eContent"]
    return Signed(
        raw=raw,
        version=int(data["version"]),
        digests=[str(each["algorithm"]) for each in data["digestAlgorithms"]],
        content_type=str(data["encapContentInfo"]["eContentType"]),
        content=bytes(content) if content.isValue else None,
        certificates=certificates,
        has_crls=bool(data["crls"].isValue),
        signers=len(data["signerInfos"]),
        signer_version=int(signer["version"]),
        issuer=encoder.encode(named["issuer"]),
        serial_number=int(named["serialNumber"]),
        digest=str(signer["digestAlgorithm"]["algorithm"]),
        signature_algorithm=str(signer["signatureAlgorithm"]["algorithm"]),
        signature_parameters=bool(signer["signatureAlgorithm"]["parameters"].isValue),
        attributes={
            str(each["attrType"]): [bytes(value) for value in each["attrValues"]]
            for each in signer["signedAttrs"]
        },
    )


def openssl_verifies(
    signed: bytes,
    content: bytes | None,
    signer: x509.Certificate,
    trusted: list[x509.Certificate],
    folder: Path,
) -> bool:
    """Verify with `openssl cms`, path and all; `content` None where it is inside."""
    files = {
        "signed.der": signed,
        "content": content or b"",
        "signer.pem": signer.public_bytes(Encoding.PEM),
        "trusted.pem": b"".join(each.public_bytes(Encoding.PEM) for each in trusted),
    }
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    command = [
        *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signed.der"),
        *("-certfile", "signer.pem", "-CAfile", "trusted.pem", "-purpose", "any"),
        *("-attime", str(int(signer.not_valid_before_utc.timestamp()) + 1), "-out", "verified"),
    ]
    if content is not None:
        command += ["-content", "content"]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=False)  # noqa: S603
    return run.returncode == 0
