"""`wesend up`."""

from __future__ import annotations

import json
import sys

import click

from .reloading import serve_anew_at_changes
from .shared import ExampleCommand


@click.command("up", cls=ExampleCommand)
@click.option("--host", default=None, help="Address to listen on (WESEND_HOST, 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), default=None, help="Port to listen on (WESEND_PORT, 8000).")
@click.option("--workers", type=click.IntRange(1, 64), default=None, help="Processes (WESEND_WORKERS, 2; 1 on one core).")
@click.option("--json", "as_json", is_flag=True, help="Print the address and paths as one JSON object.")
@click.option("--reload", "reloads", is_flag=True, help="Start anew whenever a file of the program changes: for developers.")
def up(host: str | None, port: int | None, workers: int | None, as_json: bool, reloads: bool) -> None:
    """Migrate the database, make the sandbox when it is on, and serve."""
    if reloads:
        # As app.py was given them too, whose command is left out.
        serve_anew_at_changes(["up", *(argument for argument in sys.argv[1:] if argument not in ("up", "--reload"))])
        return
    from .. import server  # gunicorn and the whole application, which help needs not

    server.up(
        host=host,
        port=port,
        workers=workers,
        show=lambda started: click.echo(json.dumps(started.data()) if as_json else started.text()),
    )


COMMANDS = (up,)
