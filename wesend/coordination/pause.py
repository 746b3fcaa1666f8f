"""Whether dispatch is paused: nothing leaves the instance, neither messages nor webhooks, until it is resumed.

A restored instance starts so: what was queued when its backup was made may have been sent since. What is sent
meanwhile is accepted, paid and queued.
"""

from __future__ import annotations

from typing import NamedTuple

from ..database import Reader, cached


class Pause(NamedTuple):
    """``since`` in milliseconds since 1970; ``reason`` a sentence for people."""

    since: int
    reason: str


def current() -> Pause | None:
    """The pause that is on; None while messages leave."""
    return cached("dispatch-pause", _load)


def _load(reader: Reader) -> Pause | None:
    row = reader.all("SELECT paused_at, paused_reason FROM config_state")[0]
    return None if row["paused_at"] is None else Pause(row["paused_at"], row["paused_reason"] or "")
