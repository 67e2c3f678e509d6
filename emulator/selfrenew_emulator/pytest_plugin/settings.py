# SPDX-License-Identifier: Apache-2.0
"""What a project tells the plugin: its options in the configuration and on the command line."""

import random
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, unique

import pytest

_SEED_OPTION = "--selfrenew-seed"
_ANY_SEED = "random"
_SETTINGS = pytest.StashKey["Settings"]()


@unique
class PcscNeed(Enum):
    """What becomes of a test that needs pcscd where there is none."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project has set; `now` None is the stage's own default."""

    now: datetime | None
    seed: str
    pcsc: PcscNeed


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the options."""
    group = parser.getgroup("selfrenew", "emulated smartcards and their services")
    group.addoption(
        _SEED_OPTION,
        metavar="SEED",
        help=f"what the stages draw their identifiers from; '{_ANY_SEED}' takes another one each "
        "time and prints it  [default: the ini-file's selfrenew_seed]",
    )
    parser.addini("selfrenew_seed", "what the stages draw their identifiers from", default="0")
    parser.addini(
        "selfrenew_now",
        "the moment at which the stages' clock stands, such as 2026-03-02T09:00Z",
        default="",
    )
    parser.addini(
        "selfrenew_pcsc",
        "whether tests that need pcscd fail (required) or are skipped (optional) where it is "
        "missing; auto fails them where the variable CI is set",
        default=PcscNeed.AUTO.value,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read the options. Raise pytest.UsageError."""
    config.addinivalue_line(
        "markers",
        "selfrenew_fault(order): arm a fault, such as 'card.removed:after=GENERATE,slot=9c'; the "
        "test fails where it never strikes",
    )
    seed = config.getoption(_SEED_OPTION)
    if seed == _ANY_SEED:
        # Written back, so that workers of pytest-xdist are told the same.
        config.option.selfrenew_seed = seed = str(random.SystemRandom().getrandbits(32))
    config.stash[_SETTINGS] = Settings(
        _read_now(config.getini("selfrenew_now")),
        seed or config.getini("selfrenew_seed"),
        _read_need(config.getini("selfrenew_pcsc")),
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Print what repeats the run, where that is not what the project's configuration says."""
    if not config.getoption(_SEED_OPTION):
        return None
    return f"selfrenew: repeat with {_SEED_OPTION}={settings_of(config).seed}"


def settings_of(config: pytest.Config) -> Settings:
    """Give what the project has set."""
    return config.stash[_SETTINGS]


def _read_now(text: str) -> datetime | None:
    if not text:
        return None
    try:
        now = datetime.fromisoformat(text)
    except ValueError:
        now = None
    if now is None or now.tzinfo is None:
        raise pytest.UsageError(
            f"selfrenew_now is no moment with a time zone: '{text}'. Write it like "
            "2026-03-02T09:00Z."
        )
    return now


def _read_need(text: str) -> PcscNeed:
    try:
        return PcscNeed(text)
    except ValueError:
        known = ", ".join(each.value for each in PcscNeed)
        raise pytest.UsageError(f"selfrenew_pcsc is '{text}'. Known: {known}.") from None
