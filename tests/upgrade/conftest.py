"""The landed version's instance: its database as it was, and the application on it after the upgrade."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from wesend.database.schema_version import bring_up_to_date

from ..conftest import MovableClock, close, make_app
from ..support.receiver import Receiver
from .outside import Upgraded, landed, lead_to, restore_dump, vend
from .population.places import SECRET_KEY

ENVIRONMENT = {"WESEND_SECRET_KEY": SECRET_KEY, "WESEND_ALLOW_PRIVATE_URLS": "1"}


@pytest.fixture(scope="session")
def old_database(tmp_path_factory) -> Path:
    """The landed version's database, as its backup was: copied, never used itself."""
    path = tmp_path_factory.mktemp("landed") / "wesend.db"
    restore_dump(path)
    return path


@pytest.fixture(scope="session")
def upgraded_database(old_database, tmp_path_factory) -> Path:
    """The same after the upgrade."""
    folder = tmp_path_factory.mktemp("upgraded")
    shutil.copy(old_database, folder / "wesend.db")
    app = make_app(folder, **ENVIRONMENT)
    with app.app_context():
        assert bring_up_to_date() is True
        close(app)
    return folder / "wesend.db"


@pytest.fixture
def old_instance(old_database, tmp_path) -> Path:
    """An instance folder of this test's own with the landed version's database."""
    folder = tmp_path / "instance"
    folder.mkdir(mode=0o700)
    shutil.copy(old_database, folder / "wesend.db")
    return folder


@pytest.fixture
def clock() -> Iterator[MovableClock]:
    """Stands where the landed version was left."""
    from wesend.core import clock as wesend_clock

    movable = MovableClock(landed()["looked_at"] / 1000)
    wesend_clock.use(movable)
    yield movable
    wesend_clock.use(None)


@pytest.fixture
def upgraded_with(upgraded_database, tmp_path, clock) -> Iterator:
    """Makes the instance after the upgrade with other settings; its dispatch is still paused."""
    folder = tmp_path / "upgraded"
    folder.mkdir(mode=0o700)
    shutil.copy(upgraded_database, folder / "wesend.db")
    vendor, hooks = Receiver(), Receiver()
    with vendor, hooks:
        vendor.behave(vend)
        lead_to(folder / "wesend.db", vendor.port, hooks.port)
        made: list[Upgraded] = []

        def make(**environment: str) -> Upgraded:
            made.append(Upgraded(make_app(folder, **ENVIRONMENT, **environment), vendor, hooks))
            return made[-1]

        yield make
        for upgraded in made:
            close(upgraded.app)


@pytest.fixture
def upgraded(upgraded_with) -> Upgraded:
    return upgraded_with()
