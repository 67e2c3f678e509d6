# SPDX-License-Identifier: Apache-2.0
"""The CA's answers, and the certificates it issues."""

from typing import Final

from selfrenew.messages.marking import phrase, plural, text

WRONG_PURPOSE: Final = text(
    "The CA's certificate is not one for the {slot} slot, by its keyUsage. It was rejected and not "
    "written. Check the CA's profiles in the configuration."
)
CERTIFICATE_OTHER_KEY: Final = text(
    "The CA's certificate is for another key than the one the card made. It was rejected and not "
    "written."
)
CERTIFICATE_OTHER_PERSON: Final = text(
    "The CA's certificate is for {issued}, not for {wanted}. It was rejected and not written."
)
CERTIFICATE_NOT_NOW: Final = text(
    "The CA's certificate is valid from {not_valid_before_utc:%Y-%m-%d %H:%M} to "
    "{not_valid_after_utc:%Y-%m-%d %H:%M} UTC, which is not now. It was rejected and not written. "
    "Check this machine's clock."
)
CERTIFICATE_OF_CA: Final = text(
    "The CA's certificate is one for a CA, not for a person. It was rejected and not written."
)
CERTIFICATE_NOT_SIGNING: Final = text(
    "The CA's certificate is not for signatures: its keyUsage lacks digitalSignature. It was "
    "rejected and not written."
)
CERTIFICATE_UNTRUSTED: Final = text(
    "The CA's certificate does not lead to a trusted root ({error}). It was rejected and not "
    "written. Check the trust anchors in the configuration."
)
ANSWER_MAC: Final = text(
    "The CA's answer is protected by a MAC where a signature is due. It was not used."
)
ANSWER_UNTRUSTED: Final = text(
    "The CA's answer {answer} is not signed by a certificate that leads to a trusted root and may "
    "speak for a CA. It was not used. Check the CA's address and the trust anchors in the "
    "configuration."
)
ANCHORS_UNUSABLE: Final = text(
    "Certificates cannot be checked against the configured trust anchors: their keys are neither "
    "RSA of 2048 bits or more nor P-256, P-384 or P-521. Nothing was asked for. Check the trust "
    "anchors in the configuration."
)
ISSUER_UNUSABLE: Final = text(
    "Certificates of {issuer} cannot be checked: it, or an issuer above it, has a key, a signature "
    "or a constraint that is not known here. Nothing was asked for. Show this text to your IT "
    "service desk."
)
ANSWER_HEARSAY: Final = text(
    "The CA's answer is an error that is not protected, so anybody may have sent it. It says "
    "{reasons}{text}. Try again later, and check the CA's address in the configuration."
)
ANSWER_VERSION: Final = text(
    "The CA's answer is of CMP version {pvno}, which is not known here. It was not used."
)
ANSWER_OTHER_TRANSACTION: Final = text(
    "The CA's answer belongs to another transaction. It was not used. Try again."
)
ANSWER_OTHER_NONCE: Final = text(
    "The CA's answer is not to the message that was sent last: its recipNonce is wrong. It was not "
    "used. Try again."
)
ANSWER_NO_NONCE: Final = text("The CA's answer has no senderNonce of 16 bytes. It was not used.")
ANSWER_OTHER_TIME: Final = text(
    "The CA's answer is of {moment}, more than {tolerance} off. It was not used. Check this "
    "machine's clock."
)
THE_REQUEST: Final = phrase("The request")
CERTIFICATE_REQUEST: Final = phrase("The certificate request")
CA_FAILED: Final = text("{attempted} failed: HTTP {status}. Try again later.")
ANSWER_NO_CMP: Final = text(
    "{attempted} was answered with HTTP {status} and {what}, which is not CMP. Check the CA's "
    "address in the configuration."
)
NO_CONTENT_TYPE: Final = phrase("an answer without content type")
ANSWER_BROKEN: Final = plural(
    "number",
    "{attempted} was answered with {number} byte that is not a CMP message ({error}). Check the "
    "CA's address in the configuration.",
    "{attempted} was answered with {number} bytes that are not a CMP message ({error}). Check the "
    "CA's address in the configuration.",
)
ANSWER_OTHER_TYPE: Final = text(
    "{attempted} was answered with {found} instead of {wanted}. Nothing was done with it."
)
ANSWER_OTHER_REQUEST: Final = text(
    "The CA's {answer} does not answer the one request that was sent. Nothing was done with it."
)
NO_CERTIFICATE_SENT: Final = text("The CA granted the request and sent no certificate.")
CERTIFICATE_UNREADABLE: Final = text(
    "The CA granted the request, but {error}. It was rejected and not written."
)
CA_WAITING: Final = plural(
    "seconds",
    "The CA has not decided yet, and asks to come back later than the {seconds} second that is "
    "waited here. Try again later.",
    "The CA has not decided yet, and asks to come back later than the {seconds} seconds that are "
    "waited here. Try again later.",
)
SENDING_CMP: Final = phrase("Sending {message} to the CA")
CA_STATUS: Final = phrase("status {status}")
CA_STATUS_UNKNOWN: Final = phrase("an unknown status")
CA_REFUSED: Final = text(
    "{attempted} was refused by the CA: {reasons}{said}. Try again later; if it stays so, show "
    "this text to your Registration Authority."
)
ANSWER_UNPROTECTED: Final = text("The message {message} is not protected. It was not used.")
ANSWER_NO_MAC: Final = text("The message {message} is not protected by a MAC.")
ANSWER_WRONG_MAC: Final = text(
    "The MAC of {message} is wrong: the secrets differ, or it was changed on its way. It was not "
    "used."
)
ANSWER_UNSIGNED: Final = text("The message {message} is not signed.")
ANSWER_OTHER_ALGORITHM: Final = text(
    "The signature of {what} has the algorithm {algorithm}, which does not go with its key. It was "
    "not used."
)
ANSWER_WRONG_SIGNATURE: Final = text("The signature of {what} is wrong. It was not used.")
