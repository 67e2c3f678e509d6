# SPDX-License-Identifier: Apache-2.0
"""The plugin's fixture of a portal, and the faults before it."""

import ssl

import httpx
import pytest

from selfrenew.portal import Assets
from selfrenew_emulator.faults import FaultBoard
from selfrenew_emulator.stage import EmbeddedStage

HTML = {"Accept": "text/html"}


@pytest.fixture
def _built_assets(assets: Assets, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an installed package has built."""
    monkeypatch.setattr("selfrenew.portal.load_assets", lambda: assets)


@pytest.mark.usefixtures("_built_assets")
def test_it_serves_the_page_or_what_an_armed_fault_has_instead(
    selfrenew_stage: EmbeddedStage, selfrenew_faults: FaultBoard, selfrenew_portal: str
) -> None:
    context = ssl.create_default_context(cafile=selfrenew_stage.root_file)
    with httpx.Client(verify=context, trust_env=False, timeout=60, headers=HTML) as client:
        assert "Smartcard Service" in client.get(selfrenew_portal).text
        selfrenew_faults.arm("portal.logged-out:times=1")
        assert client.get(selfrenew_portal).text == "You have been logged out"
        assert "Smartcard Service" in client.get(selfrenew_portal).text
    assert selfrenew_portal in selfrenew_stage.config_file.read_text()
