"""What a thread has of the database."""

from __future__ import annotations

import sqlite3
import threading

from .transaction import Tx


class Local(threading.local):
    connection: sqlite3.Connection | None = None
    gate: int | None = None
    tx: Tx | None = None
    in_request = False
    version: int | None = None  # of the configuration, as this request has seen it
