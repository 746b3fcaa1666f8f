"""Everything here runs in an app context, with a wallet and a route that can be set to any gateway."""

from __future__ import annotations

import pytest

from tests.support.domain import make_wallet
from tests.support.fakes import FakeVendor


@pytest.fixture(autouse=True)
def in_context(context):
    return context


@pytest.fixture
def fake():
    vendor = FakeVendor()
    yield vendor
    vendor.stop()


@pytest.fixture
def wallet(clock):
    return make_wallet("100000")
