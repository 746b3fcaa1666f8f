from __future__ import annotations

import sqlite3

import pytest

from wesend.database import keyset


@pytest.fixture
def numbers():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.execute("CREATE TABLE numbers (id INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO numbers VALUES (?)", [(number,) for number in range(1, 8)])
    yield connection
    connection.close()


def test_pages_give_every_row_once_though_rows_go_meanwhile(numbers):
    def load(last: int):
        return numbers.execute("SELECT id FROM numbers WHERE id > ? ORDER BY id LIMIT 3", (last,)).fetchall()

    found = []
    for rows in keyset.pages(load):
        found += [row["id"] for row in rows]
        numbers.execute("DELETE FROM numbers WHERE id <= ?", (found[-1],))
    assert found == [1, 2, 3, 4, 5, 6, 7]


def test_a_list_is_read_from_its_newest_row_to_its_oldest(numbers):
    def load(before: int | None):
        sql = "SELECT id FROM numbers WHERE id < ? ORDER BY id DESC LIMIT 3"
        return numbers.execute(sql, (keyset.below(before),)).fetchall()

    found, place = [], None
    while True:
        rows = load(place)
        found.append([row["id"] for row in rows])
        place = keyset.next_place(rows, 3)
        if place is None:
            break
    assert found == [[7, 6, 5], [4, 3, 2], [1]]


def test_no_place_but_the_beginning_is_before_every_row(numbers):
    numbers.execute("INSERT INTO numbers VALUES (?)", (keyset.LAST_ID - 1,))
    assert numbers.execute("SELECT max(id) FROM numbers WHERE id < ?", (keyset.below(None),)).fetchone()[0] == keyset.LAST_ID - 1
    assert keyset.below(0) == 0, "before the first row there is nothing"
