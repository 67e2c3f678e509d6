# SPDX-License-Identifier: Apache-2.0
"""Every text a person reads: each once, each whole, each in the words of a screen."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

import selfrenew
from selfrenew import messages
from selfrenew.messages import texts
from selfrenew.messages.marking import Plural
from selfrenew.piv.references import KeyReference
from selfrenew.renewal.plan import ORDER

MOMENT = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
REMEDIES = messages.REFUSAL_REMEDIES
CATALOGUE = Path(texts.__path__[0])


def names_marked(how: str) -> set[str]:
    """Name the texts that are marked with a function."""
    found = set()
    for path in CATALOGUE.glob("*.py"):
        found |= set(re.findall(rf"^([A-Z_]+): Final = {how}\(", path.read_text(), re.MULTILINE))
    return found


PHRASES = names_marked("phrase")
BEGIN_LOW = PHRASES | {"NO_GUID", "UNLOCK_START_OR_CONTINUE"}
"""Those that begin with a name as it is written, and what stands within other texts."""


def sentences() -> Iterator[tuple[str, str]]:
    """Give each text with its name, a plural in both its forms."""
    for name in messages.names():
        match getattr(messages, name):
            case str(text):
                yield name, text
            case Plural(one=one, many=many):
                yield name, one
                yield name, many


TEXTS = list(sentences())


def fields(text: str) -> dict[str, object]:
    """Fill in each field: a time where it is formatted as one."""
    return {
        name: MOMENT if spec else "filled"
        for _, name, spec, _ in Formatter().parse(text)
        if name is not None
    }


@pytest.mark.parametrize(("name", "template"), TEXTS)
def test_a_text_is_one_whole_line_once_it_is_filled_in(name: str, template: str) -> None:
    text = template.format(**fields(template))
    assert text == " ".join(text.split())
    assert not set("{}") & set(text)
    if name not in BEGIN_LOW:
        assert text[0].isupper() or template.startswith(("{", "'{"))
    if name not in PHRASES | {"STATUS_TRIES", "STATUS_CERTIFICATE"}:
        assert text.endswith((".", "?", "filled")), text


@pytest.mark.parametrize("text", [*(text for _, text in TEXTS), *REMEDIES.values()])
def test_a_screen_speaks_of_the_passcode(text: str) -> None:
    assert not re.search(r"\b(PIN|PUK|SOPIN|9A|9C|APDU)\b", text)


def test_no_text_is_there_twice() -> None:
    assert len({text for _, text in TEXTS}) == len(TEXTS)


def test_no_name_is_in_two_modules() -> None:
    found = [
        name
        for path in CATALOGUE.glob("*.py")
        for name in re.findall(r"^([A-Z_]+): Final", path.read_text(), re.MULTILINE)
    ]
    assert sorted(found) == messages.names()


def test_the_service_documents_own_words_are_kept() -> None:
    assert messages.SUCCESS == "Success: certificate renewed for smartcard"


def sources() -> Iterator[str]:
    reference, repository = Path(selfrenew.__path__[0]), Path(__file__).parents[2]
    templates = reference.rglob("*.html")
    for path in (*reference.rglob("*.py"), *templates, *(repository / "ci").glob("*.py")):
        if not path.is_relative_to(reference / "messages"):
            yield path.read_text()


def test_every_text_is_used() -> None:
    used = set(re.findall(r"\bmessages\.([A-Z][A-Z_]*)", "\n".join(sources())))
    assert set(messages.names()) == used | {"MONTHS"}


def aside(tree: ast.AST) -> set[int]:
    """Find what no person is shown: documentation, logs, bugs; and click's help, read early."""
    found: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()):
                found.add(id(node.value))
            case ast.JoinedStr():
                found.update(map(id, node.values))
            case (
                ast.keyword(arg="help")
                | ast.Call(func=ast.Attribute(value=ast.Name(id="_log")))
                | ast.Raise(exc=ast.Call(func=ast.Name(id="TypeError" | "ValueError")))
            ):
                found.update(map(id, ast.walk(node)))
    return found


def written_into(source: str) -> Iterator[str]:
    """Give the sentences that a program has of its own."""
    tree = ast.parse(source)
    unseen = aside(tree)
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        match node:
            case ast.JoinedStr(values=values):
                text = "".join(str(getattr(value, "value", "…")) for value in values)
            case ast.Constant(value=str(text)):
                pass
            case _:
                continue
        if re.match(r"[A-Z…].* .*[a-z…)]\.$|[A-Z][a-z]+ing ", text, re.DOTALL):
            yield text


def test_no_text_is_written_into_the_program() -> None:
    found = {
        f"{path.name}: {text}"
        for path in Path(selfrenew.__path__[0]).rglob("*.py")
        # The one lists its commands without importing any.
        if path.parent.name != "texts" and path.parts[-2:] != ("cli", "program.py")
        for text in written_into(path.read_text())
    }
    assert found == set()


@pytest.mark.parametrize(
    "source",
    [
        'raise SomeError("The card is gone. Put it back.")',
        'raise SomeError(f"The card {name} is gone. Put it back.")',
        'self.call("Asking the card", 1)',
    ],
)
def test_a_text_that_is_written_into_the_program_is_found(source: str) -> None:
    assert list(written_into(source))


def test_each_slot_that_is_renewed_has_a_name() -> None:
    assert set(messages.SLOT_NAMES) == set(ORDER)
    assert messages.SLOT_NAMES[KeyReference.PIV_AUTHENTICATION] == "authentication"


@pytest.mark.parametrize("reason", ["pending", "revoked", "bad_signature"])
def test_what_an_interrupted_renewal_may_leave_is_sent_to_the_renewal(reason: str) -> None:
    """A certificate that was never confirmed is pending at first, and withdrawn after a while."""
    assert "'selfrenew renew'" in REMEDIES[reason]
