"""By what the routes of a country, or of a prefix in it, are ordered: priority, cost, or quality; priority unless chosen.

How a route stands (its quality in steps, whether it is lowered, what an operator has decided) is kept as configuration, so that an
order is looked up and never measured. `judging.py` keeps it up to date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import phonenumbers

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..core import clock
from ..core.errors import InvalidInput
from ..database import Reader, Row, Tx, atomic, cached, query
from ..database.rows import RouteStrategyRow
from .routes import find_route

PRIORITY, COST, QUALITY = "priority", "cost", "quality"
STRATEGIES = (PRIORITY, COST, QUALITY)
AUTO, KEEP, LOWER = "auto", "keep", "lower"
DECISIONS = (AUTO, KEEP, LOWER)
SET = """
    INSERT INTO route_strategies (country, prefix, strategy) VALUES (?, ?, ?)
    ON CONFLICT (country, prefix) DO UPDATE SET strategy = excluded.strategy
"""
DECIDE = """
    INSERT INTO route_states (route, decision, decided_until) VALUES (?, ?, ?)
    ON CONFLICT (route) DO UPDATE SET decision = excluded.decision, decided_until = excluded.decided_until
"""
CHANGED = "UPDATE config_state SET version = version + 1"


class State(NamedTuple):
    """``step``: of 20, the rate in steps of 5 %; ``median_s``: until the final receipt.

    Lowered until a moment, after which some messages try it; ``why`` in words.
    """

    step: int | None = None
    median_s: int | None = None
    lowered_since: int | None = None
    lowered_until: int | None = None
    rounds: int = 0
    why: str | None = None
    decision: str = AUTO
    decided_until: int | None = None

    @classmethod
    def of(cls, row: Row) -> State:
        return cls(*(row[name] for name in cls._fields))

    def decided(self, now: int) -> str:
        """What an operator has said, while it holds."""
        return AUTO if self.decided_until is not None and self.decided_until <= now else self.decision

    def is_lowered(self, now: int) -> bool:
        decided = self.decided(now)
        return decided == LOWER or (decided == AUTO and self.lowered_since is not None)

    def is_on_trial(self, now: int) -> bool:
        return self.is_lowered(now) and self.decided(now) == AUTO and (self.lowered_until or 0) <= now


def set_strategy(country: str, prefix: str, strategy: str, *, actor: Actor) -> RouteStrategyRow:
    """``prefix`` as an MSISDN without ``+``; empty: the whole country. InvalidInput names the field."""
    roles.require(actor, OPERATE)
    country, prefix = country.strip().upper(), prefix.strip().lstrip("+")
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise _refused("country", f"{country} is not an ISO 3166 country code")
    code = str(phonenumbers.country_code_for_region(country))
    if prefix and not (re.fullmatch(r"[0-9]{1,15}", prefix) and prefix.startswith(code)):
        raise _refused("prefix", f"Prefix {prefix!r} must be digits that start with {country}'s {code}")
    if strategy not in STRATEGIES:
        raise _refused("strategy", f"{strategy} is no strategy: {', '.join(STRATEGIES)}")
    with atomic() as tx:
        before = tx.one("SELECT strategy FROM route_strategies WHERE country = ? AND prefix = ?", (country, prefix))
        tx.execute(SET, (country, prefix, strategy))
        tx.execute(CHANGED)
        told = f"{before['strategy'] if before else 'none'} → {strategy}"
        audit_log.record(tx, actor=actor, action="route.strategy", subject=country, detail=f"{prefix}, {told}" if prefix else told)
    return query("SELECT * FROM route_strategies WHERE country = ? AND prefix = ?", (country, prefix))[0]


def _refused(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, {field: [sentence]})


def decide(code: str, decision: str, for_ms: int | None = None, *, actor: Actor) -> State:
    """``keep``: never lowered; ``lower``: behind all others; for a while, or until another word. ``auto``: as it is measured."""
    roles.require(actor, OPERATE)
    find_route(code)
    if decision not in DECISIONS:
        raise _refused("quality", f"{decision} is none of {', '.join(DECISIONS)}")
    now = clock.now_ms()
    until = None if for_ms is None or decision == AUTO else now + for_ms
    with atomic() as tx:
        before = tx.one("SELECT * FROM route_states WHERE route = ?", (code,))
        was = State.of(before).decided(now) if before else AUTO
        tx.execute(DECIDE, (code, decision, until))
        tx.execute(CHANGED)
        told = f"{was} → {decision}"
        audit_log.record(
            tx,
            actor=actor,
            action="route.quality",
            subject=code,
            detail=told if until is None else f"{told}, until {clock.iso(until)}",
        )
    return states()[code]


def strategies(tx: Tx | None = None) -> Mapping[str, list[tuple[str, str]]]:
    """Country → prefixes with ``+`` and their strategies, the longest first."""

    def load(reader: Reader) -> dict[str, list[tuple[str, str]]]:
        table: dict[str, list[tuple[str, str]]] = {}
        for row in reader.all("SELECT * FROM route_strategies"):
            table.setdefault(row["country"], []).append(("+" + row["prefix"], row["strategy"]))
        return {country: sorted(found, key=lambda entry: -len(entry[0])) for country, found in table.items()}

    return cached("route-strategies", load, tx)


def strategy_of(country: str, e164: str, tx: Tx | None = None) -> str:
    return next((strategy for prefix, strategy in strategies(tx).get(country, ()) if e164.startswith(prefix)), PRIORITY)


def states(tx: Tx | None = None) -> Mapping[str, State]:
    """By the route's code."""
    return cached("route-states", _load_states, tx)


def _load_states(reader: Reader) -> dict[str, State]:
    return {row["route"]: State.of(row) for row in reader.all("SELECT * FROM route_states")}
