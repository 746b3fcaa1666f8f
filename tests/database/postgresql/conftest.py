"""An application on PostgreSQL, through a proxy that breaks what is between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from wesend.database.schema_version import bring_up_to_date
from wesend.sandbox import account as sandbox_account

from ...conftest import close, make_app
from ...support import postgresql
from ...support.domain_fixtures import carrier, upstreams  # noqa: F401 (fixtures)
from ...support.proxy import Proxy


@pytest.fixture(scope="session")
def template(a_postgresql_server: postgresql.Server, tmp_path_factory) -> str:
    """The URL of a migrated database with the sandbox in it, to be copied."""
    url = a_postgresql_server.create()
    app = make_app(tmp_path_factory.mktemp("template"), WESEND_DATABASE_URL=url, WESEND_SECRET_KEY=postgresql.KEY)
    with app.app_context():
        bring_up_to_date()
        sandbox_account.ensure_sandbox()
        close(app)
    return url


@pytest.fixture
def url(a_postgresql_server: postgresql.Server, template: str) -> Iterator[str]:
    """A database of this test's own."""
    url = a_postgresql_server.create(template)
    yield url
    a_postgresql_server.drop(url)


@pytest.fixture
def proxy(a_postgresql_server: postgresql.Server) -> Iterator[Proxy]:
    with Proxy(a_postgresql_server.port) as proxy:
        yield proxy


@pytest.fixture
def on_postgresql(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Makes the application on a URL."""
    made: list[Flask] = []

    def make(url: str, **environment: str) -> Flask:
        folder = tmp_path / f"host{len(made)}"
        folder.mkdir()
        given = {"WESEND_DATABASE_URL": url, "WESEND_SECRET_KEY": postgresql.KEY, **environment}
        made.append(make_app(folder, **given))
        return made[-1]

    yield make
    for app in made:
        close(app)


@pytest.fixture
def app(on_postgresql, url: str, proxy: Proxy, a_postgresql_server: postgresql.Server) -> Flask:
    """Through the proxy."""
    return on_postgresql(url.replace(f":{a_postgresql_server.port}/", f":{proxy.port}/"))


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app
