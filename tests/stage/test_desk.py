# SPDX-License-Identifier: Apache-2.0
import ssl
from pathlib import Path

import httpx
import pytest

from selfrenew_emulator.card import Personality
from selfrenew_emulator.stage import (
    CardOrder,
    DeskRefusedError,
    DeskUnreachableError,
    EmbeddedStage,
)
from selfrenew_emulator.stage.desk_client import order_card


@pytest.mark.parametrize("personality", Personality)
def test_a_card_is_ordered_through_the_folder_alone(
    selfrenew_stage: EmbeddedStage, personality: Personality
) -> None:
    order = CardOrder("Bob Brown", days_left=5, personality=personality)
    card = order_card(selfrenew_stage.folder, order)
    assert card.state.personality is personality
    assert {0x9A, 0x9B, 0x9C} <= set(card.state.keys)


def test_an_order_the_desk_does_not_take_is_told(selfrenew_stage: EmbeddedStage) -> None:
    with pytest.raises(DeskRefusedError, match="it answered 422"):
        order_card(selfrenew_stage.folder, CardOrder("", days_left=5))


def test_the_desk_opens_to_its_token_only(selfrenew_stage: EmbeddedStage) -> None:
    folder = selfrenew_stage.folder
    folder.write(folder.desk_token_file, "guessed", secret=True)
    with pytest.raises(DeskRefusedError, match="it answered 403"):
        order_card(folder, CardOrder("Mallory"))


def test_an_unknown_algorithm_is_refused_with_the_known_ones(
    selfrenew_stage: EmbeddedStage,
) -> None:
    folder = selfrenew_stage.folder
    token = folder.desk_token_file.read_text().strip()
    context = ssl.create_default_context(cafile=folder.root_file)
    with httpx.Client(verify=context, trust_env=False, timeout=60) as client:
        answer = client.post(
            f"{selfrenew_stage.urls.desk}/cards",
            json={"name": "Bob", "days_left": 1, "algorithm": "P512"},
            headers={"authorization": f"Bearer {token}"},
        )
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert "P256" in answer.json()["detail"]


def test_a_stage_that_has_stopped_is_named_with_how_to_start_it(tmp_path: Path) -> None:
    with EmbeddedStage(state=tmp_path) as stage:
        kept = stage.folder
    with pytest.raises(DeskUnreachableError, match="selfrenew-emulator up --state"):
        order_card(kept, CardOrder("Bob Brown"))
