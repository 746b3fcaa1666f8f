"""What was acknowledged survives a power cut: every connection that writes waits for the disk at its commit."""

from __future__ import annotations

import pytest

from wesend.database import atomic, connecting, query, schema, write

FULL = 2


@pytest.fixture
def app(app_with, monkeypatch):
    """With the connections that users have; those of other tests wait for nothing."""
    for module in (connecting, schema):
        monkeypatch.setattr(module, "configure", module.configure.__wrapped__)
    return app_with()


def test_every_commit_is_on_the_disk_before_it_is_told_of(context):
    with atomic() as tx:
        by_hand = tx.one("PRAGMA synchronous")
    in_a_group = write(lambda tx: tx.one("PRAGMA synchronous"))
    read = query("PRAGMA synchronous")[0]
    assert [row[0] for row in (by_hand, in_a_group, read)] == [FULL] * 3
    assert query("PRAGMA journal_mode")[0][0] == "wal"
