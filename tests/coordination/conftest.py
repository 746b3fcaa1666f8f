"""Everything here runs in an app context, some of it beside other processes on the same instance."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import close

from ..support.domain_fixtures import carrier, upstreams  # noqa: F401 (fixtures)
from ..support.gateway_fixtures import in_context, other  # noqa: F401 (fixtures)
from .shared import make_host


@pytest.fixture
def host(migrated: Path, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """``host("a")``: an application on a database that all of these share."""
    database = tmp_path / "shared.db"
    shutil.copy(migrated / "wesend.db", database)
    made: list[Flask] = []

    def make(name: str, **environment: str) -> Flask:
        made.append(make_host(tmp_path / "hosts" / name, database, **environment))
        return made[-1]

    yield make
    for app in made:
        close(app)


@pytest.fixture(params=("files", "database"))
def processes(request, app_with, host) -> list[Flask]:
    """Two processes of one machine, and two hosts that share a database: what they agree on is the same."""
    if request.param == "files":
        return [app_with(), app_with()]
    return [host("a"), host("b")]
