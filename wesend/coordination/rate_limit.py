"""Requests a minute a key, counted over all workers in one small file.

(A library's counter in memory would count each worker by itself, so that two workers allow twice the limit.) Where several
hosts share the database: `shared_rate_limit`.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Collection
from pathlib import Path

from flask import Flask, current_app

from ..core import storage
from ..core.errors import RateLimited
from . import cluster
from .shared_rate_limit import SharedRateLimit

NAME = "rate-limits"
WINDOW = 60
_here: dict[int, tuple[int, int]] = {}  # key → its window, while the file can't be written
RECORD = struct.Struct("<qq")  # start of the window in seconds, requests in it


def check_rate(key_id: int, limit: int) -> None:
    """Count one request of a key; RateLimited beyond ``limit`` in the current minute that its first request opened."""
    if cluster.is_shared():
        current_app.extensions["wesend.shared-rate-limit"].check(key_id, limit)
        return
    try:
        _count(current_app.config["WESEND"].instance / NAME, key_id, limit)
    except OSError as error:
        # Reads must go on when nothing can be written: then each process counts by itself.
        if storage.cause_of(error) is None:
            raise
        start, count = _next(*_here.get(key_id, (0, 0)), limit)
        _here[key_id] = (start, count)


def _count(path: Path, key_id: int, limit: int) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        at = key_id * RECORD.size
        stored = os.pread(descriptor, RECORD.size, at)
        start, count = RECORD.unpack(stored) if len(stored) == RECORD.size else (0, 0)
        os.pwrite(descriptor, RECORD.pack(*_next(start, count, limit)), at)
    finally:
        os.close(descriptor)


def _next(start: int, count: int, limit: int) -> tuple[int, int]:
    """The window with one request more; RateLimited when it has ``limit``."""
    now = int(time.time())
    if not start <= now < start + WINDOW:
        start, count = now, 0
    if count >= limit:
        raise RateLimited(start + WINDOW - now)
    return start, count + 1


def forget(key_ids: Collection[int]) -> None:
    """Let these keys begin anew."""
    if cluster.is_shared():
        current_app.extensions["wesend.shared-rate-limit"].forget(key_ids)
        return
    for key_id in key_ids:
        _here.pop(key_id, None)
    try:
        descriptor = os.open(current_app.config["WESEND"].instance / NAME, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # nobody was counted yet
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for key_id in key_ids:
            os.pwrite(descriptor, RECORD.pack(0, 0), key_id * RECORD.size)
    finally:
        os.close(descriptor)


def init_app(app: Flask) -> None:
    app.extensions["wesend.shared-rate-limit"] = SharedRateLimit()
