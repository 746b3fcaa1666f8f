"""`wesend up`, `wesend sandbox`."""

from __future__ import annotations

import json
import sys

import click
from flask import current_app

from .. import server
from ..accounts.credentials import apis
from ..sandbox.account import ensure_sandbox, published
from .reloading import serve_anew_at_changes
from .shared import Answer, command


@click.command("up")
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
    server.up(
        host=host,
        port=port,
        workers=workers,
        show=lambda started: click.echo(json.dumps(started.data()) if as_json else started.text()),
    )


@command("sandbox")
def sandbox() -> Answer:
    """Make the sandbox account and print its published credentials."""
    data = published(ensure_sandbox(), current_app.config["WESEND"].base_url)
    lines = [f"Sandbox account {data['account_id']} at {data['base_url']}"]
    for api in apis():
        lines += [f"  {api}"] + [f"    {name}: {value}" for name, value in data[api].items()]
    if not current_app.config["WESEND"].sandbox:
        lines.append("These are answered only while WESEND_SANDBOX is on; it is off now.")
    elif not current_app.config["WESEND"].sandbox_public:
        lines.append("These are answered to requests made on this machine, through no proxy.")
    return data, "\n".join(lines)


COMMANDS = (up, sandbox)
