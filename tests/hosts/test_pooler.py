"""Two hosts behind pgbouncer in transaction mode: notifications do not arrive through it, and are not needed."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.support import postgresql
from tests.support.cluster import Cluster
from tests.support.server import Server
from tests.support.wire import Wire, new_customer

DELIVERED = "SELECT count(*) FROM messages WHERE status = 'delivered'"


@pytest.mark.parametrize("listening", ["through it", "beside it"])
def test_what_is_queued_leaves_and_doctor_tells_whether_notifications_arrive(tmp_path, shared_postgresql, migrated_url, listening):
    if not postgresql.Pgbouncer.is_here():
        pytest.skip("there is no pgbouncer here")
    with postgresql.Pgbouncer(shared_postgresql) as pooler:
        pooled = migrated_url.replace(f":{urlsplit(migrated_url).port}/", f":{pooler.port}/")
        more = {"WESEND_DATABASE_LISTEN_URL": migrated_url} if listening == "beside it" else {}
        with Cluster(tmp_path, pooled, 2, **more) as cluster:
            other = cluster.follower()
            with Wire(other.port, new_customer(other, "10000")) as wire:
                assert wire.send([f"+256771{index:06}" for index in range(120)]).status in (200, 202)
            Server.wait_until(lambda: cluster.query(DELIVERED) == [(120,)], 20, "it waits")
            found = {check["check"]: check["state"] for check in other.command("doctor")["checks"]}
            assert found["NOTIFY"] == ("ok" if listening == "beside it" else "warning")
            assert other.command("audit")["ok"]
