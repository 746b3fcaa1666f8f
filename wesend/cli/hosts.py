"""`wesend host list`."""

from __future__ import annotations

import click

from ..coordination import hosts
from ..core import clock
from .shared import Answer, command

group = click.Group("host", help="The servers of this wesend.")


@command("list", group=group)
def list_() -> Answer:
    """Every server, when it was last seen, and which of them runs the jobs."""
    found = hosts.list_hosts()
    return (
        {"hosts": [{**host._asdict(), "since": clock.iso(host.since), "last_seen": clock.iso(host.last_seen)} for host in found]},
        "\n".join(
            f"{host.host}  process {host.pid}  version {host.version}  since {clock.iso(host.since)}"
            f"  seen {clock.iso(host.last_seen)}" + ("  runs the jobs" if host.runs_jobs else "")
            for host in found
        )
        or "No server runs.",
    )


COMMANDS = (group,)
