"""The sandbox's API, whose codes are told to who starts a verification, and a live shop, whose codes leave."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from ..support.documents import Watch
from ..support.esms import Esms, new_esms
from ..support.fakes import FakeVendor
from ..support.verify import LiveShop


@pytest.fixture
def app(app_with) -> Iterator[Flask]:
    """Every answer is one that the API's document allows."""
    app, watch = app_with(), Watch()
    watch.attach(app)
    yield app
    assert watch.problems == []


@pytest.fixture
def api(app) -> Esms:
    return new_esms(app)


@pytest.fixture
def vendor() -> Iterator[FakeVendor]:
    vendor = FakeVendor()
    yield vendor
    vendor.stop()


@pytest.fixture
def shop(app, vendor, clock) -> LiveShop:
    return LiveShop(app, vendor)
