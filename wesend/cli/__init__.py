"""The operator's commands: `wesend …`, and Flask's. Each loads what it needs when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from .contents import COMMANDS

if TYPE_CHECKING:
    from flask import Flask


class Late(click.Group):
    """The commands of the contents, of which a list loads none."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"{__name__}.{place.module}")
        return next(command for command in module.COMMANDS if command.name == cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*COMMANDS, *super().list_commands(ctx)})


class WesendGroup(Late):
    """Refusals go to stderr as one sentence, exit code 1; usage errors are 2 (click's own)."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            from .refusals import sentence_of

            sentence = sentence_of(error)
            if sentence is None:
                raise
            raise click.ClickException(sentence) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        room = formatter.width - 6 - max(map(len, COMMANDS))
        short = {name: click.Command(name, help=place.summary).get_short_help_str(room) for name, place in COMMANDS.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(short.items()))


group = WesendGroup(
    name="wesend",
    help="""wesend: a self-hosted SMS and e-mail gateway.

`wesend up` serves it; the other commands work on the same data, while it serves or not. Settings are WESEND_* variables
of the environment or of a .env file in the current folder. Every command takes --json and then prints one JSON object; a
refusal goes to stderr with exit code 1, wrong usage with 2.""",
)
click.version_option(__version__, prog_name="wesend", message="%(prog)s %(version)s")(group)


def main(arguments: list[str] | None = None) -> None:
    """Entry point of `wesend` and of app.py."""
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # What was done is told, whatever letters the locale has: a secret is shown once.
            stream.reconfigure(errors="backslashreplace")
    group.main(args=sys.argv[1:] if arguments is None else arguments, prog_name="wesend")


def init_app(app: Flask) -> None:
    """The commands are also Flask's, for `flask --app wesend …`."""
    from flask.cli import AppGroup

    class OfFlask(Late, AppGroup):
        pass

    app.cli = OfFlask(app.name)
