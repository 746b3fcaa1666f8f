"""pgbouncer in transaction mode between a host and PostgreSQL."""

from __future__ import annotations

import threading

import pytest

from wesend.database import query, write
from wesend.operations.audit import audit

from ...support import postgresql
from ...support.apis import Wesendall


@pytest.fixture
def pooler(a_postgresql_server):
    if not postgresql.Pgbouncer.is_here():
        pytest.skip("there is no pgbouncer here")
    with postgresql.Pgbouncer(a_postgresql_server) as pooler:
        yield pooler


def test_sends_and_units_of_many_threads_share_its_sessions(on_postgresql, url, pooler, a_postgresql_server):
    app = on_postgresql(url.replace(f":{a_postgresql_server.port}/", f":{pooler.port}/"))
    answers: list[int] = []

    def send() -> None:
        api = Wesendall(app.test_client())
        for _ in range(15):
            answers.append(api.send("0712345678").status_code)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 90
    with app.app_context():
        for place in range(10):  # the same statement again and again, on whichever session
            write(lambda tx, place=place: tx.insert("sign_in_attempts", email="a", address="b", at=place))
        assert query("SELECT count(*) FROM messages")[0][0] == 90
        assert query("SELECT count(*) FROM sign_in_attempts")[0][0] == 10
        assert audit().problems == []
