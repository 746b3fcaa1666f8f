"""The URL of a database, as a newcomer gets it wrong, and the least that it may be: one sentence, never the password."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from tests.support import postgresql
from wesend.cli import group


def run(folder: Path, url: str, *arguments: str, **environment: str) -> Result:
    told = {"WESEND_INSTANCE": str(folder), "WESEND_DATABASE_URL": url, "WESEND_SECRET_KEY": postgresql.KEY, **environment}
    return CliRunner().invoke(group, [*arguments], env=told)


PLACE = "127.0.0.1:1/wesend"
QUOTED = (
    f"postgresql://w:hun@ter@{PLACE}",
    f"postgresql://w:hun/ter@{PLACE}",
    f"postgresql://w:ab@hun/ter@{PLACE}",
    f"postgresql://w:hunter%2@{PLACE}",
    f"postgresql://w:hunter%zz@{PLACE}",
    f"postgresql://w:hunter%00@{PLACE}",
    f"postgresql://w@{PLACE}?password=x&hunter",
    f"postgresql://w@{PLACE}?password=x=hunter",
)


@pytest.mark.parametrize("url", QUOTED)
def test_a_password_that_is_not_encoded_is_not_quoted(tmp_path, url):
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty", "", "account", "list", WESEND_DATABASE_URL="").exit_code == 0
    for refused in (
        run(tmp_path, url, "account", "list"),
        run(tmp_path / "empty", "", "move", url),
        run(tmp_path, f"postgresql://w@{PLACE}", "account", "list", WESEND_DATABASE_LISTEN_URL=url),
    ):
        assert refused.exit_code == 1 and refused.stderr.count("\n") == 1
        assert not [part for part in ("hun", "ter") if part in refused.output.replace("percent-encode what is no letter", "")]


def test_a_role_that_may_not_make_tables_is_told_so_in_a_sentence(tmp_path, database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # as it is since PostgreSQL 15
    guests = database_url.replace(f"{postgresql.OWNER}@", "guest@")
    for _ in ("an empty one", "somebody else's"):
        refused = run(tmp_path, guests, "account", "list")
        assert refused.exit_code == 1 and refused.stderr.count("\n") == 1, refused.output
        assert "permission denied" in refused.stderr and "owner" in refused.stderr
        assert run(tmp_path, database_url, "account", "list").exit_code == 0


def test_one_connection_is_enough_for_every_command(tmp_path, database_url):
    """The first look at the database's clock waited for the connection that its own transaction had."""
    (tmp_path / "people.csv").write_text("phone,name\n+256771000001,Ann\n")
    assert run(tmp_path, database_url, "account", "create", "Acme").exit_code == 0
    assert (
        run(tmp_path, database_url, "group", "create", "--account", "1", "All", "--csv", str(tmp_path / "people.csv")).exit_code
        == 0
    )
    began = time.monotonic()
    erased = run(tmp_path, database_url, "person", "erase", "+256771000001", WESEND_DATABASE_POOL="1")
    assert erased.exit_code == 0, erased.output
    assert time.monotonic() - began < 10
