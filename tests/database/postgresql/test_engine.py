"""PostgreSQL as the engine: statements, values and rows as SQLite has them, errors as wesend knows them."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import psycopg
import pytest

from wesend.core.errors import DatabaseUnavailable
from wesend.database import atomic, query, query_one, snapshot, write
from wesend.database.errors import DATABASE_ERRORS, INTEGRITY_ERRORS, PostgresBusy
from wesend.database.postgresql.statements import translated

from ...support import postgresql
from ...support.apis import Wesendall
from ...support.server import Server


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT * FROM t WHERE a = ? AND b = ?", "SELECT * FROM t WHERE a = $1 AND b = $2"),
        ("SELECT '?', ':x', 'it''s ?' FROM t WHERE a = ?", "SELECT '?', ':x', 'it''s ?' FROM t WHERE a = $1"),
        ("SELECT a FROM t INDEXED BY ix_t_a WHERE a = ?", "SELECT a FROM t WHERE a = $1"),
        ("SELECT a FROM t NOT INDEXED WHERE a = ?", "SELECT a FROM t WHERE a = $1"),
        ("SELECT a FROM t WHERE a IN () OR b NOT IN ()", "SELECT a FROM t WHERE a = ANY ('{}') OR b <> ALL ('{}')"),
    ],
)
def test_a_statement_is_put_as_postgresql_takes_it(sql, expected):
    assert translated(sql).sql == expected


def test_a_name_is_one_parameter_however_often_it_stands():
    statement = translated("SELECT :b, :a WHERE :a > 0")
    assert statement.sql == "SELECT $1, $2 WHERE $2 > 0"
    assert statement.values({"a": 1, "b": 2, "c": 3}) == [2, 1]


def test_rows_are_read_by_name_and_by_place_and_numbers_are_whole(context):
    row = query_one("SELECT sum(balance_micros) AS total, count(*) AS wallets, 1 = 1 AS truth FROM wallets")
    assert row["total"] == row[0] and type(row["total"]) is int and row["wallets"] == 5 and type(row["truth"]) is int
    assert dict(row) == {"total": row[0], "wallets": 5, "truth": 1} and row.keys() == ["total", "wallets", "truth"]
    assert len(row) == 3 and tuple(row) == (row[0], 5, 1)


def test_what_postgresql_can_not_store_becomes_a_sign_and_no_other_text(context):
    with atomic() as tx:
        body = tx.insert("caught_bodies", raw=b"\0\xff\0", size=3)
        tx.insert("sign_in_attempts", email="a\0b", address="x", at=True)
    assert query_one("SELECT raw FROM caught_bodies WHERE id = ?", (body,))[0] == b"\0\xff\0"
    assert tuple(query_one("SELECT email, at FROM sign_in_attempts WHERE address = 'x'")) == ("a\N{REPLACEMENT CHARACTER}b", 1)
    with pytest.raises(OverflowError):
        query("SELECT 1 FROM wallets WHERE id = ?", (2**63,))


def test_what_no_socket_has_room_for_is_sent_whole(context):
    """A mail of 20 MB with its recipients, in one round trip."""
    raw = bytes(range(256)) * (20 * 2**20 // 256)

    def unit(tx) -> None:
        tx.run("INSERT INTO caught_bodies (id, raw, size) VALUES (?, ?, ?)", (1, raw, len(raw)))
        tx.run_many("INSERT INTO caught_mails (uid, recipient, body_id, created_at) VALUES (?, 'a', 1, 0)", [("m1",), ("m2",)])

    began = time.monotonic()
    write(unit)
    assert query_one("SELECT raw FROM caught_bodies")[0] == raw
    assert query("SELECT count(*) FROM caught_mails")[0][0] == 2 and time.monotonic() - began < 30


def test_what_a_constraint_or_a_trigger_refuses_is_an_integrity_error_without_the_values(context):
    for statement in (
        "INSERT INTO gateway_health (gateway) VALUES ('secret'), ('secret')",
        "UPDATE ledger_entries SET description = 'secret'",
        "UPDATE wallets SET balance_micros = -7",
    ):
        with pytest.raises(INTEGRITY_ERRORS) as refused, atomic() as tx:
            tx.execute(statement)
        assert "secret" not in str(refused.value)
    with pytest.raises(DATABASE_ERRORS):
        query("SELECT nothing FROM nowhere")
    assert query("SELECT count(*) FROM wallets")[0][0] == 5


def test_a_unit_that_fails_is_undone_alone_and_those_beside_it_are_written(context):
    app, begun, failures = context, threading.Barrier(6), []

    def note(place: int) -> None:
        def unit(tx):
            tx.insert("sign_in_attempts", email=f"{place}", address="group", at=place)
            if place % 3 == 0:
                raise ValueError(place)

        with app.app_context():
            begun.wait()
            try:
                write(unit)
            except ValueError as error:
                failures.append(error.args[0])

    threads = [threading.Thread(target=note, args=(place,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(failures) == [0, 3]
    assert [row[0] for row in query("SELECT at FROM sign_in_attempts WHERE address = 'group' ORDER BY at")] == [1, 2, 4, 5]


def test_a_snapshot_sees_nothing_that_was_written_since(context):
    with snapshot():
        before = query("SELECT count(*) FROM sign_in_attempts")[0][0]
        write(lambda tx: tx.insert("sign_in_attempts", email="a", address="b", at=1))
        assert query("SELECT count(*) FROM sign_in_attempts")[0][0] == before
    assert query("SELECT count(*) FROM sign_in_attempts")[0][0] == before + 1


def test_one_writes_at_a_time_over_all_hosts(on_postgresql, url):
    hosts = [on_postgresql(url) for _ in range(3)]
    write_by = "INSERT INTO gateway_health (gateway, failures) VALUES ('g', 1) ON CONFLICT (gateway) DO NOTHING"
    with hosts[0].app_context():
        write(lambda tx: tx.execute(write_by) and None)

    def count(app) -> None:
        def unit(tx) -> None:
            # Read, then write: only right because nobody writes in between.
            seen = tx.one("SELECT failures FROM gateway_health WHERE gateway = 'g'")[0]
            tx.execute("UPDATE gateway_health SET failures = ? WHERE gateway = 'g'", (seen + 1,))

        with app.app_context():
            for _ in range(30):
                write(unit)

    threads = [threading.Thread(target=count, args=(app,)) for app in hosts for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with hosts[0].app_context():
        assert query("SELECT failures FROM gateway_health WHERE gateway = 'g'")[0][0] == 1 + 30 * 6


def test_a_pool_of_one_serves_reads_writes_and_configuration(on_postgresql, url):
    app = on_postgresql(url, WESEND_DATABASE_POOL="1")
    api = Wesendall(app.test_client())
    assert [api.send("0712345678").status_code for _ in range(3)] == [200] * 3


def test_a_deadlock_is_tried_again_and_never_shown(context):
    tries = []

    def unit(tx):
        tries.append(1)
        if len(tries) < 3:
            raise PostgresBusy("deadlock detected", "40P01")
        return tx.insert("sign_in_attempts", email="a", address="deadlock", at=1)

    assert write(unit) > 0 and len(tries) == 3
    with pytest.raises(DatabaseUnavailable):
        write(lambda tx: (_ for _ in ()).throw(PostgresBusy("deadlock detected", "40P01")))


@pytest.fixture
def another(url):
    """Somebody else's session, with a transaction open."""
    with psycopg.connect(url) as connection:
        yield connection
        connection.rollback()


