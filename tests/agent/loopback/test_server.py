# SPDX-License-Identifier: Apache-2.0
from starlette.applications import Starlette

from selfrenew.agent.loopback import LoopbackServer
from tests.silent_clients import everything_closed, knocking


def test_a_browser_that_just_connects_is_left_when_the_agent_ends() -> None:
    for _ in range(2):
        with everything_closed():
            server = LoopbackServer(0, lambda *_: Starlette())
            server.start()
            with knocking(server.port):
                server.stop()
