"""Across all accounts, for an operator: how each stands, a message by number, id or text, and what each gateway carried."""

from __future__ import annotations

from typing import NamedTuple

from ...accounts import roles, service
from ...accounts.roles import OPERATE, Actor
from ...core import clock, phones
from ...core.channels import EMAIL, SMS
from ...core.current_app import this_app
from ...database import Row, keyset, query, query_one
from ...database.rows import MessageRow
from ..state.mail_texts import Reader
from .search import LOOKED_THROUGH, PUBLIC_ID, PUT_TOGETHER

MONTHS = 12
PAGE = 500
BALANCES = """
    SELECT account_id, currency, sum(balance_micros) AS balance_micros FROM wallets WHERE is_sandbox = 0
    GROUP BY account_id, currency ORDER BY account_id, currency
"""
VOLUMES = """
    SELECT account_id, sum(total - cancelled) AS sent, sum(failed) AS failed FROM daily_counts
    WHERE day >= ? AND day <= ? GROUP BY account_id
"""
"""What was cancelled never left, and is counted on no other page."""
LAST_SEND = """
    SELECT created_at FROM messages INDEXED BY ix_messages_account_day WHERE account_id = ? AND channel = ?
    ORDER BY day DESC, id DESC LIMIT 1
"""
USAGE = """
    SELECT substr(day, 1, 7) AS month, gateway, sum(messages) AS sent, sum(segments) AS segments, sum(delivered) AS delivered,
        sum(failed) AS failed
    FROM margin_days WHERE day >= ? GROUP BY substr(day, 1, 7), gateway ORDER BY 1 DESC, 3 DESC, 2
"""
OF_ACCOUNT = "SELECT m.*, a.name AS account_name FROM messages m JOIN accounts a ON a.id = m.account_id"
BY_NUMBER = f"""
    {OF_ACCOUNT} WHERE m.recipient = ? AND m.id < ? ORDER BY m.id DESC LIMIT ?
"""


class Customer(NamedTuple):
    """An account's row, and how it stands; ``balances``: (micro-units, currency) of its live wallets together."""

    row: Row
    state: str
    balances: list[tuple[int, str]]
    sent: int
    failed: int
    last_send_at: int | None


def customers(*, actor: Actor) -> list[Customer]:
    """Every account by name, with what it sent this month, as it is where the account is."""
    rows, now = service.list_accounts(actor=actor), clock.now_ms()
    months = {row["id"]: clock.day_of(now, row["time_zone"])[:7] for row in rows}
    volumes = {
        row["account_id"]: row
        for month in set(months.values())
        for row in query(VOLUMES, (f"{month}-01", f"{month}-31"))
        if months.get(row["account_id"]) == month
    }
    balances: dict[int, list[tuple[int, str]]] = {}
    for row in query(BALANCES):
        balances.setdefault(row["account_id"], []).append((row["balance_micros"], row["currency"]))
    return [
        Customer(
            row,
            service.state_of(row),
            balances.get(row["id"], []),
            volumes[row["id"]]["sent"] if row["id"] in volumes else 0,
            volumes[row["id"]]["failed"] if row["id"] in volumes else 0,
            _last_send(row["id"]),
        )
        for row in rows
    ]


def _last_send(account_id: int) -> int | None:
    found = [row["created_at"] for channel in (SMS, EMAIL) for row in query(LAST_SEND, (account_id, channel))]
    return max(found, default=None)


def usage(*, actor: Actor) -> list[Row]:
    """SMS by month and gateway, the newest month first."""
    roles.require(actor, OPERATE)
    since = clock.days_before(clock.day_of(clock.now_ms(), this_app().config["WESEND"].time_zone), 31 * MONTHS)
    return query(USAGE, (f"{since[:7]}-01",))


class MessageOfAccount(MessageRow):
    account_name: str


class Found(NamedTuple):
    """``place``: from where on there may be more; None at the end."""

    rows: list[MessageOfAccount]
    place: int | None


def find(typed: str, *, before: int | None = None, limit: int = 50, actor: Actor) -> Found:
    """Messages of every account, newest first: to a number, of a public id, else with these words in text, subject or address.

    A text is looked for in LOOKED_THROUGH messages at a time, from ``before`` on.
    """
    roles.require(actor, OPERATE)
    typed = " ".join(typed.split())
    named = PUBLIC_ID.fullmatch(typed)
    if named:
        return _by_id(named[1].lower(), before, limit)
    phone = phones.normalise(typed, "UG")
    if phone is None and "@" not in typed:
        return _by_text(typed.lower(), before, limit)
    rows = query(BY_NUMBER, (phone.e164 if phone else typed, keyset.below(before), limit))
    return Found(rows, keyset.next_place(rows, limit))


def _by_id(uid: str, before: int | None, limit: int) -> Found:
    batch = query_one("SELECT id FROM batches WHERE uid = ?", (uid,))
    column, value = ("m.batch_id", batch["id"]) if batch is not None else ("m.uid", uid)
    rows = query(f"{OF_ACCOUNT} WHERE {column} = ? AND m.id < ? ORDER BY m.id DESC LIMIT ?", (value, keyset.below(before), limit))
    return Found(rows, keyset.next_place(rows, limit))


def _by_text(words: str, before: int | None, limit: int) -> Found:
    found: list[MessageOfAccount] = []
    place, reader = keyset.below(before), Reader()
    for _ in range(LOOKED_THROUGH // PAGE if words else 0):
        rows = query(f"{OF_ACCOUNT} WHERE m.id < ? ORDER BY m.id DESC LIMIT ?", (place, PAGE))
        for row in rows:
            place = row["id"]
            if words in "\n".join((reader.text_of(row), row["subject"] or "", row["recipient"])).lower():
                found.append(row)
            if len(found) == limit or reader.filled > PUT_TOGETHER:
                return Found(found, place)
        if len(rows) < PAGE:
            return Found(found, None)
    return Found(found, place if words else None)
