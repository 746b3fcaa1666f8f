"""The operator's commands: `wesend …`, Flask's command group of create_app."""

from __future__ import annotations

import os
import sqlite3
import sys
from typing import Any

import click
from flask import Flask
from flask.cli import FlaskGroup

from .. import __version__
from ..coordination import running
from ..core import settings
from ..core.errors import StorageFull, WesendError
from ..core.settings_values import SettingsError
from ..database.schema_version import DatabaseProblem
from . import (
    accounts,
    business,
    contacts,
    developing,
    gateways,
    guards,
    hosts,
    operations,
    people,
    prices,
    routing,
    sandbox,
    serving,
    smpp,
    two_way,
    upkeep,
    users,
    wallets,
    webhooks,
)


class WesendGroup(FlaskGroup):
    """Refusals go to stderr as one sentence, exit code 1; usage errors are 2 (click's own).

    Its commands are those below and no others: Flask's own options (which application, debug) and the commands that
    packages plug into `flask` would only mislead here, and its help needs no application, so no settings either.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(add_default_commands=False, add_version_option=False, load_dotenv=False, set_debug_flag=False, **options)
        self.params = []

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return self.commands.get(name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StorageFull as error:
            raise click.ClickException(f"{error} ({error.cause}).") from error
        except (WesendError, SettingsError, DatabaseProblem) as error:
            raise click.ClickException(str(error)) from error
        except sqlite3.OperationalError as error:
            raise click.ClickException(f"The database can't be used: {error}.") from error
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            raise click.ClickException(f"{error.strerror or error}: {error.filename or ''}".rstrip(": ") + ".") from error


def _create_app() -> Flask:
    from .. import create_app  # the factory imports this module

    return create_app(settings.load(running.seen_from_a_command(settings.environment())))


COMMANDS = (
    *serving.COMMANDS,
    *sandbox.COMMANDS,
    *accounts.COMMANDS,
    *people.COMMANDS,
    *users.COMMANDS,
    *wallets.COMMANDS,
    *contacts.COMMANDS,
    *routing.COMMANDS,
    *prices.COMMANDS,
    *business.COMMANDS,
    *gateways.COMMANDS,
    *webhooks.COMMANDS,
    *smpp.COMMANDS,
    *two_way.COMMANDS,
    *operations.COMMANDS,
    *upkeep.COMMANDS,
    *hosts.COMMANDS,
    *guards.COMMANDS,
    *developing.COMMANDS,
)

group = WesendGroup(
    name="wesend",
    create_app=_create_app,
    help="""wesend: a self-hosted SMS and e-mail gateway.

`wesend up` serves it; the other commands work on the same data, while it serves or not. Settings are WESEND_* variables
of the environment or of a .env file beside app.py. Every command takes --json and then prints one JSON object; a refusal
goes to stderr with exit code 1, wrong usage with 2.""",
)
click.version_option(__version__, prog_name="wesend", message="%(prog)s %(version)s")(group)
for command in COMMANDS:
    group.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Entry point of `wesend` and of app.py."""
    os.umask(0o077)
    group.main(args=sys.argv[1:] if arguments is None else arguments, prog_name="wesend")


def init_app(app: Flask) -> None:
    """The commands are also Flask's, for `flask --app wesend …`."""
    for command in COMMANDS:
        app.cli.add_command(command)
