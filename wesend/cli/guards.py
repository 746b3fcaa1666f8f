"""`wesend blocklist`."""

from __future__ import annotations

import click

from ..core import clock
from ..guards import blocklist as numbers
from .shared import ACTOR, Answer, command


@click.group()
def blocklist() -> None:
    """Numbers and prefixes to which nobody sends: add, list, remove."""


PREFIXES = click.argument("prefixes", nargs=-1, required=True, metavar="PREFIX|PHONE…")


@command("add", PREFIXES, group=blocklist)
def add_to_blocklist(prefixes: tuple[str, ...]) -> Answer:
    """Block numbers, or all that begin with some digits, as +25670."""
    added = [f"+{prefix}" for prefix in numbers.add(prefixes, actor=ACTOR)]
    return {"added": added}, f"{len(added)} added."


@command("list", group=blocklist)
def list_blocklist() -> Answer:
    """List what is blocked."""
    rows = [{"prefix": f"+{row['prefix']}", "created_at": clock.iso(row["created_at"])} for row in numbers.entries(actor=ACTOR)]
    return {"blocklist": rows}, "\n".join(
        f"{row['prefix']:<16}  since {row['created_at']}" for row in rows
    ) or "Nothing is blocked."


@command("remove", PREFIXES, group=blocklist)
def remove_from_blocklist(prefixes: tuple[str, ...]) -> Answer:
    """Let numbers be sent to again."""
    removed = [f"+{prefix}" for prefix in numbers.remove(prefixes, actor=ACTOR)]
    return {"removed": removed}, f"{len(removed)} removed."


COMMANDS = (blocklist,)
