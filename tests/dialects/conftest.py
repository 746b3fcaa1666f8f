"""The sandbox account's APIs; every answer that a test here gets is one that the dialect's OpenAPI document allows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from ..support.documents import Watch
from ..support.esms import Esms


@pytest.fixture
def app_with(app_with) -> Iterator:
    watch = Watch()

    def make(**environment: str):
        app = app_with(**environment)
        watch.attach(app)
        return app

    yield make
    assert watch.problems == []


@pytest.fixture
def esms(client: FlaskClient) -> Esms:
    """The sandbox account's eSMS API: a KES wallet."""
    return Esms(client)
