"""`wesend backup`, `restore`, `move`, `pause`, `resume`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from flask import Flask, current_app

from ..accounts import audit_log
from ..core import clock
from ..core.settings import Settings
from ..operations import backup as backups
from ..operations import move as moving
from ..operations import pausing
from ..operations import restore as restoring
from .shared import ACTOR, Answer, command

FILE = click.argument("file", type=click.Path(path_type=Path))


def _note(text: str) -> None:
    """For people, beside the one JSON object."""
    click.echo(text, err=True)


@command("backup", FILE)
def backup(file: Path) -> Answer:
    """Write a consistent copy of the database to a new file, while it serves; without keys."""
    size = backups.back_up(file.absolute())
    audit_log.note(actor=ACTOR, action="backup.make", subject=str(file.absolute()), detail=f"{size} bytes")
    _note(
        "Note: it holds no key. Keep secret.key of the instance folder (or WESEND_SECRET_KEY) elsewhere: without it"
        " the"
        " stored secrets of gateways and webhooks can't be read."
    )
    return {"file": str(file), "bytes": size}, f"{file}: {size} bytes"


@command("restore", FILE, migrated=False)
def restore(file: Path) -> Answer:
    """Put a backup in the database's place, with dispatch paused; the old database is kept."""
    done = restoring.restore(file, current_app.config["WESEND"], _make_app, actor=ACTOR)
    if not done.secrets_readable:
        _note(
            "Warning: the stored secrets in it can't be read with this instance's key: put the secret.key of the"
            " instance that it was made on in place."
        )
    _note(
        f"Dispatch is paused: {done.waiting} messages were waiting when it was made and may have been sent since."
        " Look at them; `wesend resume` lets them go."
    )
    if done.undone:
        _note("Warning: since it was made these were erased or closed, and they are back. Do it again:")
        for erasure in done.undone:
            of = "" if erasure.account_id is None else f" in account {erasure.account_id}"
            _note(f"  {clock.iso(erasure.at)} {erasure.action} {erasure.subject}{of}")
    return (
        {
            "file": str(file),
            "bytes": done.bytes,
            "aside": None if done.aside is None else str(done.aside),
            "waiting": done.waiting,
            "dispatch": "paused",
            "undone": [{**erasure._asdict(), "at": clock.iso(erasure.at)} for erasure in done.undone],
        },
        f"{file} was restored: {done.bytes} bytes." + (f" The old database is {done.aside}." if done.aside is not None else ""),
    )


def _make_app(settings: Settings) -> Flask:
    from .. import create_app  # the factory imports the commands

    return create_app(settings)


@command("move", click.argument("database_url", metavar="DATABASE_URL"), migrated=False)
def move(database_url: str) -> Answer:
    """Copy everything from SQLite into an empty PostgreSQL database, while no server runs; the file stays as it is."""
    settings = current_app.config["WESEND"]
    done = moving.move(database_url, settings, _make_app, _Progress().tell)
    for sentence in (*done.differences, *done.problems):
        _note(sentence)
    if done.differences:
        click.get_current_context().call_on_close(lambda: sys.exit(1))
    elif not settings.secret_key:
        _note(
            "Now set WESEND_DATABASE_URL, and WESEND_SECRET_KEY to what stands in secret.key of the instance folder: every host"
            " needs the same, and without it the stored secrets of gateways and webhooks can't be read."
        )
    data = {"from": done.source, "to": done.target, "tables": done.tables, "rows": done.rows, "ok": not done.differences}
    found = "both sides are the same" if not done.differences else "THE TWO SIDES ARE NOT THE SAME: go on with the file"
    return data, f"{done.rows} rows of {done.tables} tables from {done.source} to {done.target}: {found}."


class _Progress:
    """On standard error: each table as it is done, and of a long one a line every few seconds."""

    EVERY = 2.0  # seconds

    def __init__(self) -> None:
        self.told = time.monotonic()

    def tell(self, table: str, done: int, total: int) -> None:
        if done >= total or time.monotonic() - self.told >= self.EVERY:
            self.told = time.monotonic()
            _note(f"{table}: {done} of {total} rows")


@command("pause", click.option("--reason", default=pausing.BY_HAND, help="Shown by doctor and /healthz."))
def pause(reason: str) -> Answer:
    """Let nothing more leave, neither messages nor webhooks; what is sent is accepted and queued."""
    found = pausing.pause(reason, actor=ACTOR)
    return (
        {"dispatch": "paused", "since": clock.iso(found.since), "reason": found.reason},
        f"Dispatch is paused since {clock.iso(found.since)}: {found.reason}",
    )


@command("resume")
def resume() -> Answer:
    """Let messages and webhooks leave again, those first that wait."""
    pausing.resume(actor=ACTOR)
    return {"dispatch": "running"}, "Dispatch goes on."


COMMANDS = (backup, restore, move, pause, resume)
