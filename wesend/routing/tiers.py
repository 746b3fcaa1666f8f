"""Tiers of prices: how many segments an account has come to in a month, and which of a list's prices that reaches.

A send is composed before it is paid for. So it is priced by the count that its process saw last, without asking, and the
transaction that pays asks whether the tier of that count still holds: exact, and one read in a transaction that has those
pages at hand anyway, in place of one outside, which costs three times as much.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from ..core.current_app import this_app
from ..database import Tx, reading

ACCEPTED = """
    SELECT coalesce(sum(segments), 0) AS segments FROM daily_counts
    WHERE account_id = ? AND wallet_id IN (SELECT id FROM wallets WHERE account_id = ? AND is_sandbox = 0)
        AND day BETWEEN ? AND ?
"""


class TierPassed(Exception):
    """The account came to another tier after a send was composed: it is to be priced anew. Nothing was written."""


class Month(NamedTuple):
    """A calendar month (``2026-11``) of an account, in its zone."""

    account_id: int
    name: str

    def accepted(self, tx: Tx | None = None) -> int:
        """SMS segments of the account's live wallets that were accepted in it."""
        row = reading(tx).one(ACCEPTED, (self.account_id, self.account_id, f"{self.name}-01", f"{self.name}-31"))
        assert row is not None
        self._seen()[self.account_id] = self.name, row["segments"]
        return row["segments"]

    def accepted_when_last_seen(self) -> int | None:
        """As this process read it last; None: it has not."""
        name, segments = self._seen().get(self.account_id, ("", 0))
        return segments if name == self.name else None

    @staticmethod
    def _seen() -> dict[int, tuple[str, int]]:
        return this_app().extensions.setdefault("wesend.tiers", {})


class Tier(NamedTuple):
    """Holds from ``since`` segments of the month on, and before ``until`` (None: from there on)."""

    month: Month
    since: int
    until: int | None

    @classmethod
    def of(cls, borders: Sequence[int], month: Month, reached: int) -> Tier:
        """``borders``: where prices change, in ascending order."""
        place = bisect_right(borders, reached)
        return cls(month, borders[place - 1] if place else 0, borders[place] if place < len(borders) else None)

    def holds(self, tx: Tx) -> bool:
        reached = self.month.accepted(tx)
        return self.since <= reached and (self.until is None or reached < self.until)
