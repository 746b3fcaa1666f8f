"""The audit: proves that every balance is the sum of its ledger, and that nothing was paid or refunded twice."""

from __future__ import annotations

from typing import NamedTuple

from ..database import query, snapshot

LIMIT = 100  # problems shown of each kind

COUNTED_MARGINS = """
    SELECT 'day ' || day || ', account ' || account_id || ', wallet ' || wallet_id || ', route ' || route || ', gateway ' || gateway
            || ', ' || country || ' ' || network || ' ' || cost_currency AS place,
        sum(messages) || '/' || sum(segments) || '/' || sum(delivered) || '/' || sum(failed) AS kept,
        sum(found) || '/' || sum(found_segments) || '/' || sum(found_delivered) || '/' || sum(found_failed) AS there
    FROM (
        SELECT day, account_id, wallet_id, route, gateway, country, network, cost_currency, messages, segments, delivered, failed,
            0 AS found, 0 AS found_segments, 0 AS found_delivered, 0 AS found_failed
        FROM margin_days
        UNION ALL
        SELECT m.sold_on, m.account_id, m.wallet_id, coalesce(m.carrier_route, ''), m.gateway, coalesce(m.country, ''),
            coalesce(m.network, ''), coalesce(m.carrier_currency, ''), 0, 0, 0, 0,
            CASE WHEN m.status = 'cancelled' THEN 0 ELSE 1 END, CASE WHEN m.status = 'cancelled' THEN 0 ELSE m.segments END,
            CASE WHEN m.status = 'delivered' THEN 1 ELSE 0 END, CASE WHEN m.status = 'failed' THEN 1 ELSE 0 END
        FROM messages m JOIN batches b ON b.id = m.batch_id
        WHERE m.sold_on IS NOT NULL AND b.state NOT IN ('intake', 'rejected')
    ) AS both_sides
    GROUP BY day, account_id, wallet_id, route, gateway, country, network, cost_currency
"""
SOLD = """
    SELECT w.uid, (SELECT coalesce(sum(d.revenue_micros), 0) FROM margin_days d WHERE d.wallet_id = w.id) AS kept,
        coalesce((
            SELECT -sum(e.amount_micros) FROM ledger_entries e JOIN batches b ON b.id = e.batch_id
            WHERE e.wallet_id = w.id AND e.kind IN ('sms_charge', 'refund') AND b.state NOT IN ('intake', 'rejected')
                AND EXISTS (SELECT 1 FROM messages m WHERE m.batch_id = b.id AND m.sold_on IS NOT NULL)
        ), 0) - coalesce((
            SELECT sum(b.owed_micros) FROM batches b
            WHERE b.wallet_id = w.id AND EXISTS (SELECT 1 FROM messages m WHERE m.batch_id = b.id AND m.sold_on IS NOT NULL)
        ), 0) AS paid
    FROM wallets w
"""

