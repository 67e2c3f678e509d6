# SPDX-License-Identifier: Apache-2.0
"""`selfrenew portal`: serve the page of the Smartcard Service."""

import os
from functools import partial

import click

from .settings import Settings, common_options


@click.command()
@partial(common_options, config_variable="SELFRENEW_PORTAL_CONFIG")
@click.pass_obj
def portal(settings: Settings) -> None:
    """\b
    selfrenew portal --config portal.toml
    selfrenew portal --config portal.toml --json

    Serve the Smartcard Service until Ctrl-C or SIGTERM, by a configuration of its own, which
    SELFRENEW_PORTAL_CONFIG may name too. One line is printed once connections are accepted.
    """  # noqa: D205, D301, D400  help opens with two examples
    from selfrenew.config.portal import open_portal  # noqa: PLC0415  heavy, not for --help

    with open_portal(settings.config, os.environ, clock=settings.clock) as found:
        url = found.configuration.portal.url

        def ready(address: str) -> None:
            settings.give({"listening": address, "url": url})
            settings.say(f"The portal listens at {address} and is opened by {url}")

        found.serve(ready)
