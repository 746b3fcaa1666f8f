"""The two ways to write, and what they share."""

from __future__ import annotations

import threading

import pytest

from wesend.database import Tx, atomic, cached, query, query_one, reading, write

FIND = "SELECT word FROM notes ORDER BY word"


@pytest.fixture(autouse=True)
def notes(context):
    write(lambda tx: tx.execute("CREATE TABLE notes (word TEXT PRIMARY KEY)") and None)


def words() -> list[str]:
    return [row[0] for row in query(FIND)]


def test_both_write_by_the_one_connection_of_the_process(context):
    with atomic() as tx:
        by_hand = tx.connection
    assert write(lambda tx: tx.connection) is by_hand
    assert by_hand is not context.extensions["wesend.database"].connection(), "reads have one a thread"


def test_atomic_runs_once_in_its_own_thread_also_while_others_write_in_groups(context):
    ran: list[str] = []

    def alone() -> None:
        with context.app_context():
            with atomic() as tx:
                ran.append(threading.current_thread().name)
                tx.insert("notes", word=threading.current_thread().name)
            context.extensions["wesend.database"].close_thread()

    def in_a_group() -> None:
        with context.app_context(), pytest.raises(ZeroDivisionError):
            try:
                write(lambda tx: 1 // 0)
            finally:
                context.extensions["wesend.database"].close_thread()

    threads = [threading.Thread(target=call) for call in (alone, in_a_group) * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ran) == words() == sorted(thread.name for thread in threads[::2])


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_called_inside_joins_and_is_undone_together(context, fails):
    told: list[str] = []

    def inner(tx: Tx) -> None:
        tx.insert("notes", word="by write")
        tx.after_commit(lambda: told.append("after"))

    try:
        with atomic() as tx:
            tx.insert("notes", word="by atomic")
            write(inner)
            with atomic() as same:
                assert same is tx
            assert words() == ["by atomic", "by write"], "a use case that is called inside sees what was written"
            assert told == []
            if fails:
                raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert words() == ([] if fails else ["by atomic", "by write"])
    assert told == ([] if fails else ["after"])


def test_a_refused_statement_leaves_the_connection_usable(context):
    with pytest.raises(Exception, match="syntax error"), atomic() as tx:
        tx.insert("notes", word="a")
        tx.execute("nonsense")
    with atomic() as tx:
        tx.insert("notes", word="c")
    assert words() == ["c"]


def test_whoever_has_a_transaction_reads_what_it_sees_and_nobody_else_does(context):
    with atomic() as tx:
        tx.insert("notes", word="a")
        assert [row[0] for row in reading(tx).all(FIND)] == ["a"]
        assert context.extensions["wesend.database"].connection().execute(FIND).fetchall() == []
    row = reading(None).one(FIND)
    assert row is not None and row[0] == "a" and query_one(FIND) == row


def test_configuration_that_a_transaction_changed_is_kept_only_once_it_is_committed(context):
    def rate(tx: Tx | None = None) -> int:
        return cached(
            "rate of UGX",
            lambda reader: reader.all("SELECT coalesce(max(per_usd_micros), 0) FROM exchange_rates WHERE currency = 'UGX'")[0][0],
            tx,
        )

    change = "INSERT OR REPLACE INTO exchange_rates (currency, per_usd_micros, updated_at) VALUES ('UGX', ?, 0)"
    before = rate()
    with pytest.raises(ZeroDivisionError), atomic() as tx:
        tx.execute(change, (7,))
        assert rate(tx) == 7
        raise ZeroDivisionError
    assert rate() == before != 7
    write(lambda tx: tx.execute(change, (8,)))
    assert rate() == write(rate) == 8


RATE = "SELECT coalesce(max(per_usd_micros), 0) FROM exchange_rates WHERE currency = 'UGX'"
COLUMNS = ("currency", "per_usd_micros", "updated_at")
CLEAR = "DELETE FROM exchange_rates"
CHANGE = "UPDATE exchange_rates SET per_usd_micros = ? WHERE currency = 'UGX'"


@pytest.mark.parametrize(
    "change",
    [
        lambda tx: tx.execute(CHANGE, (7,)),
        lambda tx: tx.executemany(CHANGE, [(6,), (7,)]),
        lambda tx: tx.changed(CHANGE, (7,)),
        lambda tx: tx.run(CHANGE, (7,)),
        lambda tx: tx.run_many(CHANGE, [(6,), (7,)]),
        lambda tx: tx.all(f"{CHANGE} RETURNING currency", (7,)),
        lambda tx: tx.require(CHANGE, (7,), pytest.fail),
        lambda tx: [tx.run(CLEAR), tx.insert("exchange_rates", currency="UGX", per_usd_micros=7, updated_at=0)],
        lambda tx: [tx.run(CLEAR), tx.insert_many("exchange_rates", COLUMNS, [("UGX", 7, 0)])],
    ],
)
def test_a_transaction_sees_what_it_changes_of_the_configuration_by_whatever_method(context, change):
    def rate(tx: Tx) -> int:
        return cached("a rate", lambda reader: reader.all(RATE)[0][0], tx)

    write(lambda tx: tx.execute("INSERT OR REPLACE INTO exchange_rates VALUES ('UGX', 5, 0)") and None)
    with atomic() as tx:
        assert rate(tx) == 5
        tx.run("UPDATE batches SET total = total")
        assert rate(tx) == 5
        change(tx)
        assert rate(tx) == 7


def test_a_transaction_reads_the_version_of_the_configuration_once(context):
    asked = []
    with atomic() as tx:
        tx.connection.set_trace_callback(lambda sql: asked.append(sql) if "config_state" in sql else None)
        try:
            for _ in range(3):
                cached("nothing", lambda reader: None, tx)
                tx.run("UPDATE batches SET total = total")
        finally:
            tx.connection.set_trace_callback(None)
    assert asked == ["SELECT version FROM config_state"]
