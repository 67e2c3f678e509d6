# SPDX-License-Identifier: Apache-2.0
import pytest

from selfrenew.agent.remote_desktop import RemoteDesktop, find_remote_desktop

SSH = {"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.8 22"}


@pytest.mark.parametrize(
    ("environment", "how"),
    [
        ({"SESSIONNAME": "RDP-Tcp#3"}, RemoteDesktop.REMOTE_DESKTOP_SERVICES),
        ({"sessionname": "rdp-tcp#12"}, RemoteDesktop.REMOTE_DESKTOP_SERVICES),
        ({"SESSIONNAME": "ICA-tcp#7"}, RemoteDesktop.CITRIX),
        ({"SESSIONNAME": "ICA-CGP-2"}, RemoteDesktop.CITRIX),
        ({"ViewClient_Protocol": "BLAST", "SESSIONNAME": "Console"}, RemoteDesktop.HORIZON),
        ({"VIEWCLIENT_MACHINE_NAME": "ward", "SESSIONNAME": "RDP-Tcp#0"}, RemoteDesktop.HORIZON),
        ({"XRDP_SESSION": "1", "DISPLAY": ":10.0"}, RemoteDesktop.XRDP),
        ({"X2GO_SESSION": "alice-50-1", **SSH, "DISPLAY": ":50"}, RemoteDesktop.X2GO),
        ({"NXSESSIONID": "6F7A", "DISPLAY": ":1001"}, RemoteDesktop.NOMACHINE),
        ({"VNCDESKTOP": "ward:1 (alice)", "DISPLAY": ":1"}, RemoteDesktop.VNC),
        ({**SSH, "DISPLAY": "localhost:10.0"}, RemoteDesktop.SSH),
        ({**SSH, "DISPLAY": "ward.example:11.0"}, RemoteDesktop.SSH),
        ({**SSH, "DISPLAY": "[::1]:10"}, RemoteDesktop.SSH),
    ],
)
def test_a_session_from_afar_is_told_by_its_environment(
    environment: dict[str, str], how: RemoteDesktop
) -> None:
    assert find_remote_desktop(environment) is how


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"SESSIONNAME": "Console"},
        {"SESSIONNAME": ""},
        {"DISPLAY": ":0", "XDG_SESSION_TYPE": "x11"},
        {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"},
        # A display server that is reached by name, with nobody from afar.
        {"DISPLAY": "localhost:0"},
        # A terminal's variables that a desktop of this machine has inherited.
        {**SSH, "DISPLAY": ":0"},
        {"DISPLAY": "/private/tmp/launch/org.xquartz:0", **SSH},
        {"XRDP_SESSION": ""},
        {"XRDP_SOCKET_PATH_OF_ANOTHER": "1"},
    ],
)
def test_who_sits_at_the_machine_is_not_refused(environment: dict[str, str]) -> None:
    assert find_remote_desktop(environment) is None
