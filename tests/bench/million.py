"""A million messages in the table: pages, detail, figures, beside their bar. In this process: no HTTP, no client."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from flask import Flask
from flask.testing import FlaskClient

from wesend import clock
from wesend.accounts.keys import Key, authenticate
from wesend.database import atomic, query
from wesend.ids import new_id
from wesend.sandbox import CREDENTIALS

TOTAL = 1_000_000
BULK = 5_000
DAYS = 90
BAR_MS = 15.0
CHUNK = 20_000
BATCH = ("id", "uid", "account_id", "wallet_id", "api", "lane", "state", "text", "total", "delivered", "cost_micros",
         "currency", "created_at", "finished_at")
MESSAGE = ("id", "uid", "batch_id", "account_id", "wallet_id", "lane", "recipient", "country", "text", "encoding", "segments",
           "cost_micros", "route", "route_cost_micros", "route_currency", "gateway", "status", "due_at", "day",
           "created_at", "submitted_at", "delivered_at")


class Timed(NamedTuple):
    """Milliseconds of CPU in the server, so that what else the machine does is not counted.

    ``first`` with nothing of it in memory, ``worst`` and ``median`` of what followed.
    """

    name: str
    first: float
    median: float
    worst: float


def fill(app: Flask, total: int = TOTAL) -> None:
    """Half of them single sends, half bulks; one in twelve failed; a few on their way; the rest delivered."""
    with app.app_context():
        key = authenticate("esms", CREDENTIALS["esms"].secret)
        now = clock.now_ms()
        first_id, first_batch = (query(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")[0][0]
                                 for table in ("messages", "batches"))
        with atomic() as tx:
            tx.execute("PRAGMA defer_foreign_keys = ON")
            batch_id = first_batch - 1
            batches, messages = [], []
            for index in range(total):
                at = now - DAYS * clock.DAY + (index * DAYS * clock.DAY) // total
                if index % (2 * BULK) < BULK or index % BULK == 0:
                    batch_id += 1
                    size = 1 if index % (2 * BULK) < BULK else BULK
                    batches.append((batch_id, new_id(), key.account.id, key.wallet_id, "esms", int(size > 1), "finished",
                                    "Hello", size, size, size * 1_213_000, "KES", at, at))
                messages.append(_message(first_id + index, index, batch_id, key, at))
                if len(messages) == CHUNK:
                    tx.insert_many("batches", BATCH, batches)
                    tx.insert_many("messages", MESSAGE, messages)
                    batches, messages = [], []
            tx.insert_many("batches", BATCH, batches)
            tx.insert_many("messages", MESSAGE, messages)
            tx.execute("INSERT INTO message_events (message_id, event, status, at) SELECT id, 'submitted', 'submitted',"
                       " created_at FROM messages WHERE id >= ?", (first_id,))
            tx.execute("INSERT INTO daily_counts (account_id, wallet_id, day, route, total, delivered, failed)"
                       " SELECT account_id, wallet_id, day, route, count(*), sum(status = 'delivered'),"
                       " sum(status = 'failed') FROM messages WHERE id >= ? GROUP BY 1, 2, 3, 4", (first_id,))


def _message(message_id: int, index: int, batch_id: int, key: Key, at: int) -> tuple:
    status = "failed" if index % 12 == 5 else "sent" if index % 5_000 == 7 else "delivered"
    bulk = index % (2 * BULK) >= BULK
    return (message_id, new_id(), batch_id, key.account.id, key.wallet_id, int(bulk), f"+256712{index % 1_000_000:06d}",
            "UG", "Hello, your parcel is here.", "gsm7", 1, 1_213_000, "ESMS_UG", 35_000_000, "UGX", "sandbox", status, at,
            clock.day_of(at, key.account.time_zone), at, at, at)


def calls(client: FlaskClient, total: int = TOTAL) -> dict[str, Callable[[], Iterator[str]]]:
    """What is measured: a name → the paths that are asked for, the first of them cold."""
    random_ = random.Random(1)
    pages = total // 100
    someone = client.get(f"/api/messages?limit=1&page={total // 3}", headers=HEADERS).json["messages"][0]
    bulk = client.get(f"/api/messages?limit=1&page={total - BULK - 10}", headers=HEADERS).json["messages"][0]["id"]
    batch = client.get(f"/api/messages/{bulk}", headers=HEADERS).json["batch_id"]
    today = clock.to_datetime(clock.now_ms()).strftime("%Y-%m-%d")
    a_month_ago = clock.days_before(today, 30)

    def paths(template: str, most: int) -> Callable[[], Iterator[str]]:
        return lambda: (template.format(page=page) for page in (most // 2, most - 1, 0, *(
            random_.randrange(most) for _ in range(30))))

    return {
        "list, any page": paths("/messages?limit=100&page={page}", pages),
        "list of delivered": paths("/messages?status=delivered&limit=100&page={page}", pages * 9 // 10),
        "list of failed": paths("/messages?status=failed&limit=100&page={page}", pages // 12),
        "list of queued": paths("/messages?status=queued&limit=100&page={page}", 1),
        "list of submitted": paths("/messages?status=submitted&limit=100&page={page}", 1),
        "list of a batch": paths(f"/messages?batch_id={batch}&limit=100&page={{page}}", BULK // 100),
        "list of a phone": paths("/messages?to=%2B256712000123&page={page}", 1),
        "list of 30 days": paths(f"/messages?date_from={a_month_ago}&date_to={today}&limit=100&page={{page}}", pages // 3),
        "list of delivered in 30 days": paths(
            f"/messages?status=delivered&date_from={a_month_ago}&limit=100&page={{page}}", pages // 4),
        "detail": paths(f"/messages/{someone['id']}", 1),
        "stats": paths("/messages/stats", 1),
        "volume, 90 days": paths("/messages/volume?days=90", 1),
        "batch": paths(f"/messages/batch/{batch}", 1),
        "routes/health": paths("/routes/health", 1),
    }


HEADERS = {"Authorization": f"Bearer {CREDENTIALS['esms'].secret}"}


def measure(client: FlaskClient, total: int = TOTAL) -> Iterator[Timed]:
    for name, given in calls(client, total).items():
        spent = []
        for path in given():
            start = time.thread_time()
            answer = client.get("/api" + path, headers=HEADERS)
            spent.append((time.thread_time() - start) * 1000)
            assert answer.status_code == 200, answer.get_data(as_text=True)
        yield Timed(name, spent[0], sorted(spent[1:])[len(spent) // 2], max(spent[1:]))
