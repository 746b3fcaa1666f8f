"""Which tables are walked from end to end: every statement that ran is explained afterwards, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import plans_of_postgresql, plans_of_sqlite, postgresql

GROWING = (
    "messages",
    "batches",
    "message_events",
    "daily_counts",
    "ledger_entries",
    "contacts",
    "webhook_deliveries",
    "webhook_attempts",
    "idempotency_keys",
    "deposits",
    "verifications",
    "verification_sends",
    "verification_misses",
    "smpp_submissions",
    "smpp_deliveries",
    "brought_receipts",
)
"""Tables that grow with use."""

SHORT = ("ix_batches_bulk", "ix_batches_unaccepted", "ix_verifications_pending", "ix_brought_receipts_new")
"""Partial indices over what is under way: walking one is looking at a handful of rows."""


class Recorder:
    """Statements that ran, and their first parameters."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, on_postgresql: bool):
        self.statements: dict[str, object] = {}
        engine = plans_of_postgresql if on_postgresql else plans_of_sqlite
        engine.record(monkeypatch, self.statements)

    def scans(self, instance: Path) -> list[str]:
        """`how: statement` for each growing table that a statement walks without a search."""
        ran = list(self.statements.items())  # threads of the application go on while it looks
        if (instance / postgresql.URL).exists():
            return plans_of_postgresql.scans((instance / postgresql.URL).read_text(), ran, GROWING, SHORT)
        return plans_of_sqlite.scans(instance / "wesend.db", ran, GROWING, SHORT)
