# SPDX-License-Identifier: Apache-2.0
"""The language that is spoken: where it is chosen, and what a catalogue can and cannot do."""

import contextvars
import copy
import logging
import subprocess
import sys
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from selfrenew import messages
from selfrenew.messages.fields import misfit

MOMENT = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
MARCH = 'msgid "March"\nmsgstr "Mawrth"'
CANCELLED = 'msgid "Cancelled."\nmsgstr "Wedi canslo."'
NO_ROLES = 'msgid "You have no roles."\nmsgstr "Nid oes gennych rolau."'
SIGNED_IN = 'msgid "Signed in to the Spine as {name}."\nmsgstr "%s"'
NOTICE = (
    "Your smartcard's certificates expire in {{days_left}} {}, on {{expires:%d %B %Y}}. "
    "Do you want to renew them now?"
)


def test_texts_are_english_where_no_language_is_spoken() -> None:
    assert messages.language() == "en"
    assert messages.CANCELLED == "Cancelled."


def test_a_language_is_spoken_within_its_context_alone(add_language: Any) -> None:
    add_language("cy", CANCELLED)
    with messages.use_language("cy"):
        assert messages.language() == "cy"
        assert messages.CANCELLED == "Wedi canslo."
        with messages.use_language("en"):
            assert messages.CANCELLED == "Cancelled."
    assert messages.CANCELLED == "Cancelled."


def test_a_text_that_is_not_translated_is_english(add_language: Any) -> None:
    add_language("cy", CANCELLED, 'msgid "You have no roles."\nmsgstr ""')
    with messages.use_language("cy"):
        assert messages.NO_ROLES == "You have no roles."


def test_a_fuzzy_translation_is_not_shown(add_language: Any) -> None:
    add_language("cy", f"#, fuzzy\n{CANCELLED}")
    with messages.use_language("cy"):
        assert messages.CANCELLED == "Cancelled."


def test_a_language_without_a_catalogue_is_english(add_language: Any) -> None:
    add_language("cy", CANCELLED)
    with messages.use_language("fr"):
        assert (messages.language(), messages.CANCELLED) == ("en", "Cancelled.")


def test_a_thread_speaks_the_default_or_the_context_it_is_handed(add_language: Any) -> None:
    add_language("cy", CANCELLED)
    add_language("gd", 'msgid "Cancelled."\nmsgstr "Air a chur dheth."')
    heard: list[str] = []

    def speak() -> None:
        heard.append(messages.CANCELLED)

    with messages.speak_by_default("gd"), messages.use_language("cy"):
        context = contextvars.copy_context()
        for target in (speak, lambda: context.run(speak)):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
    assert heard == ["Air a chur dheth.", "Wedi canslo."]
    assert messages.CANCELLED == "Cancelled."


def test_a_date_names_its_month_in_the_language(add_language: Any) -> None:
    add_language("cy", MARCH)
    with messages.use_language("cy"):
        assert "02 Mawrth 2026, 09:05 UTC" in messages.NOT_DUE.format(due_from=MOMENT)
    assert "02 March 2026, 09:05 UTC" in messages.NOT_DUE.format(due_from=MOMENT)


def test_a_translation_puts_the_parts_of_a_date_in_its_own_order(add_language: Any) -> None:
    english = "Due since {due_from:%d %B %Y, %H:%M} UTC. Run 'selfrenew renew'."
    add_language("hu", f'msgid "{english}"\nmsgstr "{{due_from:%Y. %B %d.}}"')
    with messages.use_language("hu"):
        assert messages.STATUS_DUE.format(due_from=MOMENT) == "2026. March 02."


def test_a_number_takes_the_form_that_the_language_has_for_it(add_language: Any) -> None:
    forms = "\n".join(
        f'msgstr[{number}] "{{days_left}} {word} {{expires:%d}}"'
        for number, word in enumerate("abc")
    )
    add_language(
        "pl",
        f'msgid "{NOTICE.format("day")}"\nmsgid_plural "{NOTICE.format("days")}"\n{forms}',
        plural=(
            "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"
        ),
    )
    with messages.use_language("pl"):
        told = [messages.NOTICE.format(days_left=days, expires=MOMENT) for days in (1, 2, 5, 22)]
    assert told == ["1 a 02", "2 b 02", "5 c 02", "22 b 02"]


def test_english_has_one_day_and_many_days() -> None:
    assert "in 1 day, on" in messages.NOTICE.format(days_left=1, expires=MOMENT)
    assert "in 2 days, on" in messages.NOTICE.format(days_left=2, expires=MOMENT)


