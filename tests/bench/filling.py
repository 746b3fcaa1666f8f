"""A database with as many messages as wanted, written straight into its tables."""

from __future__ import annotations

from flask import Flask

from wesend.accounts.keys import Key, authenticate
from wesend.core import clock
from wesend.core.ids import new_id
from wesend.database import atomic, query

from ..support.published import CREDENTIALS

BULK = 5_000
DAYS = 90
CHUNK = 20_000
BATCH = (
    "id",
    "uid",
    "account_id",
    "wallet_id",
    "api",
    "lane",
    "state",
    "text",
    "total",
    "delivered",
    "cost_micros",
    "currency",
    "created_at",
    "finished_at",
)
MESSAGE = (
    "id",
    "uid",
    "batch_id",
    "account_id",
    "wallet_id",
    "lane",
    "recipient",
    "country",
    "text",
    "encoding",
    "segments",
    "cost_micros",
    "route",
    "route_cost_micros",
    "route_currency",
    "gateway",
    "status",
    "due_at",
    "day",
    "created_at",
    "submitted_at",
    "delivered_at",
)


def fill(app: Flask, total: int) -> None:
    """Half of them single sends, half bulks; one in twelve failed; a few on their way; the rest delivered."""
    with app.app_context():
        key = authenticate("esms", CREDENTIALS["esms"].secret)
        now = clock.now_ms()
        first_id, first_batch = (query(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")[0][0] for table in ("messages", "batches"))
        with atomic() as tx:
            tx.execute("PRAGMA defer_foreign_keys = ON")
            batch_id = first_batch - 1
            batches, messages = [], []
            for index in range(total):
                at = now - DAYS * clock.DAY + (index * DAYS * clock.DAY) // total
                if index % (2 * BULK) < BULK or index % BULK == 0:
                    batch_id += 1
                    size = 1 if index % (2 * BULK) < BULK else BULK
                    batches.append(
                        (
                            batch_id,
                            new_id(),
                            key.account.id,
                            key.wallet_id,
                            "esms",
                            int(size > 1),
                            "finished",
                            "Hello",
                            size,
                            size,
                            size * 1_213_000,
                            "KES",
                            at,
                            at,
                        )
                    )
                messages.append(_message(first_id + index, index, batch_id, key, at))
                if len(messages) == CHUNK:
                    tx.insert_many("batches", BATCH, batches)
                    tx.insert_many("messages", MESSAGE, messages)
                    batches, messages = [], []
            tx.insert_many("batches", BATCH, batches)
            tx.insert_many("messages", MESSAGE, messages)
            tx.execute(
                "INSERT INTO message_events (message_id, event, status, at) SELECT id, 'submitted', 'submitted',"
                " created_at FROM messages WHERE id >= ?",
                (first_id,),
            )
            tx.execute(
                "INSERT INTO daily_counts (account_id, wallet_id, day, route, total, delivered, failed)"
                " SELECT account_id, wallet_id, day, route, count(*), sum(status = 'delivered'),"
                " sum(status = 'failed') FROM messages WHERE id >= ? GROUP BY 1, 2, 3, 4",
                (first_id,),
            )


def _message(message_id: int, index: int, batch_id: int, key: Key, at: int) -> tuple:
    status = "failed" if index % 12 == 5 else "sent" if index % 5_000 == 7 else "delivered"
    bulk = index % (2 * BULK) >= BULK
    return (
        message_id,
        new_id(),
        batch_id,
        key.account.id,
        key.wallet_id,
        int(bulk),
        f"+256712{index % 1_000_000:06d}",
        "UG",
        "Hello, your parcel is here.",
        "gsm7",
        1,
        1_213_000,
        "ESMS_UG",
        35_000_000,
        "UGX",
        "sandbox",
        status,
        at,
        clock.day_of(at, key.account.time_zone),
        at,
        at,
        at,
    )
