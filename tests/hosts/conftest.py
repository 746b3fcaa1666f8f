"""A real PostgreSQL and hosts on it, whatever the engine of the other tests is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import postgresql
from tests.support.cluster import Cluster
from wesend.database.schema_version import bring_up_to_date

from ..conftest import close, make_app
from ..server.conftest import new_instance  # noqa: F401 (a fixture)


@pytest.fixture(scope="session")
def shared_postgresql() -> Iterator[postgresql.Server]:
    if not postgresql.is_here():
        pytest.skip("there is no PostgreSQL here")
    with postgresql.Server() as server:
        yield server


@pytest.fixture
def database_url(shared_postgresql) -> Iterator[str]:
    """Of an empty database."""
    url = shared_postgresql.create()
    yield url
    shared_postgresql.drop(url)


@pytest.fixture(scope="session")
def migrated_template(shared_postgresql, tmp_path_factory) -> str:
    """The URL of a database with every table and nothing in them: copied, never used itself."""
    url = shared_postgresql.create()
    app = make_app(tmp_path_factory.mktemp("template"), WESEND_DATABASE_URL=url, WESEND_SECRET_KEY=postgresql.KEY)
    with app.app_context():
        bring_up_to_date()
        close(app)
    shared_postgresql.lock(url)
    return url


@pytest.fixture
def migrated_url(shared_postgresql, migrated_template) -> Iterator[str]:
    """Of a database with every table, which takes a host a second of its start to make."""
    url = shared_postgresql.create(template=migrated_template)
    yield url
    shared_postgresql.drop(url)


@pytest.fixture
def cluster_of(tmp_path: Path, migrated_url: str) -> Iterator[Callable[..., Cluster]]:
    """``cluster_of(2, WESEND_…="…")``: hosts that were started at the same moment."""
    started: list[Cluster] = []

    def start(count: int = 2, **environment: str) -> Cluster:
        started.append(Cluster(tmp_path, migrated_url, count, **environment))
        started[-1].__enter__()
        return started[-1]

    yield start
    for cluster in started:
        cluster.kill()
