"""`wesend backup`, `restore`, `pause`, `resume`: a backup is whole and safe to keep, a restored instance sends
nothing.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import flask_migrate
import pytest

from tests.conftest import close, make_app
from tests.support.domain import NUMBERS, make_wallet, send
from wesend import cli
from wesend.coordination import leadership
from wesend.database import write
from wesend.database.errors import DatabaseProblem
from wesend.database.schema_version import MIGRATIONS, known_revisions, prepare_folder

from .conftest import Outcome


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "kept.db"


@pytest.fixture
def database(app) -> Path:
    return app.config["WESEND"].database


def rows(path: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def waiting(app) -> None:
    """Two messages that wait in the queue."""
    with app.app_context():
        send(make_wallet("1000", is_sandbox=True), *NUMBERS[:2])


def run_on(instance: Path, *arguments: str) -> Outcome:
    """A command on another instance folder."""
    app = make_app(instance)
    result = app.test_cli_runner().invoke(cli.group, list(arguments), prog_name="wesend")
    close(app)
    return Outcome(result.exit_code, result.stdout, result.stderr)


def test_a_backup_is_a_whole_database_for_its_owner_only(wesend, app, file, account):
    done = wesend("backup", file, "--json")
    assert done.json == {"file": str(file), "bytes": file.stat().st_size}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert rows(file, "PRAGMA integrity_check") == [("ok",)]
    assert rows(file, f"SELECT name FROM accounts WHERE id = {account}") == [("Shop",)]
    assert [path.name for path in file.parent.iterdir() if "partial" in path.name] == []


def test_a_backup_holds_no_key_and_says_so(wesend, app, file):
    done = wesend("backup", file)
    assert "holds no key" in done.err and "secret.key" in done.err
    assert app.config["SECRET_KEY"].encode() not in file.read_bytes()


def test_a_backup_never_takes_the_place_of_a_file(wesend, file):
    file.write_text("precious")
    refused = wesend("backup", file)
    assert refused.code == 1 and str(file) in refused.err and file.read_text() == "precious"


def test_a_backup_that_can_not_be_written_is_one_sentence_and_leaves_nothing(wesend, tmp_path):
    refused = wesend("backup", tmp_path / "no" / "such.db")
    assert refused.code == 1 and refused.err.startswith("Error: The backup ") and refused.err.count("\n") == 1


def test_a_restored_instance_has_everything_and_sends_nothing_until_it_is_resumed(wesend, app, file, jobs, database):
    waiting(app)
    wesend("backup", file)
    jobs.settle()
    close(app)
    done = wesend("restore", file, "--json")
    assert done.json["file"] == str(file) and done.json["bytes"] == file.stat().st_size
    assert (done.json["waiting"], done.json["dispatch"]) == (2, "paused")
    assert "may have been sent since" in done.err and "wesend resume" in done.err
    jobs.settle()
    assert rows(database, "SELECT DISTINCT status FROM messages") == [("queued",)]
    assert wesend("resume", "--json").json == {"dispatch": "running"}
    jobs.settle()
    assert rows(database, "SELECT DISTINCT status FROM messages") == [("delivered",)]
    assert wesend("audit", "--json").json["ok"]


def test_the_old_database_is_kept_aside_and_can_be_put_back(wesend, app, file, database, account):
    wesend("backup", file)
    wesend("account", "create", "Later")
    close(app)
    aside = Path(wesend("restore", file, "--json").json["aside"])
    assert aside.parent == database.parent and stat.S_IMODE(aside.stat().st_mode) == 0o600
    assert rows(database, "SELECT name FROM accounts WHERE name IN ('Shop', 'Later')") == [("Shop",)]
    assert wesend("restore", aside).code == 0
    assert len(rows(database, "SELECT name FROM accounts WHERE name IN ('Shop', 'Later')")) == 2


def test_people_who_were_erased_since_are_named(wesend, app, file, database, account):
    wesend("person", "erase", "+256701234980")
    wesend("backup", file)
    token = wesend("person", "erase", "+256701234987", "--account", account, "--json").json["token"]
    wesend("account", "close", account, "--yes")
    close(app)
    done = wesend("restore", file, "--json")
    assert [(one["action"], one["subject"], one["account_id"]) for one in done.json["undone"]] == [
        ("person.erase", token, int(account)),
        ("account.close", "Shop", int(account)),
    ]
    assert f"person.erase {token} in account {account}" in done.err and "256701234987" not in done.err
    aside = done.json["aside"]
    assert wesend("restore", aside, "--json").json["undone"] == [], "it knows of all of them"


def test_a_restore_leaves_no_file_behind_and_modes_as_they_must_be(wesend, app, file, database):
    wesend("backup", file)
    close(app)
    before = {path.name for path in database.parent.iterdir()}
    wesend("restore", file)
    added = {path.name for path in database.parent.iterdir()} - before
    assert {name.split(".before-restore-")[0] for name in added} <= {"wesend.db", "wesend.db.serving", "migrate.lock"}
    assert [name for name in added if "restoring" in name] == []
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


def test_it_can_be_restored_to_a_fresh_instance(wesend, file, account, tmp_path):
    wesend("backup", file)
    done = run_on(tmp_path / "fresh", "restore", str(file), "--json")
    assert done.json["aside"] is None
    assert rows(tmp_path / "fresh" / "wesend.db", f"SELECT name FROM accounts WHERE id = {account}") == [("Shop",)]


def test_with_another_key_than_it_was_made_with_the_restore_warns(wesend, app, file, account, tmp_path):
    wesend("webhook", "add", "--account", account, "--format", "esms", "--url", "https://shop.example.org/hook")
    wesend("backup", file)
    elsewhere = run_on(tmp_path / "elsewhere", "restore", str(file))
    assert elsewhere.code == 0 and "secret.key" in elsewhere.err
    close(app)
    assert "secret.key" not in wesend("restore", file).err


def test_an_older_backup_is_migrated_and_paused(wesend, app, file, database, tmp_path):
    before = make_app(tmp_path / "older")
    with before.app_context():
        prepare_folder(before.config["WESEND"])
        flask_migrate.upgrade(directory=str(MIGRATIONS), revision="0003")
        close(before)
    with closing(sqlite3.connect(tmp_path / "older" / "wesend.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(file),))
    close(app)
    assert wesend("restore", file).code == 0
    assert rows(database, "SELECT version_num FROM alembic_version") == [(known_revisions()[-1],)]
    assert rows(database, "SELECT paused_at IS NOT NULL FROM config_state") == [(1,)]


def damaged(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) * 3 // 4 : len(content) * 3 // 4 + 40_000] = b"\xff" * 40_000
    file.write_bytes(content)


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'f_future'")


def foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE something (id INTEGER)")


def with_sql(*statements: str):
    def spoil(file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    return spoil


ENDLESS = "WITH RECURSIVE one(version_num) AS (SELECT 1 UNION ALL SELECT 1 FROM one) SELECT max(version_num) FROM one"
STEAL = "UPDATE wallets SET balance_micros = balance_micros + 1000000 WHERE id = NEW.id; END"


@pytest.mark.parametrize(
    "spoil, sentence",
    [
        (damaged, "damaged"),
        (newer, "newer version"),
        (foreign, "no backup of wesend"),
        (lambda file: file.write_text("a shopping list " * 100), "not a usable SQLite database"),
        (lambda file: file.write_bytes(b""), "no backup of wesend"),
        (with_sql(f"CREATE TRIGGER gift AFTER INSERT ON wallets BEGIN {STEAL}"), "its trigger gift is not wesend's"),
        (
            with_sql(
                "DROP TRIGGER ledger_entries_no_update",
                f"CREATE TRIGGER ledger_entries_no_update AFTER INSERT ON wallets BEGIN {STEAL}",
            ),
            "its trigger ledger_entries_no_update is not wesend's",
        ),
        (with_sql("DROP TRIGGER ledger_entries_no_delete"), "its trigger ledger_entries_no_delete is missing"),
        (with_sql("CREATE VIEW rich AS SELECT * FROM wallets"), "its view rich is not wesend's"),
        (with_sql("CREATE VIRTUAL TABLE notes USING fts5(text)"), "its virtual table notes is not wesend's"),
        (with_sql("DROP TABLE alembic_version", f"CREATE VIEW alembic_version AS {ENDLESS}"), "its alembic_version is no table"),
    ],
    ids=[
        "damaged",
        "newer",
        "foreign",
        "text",
        "empty",
        "trigger",
        "changed trigger",
        "without a trigger",
        "view",
        "virtual table",
        "endless view",
    ],
)
def test_a_file_that_can_not_be_used_is_refused_and_the_database_stays(wesend, app, file, database, spoil, sentence):
    wesend("backup", file)
    close(app)
    spoil(file)
    before, listed = database.read_bytes(), {path.name for path in database.parent.iterdir()}
    refused = wesend("restore", file)
    assert refused.code == 1 and sentence in refused.err and refused.err.count("\n") == 1
    assert str(file) in refused.err and "restoring" not in refused.err
    assert database.read_bytes() == before
    assert {path.name for path in database.parent.iterdir()} - listed <= {"wesend.db.serving"}


def test_what_is_no_file_is_refused_at_once_whatever_it_would_give(wesend, app, tmp_path):
    close(app)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for file in ("/dev/zero", "/dev/null", tmp_path / "pipe", tmp_path / "link"):
        refused = wesend("restore", file)
        assert refused.code == 1 and "is no file: name a backup" in refused.err and refused.err.count("\n") == 1


def test_a_file_that_is_no_database_is_not_copied(wesend, app, tmp_path, monkeypatch):
    """However large it is; and the kernel's own files, which are of 0 bytes and may have no end."""
    close(app)
    monkeypatch.setattr("shutil.copyfileobj", lambda *_: pytest.fail("it was copied"))
    hole = tmp_path / "hole"
    hole.touch()
    os.truncate(hole, 1 << 40)
    for file, sentence in (
        (hole, "is not a usable SQLite database"),
        (Path("/proc/self/mounts"), "is no backup of wesend"),
        (tmp_path, "is no file: name a backup"),
    ):
        refused = wesend("restore", file)
        assert refused.code == 1 and sentence in refused.err and refused.err.count("\n") == 1


