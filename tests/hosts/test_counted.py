"""A small one of the counted storms: `counted`."""

from __future__ import annotations

import pytest

from tests.support import postgresql

from .counted import count


def test_hosts_are_killed_and_the_database_restarted_in_a_storm_and_nothing_is_lost_doubled_or_wrongly_refunded(tmp_path):
    if not postgresql.is_here():
        pytest.skip("there is no PostgreSQL here")
    found = count(tmp_path, kills=4, restarts=2)
    assert (found.lost, found.doubled, found.wrongly_refunded) == (0, 0, 0), found
    assert found.acknowledged > 0 and found.submitted > 0
