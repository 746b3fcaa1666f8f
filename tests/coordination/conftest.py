"""Everything here runs in an app context, some of it beside other processes on the same instance."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import close

from ..support import postgresql
from ..support.domain_fixtures import carrier, upstreams  # noqa: F401 (fixtures)
from ..support.gateway_fixtures import in_context, other  # noqa: F401 (fixtures)
from .shared import make_host


@pytest.fixture
def in_files(postgresql_server) -> None:
    """For what is said of the files that one host's processes share: on PostgreSQL rows are in their place (`test_agreeing`)."""
    if postgresql_server is not None:
        pytest.skip("it is in the database, not in files")


@pytest.fixture
def host(migrated: Path, tmp_path: Path, postgresql_server) -> Iterator[Callable[..., Flask]]:
    """``host("a")``: an application on a database that all of these share."""
    if postgresql_server is None:
        database = tmp_path / "shared.db"
        shutil.copy(migrated / "wesend.db", database)
        url = f"sqlite:///{database}"
    else:
        url = postgresql_server.create(template=(migrated / postgresql.URL).read_text())
    made: list[Flask] = []

    def make(name: str, **environment: str) -> Flask:
        made.append(make_host(tmp_path / "hosts" / name, url, **environment))
        return made[-1]

    yield make
    for app in made:
        close(app)
    if postgresql_server is not None:
        postgresql_server.drop(url)


@pytest.fixture(params=("files", "database"))
def processes(request, app_with, host, postgresql_server) -> list[Flask]:
    """Two processes of one machine, and two hosts that share a database: what they agree on is the same."""
    if request.param == "database":
        return [host("a"), host("b")]
    if postgresql_server is not None:
        pytest.skip("files are for one machine, with SQLite")
    return [app_with(), app_with()]