def test_the_database_itself_is_no_backup(wesend, app, database):
    close(app)
    assert "name a backup" in wesend("restore", database).err


def test_while_a_server_runs_nothing_is_restored_and_while_it_is_restored_none_starts(wesend, app, file, database):
    wesend("backup", file)
    close(app)
    before = database.read_bytes()
    serving = leadership.announce_serving(app.config["WESEND"])
    try:
        refused = wesend("restore", file)
        assert refused.code == 1 and "A server runs" in refused.err
        assert database.read_bytes() == before
    finally:
        leadership.os.close(serving)
    with leadership.nobody_serves(app.config["WESEND"]), pytest.raises(DatabaseProblem, match="being restored"):
        leadership.announce_serving(app.config["WESEND"])


def test_a_damaged_database_can_be_replaced_and_is_kept_for_whoever_mends_it(wesend, app, file, database):
    wesend("backup", file)
    close(app)
    damaged(database)
    shutil.copyfile(file, f"{database}-wal")  # a stale WAL that must not be read into the restored one
    content = database.read_bytes()
    aside = Path(wesend("restore", file, "--json").json["aside"])
    assert aside.read_bytes() == content
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]


def test_pause_and_resume_are_told_by_doctor_and_health(wesend, client):
    assert client.get("/healthz").json.get("dispatch") is None
    assert wesend("pause", "--reason", "Moving house", "--json").json["reason"] == "Moving house"
    told = client.get("/healthz").json
    assert (told["dispatch"], told["reason"]) == ("paused", "Moving house")
    checks = {found["check"]: found for found in wesend("doctor", "--json").json["checks"]}
    assert checks["Dispatch"]["state"] == "warning" and "Moving house" in checks["Dispatch"]["detail"]
    assert wesend("resume").code == 0
    assert wesend("resume").code == 1


def test_a_pause_reaches_a_process_that_already_served(wesend, app, wesendall):
    assert wesendall.send("+256771000001").json["success"]
    wesend("pause")
    wesendall.send("+256771000002")
    with app.app_context():
        assert write(lambda tx: tx.one("SELECT status FROM messages ORDER BY id DESC LIMIT 1"))["status"] == "queued"
