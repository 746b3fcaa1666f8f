"""Configuration that every request reads: kept in memory until any configuration table changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from .local import Local
from .transaction import VERSION, Reader, Tx

T = TypeVar("T")

LIMIT = 50_000  # values, after which all are forgotten


class Connections(Reader, Protocol):
    """Of a database: what is read with outside of transactions, and what a thread has of it."""

    local: Local

    def version(self) -> int: ...

    def committed(self, sql: str) -> list[Any] | None: ...


class Configuration:
    """What one process has loaded, with the version that it was loaded at."""

    def __init__(self, database: Connections):
        self.database = database
        self.kept: dict[Any, tuple[int, Any]] = {}
        self.lock = threading.Lock()

    def cached(self, key: Any, load: Callable[[Reader], T], tx: Tx | None = None) -> T:
        """A request looks at the version once: what it starts with holds until it writes."""
        local = self.database.local
        if tx is None:
            tx = local.tx
        version = local.version if tx is None else tx.version()
        if version is None:
            version = self.database.version()
            if local.in_request:
                local.version = version
        kept = self.kept.get(key)
        if kept is not None and kept[0] == version:
            return kept[1]
        value = load(self.database if tx is None else tx)
        if tx is None or self._is_committed(version):
            with self.lock:
                if len(self.kept) > LIMIT:
                    self.kept.clear()
                self.kept[key] = (version, value)
        return value

    def _is_committed(self, version: int) -> bool:
        """Whether the open transaction sees the configuration as all others do: its own changes may be rolled back."""
        found = self.database.committed(VERSION)
        return found is not None and found[0][0] == version

    def begin_request(self) -> None:
        local = self.database.local
        local.in_request, local.version = True, None

    def end_request(self, _error: BaseException | None = None) -> None:
        local = self.database.local
        local.in_request, local.version = False, None