def block_that_deadlocks(another, then: str) -> int:
    """An `atomic` block that writes to two gateways' rows, while another session does in the other order, and goes on with
    ``then``; the id of the row that the block wrote first."""
    write(lambda tx: tx.run_many("INSERT INTO gateway_health (gateway, failures) VALUES (?, 0)", [("one",), ("two",)]))
    ran = []
    other = threading.Thread(target=lambda: (another.execute(then.encode()), another.commit()))
    another.execute("UPDATE gateway_health SET last_error = 'theirs' WHERE gateway = 'two'")
    with atomic() as tx:
        ran.append(1)
        first = tx.insert("sign_in_attempts", email="a", address="block", at=7)
        assert tx.one("SELECT last_error FROM gateway_health WHERE gateway = 'one'")[0] is None
        assert tx.changed(OURS, ("one",)) == 1
        threading.Timer(0.3, other.start).start()
        assert tx.changed(OURS, ("two",)) == 1
        tx.insert("sign_in_attempts", email=str(first), address="block", at=8)
    other.join()
    assert ran == [1]
    return first


OURS = "UPDATE gateway_health SET last_error = 'ours' WHERE gateway = ?"
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def test_a_block_that_meets_a_deadlock_is_carried_out_again_and_keeps_the_ids_that_it_knows(context, url, another):
    first = block_that_deadlocks(another, "SELECT 1 FROM gateway_health WHERE gateway = 'one' FOR UPDATE")
    Server.wait_until(lambda: postgresql.run(url, DEADLOCKS) == [(1,)], 10, "there was no deadlock")
    rows = query("SELECT id, email FROM sign_in_attempts WHERE address = 'block' ORDER BY at")
    assert [row["email"] for row in rows] == ["a", str(first)] and rows[0]["id"] == first
    assert [row[0] for row in query("SELECT last_error FROM gateway_health ORDER BY gateway")] == ["ours", "ours"]


def test_a_block_whose_readings_were_changed_while_it_was_tried_again_does_nothing(context, another):
    with pytest.raises(DatabaseUnavailable):
        block_that_deadlocks(another, "UPDATE gateway_health SET last_error = 'theirs' WHERE gateway = 'one'")
    assert query("SELECT count(*) FROM sign_in_attempts WHERE address = 'block'")[0][0] == 0
    assert [row[0] for row in query("SELECT last_error FROM gateway_health ORDER BY gateway")] == ["theirs", "theirs"]


