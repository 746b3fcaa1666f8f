"""Equals share what they are equal for, by their weights, and a message always finds the same."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.domain import NUMBERS, make_route, make_wallet, message, send
from tests.support.gateways import ACTOR, NOWHERE
from wesend.core.errors import InvalidInput
from wesend.core.ids import new_id
from wesend.database import query
from wesend.gateways import service
from wesend.routing.order import in_order
from wesend.routing.routes import candidates

TO = "+256772000001"


def first_of(uid: str) -> str:
    return in_order(candidates("UG", TO), TO, uid)[0].code


@pytest.fixture
def three(context):
    for code, weight in (("A", 3), ("B", 1), ("C", 0)):
        service.set_gateway(f"g{code.lower()}", "marzsms", {"base_url": NOWHERE}, {"api_key": "k", "api_secret": "s"}, actor=ACTOR)
        make_route(code, f"g{code.lower()}", priority=-5, weight=weight, default_sender=f"FROM{code}")


def test_weights_split_by_the_messages_id(three):
    found = Counter(first_of(new_id()) for _ in range(4000))
    assert abs(found["A"] / 4000 - 0.75) < 0.03 and found["A"] + found["B"] == 4000


def test_a_message_meets_each_once_always_in_the_same_order_and_failover_only_last(three):
    uid = new_id()
    ways = [[route.code for route in in_order(candidates("UG", TO), TO, uid)][:3] for _ in range(3)]
    assert ways[0] == ways[1] == ways[2] and sorted(ways[0]) == ["A", "B", "C"] and ways[0][-1] == "C"


def test_with_the_weights_as_they_are_codes_decide_as_they_always_did(context):
    for code in ("B", "A"):
        make_route(code, "sandbox", priority=-5)
    assert {first_of(new_id()) for _ in range(50)} == {"A"}


def test_prefix_and_priority_come_before_any_weight(three):
    make_route("LONG", "ga", prefixes=["25677"], weight=0)
    assert {first_of(new_id()) for _ in range(50)} == {"LONG"}


def test_a_send_is_shared_by_its_messages_ids_at_one_price(three):
    make_route("A", "ga", priority=-5, weight=3, price="40", default_sender="FROMA")
    wallet = make_wallet("1000000")
    sent = [message(row["id"]) for row in send(wallet, *NUMBERS[:200]).messages]
    assert {row["cost_micros"] for row in sent} == {40_000_000}, "the price is the first route's"
    found = Counter(row["gateway"] for row in sent)
    assert found["ga"] > found["gb"] > 0 and found.keys() == {"ga", "gb"}
    assert {(row["gateway"], row["sender"]) for row in sent} == {("ga", "FROMA"), ("gb", "FROMB")}
    for row in sent[:20]:
        assert row["gateway"] == f"g{first_of(row['uid']).lower()}"
    assert sent[0]["route"] == "A"
    assert query("SELECT count(DISTINCT uid) FROM messages")[0][0] == len(sent)


@pytest.mark.parametrize("weight", [-1, 1001])
def test_a_weight_that_is_none_is_named(context, weight):
    with pytest.raises(InvalidInput) as refused:
        make_route("A", "sandbox", weight=weight)
    assert set(refused.value.fields) == {"weight"}
