"""What is left at the vendors': asked every quarter of an hour by whoever runs the jobs, or told with every answer.

It is shown and warned of, and never stops sending: a vendor that has no money left says so itself.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from flask import Flask, current_app

from ..adapters.sms.base import SmsBalance, SmsGateway
from ..core import clock, money
from ..core.languages import Sentence, sentence, verbatim
from ..database import Row, Tx, query, write
from . import registry

EVERY_MS = 15 * clock.MINUTE
TOLD_EVERY_MS = 10 * clock.SECOND  # of what comes with every answer, no more is written down
MOST = Decimal(10**12)
KEEP = """
    INSERT INTO gateway_balances (gateway, amount_micros, currency, told_at, asked_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (gateway) DO UPDATE SET amount_micros = excluded.amount_micros, currency = excluded.currency,
        told_at = excluded.told_at, asked_at = excluded.asked_at
"""
NOTE_ASKED = """
    INSERT INTO gateway_balances (gateway, asked_at) VALUES (?, ?)
    ON CONFLICT (gateway) DO UPDATE SET asked_at = excluded.asked_at
"""
SET_LOW = "UPDATE gateway_balances SET low_since = ? WHERE gateway = ? AND low_since IS NULL"
SET_FINE = "UPDATE gateway_balances SET low_since = NULL, mailed_at = NULL WHERE gateway = ?"
SET_MAILED = "UPDATE gateway_balances SET mailed_at = ? WHERE gateway = ? AND low_since = ?"
UNTOLD = "SELECT * FROM gateway_balances WHERE low_since IS NOT NULL AND mailed_at IS NULL"


class BalanceInfo(NamedTuple):
    """``currency`` None: credits. ``alert_micros``: below which it is low, where that was set."""

    gateway: str
    amount_micros: int
    currency: str | None
    told_at: int
    low_since: int | None
    alert_micros: int | None

    @property
    def text(self) -> Sentence:
        amount = money.text(self.amount_micros)
        return verbatim(f"{amount} {self.currency}") if self.currency else sentence("%(amount)s credits", amount=amount)


def init_app(app: Flask) -> None:
    """Some vendors tell it with every answer: kept, but not at every one, and whatever comes of that, the answer counts."""
    last: dict[str, int] = {}

    def take(adapter: SmsGateway) -> None:
        def on_balance(balance: SmsBalance) -> None:
            now = clock.now_ms()
            if not 0 <= now - last.get(adapter.name, 0) < TOLD_EVERY_MS:
                last[adapter.name] = now
                try:
                    _record(adapter, balance)
                except Exception:
                    app.logger.exception("what gateway %s has left could not be kept", adapter.name)

        if hasattr(adapter, "on_balance"):
            adapter.on_balance = on_balance

    registry.when_built(app, take)


def due_gateways(without: Collection[str] = ()) -> set[str]:
    """Those that are to be asked now. A moment that lies ahead is of a clock that was set back."""
    now = clock.now_ms()
    asked = {row["gateway"]: row["asked_at"] or 0 for row in query("SELECT gateway, asked_at FROM gateway_balances")}
    return {
        name
        for name, adapter in registry.sms_gateways().items()
        if adapter.balance_call and name not in without and not 0 <= now - asked.get(name, 0) < EVERY_MS
    }


def ask(name: str) -> int:
    """Ask one gateway's vendor; 0: there is nothing more to do."""
    adapter = registry.sms_gateway(name)
    if adapter is None:
        return 0
    write(lambda tx: tx.execute(NOTE_ASKED, (name, clock.now_ms())))
    try:
        balance = adapter.ask_balance()
    except Exception:
        current_app.logger.exception("gateway %s could not be asked for its balance", name)
        return 0
    if balance is not None:
        _record(adapter, balance)
    return 0


def _record(adapter: SmsGateway, balance: SmsBalance) -> None:
    amount = Decimal(balance.amount)
    if abs(amount) > MOST:
        return
    micros, now = money.to_micros(amount), clock.now_ms()
    alert = alert_micros(adapter)

    def unit(tx: Tx) -> None:
        tx.execute(KEEP, (adapter.name, micros, balance.currency, now, now))
        if alert is not None and micros < alert:
            tx.execute(SET_LOW, (now, adapter.name))
        else:
            tx.execute(SET_FINE, (adapter.name,))

    write(unit)


def alert_micros(adapter: SmsGateway | None) -> int | None:
    """Below which a gateway's balance is low, in its own currency; None: never."""
    alert = getattr(adapter, "settings", {}).get("balance_alert") if adapter is not None else None
    return None if alert is None else money.to_micros(alert)


def balances() -> dict[str, BalanceInfo]:
    """What is known of every gateway that there is."""
    adapters = registry.sms_gateways()
    return {
        row["gateway"]: _info(row, adapters[row["gateway"]])
        for row in query("SELECT * FROM gateway_balances WHERE amount_micros IS NOT NULL ORDER BY gateway")
        if row["gateway"] in adapters
    }


def _info(row: Row, adapter: SmsGateway) -> BalanceInfo:
    return BalanceInfo(
        row["gateway"], row["amount_micros"], row["currency"], row["told_at"], row["low_since"], alert_micros(adapter)
    )


def to_tell() -> list[BalanceInfo]:
    """Those that have fallen below, of which nobody was told yet."""
    adapters = registry.sms_gateways()
    return [_info(row, adapters[row["gateway"]]) for row in query(UNTOLD) if row["gateway"] in adapters]


def note_told(balance: BalanceInfo) -> None:
    write(lambda tx: tx.execute(SET_MAILED, (clock.now_ms(), balance.gateway, balance.low_since)))


def forget(tx: Tx, gateway: str) -> None:
    tx.execute("DELETE FROM gateway_balances WHERE gateway = ?", (gateway,))
