"""People of three roles at the dashboard, and passwords that cost little to try."""

from __future__ import annotations

import pytest

from wesend.accounts import passwords

from ..dashboard.conftest import member, operator, owner, shop, stranger  # noqa: F401 - fixtures of the same people
from ..support.dashboard import PASSWORD
from ..support.sides import Both


@pytest.fixture
def cheap_passwords(monkeypatch):
    """A hundredth of the price, where dozens are tried. Nobody has the right one."""
    monkeypatch.setattr(passwords, "N", 2**10)
    monkeypatch.setattr(passwords, "P", 1)
    monkeypatch.setattr(passwords, "NOBODY", passwords.hashed(PASSWORD))


@pytest.fixture
def both(app_with) -> Both:
    return Both(app_with(WESEND_RATE_LIMIT="100000"))
