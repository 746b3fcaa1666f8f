"""kill -9 between keeping and matching, fifty times: nothing is lost, and nobody is told or charged twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from wesend.core import money
from wesend.database import query
from wesend.gateways.registry import SANDBOX
from wesend.operations.audit import audit
from wesend.two_way import incoming, matching, prices
from wesend.webhooks import endpoints

from ..conftest import close, make_app
from ..support.forked import context as forking

KILLS = 50


def take_in(instance: str, told: str, first: int) -> None:
    """Keeps a message, says so, matches it, and so on until it is killed."""
    from wesend.adapters.sms.base import CallbackInbound

    app = make_app(Path(instance))
    with app.app_context(), open(told, "a") as journal:
        for number in range(first, first + 10_000):
            incoming.keep(SANDBOX, [CallbackInbound(f"+2567123{number % 100_000:05}", "32811", f"JOIN {number}", f"id-{number}")])
            journal.write(f"{number}\n")
            journal.flush()
            matching.match_new()


@pytest.fixture(autouse=True)
def in_context():
    """None here: each process has its own."""


def test_nothing_is_lost_and_nothing_told_twice(instance, tmp_path):
    app = make_app(instance)
    with app.app_context():
        account_id = query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]
        endpoints.add_endpoint(account_id=account_id, format_name="esms", url="https://example.com/in", actor="test")
        prices.set_price("UG", {"inbound_price_micros": money.to_micros("0.001")}, actor="test")
    close(app)
    journal = tmp_path / "kept"
    journal.touch()
    for kill in range(KILLS):
        before = journal.stat().st_size
        child = forking.Process(target=take_in, args=(str(instance), str(journal), kill * 10_000), daemon=True)
        child.start()
        end = time.monotonic() + 30
        while journal.stat().st_size == before and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.03))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    app = make_app(instance)
    with app.app_context():
        matching.match_new()
        acknowledged = {f"JOIN {number}" for number in journal.read_text().split()}
        told = Counter(row["text"] for row in query("SELECT text FROM inbound_messages"))
        assert set(told.values()) == {1} and acknowledged <= set(told)
        assert query("SELECT count(*) FROM incoming_messages WHERE state <> 'matched'")[0][0] == 0
        assert query("SELECT count(*) FROM webhook_deliveries")[0][0] == len(told)
        assert query("SELECT count(*) FROM ledger_entries WHERE kind = 'inbound_charge'")[0][0] == len(told)
        assert audit().problems == []
    close(app)
