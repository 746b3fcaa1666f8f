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


@pytest.mark.parametrize("pipelined", (False, True))
def test_the_lock_is_free_again_within_seconds(database_url, pipelined):
    port = urlsplit(database_url).port
    with TcpProxy(port) as proxy, closing(connecting.connect(database_url.replace(f":{port}/", f":{proxy.port}/"))) as frozen:
        frozen.execute("CREATE TABLE rows_of_it (a bigint)")
        frozen.say(writing.BEGIN)
        if pipelined:
            frozen.executemany("INSERT INTO rows_of_it VALUES (?)", [(number,) for number in range(50)])
        proxy.freeze()
        writer = writing.Writer(Pool(lambda: connecting.connect(database_url), 2), lambda: 20.0)
        began = time.monotonic()
        with writer.transaction() as connection:
            assert connection.execute("SELECT count(*) FROM rows_of_it").fetchall()[0][0] == 0
        assert time.monotonic() - began < 8
        writer.pool.forget()
        proxy.thaw()
        with pytest.raises(DatabaseUnavailable):
            frozen.execute("SELECT 1")
