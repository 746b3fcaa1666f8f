"""`wesend person`."""

from __future__ import annotations

from pathlib import Path

import click

from ..people import erasing, exporting
from .shared import ACTOR, WHOLE, Answer, command


@click.group()
def person() -> None:
    """People's data: what is held of somebody, exported or erased."""


ADDRESS = click.argument("address", metavar="PHONE|EMAIL")
OF_ACCOUNT = click.option("--account", "account_id", type=WHOLE, default=None, metavar="ID", help="Of this account alone.")


@command("export", ADDRESS, OF_ACCOUNT, click.argument("file", type=click.Path(path_type=Path), metavar="FILE.zip"), group=person)
def export_person(address: str, account_id: int | None, file: Path) -> Answer:
    """Write all that is held of a person to a ZIP of JSON files.

    \b
    wesend person export +256712345678 amina.zip
    wesend person export amina@example.com --account 2 amina.zip
    """
    done = exporting.to_file(address, file.absolute(), account_id=account_id, actor=ACTOR)
    total = sum(done.counts.values())
    return (
        {"file": str(file), "bytes": done.bytes, "addresses": list(done.addresses), "counts": done.counts},
        f"{file}: {total} records of {', '.join(done.addresses)}, {done.bytes} bytes",
    )


@command(
    "erase",
    ADDRESS,
    OF_ACCOUNT,
    click.option("--compact", is_flag=True, help="Write a large database file anew at once; sends wait meanwhile."),
    group=person,
)
def erase_person(address: str, account_id: int | None, compact: bool) -> Answer:
    """Replace a person's texts, names, fields and numbers by a keyed hash.

    What waits for them is cancelled and refunded; ledger, counts and opt-outs stay, and opt-outs are honoured.

    \b
    wesend person erase +256712345678
    wesend person erase amina@example.com --account 2
    """
    done = erasing.erase(address, account_id, compact=compact, actor=ACTOR)
    data = {
        "token": done.token,
        "addresses": list(done.addresses),
        "erased": done.rows,
        "cancelled": done.cancelled,
        "left": done.left,
        "kept_in": done.kept_in,
        "compacted": done.compacted,
    }
    return data, "\n".join(_told(done))


def _told(done: erasing.Erased) -> list[str]:
    rows = ", ".join(f"{count} {table.replace('_', ' ')}" for table, count in done.rows.items())
    told = [f"{done.token} stands where the person stood: {rows or 'nothing was held'}."]
    if done.cancelled:
        told.append(f"{done.cancelled} messages were waiting: they were cancelled and refunded.")
    if done.left:
        told.append(f"{done.left} rows are needed for messages on their way: run this again in a few minutes.")
    if done.kept_in:
        told.append(f"What somebody set up names the person still, and is theirs to change: {', '.join(done.kept_in)}.")
    return told


COMMANDS = (person,)
