"""Fixtures: a migrated database copied for each test, the application on it, its jobs run by hand, a clock to move."""

from __future__ import annotations

import gc
import importlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings

from wesend import create_app
from wesend.core import clock as wesend_clock
from wesend.core import settings
from wesend.database.schema_version import bring_up_to_date
from wesend.sandbox import account as sandbox_account

from .support import connections, postgresql
from .support.apis import Wasambazie, Wesendall, WorldLedgers
from .support.jobs import ManualJobs
from .support.quick_apps import make_apps_quick, share_templates
from .support.receiver import Receiver
from .support.sharing import pytest_collection_modifyitems, pytest_xdist_auto_num_workers  # noqa: F401 (hooks)

# The same examples in every run, and no limit of time on a loaded machine.
hypothesis_settings.register_profile("wesend", deadline=None, derandomize=True)
hypothesis_settings.load_profile("wesend")


def pytest_configure() -> None:
    """Not on import: benchmarks use what stands here, and measure with the real settings."""
    make_apps_quick()
    # It decides when it is imported where counts are kept: here in memory, whatever server a test starts in this process.
    importlib.import_module("prometheus_client")


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the collector need not walk it for every few tests again."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=("sqlite", "postgresql"), default="sqlite", help="the database that tests run on")


def make_app(instance: Path, **environment: str) -> Flask:
    """The application on an instance folder, with settings as the environment would give them."""
    told = {"WESEND_INSTANCE": str(instance), "WESEND_SANDBOX_DELAY": "0", "WESEND_RETRY_DELAYS": "0,0"}
    app = create_app(settings.load({**told, **postgresql.environment_of(instance), **environment}))
    share_templates(app)
    return app


@pytest.fixture(scope="module", autouse=True)
def close_kept_connections() -> Iterator[None]:
    """What a file's tests opened and did not close."""
    yield
    connections.close_all()


@pytest.fixture(scope="session")
def a_postgresql_server() -> Iterator[postgresql.Server]:
    """PostgreSQL, for tests of its own and where all of them run on it."""
    if not postgresql.is_here():
        pytest.skip("there is no PostgreSQL here")
    with postgresql.Server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_server(request: pytest.FixtureRequest) -> postgresql.Server | None:
    """Where the tests run on PostgreSQL."""
    return request.getfixturevalue("a_postgresql_server") if request.config.getoption("--engine") == "postgresql" else None


@pytest.fixture(scope="session")
def migrated(tmp_path_factory, postgresql_server) -> Path:
    """An instance folder with a migrated database and the sandbox in it: copied, never used itself."""
    folder = tmp_path_factory.mktemp("migrated")
    if postgresql_server is not None:
        (folder / postgresql.URL).write_text(postgresql_server.create())
    app = make_app(folder)
    with app.app_context():
        bring_up_to_date()
        sandbox_account.ensure_sandbox()
        close(app)
    if postgresql_server is not None:
        postgresql_server.lock((folder / postgresql.URL).read_text())
    return folder


def close(app: Flask) -> None:
    from wesend.database.schema import db
    from wesend.gateways import registry

    app.extensions["wesend.last_used"].stop()
    app.extensions["wesend.call_log"].stop()
    registry.close(app)
    with app.app_context():
        app.extensions["wesend.database"].close()
        db.engine.dispose()


@pytest.fixture(scope="session")
def copy_instance(migrated: Path, postgresql_server) -> Callable[[Path], Path]:
    """Makes a folder a copy of the migrated instance, with a database of its own."""

    def make(folder: Path) -> Path:
        shutil.copytree(migrated, folder)
        if postgresql_server is not None:
            (folder / postgresql.URL).write_text(postgresql_server.create(template=(migrated / postgresql.URL).read_text()))
        return folder

    return make


@pytest.fixture
def instance(copy_instance, tmp_path: Path, postgresql_server) -> Iterator[Path]:
    """An instance folder of this test's own."""
    folder = copy_instance(tmp_path / "instance")
    yield folder
    if postgresql_server is not None:
        postgresql_server.drop((folder / postgresql.URL).read_text())


@pytest.fixture
def app_with(instance: Path) -> Iterator:
    """Makes the application with other settings: ``app_with(WESEND_RATE_LIMIT="5")``."""
    made: list[Flask] = []

    def make(**environment: str) -> Flask:
        made.append(make_app(instance, **environment))
        return made[-1]

    yield make
    for app in made:
        close(app)


@pytest.fixture
def app(app_with) -> Flask:
    return app_with()


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """The application with its context pushed, for tests that call services."""
    with app.app_context():
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def jobs(app: Flask) -> ManualJobs:
    return ManualJobs(app)


@pytest.fixture
def wesendall(client: FlaskClient) -> Wesendall:
    """The sandbox account's Wesendall API."""
    return Wesendall(client)


@pytest.fixture
def worldledgers(client: FlaskClient) -> WorldLedgers:
    """The sandbox account's World Ledgers API."""
    return WorldLedgers(client)


@pytest.fixture
def wasambazie(client: FlaskClient) -> Wasambazie:
    """The sandbox account's Wasambazie API."""
    return Wasambazie(client)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A local server that webhooks are posted to."""
    with Receiver() as started:
        yield started


class MovableClock:
    """wesend's clock, standing still until it is moved."""

    def __init__(self, seconds: float):
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Iterator[MovableClock]:
    """Stands at 2026-06-10 12:00:00 UTC."""
    movable = MovableClock(1_781_092_800.0)
    wesend_clock.use(movable)
    yield movable
    wesend_clock.use(None)
