# SPDX-License-Identifier: Apache-2.0
"""Whether the person sits at another machine than the one that runs this program.

A card that is written to over such a link may be left half written when the link breaks, so what
writes is refused there; signing in only reads and signs. Judged is the environment that the session
was started with. A screen that is merely mirrored, as by a VNC server on the console, leaves no
trace there.
"""

import re
from collections.abc import Mapping
from enum import Enum, unique

# sshd names the display it forwards by its own host, from 10 on (sshd_config: X11DisplayOffset).
_FORWARDED_DISPLAY = re.compile(r"[^:/]+:\d+(\.\d+)?|\[[0-9a-fA-F:]+\]:\d+(\.\d+)?")


@unique
class RemoteDesktop(Enum):
    """A way to work at a machine from afar, by the name people know."""

    REMOTE_DESKTOP_SERVICES = "Remote Desktop Services"
    CITRIX = "Citrix"
    HORIZON = "Horizon"
    XRDP = "xrdp"
    X2GO = "X2Go"
    NOMACHINE = "NoMachine"
    VNC = "VNC"
    SSH = "SSH"


_NAMED = {
    "XRDP_SESSION": RemoteDesktop.XRDP,
    "X2GO_SESSION": RemoteDesktop.X2GO,
    "NXSESSIONID": RemoteDesktop.NOMACHINE,
    "VNCDESKTOP": RemoteDesktop.VNC,
}
# The station's name on Windows: RDP-Tcp#3, ICA-tcp#7 (other protocols of Citrix alike), Console.
_STATIONS = {
    "RDP-": RemoteDesktop.REMOTE_DESKTOP_SERVICES,
    "ICA-": RemoteDesktop.CITRIX,
}
_HORIZON = "VIEWCLIENT_"


def find_remote_desktop(environment: Mapping[str, str]) -> RemoteDesktop | None:
    """Tell how the person is linked to this machine; None where they sit at it."""
    # Windows has its variables in any case.
    known = {name.upper(): value for name, value in environment.items() if value}
    # Horizon hands its client's data over; its station may be called RDP or Console.
    if any(name.startswith(_HORIZON) for name in known):
        return RemoteDesktop.HORIZON
    station = known.get("SESSIONNAME", "").upper()
    for prefix, how in _STATIONS.items():
        if station.startswith(prefix):
            return how
    # X2Go is reached by SSH and built on NX, so it is asked for before either.
    for name, how in _NAMED.items():
        if name in known:
            return how
    if "SSH_CONNECTION" in known and _FORWARDED_DISPLAY.fullmatch(known.get("DISPLAY", "")):
        return RemoteDesktop.SSH
    return None
