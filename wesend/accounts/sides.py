"""The two sides of an account, live and sandbox, and the wall between them: told here, asked everywhere.

A wallet, a key, and all that is paid from a wallet are of one side. What a key makes (groups, webhook endpoints, sender
IDs, opt-outs) is of its key's side, kept in a column ``side``; what people make has none there and serves both. Somebody
who asks is a side too: a key's, a send's (its wallet's), or None, which is people, who see and change everything.

A side sees its own and what serves both. The sandbox changes its own alone: what serves both serves live sends. What one
side does not see is answered as what does not exist, so a refusal tells nothing of the other.
"""

from __future__ import annotations

from typing import Literal

from ..database import Row

Side = Literal["live", "sandbox"]
LIVE: Side = "live"
SANDBOX: Side = "sandbox"

SEEN = "coalesce(side = ?, 1 = 1)"
"""The rows that a side sees; its parameter is the side (None, people, sees all of them)."""

CHANGEABLE = "coalesce(side = ?, ? = 1)"
"""The rows that a side may change; its parameters are what `changing` gives."""


def side_of(*, is_sandbox: bool) -> Side:
    return SANDBOX if is_sandbox else LIVE


def side_of_row(row: Row) -> Side:
    """Of a row that is of one side alone."""
    return side_of(is_sandbox=row["side"] == SANDBOX)


def changing(side: Side | None) -> tuple[Side | None, bool]:
    """The parameters of CHANGEABLE: the side, and whether it may change what serves both."""
    return side, side != SANDBOX


def may_change(row: Row, side: Side | None) -> bool:
    """CHANGEABLE, of a row that was read."""
    own, shared = changing(side)
    return shared if None in (row["side"], own) else row["side"] == own
