"""The hosts: servers of one wesend. On one machine the file of the running server tells; of a cluster each has a row."""

from __future__ import annotations

import os
from typing import NamedTuple

from flask import current_app

from ..core import clock
from ..core.settings import Settings
from ..database import Tx, query, write
from . import cluster, leadership, running

SEEN_RECENTLY_MS = clock.MINUTE
FORGOTTEN_MS = clock.DAY
"""A host that was not seen for so long is gone for good."""

SHOW = """
    INSERT INTO hosts (id, name, pid, version, since, last_seen) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, pid = excluded.pid, version = excluded.version,
        since = excluded.since, last_seen = excluded.last_seen
"""


class Host(NamedTuple):
    """``since`` and ``last_seen`` in ms since 1970; ``pid`` of the process that was started."""

    host: str
    pid: int
    version: str
    since: int
    last_seen: int
    runs_jobs: bool

    def is_seen(self) -> bool:
        return clock.now_ms() - self.last_seen <= SEEN_RECENTLY_MS


def list_hosts() -> list[Host]:
    """Those that serve, or did within a day, by name."""
    settings: Settings = current_app.config["WESEND"]
    works = leadership.running(settings)
    if not cluster.is_shared():
        return _this_machines(settings, works is not None)
    return [
        Host(row["name"], row["pid"], row["version"], row["since"], row["last_seen"], works is not None and row["id"] == works.host)
        for row in query("SELECT * FROM hosts ORDER BY name, id")
    ]


def _this_machines(settings: Settings, runs_jobs: bool) -> list[Host]:
    told = running.find(settings.instance)
    if told is None:
        return []
    name = f"{cluster.host_name(settings).rpartition(':')[0]}:{told['port']}"
    return [Host(name, told["pid"], told["version"], told["since"], clock.now_ms(), runs_jobs)]


def show() -> None:
    """This server lives: its row, where several hosts share the database. Called by one of its workers."""
    now, process = clock.now_ms(), cluster.this_process()
    name = cluster.host_name(current_app.config["WESEND"])
    values = (process.host, name, os.getppid(), process.version, process.since, now)

    def unit(tx: Tx) -> None:
        tx.execute(SHOW, values)
        tx.execute("DELETE FROM hosts WHERE last_seen < ?", (now - FORGOTTEN_MS,))

    write(unit)


def leave() -> None:
    """This server has ended as it should: it is none of the hosts any more."""
    host = cluster.this_process().host
    write(lambda tx: tx.changed("DELETE FROM hosts WHERE id = ?", (host,)))
