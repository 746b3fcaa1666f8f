"""What a thread has of the database."""

from __future__ import annotations

import threading
from typing import Any

from .transaction import Tx


class Local(threading.local):
    connection: Any = None  # to read with
    gate: int | None = None
    tx: Tx | None = None
    in_request = False
    version: int | None = None  # of the configuration, as this request has seen it
