"""`wesend smpp`: the binds of customers' SMPP clients."""

from __future__ import annotations

import click

from ..binds import opened, terms
from ..core import clock
from .shared import ACTOR, Answer, command


@click.group()
def smpp() -> None:
    """Binds of customers' SMPP clients: list, end."""


@command("list", group=smpp)
def list_binds() -> Answer:
    """List the open binds over all processes."""
    rows = [
        {
            "bind": row["uid"],
            "key_id": row["api_key_id"],
            "system_id": row["system_id"],
            "mode": row["mode"],
            "address": row["address"],
            "tls": bool(row["tls"]),
            "since": clock.iso(row["since"]),
            "window": terms.terms_of(row["api_key_id"]).window,
            "submits": row["submits"],
            "throttled": row["throttled"],
            "waiting": row["waiting"],
        }
        for row in opened.list_binds(None, actor=ACTOR)
    ]
    return {"binds": rows}, "\n".join(
        f"{row['bind']}  {row['system_id']:<15}  {row['mode']:<11}  {row['address']}{' TLS' * row['tls']}  since {row['since']}  "
        f"{row['submits']} submitted, {row['throttled']} throttled, {row['waiting']} waiting"
        for row in rows
    ) or "No binds."


@command("unbind", click.argument("bind", metavar="BIND"), group=smpp)
def unbind(bind: str) -> Answer:
    """End a bind; its client may bind again."""
    row = opened.ask_to_end(bind, actor=ACTOR)
    return {"bind": bind, "system_id": row["system_id"]}, f"The bind {bind} of {row['system_id']} ends."


COMMANDS = (smpp,)
