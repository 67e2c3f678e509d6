# SPDX-License-Identifier: Apache-2.0
"""The proof in a CRMF request that its key is the requester's.

RFC 4211, 4.1 and RFC 9810, 5.2.8.2: a signature over the CertRequest where the template has subject
and key. Where it lacks the subject, poposkInput is signed instead, which says who asks. OpenSSL
signs the CertRequest then too, which proves no less of the key and is taken.
"""

from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from selfrenew.cmp.crmf import CertReqMsg, PkMacValue, PopoSigningKey, PopoSigningKeyInput
from selfrenew.cmp.errors import UnknownAlgorithmError
from selfrenew.cmp.message import decode, encode, encode_list, name_of
from selfrenew.cmp.names import same_name
from selfrenew.cmp.protection import ProtectionError, verify_mac_with, verify_with
from selfrenew.cmp.structures import FailureInfo, GenMsgContent

from .errors import RequestRefusedError
from .requester import CertifiedRequester, EnrolledRequester, Requester


def check_possession(
    request: CertReqMsg,
    public_key: CertificatePublicKeyTypes,
    key_info: bytes,
    requester: Requester,
) -> None:
    """Check that a request's key was used for it; `key_info` is that key as DER.

    Raise RequestRefusedError, CmpFormatError and UnknownAlgorithmError.
    """
    popo = request.popo
    if popo is None:
        raise RequestRefusedError(FailureInfo.badPOP, "there is no proof of possession")
    proof = popo.value
    if popo.tag == "raVerified":
        raise RequestRefusedError(
            FailureInfo.notAuthorized, "only a registration authority vouches for possession"
        )
    if not isinstance(proof, PopoSigningKey):
        raise RequestRefusedError(
            FailureInfo.badPOP, f"proof of possession by {popo.tag} is not taken here"
        )
    try:
        if proof.poposk_input is None:
            signed = encode(request.cert_req)
        elif request.cert_req.cert_template.subject is not None:
            raise RequestRefusedError(
                FailureInfo.badPOP, "poposkInput is for templates without subject or key"
            )
        else:
            signed = encode_list(GenMsgContent(items=proof.poposk_input))
            _check_input(decode(PopoSigningKeyInput, signed), key_info, requester)
        verify_with(
            proof.algorithm_identifier,
            public_key,
            proof.signature.as_bytes(),
            signed,
            what="the proof of possession",
        )
    except UnknownAlgorithmError:
        raise
    except ProtectionError as error:
        raise RequestRefusedError(FailureInfo.badPOP, str(error)) from error


def _check_input(given: PopoSigningKeyInput, key_info: bytes, requester: Requester) -> None:
    """Check that poposkInput is of this key and this requester."""
    if encode(given.public_key) != key_info:
        raise RequestRefusedError(
            FailureInfo.badPOP, "poposkInput is about another key than the template's"
        )
    who = given.auth_info.value
    if isinstance(who, PkMacValue):
        if not isinstance(requester, EnrolledRequester):
            raise RequestRefusedError(
                FailureInfo.badPOP, "publicKeyMAC is for those who have no certificate yet"
            )
        secret, value = requester.enrolment.secret, who.value.as_bytes()
        identifier = who.algorithm_identifier
        verify_mac_with(identifier, secret, value, key_info, what="publicKeyMAC")
    elif not isinstance(requester, CertifiedRequester) or (
        not same_name(name_of(who) or b"", requester.record.certificate.subject.public_bytes())
    ):
        raise RequestRefusedError(
            FailureInfo.badPOP, "the sender in poposkInput is not the one that was authenticated"
        )
