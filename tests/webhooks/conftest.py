"""The engine on an application that may post to local receivers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from ..support.webhooks import Engine


@pytest.fixture
def app(app_with) -> Flask:
    return app_with(WESEND_ALLOW_PRIVATE_URLS="1")


@pytest.fixture
def engine(app) -> Iterator[Engine]:
    made = Engine(app)
    yield made
    made.close()
