"""People of three roles, each with pages of their own."""

from __future__ import annotations

import pytest

from wesend.accounts.roles import MEMBER, OWNER

from ..support.accounts import Minted, mint
from ..support.dashboard import Visitor, make_user


@pytest.fixture
def shop(app) -> Minted:
    """An account with a live wallet of 1,000 UGX and a Wesendall key."""
    return mint(app, is_sandbox=False)


@pytest.fixture
def operator(app) -> Visitor:
    return Visitor(app, make_user(app))


@pytest.fixture
def owner(app, shop) -> Visitor:
    return Visitor(app, make_user(app, OWNER, shop.account_id))


@pytest.fixture
def member(app, shop) -> Visitor:
    return Visitor(app, make_user(app, MEMBER, shop.account_id))


@pytest.fixture
def stranger(app) -> Visitor:
    """Nobody is signed in."""
    return Visitor(app)
