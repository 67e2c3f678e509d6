# SPDX-License-Identifier: Apache-2.0
"""Every text a person reads: each once, each whole, each in the words of a screen."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

import selfrenew
from selfrenew import messages
from selfrenew.piv.references import KeyReference
from selfrenew.renewal.plan import ORDER

MOMENT = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
TEXTS = {
    name: text for name, text in vars(messages).items() if name.isupper() and isinstance(text, str)
}
REMEDIES = messages.REFUSAL_REMEDIES
PROMPTS = {name for name in TEXTS if name.endswith("_PROMPT") or name == "CHOOSE_ROLE"}


def fields(text: str) -> dict[str, object]:
    """Fill in each field: a time where it is formatted as one."""
    return {
        name: MOMENT if spec else "filled"
        for _, name, spec, _ in Formatter().parse(text)
        if name is not None
    }


@pytest.mark.parametrize("name", list(TEXTS))
def test_a_text_is_one_whole_line_once_it_is_filled_in(name: str) -> None:
    text = TEXTS[name].format(**fields(TEXTS[name]))
    assert text == " ".join(text.split())
    assert not set("{}") & set(text)
    assert text[0].isupper() or TEXTS[name].startswith("{")
    if name not in PROMPTS | {"SUCCESS"}:
        assert text.endswith((".", "?", "filled")), text


@pytest.mark.parametrize("text", [*TEXTS.values(), *REMEDIES.values()])
def test_a_screen_speaks_of_the_passcode(text: str) -> None:
    assert not re.search(r"\b(PIN|PUK|SOPIN|9A|9C|APDU|CMP)\b", text)


def test_no_text_is_there_twice() -> None:
    assert len(set(TEXTS.values())) == len(TEXTS)


def test_the_service_documents_own_words_are_kept() -> None:
    assert messages.SUCCESS == "Success: certificate renewed for smartcard"


def sources() -> Iterator[str]:
    reference, repository = Path(selfrenew.__path__[0]), Path(__file__).parents[2]
    for path in (*reference.rglob("*.py"), *(repository / "ci").glob("*.py")):
        if path.parent.name != "messages":
            yield path.read_text()


def test_every_text_is_used() -> None:
    used = set(re.findall(r"\bmessages\.([A-Z_]+)", "\n".join(sources())))
    assert set(TEXTS) | {"REFUSAL_REMEDIES", "SLOT_NAMES"} == used


def test_each_slot_that_is_renewed_has_a_name() -> None:
    assert set(messages.SLOT_NAMES) == set(ORDER)
    assert messages.SLOT_NAMES[KeyReference.PIV_AUTHENTICATION] == "authentication"


@pytest.mark.parametrize("reason", ["pending", "revoked", "bad_signature"])
def test_what_an_interrupted_renewal_may_leave_is_sent_to_the_renewal(reason: str) -> None:
    """A certificate that was never confirmed is pending at first, and withdrawn after a while."""
    assert "'selfrenew renew'" in REMEDIES[reason]
