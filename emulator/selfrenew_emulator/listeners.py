# SPDX-License-Identifier: Apache-2.0
"""Closes asyncio's listening sockets without losing a connection that is just being accepted.

asyncio accepts in a task. One that begins when its server is closed already fails an assertion of
asyncio.Server, and nobody closes the connection any more.
"""

import asyncio


def stop_accepting(*servers: asyncio.Server) -> None:
    """Leave what comes from now on in the sockets' queues; for the running loop's servers."""
    loop = asyncio.get_running_loop()
    for server in servers:
        for listener in server.sockets:
            loop.remove_reader(listener)


async def close_listeners(*servers: asyncio.Server) -> None:
    """Close the sockets, when every connection that was accepted is in its task's hands."""
    stop_accepting(*servers)
    await asyncio.sleep(0)
    for server in servers:
        server.close()
