"""Group commit: what waits together is committed together, and what fails is undone alone."""

from __future__ import annotations

import gc
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from flask import Flask

from wesend.database import atomic, connecting, query, write
from wesend.database.group_commit import CAREFUL, GROUP_LIMIT, GROUP_SECONDS

UNITS = 8


@pytest.fixture(autouse=True)
def notes(context):
    write(lambda tx: tx.execute("CREATE TABLE notes (word TEXT PRIMARY KEY)") and None)


def note(word: str, *, then: Exception | None = None):
    def unit(tx):
        tx.insert("notes", word=word)
        tx.after_commit(lambda: None)
        if then is not None:
            raise then
        return word

    return unit


def in_one_group(app: Flask, units) -> list[Future]:
    """Run units whose threads all wait while another has the turn to write."""
    database = app.extensions["wesend.database"]

    def run(unit):
        with app.app_context():
            try:
                return write(unit)
            finally:
                database.close_thread()

    with ThreadPoolExecutor(len(units)) as pool:
        with database.gate():
            running = [pool.submit(run, unit) for unit in units]
            deadline = time.monotonic() + 20
            while len(database.group.waiting) < len(units) and time.monotonic() < deadline:
                time.sleep(0.001)
            assert len(database.group.waiting) == len(units)
    return running


def words() -> set[str]:
    return {row[0] for row in query("SELECT word FROM notes")}


def commits(app: Flask) -> list[str]:
    """The statements that begin, end and divide transactions, as they come."""
    database = app.extensions["wesend.database"]
    seen: list[str] = []
    with database.gate():
        writer = database.group.writer
        writer.connection = writer.connection or connecting.connect(database.path)
        writer.connection.set_trace_callback(
            lambda sql: (
                seen.append(sql.split()[0]) if sql.split()[0] in ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE") else None
            )
        )
    return seen


def test_what_waits_together_is_one_commit_without_savepoints(context):
    seen = commits(context)
    done = in_one_group(context, [note(f"w{index}") for index in range(UNITS)])
    assert [future.result() for future in done] == [f"w{index}" for index in range(UNITS)]
    assert words() == {f"w{index}" for index in range(UNITS)}
    assert seen == ["BEGIN", "COMMIT"]


@pytest.mark.parametrize("failing", [{0}, {3}, {UNITS - 1}, {0, 1, 5}, set(range(UNITS))])
def test_what_fails_is_undone_alone(context, failing):
    done = in_one_group(
        context, [note(f"w{index}", then=ValueError(index) if index in failing else None) for index in range(UNITS)]
    )
    for index, future in enumerate(done):
        if index in failing:
            with pytest.raises(ValueError, match=f"^{index}$"):
                future.result()
        else:
            assert future.result() == f"w{index}"
    assert words() == {f"w{index}" for index in range(UNITS) if index not in failing}


def test_one_that_collides_with_its_neighbour_fails_alone(context):
    first, second, third = in_one_group(context, [note("same"), note("same"), note("other")])
    assert (first.result(), third.result()) == ("same", "other")
    assert "UNIQUE" in str(second.exception())
    assert words() == {"same", "other"}


def test_after_a_failure_groups_are_careful_for_a_while(context):
    seen = commits(context)
    in_one_group(context, [note("a"), note("b", then=ValueError())])
    again = ["BEGIN", "ROLLBACK", "BEGIN", "SAVEPOINT", "RELEASE", "SAVEPOINT", "ROLLBACK", "RELEASE", "COMMIT"]
    assert seen == again
    for turn in range(CAREFUL):
        del seen[:]
        in_one_group(context, [note(f"c{turn}"), note(f"d{turn}", then=ValueError())])
        assert seen == again[2:], "no unit runs twice"
    del seen[:]
    in_one_group(context, [note("e"), note("f")])
    assert seen == ["BEGIN", "COMMIT"]
    assert words() == {"a", "e", "f", *(f"c{turn}" for turn in range(CAREFUL))}


def test_more_than_a_group_may_hold_is_several_commits(context):
    seen = commits(context)
    done = in_one_group(context, [note(f"w{index}") for index in range(GROUP_LIMIT + 3)])
    assert len({future.result() for future in done}) == len(words()) == GROUP_LIMIT + 3
    assert seen == ["BEGIN", "COMMIT"] * 2


@pytest.mark.parametrize("careful", [False, True])
def test_units_that_take_their_time_are_not_added_up(context, careful):
    seen = commits(context)
    if careful:
        in_one_group(context, [note("x"), note("y", then=ValueError())])
        del seen[:]

    def slow(word: str):
        def unit(tx):
            time.sleep(GROUP_SECONDS * 1.5)
            return note(word)(tx)

        return unit

    done = in_one_group(context, [note("a"), slow("b"), note("c"), slow("d"), slow("e"), note("f")])
    assert [future.result() for future in done] == list("abcdef")
    assert [word for word in seen if word == "COMMIT"] == ["COMMIT"] * 4, "ab, cd, e, f"
    assert words() >= set("abcdef")


def test_a_failed_commit_is_everybodys_error_and_is_not_tried_again(context):
    database = context.extensions["wesend.database"]
    ran: list[str] = []

    def unit(word: str):
        def run(tx):
            ran.append(word)
            # A foreign key that is looked at by the commit itself.
            tx.execute("PRAGMA defer_foreign_keys = ON")
            tx.execute("INSERT INTO message_events (message_id, event, status, at) VALUES (999999, 'x', 'x', 0)")

        return run

    done = in_one_group(context, [unit("a"), unit("b")])
    assert all("FOREIGN KEY" in str(future.exception()) for future in done)
    assert ran == ["a", "b"]
    assert not database.group.writer.connection.in_transaction
    assert write(note("later")) == "later"


def test_nobody_looks_for_garbage_while_others_wait_to_write(context):
    def unit(tx):
        assert not gc.isenabled()
        return note("a")(tx)

    assert write(unit) == "a" and gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        write(lambda tx: 1 / 0)
    assert gc.isenabled()
    with atomic():
        assert not gc.isenabled()
    assert gc.isenabled()
