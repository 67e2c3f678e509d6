# SPDX-License-Identifier: Apache-2.0
"""A group whose commands are imported when they are run, so that --help is fast."""

import importlib

import click


class LazyGroup(click.Group):
    """A group whose commands are named by module and summary until one is run."""

    lazy: dict[str, tuple[str, str]]

    def __init__(self, *args: object, lazy: dict[str, tuple[str, str]], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Name the commands."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in self.lazy:
            return None
        module = importlib.import_module(f".{self.lazy[cmd_name][0]}", __package__)
        command = getattr(module, cmd_name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.lazy.items()])