CHECKS: tuple[tuple[str, str, str], ...] = (
    (
        "wallet {} holds {} but its ledger sums to {}",
        """
            SELECT w.uid, w.balance_micros, coalesce(sum(e.amount_micros), 0) AS total
            FROM wallets w LEFT JOIN ledger_entries e ON e.wallet_id = w.id
            GROUP BY w.id
        """,
        "total <> balance_micros",
    ),
    (
        "ledger entry {} says balance {} after it, but the entries sum to {}",
        """
            SELECT id, balance_after_micros, sum(amount_micros) OVER (PARTITION BY wallet_id ORDER BY id) AS running
            FROM ledger_entries
        """,
        "running <> balance_after_micros",
    ),
    (
        "batch {} was charged {} but its ledger shows {}",
        """
            SELECT b.uid, b.cost_micros, -coalesce(sum(e.amount_micros), 0) AS paid
            FROM batches b LEFT JOIN ledger_entries e ON e.batch_id = b.id AND e.kind = 'sms_charge'
            GROUP BY b.id
        """,
        "paid <> cost_micros",
    ),
    (
        "batch {} was refunded {} but its ledger shows {}",
        """
            SELECT b.uid, b.refunded_micros - b.owed_micros AS due, coalesce(sum(e.amount_micros), 0) AS back
            FROM batches b LEFT JOIN ledger_entries e ON e.batch_id = b.id AND e.kind = 'refund'
            GROUP BY b.id
        """,
        "back <> due",
    ),
    (
        "batch {} is {}, yet it is still to get back {}",
        "SELECT uid, state, owed_micros FROM batches WHERE owed_micros <> 0",
        "owed_micros < 0 OR state <> 'cancelling'",
    ),
    # What was taken back together came back by entries of the batch; a message of its own entry has no part in them.
    (
        "batch {} got back {} for messages that were cancelled together, who cost {}",
        """
            SELECT b.uid,
                b.owed_micros + coalesce((
                    SELECT sum(e.amount_micros) FROM ledger_entries e
                    WHERE e.batch_id = b.id AND e.kind = 'refund' AND e.message_id IS NULL
                ), 0) AS back,
                coalesce((
                    SELECT sum(m.refunded_micros) FROM messages m
                    WHERE m.batch_id = b.id AND m.status = 'cancelled' AND NOT EXISTS (
                        SELECT 1 FROM ledger_entries e
                        WHERE e.message_id = m.id AND e.kind = 'refund' AND e.charge_no = m.charges
                    )
                ), 0) AS cost
            FROM batches b WHERE b.state <> 'rejected'
        """,
        "back <> cost",
    ),
    (
        "batch {} was charged {} but its messages cost {}",
        """
            SELECT b.uid, b.cost_micros, coalesce(sum(m.cost_micros * m.charges), 0) AS cost
            FROM batches b LEFT JOIN messages m ON m.batch_id = b.id
            WHERE b.state NOT IN ('rejected', 'intake') GROUP BY b.id
        """,
        "cost <> cost_micros",
    ),
    (
        "message {} was paid {} times but refunded {} times",
        """
            SELECT m.uid, m.charges, count(*) AS refunds
            FROM ledger_entries e JOIN messages m ON m.id = e.message_id
            WHERE e.kind = 'refund' GROUP BY m.id
        """,
        "refunds > charges",
    ),
    (
        "message {} shows a refund of {} that its ledger does not ({})",
        """
            SELECT m.uid, m.refunded_micros, (
                SELECT coalesce(sum(e.amount_micros), 0) FROM ledger_entries e
                WHERE e.message_id = m.id AND e.kind = 'refund' AND e.charge_no = m.charges
            ) AS back, m.status
            FROM messages m
        """,
        "back <> refunded_micros AND (status <> 'cancelled' OR back <> 0)",
    ),
    (
        "message {} was delivered, yet {} of its cost {} was refunded",
        "SELECT uid, refunded_micros, cost_micros FROM messages WHERE status = 'delivered'",
        "refunded_micros > 0",
    ),
    (
        "batch {} counts {} messages but has {}",
        """
            SELECT b.uid,
                b.queued || '/' || b.submitted || '/' || b.delivered || '/' || b.failed || '/' || b.cancelled AS counted,
                sum(CASE WHEN m.status IN ('scheduled', 'dripping', 'queued', 'claimed', 'submitting') THEN 1 ELSE 0 END)
                    || '/' || sum(CASE WHEN m.status IN ('submitted', 'sent', 'unknown') THEN 1 ELSE 0 END)
                    || '/' || sum(CASE WHEN m.status = 'delivered' THEN 1 ELSE 0 END)
                    || '/' || sum(CASE WHEN m.status = 'failed' THEN 1 ELSE 0 END)
                    || '/' || sum(CASE WHEN m.status = 'cancelled' THEN 1 ELSE 0 END) AS found
            FROM batches b JOIN messages m ON m.batch_id = b.id
            WHERE b.state NOT IN ('intake', 'rejected') GROUP BY b.id
        """,
        "counted <> found",
    ),
    ("the margins of {} count {} messages/segments/delivered/failed, but there are {}", COUNTED_MARGINS, "kept <> there"),
    ("the margins of wallet {} have sold for {}, but its ledger says {}", SOLD, "kept <> paid"),
    (
        "deposit {} is {} but was credited {} times",
        """
            SELECT d.uid, d.status, count(e.id) AS credits
            FROM deposits d LEFT JOIN ledger_entries e ON e.deposit_id = d.id
            GROUP BY d.id
        """,
        "credits <> CASE WHEN status = 'successful' THEN 1 ELSE 0 END",
    ),
    (
        "incoming message {} cost {} but its ledger shows {}",
        """
            SELECT i.uid, i.cost_micros, -coalesce(sum(e.amount_micros), 0) AS paid
            FROM inbound_messages i LEFT JOIN ledger_entries e ON e.inbound_id = i.id AND e.kind = 'inbound_charge'
            GROUP BY i.id, i.uid, i.cost_micros
        """,
        "paid <> cost_micros",
    ),
    (
        "two-way service {} was charged {} in fees but its ledger shows {}",
        """
            SELECT s.id, s.charged_micros, -coalesce(sum(e.amount_micros), 0) AS paid
            FROM two_way_services s LEFT JOIN ledger_entries e ON e.service_id = s.id AND e.kind = 'service_fee'
            GROUP BY s.id, s.charged_micros
        """,
        "paid <> charged_micros",
    ),
)
"""Sentence with three places, the query whose rows fill it, and which of them are a problem."""


class Audit(NamedTuple):
    wallets: int
    entries: int
    messages: int
    problems: list[str]


def audit() -> Audit:
    """Run every check on one snapshot of the database."""
    with snapshot():
        wallets, entries, messages = (
            query(f"SELECT count(*) FROM {table}")[0][0] for table in ("wallets", "ledger_entries", "messages")
        )
        problems: list[str] = []
        for sentence, rows, problem in CHECKS:
            found = query(f"SELECT * FROM ({rows}) AS found WHERE {problem} LIMIT {LIMIT}")
            problems += [sentence.format(*row) for row in found]
    return Audit(wallets, entries, messages, problems)
