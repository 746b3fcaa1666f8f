"""A connection that hangs with the writers' lock in its hands, after a pipeline, too: whoever waits frees it."""

from __future__ import annotations

import time
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.support.tcp_proxy import TcpProxy
from wesend.core.errors import DatabaseUnavailable
from wesend.database.postgresql import connection as connecting
from wesend.database.postgresql import writing
from wesend.database.postgresql.pool import Pool
from wesend.database.postgresql.seen_version import SeenVersion

TABLES = (
    "CREATE TABLE rows_of_it (a bigint)",
    "CREATE TABLE commits (writer text PRIMARY KEY, number bigint, at bigint)",
    "CREATE TABLE config_state (version bigint)",
)


@pytest.mark.parametrize("pipelined", (False, True))
def test_the_lock_is_free_again_within_seconds(database_url, tmp_path, pipelined):
    port = urlsplit(database_url).port
    with TcpProxy(port) as proxy, closing(connecting.connect(database_url.replace(f":{port}/", f":{proxy.port}/"))) as frozen:
        writer = writing.Writer(Pool(lambda: connecting.connect(database_url), 2), lambda: 20.0, SeenVersion(tmp_path))
        for table in TABLES:
            frozen.execute(table)
        writer.begin(frozen)
        writer.carry_out(frozen)
        if pipelined:
            frozen.executemany("INSERT INTO rows_of_it VALUES (?)", [(number,) for number in range(50)])
        proxy.freeze()
        began = time.monotonic()
        with writer.transaction(once=True) as connection:
            assert connection.execute("SELECT count(*) FROM rows_of_it").fetchall()[0][0] == 0
        assert time.monotonic() - began < 8
        writer.pool.forget()
        proxy.thaw()
        with pytest.raises(DatabaseUnavailable):
            frozen.execute("SELECT 1")
