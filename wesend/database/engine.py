"""What both engines have in common: two ways to write, one to read, and configuration that is kept in memory."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from ..core.forks import after_fork
from ..core.storage import READ_ONLY, Storage, refusal_of
from .configuration import Configuration
from .errors import DATABASE_ERRORS
from .group_commit import CommitGroup, Writer
from .local import Local
from .transaction import VERSION, Tx

T = TypeVar("T")

Asked = tuple[str, Sequence | dict]
"""A SELECT and its parameters."""
BUSY_SECONDS = 0.001  # a wait for the gate that is worth counting


class Database(ABC):
    """Whoever writes waits for their turn at the gate, and is one transaction."""

    def __init__(self, storage: Storage):
        self.storage = storage
        self.local = Local()
        self.group = CommitGroup(self.local, self.gate, self._new_writer(), self.patience)
        after_fork(self._after_fork)
        self.configuration = Configuration(self)
        self.waited_seconds = 0.0
        self.on_busy: Callable[[float], None] | None = None
        """Told of every wait for the gate of at least BUSY_SECONDS, once the gate is free again."""
        self.on_stuck: Callable[[], None] | None = None
        """Told when nothing can be written although the file system is read-only no more: SQLite shares what it mapped
        while it was so among all connections of a process, so that only another process can.
        """

    def _after_fork(self) -> None:
        # A connection, an open transaction and a held lock must not cross a fork.
        self.local = Local()
        self.group = CommitGroup(self.local, self.gate, self._new_writer(), self.patience)
        self.configuration.lock = threading.Lock()

    @abstractmethod
    def _new_writer(self) -> Writer:
        """How transactions begin and end."""

    def patience(self) -> float:
        """Seconds that this thread waits for its turn to write; -1: for ever."""
        return -1

    @abstractmethod
    def prepare_thread(self) -> None:
        """Open what this thread will need, while there are descriptors for it."""

    def tx(self) -> Tx | None:
        return self.local.tx

    @abstractmethod
    def close(self) -> None:
        """Close this thread's connection and the process's writing one: nothing open may cross a fork."""

    @abstractmethod
    def close_thread(self) -> None:
        """Close this thread's connection, when the thread ends."""

    # -- writing ----------------------------------------------------------

    @abstractmethod
    def gate(self) -> AbstractContextManager[None]:
        """The queue of writers."""

    def note_wait(self, seconds: float) -> None:
        self.waited_seconds += seconds
        if seconds >= BUSY_SECONDS and self.on_busy is not None:
            self.on_busy(seconds)

    def write(self, unit: Callable[[Tx], T]) -> T:
        tx = self.tx()
        if tx is not None:
            return unit(tx)
        try:
            result = self.group.run(unit)
        except (*DATABASE_ERRORS, OSError) as error:
            self._refuse(error)
            raise
        if self.storage.is_suspect():
            self.storage.succeeded()
        return result

    @contextmanager
    def atomic(self) -> Iterator[Tx]:
        try:
            with self._atomic() as tx:
                yield tx
        except (*DATABASE_ERRORS, OSError) as error:
            self._refuse(error)
            raise
        if self.storage.is_suspect():
            self.storage.succeeded()

    def _refuse(self, error: Exception) -> None:
        """StorageFull where this error means that nothing can be stored; nothing of the transaction was."""
        refusal = refusal_of(error)
        if refusal is not None and refusal is not error:
            self.storage.failed(refusal.cause)
            if refusal.cause == READ_ONLY and self.on_stuck is not None and self.storage.was_read_only():
                self.on_stuck()
            raise refusal from error

    @contextmanager
    def _atomic(self) -> Iterator[Tx]:
        outer = self.tx()
        if outer is not None:
            yield outer
            return
        writer = self.group.writer
        with self.gate(), writer.transaction(once=True) as connection:
            tx = self.local.tx = writer.tx_once(connection)
            try:
                yield tx
            finally:
                self.local.tx = self.local.version = None
        for call in tx._after:
            call()

    @abstractmethod
    def forget_deleted(self, *, whole: bool) -> bool:
        """See that nothing of what was deleted or replaced is left in the database's files. ``whole``: they are written anew,
        and writers wait for as long as that takes. Whether they were.
        """

    # -- reading ----------------------------------------------------------

    @abstractmethod
    def query(self, sql: str, parameters: Sequence | dict = ()) -> list[Any]:
        """In a read of its own; inside `atomic` and `snapshot`, as these see it."""

    def all(self, sql: str, parameters: Sequence | dict = ()) -> list[Any]:
        return self.query(sql, parameters)

    def one(self, sql: str, parameters: Sequence | dict = ()) -> Any | None:
        rows = self.query(sql, parameters)
        return rows[0] if rows else None

    def version(self) -> int:
        """Of the configuration, outside of transactions."""
        return self.query(VERSION)[0][0]

    @abstractmethod
    def committed(self, sql: str) -> list[Any] | None:
        """What a SELECT finds outside of this thread's transaction; None where that can't be seen now."""

    def together(self, asked: Sequence[Asked]) -> list[list[Any]]:
        """The rows of several SELECTs that agree with each other."""
        with self.snapshot():
            return [self.query(sql, parameters) for sql, parameters in asked]

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """Several reads that agree with each other."""