@pytest.mark.parametrize("count", [3, 9, 10, 50, 163])
def test_many_rows_are_written_as_each_says_whatever_is_null_among_them(context, count):
    names = [f"gateway {place:03}" for place in range(count)]
    told = [(name, place, None, f"e{place}" if place % 3 else None, None) for place, name in enumerate(names)]
    columns = "gateway, failures, rests_until, last_error, last_error_at"
    write(lambda tx: tx.run_many(f"INSERT INTO gateway_health ({columns}) VALUES (?, ?, ?, ?, ?)", told))
    assert [tuple(row) for row in query(f"SELECT {columns} FROM gateway_health ORDER BY gateway")] == told
    with atomic() as tx:
        ids = [tx.insert("sign_in_attempts", email="a", address="many", at=place) for place in range(count)]
    update = "UPDATE sign_in_attempts SET email = ?, at = ? WHERE id = ? AND at = ? AND address = ?"
    # Every other row is not as it is thought to be, and stays.
    changes = [(f"b{place}", 7_000 + place, row_id, place + place % 2, "many") for place, row_id in enumerate(ids)]
    write(lambda tx: tx.run_many(update, changes))
    expected = [("a", place) if place % 2 else (f"b{place}", 7_000 + place) for place in range(count)]
    assert [tuple(row) for row in query("SELECT email, at FROM sign_in_attempts WHERE address = 'many' ORDER BY id")] == expected


def test_columns_that_every_row_makes_null_are_null_and_rows_that_come_twice_are_changed_twice(context):
    with atomic() as tx:
        ids = [tx.insert("audit_log", actor="old", action="many", subject="x", detail="y", at=0) for _ in range(12)]
    write(lambda tx: tx.run_many("UPDATE audit_log SET detail = ?, actor = ? WHERE id = ?", [(None, "new", one) for one in ids]))
    rows = query("SELECT DISTINCT detail, actor FROM audit_log WHERE action = 'many'")
    assert [tuple(row) for row in rows] == [(None, "new")]
    steps = [(place + 1, ids[0], place) for place in range(12)]
    write(lambda tx: tx.run_many("UPDATE audit_log SET at = ? WHERE id = ? AND at = ?", steps))
    assert query("SELECT at FROM audit_log WHERE id = ?", (ids[0],))[0][0] == 12


def test_what_is_wrong_with_one_of_many_rows_is_that_units_error_and_nothing_of_it_is_kept(context):
    rows = [(f"gateway {place}", place) for place in range(30)] + [("gateway 7", 0)]
    with pytest.raises(INTEGRITY_ERRORS):
        write(lambda tx: tx.run_many("INSERT INTO gateway_health (gateway, failures) VALUES (?, ?)", rows))
    assert query("SELECT count(*) FROM gateway_health")[0][0] == 0


def test_a_url_of_several_hosts_leads_to_the_one_that_can_be_written_to(on_postgresql, url, a_postgresql_server):
    several = url.replace(f"127.0.0.1:{a_postgresql_server.port}/", f"127.0.0.1:1,127.0.0.1:{a_postgresql_server.port}/")
    app = on_postgresql(f"{several}?target_session_attrs=read-write")
    assert Wesendall(app.test_client()).send("0712345678").status_code == 200


def test_what_is_read_as_newer_than_the_last_misses_nothing(on_postgresql, url):
    """Status counts, receipts brought, attempts and retention read so: a number that is given first is committed first."""
    hosts = [on_postgresql(url) for _ in range(3)]
    seen: list[int] = []
    done = threading.Event()

    def note(app, place: int) -> None:
        def unit(tx) -> None:
            tx.insert("sign_in_attempts", email=f"{place}", address="newer", at=place)
            time.sleep(0.002)
            if place % 5 == 0:
                raise ValueError(place)

        with app.app_context():
            for _ in range(20):
                with suppress(ValueError):
                    write(unit)

    def look() -> None:
        with hosts[0].app_context():
            while True:
                last = done.is_set()
                after = seen[-1] if seen else 0
                seen.extend(row[0] for row in query("SELECT id FROM sign_in_attempts WHERE id > ? ORDER BY id", (after,)))
                if last:
                    return

    looking = threading.Thread(target=look)
    looking.start()
    writing = [threading.Thread(target=note, args=(app, place)) for place, app in enumerate(hosts * 4)]
    for thread in writing:
        thread.start()
    for thread in writing:
        thread.join()
    done.set()
    looking.join()
    with hosts[0].app_context():
        assert seen == [row[0] for row in query("SELECT id FROM sign_in_attempts ORDER BY id")] and len(seen) == 9 * 20
