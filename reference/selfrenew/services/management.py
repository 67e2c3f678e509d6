# SPDX-License-Identifier: Apache-2.0
"""Card management: its consent to change the card, and the unlocking keys."""

from dataclasses import dataclass, field

import httpx
from cryptography import x509

from selfrenew import messages
from selfrenew.piv.reference_data import LENGTH_BYTES
from selfrenew.piv.references import Algorithm
from selfrenew.secret import Secret

from .api import JsonApi, service_name, text_field, token_field
from .errors import UnexpectedServiceAnswerError
from .jws import HolderKey, sign_challenge

_NAME = "card management"


@dataclass(frozen=True, slots=True)
class ManagementSession:
    """The right to have this card's challenges answered."""

    guid: bytes
    algorithm: Algorithm
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class UnlockKeys:
    """The PUKs the card may have, likeliest first, and the one to replace them with."""

    candidates: tuple[Secret, ...] = field(repr=False)
    next: Secret = field(repr=False)


class CardManagementClient:
    """Speaks to card management. Every method may raise ServiceError."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self._api = JsonApi(_NAME, url, http)

    def probe(self) -> None:
        """Check that card management is there."""
        self._api.probe()

    def open_session(
        self, guid: bytes, key: HolderKey, certificate: x509.Certificate
    ) -> ManagementSession:
        """Give the holder's consent, signed by either valid key of the card."""
        what = messages.ASKING_CONSENT
        asked = self._api.call(what, "POST", "/challenges")
        claims = {
            "nonce": text_field(asked, "challenge", _NAME),
            "aud": text_field(asked, "audience", _NAME),
        }
        assertion = sign_challenge(key, certificate, claims)
        body = {"card": guid.hex(), "assertion": assertion}
        answer = self._api.call(what, "POST", "/sessions", body)
        name = text_field(answer, "management_algorithm", _NAME)
        if name not in Algorithm.__members__:
            raise UnexpectedServiceAnswerError(
                messages.UNKNOWN_ALGORITHM.format(service=service_name(_NAME), algorithm=name)
            )
        return ManagementSession(guid, Algorithm[name], token_field(answer, "session", _NAME))

    def answer_challenge(self, session: ManagementSession, challenge: bytes) -> bytes:
        """Have the card's challenge answered with its management key, which stays there."""
        answer = self._api.call(
            messages.AUTHENTICATING,
            "POST",
            f"/cards/{session.guid.hex()}/management-authentication",
            {"challenge": challenge.hex()},
            session.token,
        )
        try:
            return bytes.fromhex(text_field(answer, "response", _NAME))
        except ValueError as error:
            raise UnexpectedServiceAnswerError(
                messages.NO_HEXADECIMAL.format(service=service_name(_NAME))
            ) from error

    def start_unlock(self, guid: bytes) -> str:
        """Begin to unlock a card: a code goes to its holder by mail. Return the unlock's ID."""
        answer = self._api.call(messages.STARTING_UNLOCK, "POST", "/unlocks", {"card": guid.hex()})
        return text_field(answer, "unlock", _NAME)

    def confirm_code(self, unlock: str, code: Secret) -> Secret:
        """Confirm the code from the mail. Return the authorisation."""
        body = {"code": code.reveal().decode("utf-8", "replace")}
        answer = self._api.call(messages.CONFIRMING_CODE, "POST", f"/unlocks/{unlock}/code", body)
        return Secret(token_field(answer, "authorisation", _NAME))

    def unlock_keys(self, unlock: str, authorisation: Secret) -> UnlockKeys:
        """Fetch the unlocking keys, which are given once."""
        what = messages.FETCHING_KEY
        token = authorisation.reveal().decode()
        answer = self._api.call(what, "POST", f"/unlocks/{unlock}/keys", token=token)
        candidates, following = answer.get("candidates"), answer.get("next")
        if not isinstance(candidates, list) or not candidates:
            raise UnexpectedServiceAnswerError(
                messages.NO_UNLOCKING_KEYS.format(service=service_name(_NAME))
            )
        return UnlockKeys(tuple(map(_unlocking_key, candidates)), _unlocking_key(following))

    def report_refused(self, unlock: str, authorisation: Secret) -> None:
        """Report that the card has refused the first of two candidates."""
        token = authorisation.reveal().decode()
        what = messages.REPORTING_REFUSAL
        self._api.call(what, "POST", f"/unlocks/{unlock}/refused", token=token)

    def report_replaced(self, unlock: str, authorisation: Secret) -> None:
        """Report that the card has the next PUK."""
        token = authorisation.reveal().decode()
        what = messages.REPORTING_KEY
        self._api.call(what, "POST", f"/unlocks/{unlock}/done", token=token)


def _unlocking_key(found: object) -> Secret:
    """Take a PUK, which fills the card's eight bytes. Raise UnexpectedServiceAnswerError."""
    if not isinstance(found, str) or len(found) != LENGTH_BYTES or not found.isascii():
        # What is wrong with it is not told: it may be most of a good one.
        raise UnexpectedServiceAnswerError(
            messages.UNUSABLE_UNLOCKING_KEY.format(service=service_name(_NAME))
        )
    return Secret(found)
