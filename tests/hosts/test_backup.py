"""Backups of PostgreSQL go by its own programs, and come back with dispatch paused."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import flask_migrate
import pytest
from click.testing import CliRunner, Result

from tests.support import postgresql
from tests.support.cluster import HostServer
from tests.support.postgresql import PROGRAMS
from tests.support.wire import Wire, new_customer
from wesend.cli import group
from wesend.database.migrations_folder import MIGRATIONS

from ..conftest import close, make_app

PASSWORD = "hunter2"


@pytest.fixture
def host(tmp_path, database_url):
    url = database_url.replace(f"{postgresql.OWNER}@", f"{postgresql.OWNER}:{PASSWORD}@")
    host = HostServer(tmp_path / "host", url)
    host.environment["PATH"] = f"{PROGRAMS[0]}:{host.environment['PATH']}"
    host.instance.mkdir(mode=0o700)
    return host


def run(host: HostServer, *arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(group, [*arguments, "--json"], env={**host.environment, **environment})


def messages(host: HostServer) -> int:
    return host.query("SELECT count(*) FROM messages")[0][0]


def test_a_backup_comes_back_and_what_was_there_is_kept(host, tmp_path):
    file = tmp_path / "one.dump"
    with host:
        customer = new_customer(host, "1000")
        with Wire(host.port, customer) as wire:
            assert wire.send("+256771000001").status == 200
            made = run(host, "backup", str(file))
            assert made.exit_code == 0 and json.loads(made.stdout)["bytes"] == file.stat().st_size, made.output
            assert file.stat().st_mode & 0o777 == 0o600 and file.read_bytes()[:5] == b"PGDMP"
            assert wire.send("+256771000002").status == 200
        refused = run(host, "restore", str(file))
        assert refused.exit_code == 1 and "stop it first" in refused.stderr and messages(host) == 2
        host.stop()
    done = run(host, "restore", str(file))
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["dispatch"] == "paused" and messages(host) == 1
    assert run(host, "audit").exit_code == 0
    back = run(host, "restore", told["aside"])
    assert back.exit_code == 0 and messages(host) == 2, back.output
    assert PASSWORD not in made.output + refused.output + done.output + back.output
    with host:  # it serves what was restored
        host.wait_until(
            lambda: [one["pid"] for one in host.command("host", "list")["hosts"]] == [host.process.pid], 10, "not listed"
        )


def test_an_older_one_is_brought_up_to_date_and_paused(host, tmp_path, shared_postgresql):
    """Of before `commits`, which every transaction of this version writes."""
    app = make_app(tmp_path / "older", **host.environment)
    with app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS), revision="0034")
        close(app)
    file = tmp_path / "older.dump"
    with_owner = {**os.environ, "PGPASSWORD": PASSWORD}
    subprocess.run([PROGRAMS[0] / "pg_dump", "--format=custom", f"--file={file}", host.database_url], env=with_owner, check=True)
    empty = shared_postgresql.create()
    try:
        done = run(host, "restore", str(file), WESEND_DATABASE_URL=empty)
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["aside"] is None
        paused = run(host, "doctor", WESEND_DATABASE_URL=empty)
        assert "Restored from older.dump" in paused.stdout
        assert run(host, "audit", WESEND_DATABASE_URL=empty).exit_code == 0
    finally:
        shared_postgresql.drop(empty)


@pytest.mark.parametrize("content", (b"", b"PGDMP and nothing more", b"SQLite format 3\0"))
def test_what_is_no_backup_is_refused(host, tmp_path, content):
    file = tmp_path / "none.dump"
    file.write_bytes(content)
    run(host, "account", "list")
    refused = run(host, "restore", str(file))
    assert refused.exit_code == 1 and refused.stderr.count("\n") == 1, refused.output


def test_a_pipe_is_not_waited_for(host, tmp_path):
    os.mkfifo(tmp_path / "pipe.dump")
    refused = run(host, "restore", str(tmp_path / "pipe.dump"))
    assert refused.exit_code == 1 and refused.stderr.count("\n") == 1, refused.output


def test_where_the_programs_are_missing_the_command_is_told(host, tmp_path, monkeypatch):
    nowhere: Path = tmp_path / "nowhere"
    nowhere.mkdir()
    (tmp_path / "one.dump").write_bytes(b"PGDMP")
    for command, program in (("backup", "pg_dump"), ("restore", "pg_restore")):
        name = "two.dump" if command == "backup" else "one.dump"
        refused = run(host, command, str(tmp_path / name), PATH=str(nowhere))
        assert refused.exit_code == 1 and program in refused.stderr and "--dbname=URL" in refused.stderr
        assert PASSWORD not in refused.output
