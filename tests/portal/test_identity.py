# SPDX-License-Identifier: Apache-2.0
"""Which browser it is, and whether it can be used: real user agents, and any text whatever."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfrenew.portal import BrowserTableError, load_table
from selfrenew.portal.compatibility import Cause
from selfrenew.portal.identity import Mode, identify

MODERN, ERA = load_table("modern"), load_table("document-era")
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT}"
LINUX = f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT}"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
PHONE = "Mozilla/5.0 (Linux; Android 10; K)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)"
SAFARI = f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"
SAFARI_ON_IPHONE = (
    f"{IPHONE} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
CHROMEBOOK = f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/140.0.0.0 Safari/537.36"
IE11 = "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"
IE_MODE = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
IE_MODE_AS_7 = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C)"
IE10_AS_7 = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.2; WOW64; Trident/6.0)"

AGENTS = [
    (f"{WINDOWS} Chrome/140.0.0.0 Safari/537.36", "Google Chrome", "140.0", "Windows"),
    (f"{LINUX} Chrome/109.0.0.0 Safari/537.36", "Google Chrome", "109.0", "Linux"),
    (
        f"{WINDOWS} Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
        "Microsoft Edge",
        "138.0",
        "Windows",
    ),
    (
        f"{WINDOWS} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763",
        "Microsoft Edge",
        "18.17763",
        "Windows",
    ),
    (f"{WINDOWS} Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0", "Opera", "124.0", "Windows"),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0",
        "Mozilla Firefox",
        "142.0",
        "Windows",
    ),
    (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0",
        "Mozilla Firefox",
        "115.0",
        "Linux",
    ),
    (
        SAFARI,
        "Safari",
        "18.5",
        "macOS",
    ),
    (
        SAFARI_ON_IPHONE,
        "Mobile Safari",
        "17.5",
        "iOS",
    ),
    (
        f"{PHONE} {WEBKIT} Chrome/139.0.0.0 Mobile Safari/537.36",
        "Chrome Mobile",
        "139.0",
        "Android",
    ),
    (f"{LINUX} HeadlessChrome/139.0.0.0 Safari/537.36", "HeadlessChrome", "139.0", "Linux"),
    (IE11, "Internet Explorer", "11", "Windows"),
    (IE_MODE, "Internet Explorer", "11", "Windows"),
    (IE_MODE_AS_7, "Internet Explorer", "11", "Windows"),
    (IE10_AS_7, "Internet Explorer", "10", "Windows"),
    ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", "Internet Explorer", "6", "Windows"),
]
VERDICTS = [
    # user agent, verdict by the modern table, by that of the document's time
    (f"{WINDOWS} Chrome/140.0.0.0 Safari/537.36", Cause.SUPPORTED, Cause.UNSUPPORTED),
    (f"{WINDOWS} Chrome/108.0.0.0 Safari/537.36", Cause.TOO_OLD, Cause.UNSUPPORTED),
    (f"{WINDOWS} Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0", Cause.SUPPORTED, Cause.UNSUPPORTED),
    (f"{WINDOWS} Chrome/64.0 Safari/537.36 Edge/18.17763", Cause.TOO_OLD, Cause.UNSUPPORTED),
    (f"{WINDOWS} Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0", Cause.NOT_LISTED, Cause.NOT_LISTED),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:114.0) Gecko/20100101 Firefox/114.0",
        Cause.TOO_OLD,
        Cause.UNSUPPORTED,
    ),
    (
        SAFARI,
        Cause.UNSUPPORTED,
        Cause.UNSUPPORTED,
    ),
    (
        f"{PHONE} {WEBKIT} Chrome/139.0.0.0 Mobile Safari/537.36",
        Cause.UNSUPPORTED,
        Cause.NOT_LISTED,
    ),
    (
        CHROMEBOOK,
        Cause.WRONG_PLATFORM,
        Cause.UNSUPPORTED,
    ),
    (IE11, Cause.UNSUPPORTED, Cause.SUPPORTED),
    (IE_MODE, Cause.IE_MODE, Cause.SUPPORTED),
    (IE_MODE_AS_7, Cause.IE_MODE, Cause.SUPPORTED),
    (IE10_AS_7, Cause.UNSUPPORTED, Cause.TOO_OLD),
    ("", Cause.NOT_LISTED, Cause.NOT_LISTED),
    ("curl/8.5.0", Cause.NOT_LISTED, Cause.NOT_LISTED),
]


@pytest.mark.parametrize(("agent", "name", "version", "platform"), AGENTS)
def test_a_browser_is_told_by_its_user_agent(
    agent: str, name: str, version: str, platform: str
) -> None:
    browser = identify({"user-agent": agent})
    assert (browser.name, browser.version_text, browser.platform) == (name, version, platform)


@pytest.mark.parametrize(("agent", "modern", "era"), VERDICTS)
def test_a_browser_is_judged_by_the_table(agent: str, modern: Cause, era: Cause) -> None:
    browser = identify({"user-agent": agent})
    assert MODERN.judge(browser).cause is modern
    assert ERA.judge(browser).cause is era


@pytest.mark.parametrize(
    ("agent", "mode"),
    [
        (IE11, Mode.STANDARD),
        (IE_MODE, Mode.IE),
        (IE_MODE_AS_7, Mode.IE),
        (IE10_AS_7, Mode.COMPATIBILITY),
    ],
)
def test_internet_explorers_engine_is_told_by_its_mode(agent: str, mode: Mode) -> None:
    assert identify({"user-agent": agent}).mode is mode


@pytest.mark.parametrize(
    ("brands", "name", "version"),
    [
        (
            '"Not=A?Brand";v="24", "Chromium";v="140", "Google Chrome";v="140"',
            "Google Chrome",
            "140",
        ),
        (
            '"Chromium";v="138", "Microsoft Edge";v="138", "Not)A;Brand";v="8"',
            "Microsoft Edge",
            "138",
        ),
        ('"Brave";v="139", "Not;A=Brand";v="99", "Chromium";v="139"', "Brave", "139"),
        ('"Not A Brand";v="99", "Chromium";v="156"', "Chromium", "156"),
        ('" Not A;Brand";v="99", "Chromium";v="98"', "Chromium", "98"),
    ],
)
def test_client_hints_count_before_the_user_agent(brands: str, name: str, version: str) -> None:
    headers = {
        "user-agent": f"{LINUX} Chrome/100.0.0.0 Safari/537.36",
        "sec-ch-ua": brands,
        "sec-ch-ua-platform": '"Windows"',
    }
    browser = identify(headers)
    assert (browser.name, browser.version_text, browser.platform) == (name, version, "Windows")


def test_the_engine_of_ie_mode_is_not_hidden_by_hints() -> None:
    headers = {"user-agent": IE_MODE, "sec-ch-ua": '"Chromium";v="138", "Microsoft Edge";v="138"'}
    assert MODERN.judge(identify(headers)).cause is Cause.IE_MODE


@given(
    st.dictionaries(st.sampled_from(["user-agent", "sec-ch-ua", "sec-ch-ua-platform"]), st.text())
)
def test_whatever_is_sent_gets_a_verdict(headers: dict[str, str]) -> None:
    for table in (MODERN, ERA):
        verdict = table.judge(identify(headers))
        assert verdict.supported == (verdict.cause is Cause.SUPPORTED)
        assert verdict.supported or verdict.why


@given(st.integers(0, 400), st.sampled_from(["Windows NT 10.0; Win64; x64", "X11; Linux x86_64"]))
def test_a_chrome_is_supported_from_its_lowest_version_on(version: int, platform: str) -> None:
    agent = f"Mozilla/5.0 ({platform}) {WEBKIT} Chrome/{version}.0.0.0 Safari/537.36"
    assert MODERN.judge(identify({"user-agent": agent})).supported == (version >= 109)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("browser = 1", "has to hold"),
        ("[[browser]]", "names no browser"),
        ("[[browser]]\nname = 'X'\nlowest = 'new'", "is no version"),
        ("[[browser]]\nname = 'X'\nmode = 'odd'", "known modes: standard"),
        ("[[browser]]\nname = 'X'\ncolour = 'red'", "unusable 'colour'"),
        ("[[browser]]\nname = 'X'\nsupported = 'yes'", "unusable 'supported'"),
        ("[[browser", "is no TOML"),
        (None, "No such file"),
    ],
)
def test_a_table_of_ones_own_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, text: str | None, said: str
) -> None:
    if text is not None:
        (tmp_path / "own.toml").write_text(text)
    with pytest.raises(BrowserTableError, match=said) as caught:
        load_table("own.toml", tmp_path)
    assert "\n" not in str(caught.value)


def test_a_table_of_ones_own_may_give_its_own_reasons(tmp_path: Path) -> None:
    rows = "[[browser]]\nname = 'Opera'\nsupported = false\nwhy = 'We do not keep it.'\n"
    (tmp_path / "own.toml").write_text(rows)
    opera = identify({"user-agent": f"{WINDOWS} Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0"})
    assert load_table("own.toml", tmp_path).judge(opera).why == "We do not keep it."
