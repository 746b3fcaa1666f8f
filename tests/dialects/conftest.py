"""The sandbox account's APIs."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from ..support.esms import Esms


@pytest.fixture
def esms(client: FlaskClient) -> Esms:
    """The sandbox account's eSMS API: a KES wallet."""
    return Esms(client)