@pytest.mark.parametrize(
    ("keys", "form", "why"),
    [
        (["{name} is in."], "{name} ydy.", None),
        (["{name} is in."], "Rhywun.", "lacks a field: {name}"),
        (["{name} is in."], "{name} {nam}", "has a field that the English text has not: {nam}"),
        (["{name} is in."], "{name.__class__}", "is more than a name"),
        (["{name} is in."], "{name!r}", "is more than a name"),
        (["{name} is in."], "{}", "is more than a name"),
        (["{name} is in."], "{name", "expected '}'"),
        (["{name} is in."], "{name:>9}", "not of a date"),
        (["From {day:%d %B}"], "{day:%Y}", None),
        (["From {day:%d %B}"], "{day}", "{day}"),
        (["From {day:%d %B}"], "{day:%c}", "not of a date"),
        (["one day", "{n} days"], "{n}", None),
        (["one day", "{n} days"], "un dydd", None),
    ],
)
def test_a_translation_has_to_fit_its_text(keys: list[str], form: str, why: str | None) -> None:
    found = misfit(keys, [form])
    assert found == why if why is None else why in (found or "")


@pytest.mark.parametrize("wrong", ["{nam}", "Neb.", "{name!r}", "{name.real}", "{name"])
def test_a_translation_that_cannot_be_filled_in_is_left_in_english(
    add_language: Any, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    add_language("cy", SIGNED_IN % wrong, CANCELLED)
    with caplog.at_level(logging.WARNING, "selfrenew.messages"), messages.use_language("cy"):
        assert messages.SIGNED_IN.format(name="Alice") == "Signed in to the Spine as Alice."
        assert messages.CANCELLED == "Wedi canslo."
    assert "Left 'Signed in to the Spine as {name}.' in English" in caplog.text


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "en"),
        ("cy", "cy"),
        ("CY-gb", "cy"),
        ("fr, cy;q=0.5", "cy"),
        ("en;q=0.4, cy;q=0.8", "cy"),
        ("cy;q=0, en", "en"),
        ("cy; q=0.000", "en"),
        ("*, cy;q=0.1", "cy"),
        ("pt-BR-x-private", "pt-BR"),
        ("pt", "en"),
        ("cy;q=1.5, pt-BR;q=0.1", "pt-BR"),
        (";;;,,=q cy", "en"),
        ("../../cy", "en"),
        (", ".join(["xx"] * 50 + ["cy"]), "en"),
    ],
)
def test_a_browser_is_answered_in_the_language_it_likes_best(
    add_language: Any, header: str, chosen: str
) -> None:
    for name in ("cy", "pt_BR"):
        add_language(name, CANCELLED)
    assert messages.negotiate(header) == chosen


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        ({}, "en"),
        ({"LANG": "cy_GB.UTF-8"}, "cy"),
        ({"LANG": "cy_GB.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "cy_GB"}, "cy"),
        ({"LANG": "en_GB.UTF-8", "LANGUAGE": "fr:cy"}, "cy"),
        ({"LANG": "C", "LANGUAGE": "cy"}, "en"),
        ({"LANGUAGE": "cy"}, "en"),
        ({"LANG": "pt_BR@euro"}, "pt-BR"),
    ],
)
def test_a_program_speaks_as_the_environment_says(
    add_language: Any, environment: dict[str, str], chosen: str
) -> None:
    for name in ("cy", "pt_BR"):
        add_language(name, CANCELLED)
    assert messages.language_of(environment) == chosen


def test_a_name_that_is_no_text_is_not_there() -> None:
    for name in ("NO_SUCH_TEXT", "text", "Final", "_texts_"):
        with pytest.raises(AttributeError, match=name):
            getattr(messages, name)


def test_no_module_reads_a_text_while_it_is_imported() -> None:
    """Else the text would stay in the language of that moment."""
    program = """
import pkgutil, sys
import selfrenew
from selfrenew import messages

def refuse(name):
    if name.isupper():
        sys.exit(f"{name} was read by an import")
    raise AttributeError(name)

messages.__getattr__ = refuse
for module in pkgutil.walk_packages(selfrenew.__path__, "selfrenew."):
    try:
        __import__(module.name)
    except ModuleNotFoundError as error:
        assert error.name == "smartcard", error
"""
    ended = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_copy_of_a_text_is_a_plain_text() -> None:
    copied = copy.deepcopy(messages.CANCELLED)
    assert type(copied) is str
    assert copied == "Cancelled."
