"""What is sold a day and what it costs at the carriers: a roll-up that moves in the transactions that move the messages.

A message stands in one row: of the day of its acceptance in the operator's zone, its wallet, the route and gateway that it
leaves by now, its country and network, and the currency of its cost. Its revenue is what was paid for it and not given
back. Its cost is counted when it is accepted, put right when its carrier tells another one, and taken away when no carrier
took it; what one carrier took before another one was given the message stays where it was counted.

Only SMS of live wallets are sold. Those accepted before margins were kept (``sold_on`` NULL) move nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ...core.channels import SMS
from ...database import Row, Tx
from ...routing.routes import candidates
from .outgoing import Outgoing
from .statuses import CANCELLED, DELIVERED, FAILED, QUEUED, SENT, SUBMITTED

ADD = """
    INSERT INTO margin_days AS kept (day, account_id, wallet_id, route, gateway, country, network, cost_currency,
        messages, segments, delivered, failed, revenue_micros, cost_micros)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (day, account_id, wallet_id, route, gateway, country, network, cost_currency) DO UPDATE SET
        messages = kept.messages + excluded.messages, segments = kept.segments + excluded.segments,
        delivered = kept.delivered + excluded.delivered, failed = kept.failed + excluded.failed,
        revenue_micros = kept.revenue_micros + excluded.revenue_micros, cost_micros = kept.cost_micros + excluded.cost_micros
"""


NOTHING: Mapping[str, Any] = {}


class Place(NamedTuple):
    """A row of the roll-up but for whose it is and when."""

    route: str
    gateway: str
    country: str
    network: str
    currency: str


class Figures(NamedTuple):
    """Revenue in the wallet's micro-units, cost in those of the place's currency."""

    messages: int = 0
    segments: int = 0
    delivered: int = 0
    failed: int = 0
    revenue_micros: int = 0
    cost_micros: int = 0

    def plus(self, other: Figures) -> Figures:
        return Figures(*(mine + its for mine, its in zip(self, other, strict=True)))


Sold = dict[Place, Figures]


def add_sold(sold: Sold, planned: Iterable[Outgoing]) -> None:
    """What messages that are accepted add."""
    for item in planned:
        if item.channel == SMS:
            place = Place(
                item.carrier_route or "", item.gateway, item.country or "", item.network or "", item.carrier_currency or ""
            )
            more = Figures(1, item.segments, 0, 0, item.cost_micros, item.carrier_cost_micros or 0)
            known = sold.get(place)
            sold[place] = more if known is None else known.plus(more)


def keep_sold(tx: Tx, day: str, account_id: int, wallet_id: int, sold: Sold) -> None:
    """Enter what was accepted together, once it is paid for."""
    _enter(tx, {(day, account_id, wallet_id, place): figures for place, figures in sold.items()})


Key = tuple[str, int, int, Place]


def _enter(tx: Tx, deltas: Mapping[Key, Figures]) -> None:
    # In one order everywhere: two that wait for one another would never end.
    rows = [(*key[:3], *key[3], *deltas[key]) for key in sorted(deltas) if any(deltas[key])]
    if len(rows) == 1:
        tx.run(ADD, rows[0])
    elif rows:
        tx.run_many(ADD, rows)


class Attempt(NamedTuple):
    """A route that a message may leave by, and what it costs there; None: nobody said."""

    route: str | None
    cost_micros: int | None
    currency: str | None


def by_gateway(country: str | None, recipient: str, gateway: str, segments: int, tx: Tx | None = None) -> Attempt:
    """By the first route that leads a number to a gateway; none where no route does."""
    if country is not None:
        for route in candidates(country, recipient, tx=tx):
            if route.gateway == gateway:
                return Attempt(route.code, route.cost_micros * segments, route.cost_currency)
    return Attempt(None, None, None)


def changes_of_cost(tx: Tx, before: Row, to: str, changes: Mapping[str, Any], *, untaken: bool) -> dict[str, Any]:
    """The columns of a sold message that tell its cost, as far as a move changes them."""
    if before["sold_on"] is None:
        return {}
    if to in (FAILED, CANCELLED):
        return {"carrier_cost_micros": 0} if untaken and before["carrier_cost_micros"] else {}
    gateway = changes.get("gateway", before["gateway"])
    if to != QUEUED or (gateway == before["gateway"] and not _begins_anew(before)):
        return {}
    attempt = by_gateway(before["country"], before["recipient"], gateway, before["segments"], tx)
    return {"carrier_route": attempt.route, "carrier_cost_micros": attempt.cost_micros, "carrier_currency": attempt.currency}


def _begins_anew(before: Row) -> bool:
    """Whether it is queued after a carrier had it, or after it had failed: what that cost is spent."""
    return before["status"] in (SUBMITTED, SENT, FAILED)


class Step(NamedTuple):
    """A sold message as it was, what the move makes of it, and what it brings in (below zero: a refund) in micro-units."""

    before: Row
    to: str
    changes: Mapping[str, Any]
    revenue_micros: int


def count_moves(tx: Tx, steps: Iterable[Step]) -> None:
    """Move the roll-up along with messages."""
    deltas: dict[Key, Figures] = {}
    for step in steps:
        before = step.before
        if before["sold_on"] is None:
            continue
        owner = (before["sold_on"], before["account_id"], before["wallet_id"])
        for place, more in _deltas(step):
            key = (*owner, place)
            deltas[key] = deltas[key].plus(more) if key in deltas else more
    if deltas:
        _enter(tx, deltas)


def _deltas(step: Step) -> list[tuple[Place, Figures]]:
    before, to, changes, brings = step
    was, now = before["status"], to
    old_place, new_place = _place(before), _place(before, changes)
    spent = now == QUEUED and _begins_anew(before)
    old_cost = before["carrier_cost_micros"] or 0
    new_cost = changes.get("carrier_cost_micros", old_cost) or 0
    if old_place == new_place:
        there = (now != CANCELLED) - (was != CANCELLED)
        figures = Figures(
            there,
            there * before["segments"],
            (now == DELIVERED) - (was == DELIVERED),
            (now == FAILED) - (was == FAILED),
            brings,
            new_cost if spent else new_cost - old_cost,
        )
        return [(new_place, figures)]
    paid = before["cost_micros"] - before["refunded_micros"]
    segments = before["segments"]
    gone = Figures(-1, -segments, -(was == DELIVERED), -(was == FAILED), -paid, 0 if spent else -old_cost)
    come = Figures(1, segments, int(now == DELIVERED), int(now == FAILED), paid + brings, new_cost)
    return [(old_place, gone), (new_place, come)]


def _place(message: Row, changes: Mapping[str, Any] = NOTHING) -> Place:
    def at(column: str) -> str:
        return (changes[column] if column in changes else message[column]) or ""

    return Place(at("carrier_route"), at("gateway"), at("country"), at("network"), at("carrier_currency"))


PUT_RIGHT = "UPDATE messages SET carrier_cost_micros = ?, carrier_currency = ? WHERE id = ?"


def put_right(tx: Tx, message: Row, cost_micros: int, currency: str) -> None:
    """A carrier tells afterwards what a message cost."""
    if message["sold_on"] is not None:
        tx.execute(PUT_RIGHT, (cost_micros, currency, message["id"]))
        told = {"carrier_cost_micros": cost_micros, "carrier_currency": currency}
        count_moves(tx, [Step(message, message["status"], told, 0)])
