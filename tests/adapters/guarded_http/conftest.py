"""Clients as the courier has one: patient, hasty, and as in production."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from wesend.adapters.guarded_http import GuardedHttp


@pytest.fixture
def new_http() -> Iterator[Callable[..., GuardedHttp]]:
    made: list[GuardedHttp] = []

    def make(**options) -> GuardedHttp:
        made.append(GuardedHttp(**{"allow_private": True, "seconds": 20.0, **options}))
        return made[-1]

    yield make
    for http in made:
        http.close()


@pytest.fixture
def http(new_http) -> GuardedHttp:
    return new_http()


@pytest.fixture
def hasty(new_http) -> GuardedHttp:
    """Half a second for everything."""
    return new_http(seconds=0.5)


@pytest.fixture
def guarded(new_http) -> GuardedHttp:
    """As in production: public addresses only."""
    return new_http(allow_private=False)
