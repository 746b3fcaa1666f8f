"""Public ids: version 7 UUIDs, random but in order of time, so that indices grow at their end."""

from __future__ import annotations

import os
import time


def new_id() -> str:
    """``018f3c6e-…``: 48 bits of milliseconds, 74 random bits (RFC 9562)."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | (7 << 76)
    value = value & ~(0x3 << 62) | (2 << 62)
    text = "%032x" % value
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
