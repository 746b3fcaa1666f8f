"""The transaction of a block that runs once, carried out again behind its back where PostgreSQL undid it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..errors import NothingDone, PostgresBusy
from ..transaction import insert_sql
from .connection import Connection
from .exchange import Answer
from .seen_version import SeenVersion
from .transaction import StepByStep

TRIES = 5  # of what met a deadlock
MOST = 20_000  # parameters' and results' rows that are kept: a larger block meets a deadlock as it does an outage


class Said(NamedTuple):
    """A statement, the parameters of each time that it was said at once, and what each of these gave."""

    sql: str
    rows: list[Sequence | dict]
    gave: list[tuple[list[Any], int]]


class Once(StepByStep):
    """After a deadlock, what the block has said so far is said again in a new transaction. Where each statement gives what
    it gave before, the block can't tell the difference and goes on; where one does not, nothing is done.
    """

    __slots__ = ("begin_again", "said", "kept")

    def __init__(self, connection: Connection, seen: SeenVersion, begin_again: Callable[[Connection], None]):
        super().__init__(connection, seen)
        self.begin_again = begin_again
        self.said: list[Said] = []
        self.kept = 0

    def execute(self, sql: str, parameters: Sequence | dict = ()) -> Any:
        answers = self._say(sql, [parameters])
        self._keep(sql, [parameters], answers)
        return answers[0]

    def executemany(self, sql: str, rows: Iterable[Sequence]) -> int:
        given: list[Sequence | dict] = list(rows)
        answers = self._say(sql, given)
        self._keep(sql, given, answers)
        return sum(answer.rowcount for answer in answers)

    def changed(self, sql: str, parameters: Sequence | dict = ()) -> int:
        return self.execute(sql, parameters).rowcount

    def run(self, sql: str, parameters: Sequence | dict = ()) -> None:
        self.execute(sql, parameters)

    def insert_row(self, table: str, columns: tuple[str, ...], values: Sequence) -> int:
        """The block knows its id from now on, so it has the same when it is inserted again."""
        answers = self._say(_returning_id(table, columns), [values])
        row_id = answers[0].rows[0][0]
        self._keep(_returning_id(table, ("id", *columns)), [(row_id, *values)], answers)
        return row_id

    def insert_many(self, table: str, columns: tuple[str, ...], rows: Iterable[Sequence]) -> None:
        self.executemany(insert_sql(table, columns), rows)

    def _keep(self, sql: str, rows: list[Sequence | dict], answers: list[Answer]) -> None:
        self.kept += len(rows) + sum(len(answer.rows) for answer in answers)
        if self.kept <= MOST:
            self.said.append(Said(sql, rows, _given(answers)))
        else:
            self.said.clear()

    def _say(self, sql: str, rows: list[Sequence | dict]) -> list[Answer]:
        tries = 1
        while True:
            try:
                if tries > 1:
                    self._say_all_again()
                return self.connection.execute_each(sql, rows)
            except PostgresBusy:
                if tries == TRIES or self.kept > MOST:
                    raise
                tries += 1

    def _say_all_again(self) -> None:
        self.begin_again(self.connection)
        for sql, rows, gave in self.said:
            if _given(self.connection.execute_each(sql, rows)) != gave:
                raise NothingDone("what a transaction had read was changed while it was tried again")


def _given(answers: list[Answer]) -> list[tuple[list[Any], int]]:
    return [(answer.rows, answer.rowcount) for answer in answers]


def _returning_id(table: str, columns: tuple[str, ...]) -> str:
    return f"{insert_sql(table, columns)} RETURNING id"
