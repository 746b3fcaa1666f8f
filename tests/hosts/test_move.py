"""`wesend move`: from SQLite into PostgreSQL, everything, and only where nothing is lost by it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from tests.support import postgresql
from tests.support.cluster import HostServer
from tests.support.forked import ForkedServer
from tests.support.server import Server, free_port
from tests.support.wire import Wire, new_customer
from wesend.cli import group
from wesend.database.schema import db

PASSWORD = "hunter2"


def run(instance: Path, *arguments: str, **environment: str):
    return CliRunner().invoke(group, [*arguments], env={"WESEND_INSTANCE": str(instance), **environment})


@pytest.fixture
def populated(new_instance) -> Path:
    """An instance with a customer, sends, a bulk, an upload's worth of contacts and what the sandbox made of them."""
    with ForkedServer(new_instance(), WESEND_WORKERS="1", WESEND_SANDBOX_DELAY="0") as server:
        customer = new_customer(server, "100000")
        with Wire(server.port, customer) as wire:
            for index in range(5):
                assert wire.send(f"+25677100000{index}", "Ünï \U0001f600").status == 200
            assert wire.send([f"+256772{index:06}" for index in range(150)]).status in (200, 202)
        server.wait_until(
            lambda: server.query("SELECT count(*) FROM messages WHERE status = 'delivered'") == [(155,)], 30, "not delivered"
        )
        server.stop()
    return server.instance


def content(instance: Path) -> str:
    return sha256((instance / "wesend.db").read_bytes()).hexdigest()


def test_everything_is_there_and_goes_on(populated, database_url, tmp_path):
    with closing(sqlite3.connect(populated / "wesend.db")) as connection:  # what is in the WAL belongs to the file, too
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = content(populated)
    done = run(populated, "move", database_url, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert list(told) == ["from", "to", "tables", "rows", "ok"]
    assert told["ok"] is True and told["from"] == str(populated / "wesend.db")
    assert told["to"].endswith(database_url.rpartition("@")[2])
    assert told["tables"] == len(db.metadata.sorted_tables)
    assert "messages: 155 of 155 rows" in done.stderr
    assert content(populated) == before

    key = (populated / "secret.key").read_text().strip()
    host = HostServer(tmp_path / "moved", database_url, WESEND_SECRET_KEY=key)
    assert host.command("audit")["ok"]
    host.instance.mkdir(exist_ok=True)
    with host:
        customer = new_customer(host, "1000")
        with Wire(host.port, customer) as wire:
            assert wire.send("+256771000009").status == 200
        Server.wait_until(
            lambda: host.query("SELECT count(*) FROM messages WHERE status = 'delivered'") == [(156,)], 30, "not delivered"
        )
        assert host.command("audit")["ok"]
    triggers = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'"
    assert host.query(triggers) == [(0,)], "a trigger still rests"


def test_a_database_that_is_not_empty_is_left_alone(populated, database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE theirs (id integer)")
    refused = run(populated, "move", database_url, "--json")
    assert refused.exit_code == 1 and "not empty" in refused.stderr and refused.stdout == ""
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (1,)


def test_a_second_time_is_refused(populated, database_url):
    assert run(populated, "move", database_url).exit_code == 0
    refused = run(populated, "move", database_url)
    assert refused.exit_code == 1 and "not empty" in refused.stderr


def test_one_that_was_broken_off_is_begun_anew(populated, database_url, monkeypatch):
    from wesend.database.postgresql.copying import Target

    with monkeypatch.context() as broken:
        broken.setattr(Target, "_copy_table", lambda *_: 1 / 0)
        assert run(populated, "move", database_url).exit_code != 0
    done = run(populated, "move", database_url, "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["ok"]


def test_nothing_uses_a_database_whose_move_was_broken_off(populated, database_url, tmp_path, monkeypatch):
    """It would be taken away when the move is begun anew."""
    with monkeypatch.context() as broken:
        broken.setattr("wesend.operations.move.bring_up_to_date", lambda **_: 1 / 0)
        assert run(populated, "move", database_url).exit_code != 0
    for broken_off_at in ("before its tables were made", "copying"):
        host = {"WESEND_DATABASE_URL": database_url, "WESEND_SECRET_KEY": "k" * 32}
        for command in (("account", "create", "Live"), ("up", "--port", str(free_port())), ("restore", __file__)):
            refused = run(tmp_path / "host", *command, **host)
            assert refused.exit_code == 1, (broken_off_at, command)
        refused = run(tmp_path / "host", "account", "create", "Live", **host)
        assert "run `wesend move` again" in refused.stderr and refused.stderr.count("\n") == 1, broken_off_at
        with monkeypatch.context() as broken:
            broken.setattr("wesend.database.postgresql.copying.Target._copy_table", lambda *_: 1 / 0)
            assert run(populated, "move", database_url).exit_code != 0
    assert json.loads(run(populated, "move", database_url, "--json").stdout)["ok"]
    assert run(tmp_path / "host", "account", "create", "Live", **host).exit_code == 0


def test_a_running_server_is_refused(new_instance, database_url):
    with ForkedServer(new_instance(), WESEND_WORKERS="1") as server:
        refused = run(server.instance, "move", database_url)
        assert refused.exit_code == 1 and "stop it first" in refused.stderr


@pytest.mark.parametrize("url", ("postgresql://w:hunter2@127.0.0.1:1/none", "mysql://w:hunter2@h/d", "postgresql://w:hunter2@h"))
def test_what_can_not_be_reached_is_one_sentence_without_the_password(populated, url):
    refused = run(populated, "move", url)
    assert refused.exit_code == 1 and refused.stderr.count("\n") == 1 and PASSWORD not in refused.output


def test_the_password_is_never_told(populated, database_url):
    url = database_url.replace(f"{postgresql.OWNER}@", f"{postgresql.OWNER}:{PASSWORD}@")
    done = run(populated, "move", url, "--json")
    assert done.exit_code == 0 and PASSWORD not in done.output + done.stderr
