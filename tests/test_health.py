# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

import pytest

from selfrenew_emulator.health import ailment, main
from selfrenew_emulator.stage import EmbeddedStage, bind


def test_a_service_that_is_well_has_no_ailment(selfrenew_stage: EmbeddedStage) -> None:
    url = f"{selfrenew_stage.urls.spine}/health"
    assert ailment(url, str(selfrenew_stage.root_file)) is None
    assert main(["health", url, str(selfrenew_stage.root_file)]) == 0


def test_a_service_under_another_root_is_not_well(selfrenew_stage: EmbeddedStage) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in str(ailment(f"{selfrenew_stage.urls.spine}/health"))


def test_another_answer_is_told(
    selfrenew_stage: EmbeddedStage, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"{selfrenew_stage.urls.spine}/nowhere"
    assert main(["health", url, str(selfrenew_stage.root_file)]) == 1
    assert "it answered 404, not 200" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1:{port}/health"])
def test_an_address_where_nobody_answers_is_told(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with bind() as listener:
        port = listener.getsockname()[1]
    assert main(["health", url.format(port=port)]) == 1
    assert capsys.readouterr().err.startswith("Asking ")


def test_it_needs_the_standard_library_alone() -> None:
    code = (
        "import sys; import selfrenew_emulator.health; "
        "print({'cryptography', 'httpx', 'click', 'fastapi'} & set(sys.modules))"
    )
    ended = subprocess.run(  # noqa: S603  the test's own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "set()\n"
    assert main(["health"]) == 2
