"""Public ids: version 7 UUIDs, random but in order of time, so that indices grow at their end."""

from __future__ import annotations

import os
import time

VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


def new_id() -> str:
    """``018f3c6e-…``: 48 bits of milliseconds, 74 random bits (RFC 9562)."""
    moment, random = "%012x" % (time.time_ns() // 1_000_000), os.urandom(10).hex()
    return f"{moment[:8]}-{moment[8:]}-7{random[:3]}-{VARIANT[random[3]]}{random[4:7]}-{random[7:19]}"
