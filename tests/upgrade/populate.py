"""Fills an instance of the landed version with everything one may hold, and writes it down as the fixture of these tests.

How `landed.sql.gz` and `landed.json.gz` were made (of commit 906bfaf, in a clone with its environment):

    git worktree add /tmp/landed 906bfaf
    PYTHONPATH=/tmp/landed .venv/bin/python tests/upgrade/populate.py
    git worktree remove /tmp/landed

The instance is filled by the APIs (over a test client), the commands and the pages of that version; its services are called only
where there is no edge. The SMSC, the receiver of webhooks and the clock are those of that version's own tests. The dump is of the
file that its `wesend backup` made; `landed.json.gz` has what only the customers know: keys, secrets, passwords, which row is what,
and what every reading call answered.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import tempfile
from pathlib import Path

from population import contacts, deposits, hooks, mails, odd, people, reading, sends
from population.places import PASSWORD
from population.world import World

from wesend.core import clock
from wesend.messages.receipts import polling
from wesend.operations import retention, status_counts

HERE = Path(__file__).resolve().parent
LOOKED_AT = 1_781_092_200.0  # 2026-06-10 11:50 UTC: ten minutes before the tests' clock


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, World(Path(folder) / "instance") as world:
        for fill in (people.fill, sends.fill_before, mails.fill_before):
            fill(world)
        world.later(2 * 86_400)
        for fill in (contacts.fill, hooks.fill, odd.fill, sends.fill_first_day, mails.fill_first_day, deposits.fill_first_day):
            fill(world)
            world.deliver()
        _some_days(world)
        for fill in (deposits.fill_last_day, mails.fill_last_day, odd.fill_last_day, sends.fill_last_day, people.fill_last_day):
            fill(world)
        world.made["looked_at"] = clock.now_ms()
        world.made["read"] = reading.read(world)
        world.made["metrics"] = reading.metrics(world)
        world.cli("pause", "--reason", "Before the upgrade")
        _write_down(world, Path(folder) / "landed.db")


def _some_days(world: World) -> None:
    """Webhooks are tried until they are given up; what had no receipt fails; the last day begins."""
    for _ in range(5):
        world.later(600)
        world.deliver()
    world.later(2.1 * 86_400)
    world.job(polling.expire)
    world.job(status_counts.roll_up)
    world.settle()
    world.deliver()
    world.job(retention.remove_texts, world.make_app(WESEND_KEEP_TEXT_DAYS="3.5"))
    world.later(LOOKED_AT - 90 - world.clock())


def _write_down(world: World, backup: Path) -> None:
    world.cli("backup", backup)
    world.made["password"] = PASSWORD
    _compress("landed.json.gz", json.dumps(world.made, indent=1))
    connection = sqlite3.connect(backup)
    _compress("landed.sql.gz", "\n".join(connection.iterdump()))
    connection.close()


def _compress(name: str, text: str) -> None:
    with gzip.GzipFile(HERE / name, "wb", compresslevel=9, mtime=0) as file:
        file.write(text.encode())
    print(f"{name}: {(HERE / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
