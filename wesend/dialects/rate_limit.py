"""Requests a minute a key, counted over all workers in one small file.

(A library's counter in memory would count each worker by itself, so that two workers allow twice the limit.)
"""

from __future__ import annotations

import fcntl
import os
import struct
import time

from flask import current_app

from ..errors import RateLimited

NAME = "rate-limits"
WINDOW = 60
RECORD = struct.Struct("<qq")  # start of the window in seconds, requests in it


def check_rate(key_id: int, limit: int) -> None:
    """Count one request of a key; RateLimited beyond ``limit`` in the current minute that its first request opened."""
    path = current_app.config["WESEND"].instance / NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        at = key_id * RECORD.size
        stored = os.pread(descriptor, RECORD.size, at)
        start, count = RECORD.unpack(stored) if len(stored) == RECORD.size else (0, 0)
        now = int(time.time())
        if not start <= now < start + WINDOW:
            start, count = now, 0
        if count >= limit:
            raise RateLimited(start + WINDOW - now)
        os.pwrite(descriptor, RECORD.pack(start, count + 1), at)
    finally:
        os.close(descriptor)
