"""Backups by the dashboard: taken away whole, without leaving anything behind."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from wesend.database import query
from wesend.operations import backup, backup_download, postgresql_dump

from ..support.dashboard import Visitor, make_user, text_of


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def clocked(app_with, app, folder) -> Visitor:
    """An operator of an instance that makes backups by the clock."""
    return Visitor(app_with(WESEND_BACKUP_DIR=str(folder), WESEND_BACKUP_HOURS="6", WESEND_BACKUP_KEEP="3"), make_user(app))


def left_in(instance: Path) -> list[str]:
    return [path.name for path in instance.iterdir() if "download" in path.name or "partial" in path.name]


def audited() -> list[str]:
    return [row["detail"] for row in query("SELECT detail FROM audit_log WHERE action = 'backup.download'")]


def test_a_backup_that_is_taken_away_is_the_whole_database(context, operator, shop, instance, tmp_path):
    page = operator.get("/operator/backups")
    assert "holds no key" in text_of(page) and "wesend restore FILE" in text_of(page)
    answer = operator.post("/operator/backups")
    name = re.search(r"attachment; filename=(wesend-\d{8}T\d{6}Z\.(?:db|dump))", answer.headers["Content-Disposition"])
    assert name and backup.NAME.fullmatch(name[1])
    assert answer.content_length == len(answer.data) and answer.headers["Cache-Control"] == "no-store"
    assert name[1].endswith(backup.ending())
    if backup.ending() == ".db":
        (tmp_path / name[1]).write_bytes(answer.data)
        with closing(sqlite3.connect(tmp_path / name[1])) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert copy.execute("SELECT count(*) FROM accounts WHERE id = ?", (shop.account_id,)).fetchone() == (1,)
    else:  # `tests/hosts/test_backup.py` restores one
        assert answer.data.startswith(b"PGDMP")
    assert context.config["SECRET_KEY"].encode() not in answer.data
    assert left_in(instance) == [] and audited() == [f"made, {len(answer.data)} bytes"]


def test_nothing_of_it_has_a_name_while_it_is_read(context, instance):
    copy = backup_download.make_copy(actor="test")
    with copy.file:
        assert left_in(instance) == [] and len(copy.file.read()) == copy.size


def test_what_a_killed_download_left_is_removed_and_what_another_makes_now_is_not(context, instance):
    stale, now = instance / "..wesend-download-a.db.1.partial", instance / "..wesend-download-b.db.2.partial"
    for path in (stale, now):
        path.write_text("half")
    os.utime(stale, (time.time() - 7200, time.time() - 7200))
    backup_download.make_copy(actor="test").file.close()
    assert left_in(instance) == [now.name]


def test_one_that_can_not_be_made_is_told_on_the_page(operator, instance, monkeypatch):
    for home, name in ((backup, "_copy"), (postgresql_dump, "dump")):
        monkeypatch.setattr(home, name, lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    operator.get("/operator/backups")
    answer = operator.client.post(
        "/operator/backups", data={"csrf_token": operator.token}, headers={"Referer": "http://localhost/operator/backups"}
    )
    assert answer.status_code == 303
    assert "No space left" in text_of(operator.get("/operator/backups")) and left_in(instance) == []


def test_nothing_is_made_by_looking_and_nothing_without_the_token(context, operator):
    operator.get("/operator/backups")
    assert operator.client.post("/operator/backups").status_code == 400
    assert audited() == []


def test_members_and_owners_take_nothing_away(context, owner, member):
    for visitor in (owner, member):
        assert visitor.get("/operator/backups").status_code == 403
        for path in ("/operator/backups", "/operator/backups/wesend-20260610T120000Z.db"):
            assert visitor.post(path).status_code == 403


def test_without_a_folder_the_page_says_how_to_have_them_made(operator):
    assert "Set WESEND_BACKUP_DIR" in text_of(operator.get("/operator/backups"))


def test_those_made_by_the_clock_are_listed_newest_first_and_can_be_taken_away(clocked, clock, folder):
    assert "None made by the clock yet" in text_of(clocked.get("/operator/backups"))
    with clocked.app.app_context():
        backup.back_up_when_due()
        clock.advance(6 * 3600)
        backup.back_up_when_due()
        ending = backup.ending()
    (folder / "wesend-mine.db").write_text("somebody else's")
    page = clocked.get("/operator/backups")
    assert re.findall(r'action="/operator/backups/([^"]+)"', page.text) == [
        f"wesend-20260610T180000Z{ending}",
        f"wesend-20260610T120000Z{ending}",
    ]
    assert "Every 6 hours" in text_of(page) and re.search(r"\d [kM]B", text_of(page)) and "overdue" not in text_of(page)
    answer = clocked.post(f"/operator/backups/wesend-20260610T120000Z{ending}")
    assert answer.data == (folder / f"wesend-20260610T120000Z{ending}").read_bytes()
    for name in ("wesend-mine.db", "wesend-20260610T060000Z.db", "..%2Fwesend.db"):
        assert clocked.post(f"/operator/backups/{name}").status_code in (404, 405), name
    clock.advance(14 * 3600)
    assert "overdue" in text_of(clocked.get("/operator/backups"))


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (999_960, "1.0 MB"), (5 * 10**15, "5,000.0 TB")],
)
def test_sizes_are_written_for_people(app, count, shown):
    assert app.jinja_env.filters["size"](count) == shown
