"""A call that is slow because a test has said so."""

from __future__ import annotations

import time

from ...core import thread_slots
from ...core.thread_slots import LONG_POLLS


def take_time(ms: int) -> None:
    """Wait, after everything is written, if a thread may be held so long: a sandbox never keeps live calls from theirs."""
    with thread_slots.here().taken({LONG_POLLS}) as taken:
        if taken:
            time.sleep(ms / 1000)
