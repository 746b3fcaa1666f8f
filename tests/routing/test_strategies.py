"""Routes ordered by what they deliver: lowered, tried again, raised; and what an operator decides of it."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.support.dashboard import Visitor, make_user, text_of
from tests.support.domain import ACTOR, NUMBERS, composer, make_route, make_wallet, send
from tests.support.gateways import NOWHERE
from wesend import cli
from wesend.core.errors import InvalidInput
from wesend.core.ids import new_id
from wesend.database import write
from wesend.gateways import service
from wesend.messages.receipts import measures
from wesend.messages.sending.compose import read_recipients
from wesend.messages.sending.precheck import precheck
from wesend.routing import strategies
from wesend.routing.order import in_order
from wesend.routing.quality import COUNT
from wesend.routing.rates import set_rate
from wesend.routing.routes import candidates, find_route

TO = "+256772000001"


@pytest.fixture(autouse=True)
def two(context):
    for code in ("A", "B"):
        name = f"g{code.lower()}"
        service.set_gateway(name, "africastalking", {"username": "u", "base_url": NOWHERE}, {"api_key": "k"}, actor=ACTOR)
        make_route(code, name, priority=-5)


def ways(uid: str = "same") -> str:
    return "".join(route.code for route in in_order(candidates("UG", TO), TO, uid) if route.code in "AB")


def by_quality(strategy: str = "quality") -> None:
    strategies.set_strategy("UG", "", strategy, actor=ACTOR)


def measured(clock, code: str, delivered: int, failed: int, seconds: int = 5) -> None:
    """What the route did in this minute."""
    minute, gateway = int(clock.seconds // 60), f"g{code.lower()}"
    rows = [("receipts", "delivered", delivered), ("receipts", "failed", failed), ("seconds", str(seconds), delivered + failed)]
    write(lambda tx: tx.executemany(COUNT, [(minute, code, gateway, "MTN", *row) for row in rows if row[2]]))


def test_priority_is_the_strategy_unless_another_is_chosen(clock):
    measured(clock, "A", 1, 99)
    measured(clock, "B", 100, 0)
    measures.judge()
    assert ways() == "AB" and strategies.states() == {}


def test_a_route_that_delivers_much_less_goes_behind_and_never_away(clock):
    by_quality()
    measured(clock, "A", 40, 60)
    measured(clock, "B", 95, 5)
    assert measures.judge() == 2
    state = strategies.states()["A"]
    assert ways() == "BA" and state.why == "40% delivered, another route 95%"
    assert state.lowered_until - state.lowered_since == 15 * 60 * 1000
    assert measures.judge() == 0, "nothing has changed"
    sent = send(make_wallet("1000"), NUMBERS[0]).messages[0]
    assert sent["gateway"] == "gb"


@pytest.mark.parametrize(
    ("a", "b", "lowered"),
    [
        ((12, 17), (95, 5), False),  # too few
        ((70, 30), (95, 5), False),  # not that bad
        ((40, 60), (50, 50), False),  # all slow: nothing is lowered
        ((40, 60), (10, 0), False),  # the other is not measured
        ((20, 80), (10, 0), True),  # but this is very bad
        ((20, 80), (0, 0), True),
        ((15, 15), (21, 9), True),  # by 20 points, which floats are not
        ((51, 49), (70, 30), False),  # by 19
    ],
)
def test_when_it_is_lowered(clock, a, b, lowered):
    by_quality("cost")
    measured(clock, "A", *a)
    measured(clock, "B", *b)
    measures.judge()
    assert (ways() == "BA") == lowered


@pytest.mark.parametrize(
    ("a", "b", "lowered"),
    [
        ({"prefixes": ["25677"]}, {"prefixes": ["25675"]}, False),
        ({"network": "MTN"}, {"network": "AIRTEL"}, False),
        ({"network": "MTN"}, {"prefixes": ["25675"]}, False),
        ({"prefixes": ["25677"]}, {"prefixes": ["2567"]}, True),
        ({"prefixes": ["2567"]}, {"network": "MTN"}, True),
        ({"network": "MTN"}, {}, True),
    ],
)
@pytest.mark.parametrize("delivered", [(40, 60), (20, 80)])
def test_only_a_route_that_can_take_its_numbers_is_better(clock, a, b, lowered, delivered):
    write(lambda tx: tx.execute("UPDATE routes SET is_active = 0 WHERE code NOT IN ('A', 'B')"))
    make_route("A", "ga", priority=-5, **a)
    make_route("B", "gb", priority=-5, **b)
    by_quality()
    measured(clock, "A", *delivered)
    measured(clock, "B", 95, 5)
    measures.judge()
    assert (strategies.states()["A"].lowered_since is not None) == lowered


def test_one_that_is_much_later_is_lowered_too(clock):
    by_quality()
    measured(clock, "A", 95, 5, seconds=300)
    measured(clock, "B", 90, 10, seconds=20)
    measures.judge()
    assert ways() == "BA" and "90 % within 300 s" in (strategies.states()["A"].why or "")


def test_when_its_time_is_over_one_in_twenty_tries_it_until_it_is_raised(clock):
    by_quality()
    measured(clock, "A", 40, 60)
    measured(clock, "B", 95, 5)
    measures.judge()
    clock.advance(15 * 60 + 1)
    tries = Counter(ways(new_id()) for _ in range(2000))
    assert 60 <= tries["AB"] <= 140
    measured(clock, "A", 5, 15)
    measured(clock, "B", 95, 5)
    measures.judge()
    again = strategies.states()["A"]
    assert again.rounds == 1 and again.lowered_until == int(clock.seconds * 1000) + 30 * 60 * 1000
    clock.advance(30 * 60 + 1)
    measured(clock, "A", 19, 1)
    measured(clock, "B", 95, 5)
    measures.judge()
    assert strategies.states()["A"].lowered_since is None and strategies.states()["A"].why is None


def test_within_10_points_of_the_best_it_is_raised(clock):
    lowered(clock)
    measured(clock, "A", 14, 6)
    clock.advance(60)
    measured(clock, "B", 80, 20)
    measures.judge()
    assert strategies.states()["A"].lowered_since is None, "70 %, the other 80 %: as floats that is more than 10"


def lowered(clock) -> None:
    """A is, and its time is over."""
    by_quality()
    measured(clock, "A", 40, 60)
    measured(clock, "B", 95, 5)
    assert measures.judge() == 2
    clock.advance(15 * 60)


def test_at_least_one_message_a_minute_tries_it_and_a_question_is_none(clock):
    lowered(clock)
    wallet = make_wallet("100000")
    for _ in range(5):
        clock.advance(60)
        precheck(composer(wallet), read_recipients([TO], "UG"), actor=ACTOR)
        first = send(wallet, TO).messages[0]
        assert first["gateway"] == "ga" and ways(first["uid"]) == "AB", "it stays so when it is handed over"
        found = Counter(row["gateway"] for row in send(wallet, *NUMBERS[:60]).messages)
        assert found["ga"] <= 12 < found["gb"]


def test_none_tries_it_where_a_longer_prefix_comes_first(clock):
    make_route("B", "gb", priority=-5, prefixes=["25677"])
    lowered(clock)
    assert {ways(new_id()) for _ in range(200)} == {"BA"}
    assert send(make_wallet("100000"), TO).messages[0]["gateway"] == "gb"


def test_no_minute_has_a_try_before_its_time_is_over_or_against_an_operators_word(clock):
    lowered(clock)
    clock.advance(-1)
    wallet = make_wallet("100000")
    assert send(wallet, TO).messages[0]["gateway"] == "gb"
    clock.advance(61)
    strategies.decide("A", "lower", actor=ACTOR)
    assert send(wallet, TO).messages[0]["gateway"] == "gb"


def test_only_what_has_tried_it_since_is_judged(clock):
    by_quality()
    measured(clock, "A", 40, 60)
    measured(clock, "B", 95, 5)
    measures.judge()
    clock.advance(14 * 60)
    measured(clock, "A", 0, 50)
    clock.advance(61)
    for _ in range(20):
        clock.advance(60)
        measured(clock, "B", 10, 0)
        assert measures.judge() == 0 or strategies.states()["A"].rounds == 0
        measured(clock, "A", 1, 0)
    assert strategies.states()["A"].lowered_since is not None, "19 have tried it when it was judged last"
    measures.judge()
    assert strategies.states()["A"].lowered_since is None, "20 in 20 minutes"


def test_a_trial_that_is_as_bad_and_without_a_measured_other_raises_nothing(clock):
    by_quality()
    measured(clock, "A", 20, 80)
    measures.judge()
    clock.advance(15 * 60)
    measured(clock, "A", 2, 18)
    measures.judge()
    state = strategies.states()["A"]
    assert (state.rounds, state.lowered_since is None) == (1, False)


def test_a_strategy_of_a_prefix_holds_whatever_number_came_before_it(context):
    make_route("B", "gb", priority=-4)
    strategies.set_strategy("UG", "25677", "cost", actor=ACTOR)
    make_route("B", "gb", priority=-4, cost_micros=1)
    found = send(make_wallet("1000"), "+256752000001", TO).messages
    assert [row["gateway"] for row in found] == ["ga", "gb"]


def test_the_better_rate_is_first_then_the_quicker_and_an_unknown_one_last(clock):
    by_quality()
    measured(clock, "B", 60, 40)
    measures.judge()
    assert ways() == "BA", "of A nothing is known"
    measured(clock, "A", 61, 39, seconds=10)
    measures.judge()
    assert ways() == "BA", "steps of 5 % are equal; B is quicker"
    measured(clock, "A", 90, 0)
    measures.judge()
    assert ways() == "AB"


def test_by_cost_the_cheapest_at_the_rates_is_first_and_one_without_a_rate_last(context):
    by_quality("cost")
    set_rate("UGX", 3_700_000_000, actor=ACTOR)
    make_route("A", "ga", priority=-5, price="30", cost_micros=22_000_000)
    make_route("B", "gb", priority=9, price="40", cost_micros=5_000, cost_currency="usd")
    assert ways() == "BA", "0.005 USD are 18.5 UGX"
    make_route("B", "gb", priority=9, price="40", cost_micros=7_000, cost_currency="USD")
    assert ways() == "AB"
    make_route("A", "ga", priority=-5, price="30", cost_micros=1, cost_currency="MNT")
    assert ways() == "BA", "there is no rate of MNT"
    make_route("A", "ga", priority=-5, price="25")
    assert ways() == "AB", "without a cost it is the price"


def test_the_page_shows_and_keeps_what_a_route_costs(context):
    make_route("A", "ga", priority=-5, cost_micros=6_100, cost_currency="USD")
    visitor = Visitor(context, make_user(context))
    assert "0.0061" in text_of(visitor.get("/operator/routes"))
    form = {"country": "UG", "gateway": "ga", "price": "35", "currency": "UGX", "priority": "-5", "weight": "1"}
    visitor.post("/operator/routes/A", **form)
    assert find_route("A")[-3:] == (35_000_000, "UGX", False)
    visitor.post("/operator/routes/A", **form, cost="22", cost_currency="")
    assert find_route("A")[-3:] == (22_000_000, "UGX", True)
    assert "needs a cost" in visitor.post("/operator/routes/A", **form, cost="", cost_currency="USD").text


def test_prefix_and_priority_stay_first(clock):
    by_quality()
    make_route("B", "gb", priority=-4)
    measured(clock, "A", 70, 30)
    measured(clock, "B", 89, 11)
    measures.judge()
    assert ways() == "AB"


def test_an_operator_keeps_or_lowers_it(clock):
    by_quality()
    measured(clock, "A", 40, 60)
    measured(clock, "B", 95, 5)
    strategies.decide("A", "keep", actor=ACTOR)
    measures.judge()
    assert not strategies.states()["A"].is_lowered(int(clock.seconds * 1000))
    strategies.decide("B", "lower", 2 * 3600 * 1000, actor=ACTOR)
    assert ways() == "AB"
    clock.advance(2 * 3600 + 1)
    strategies.decide("A", "auto", actor=ACTOR)
    assert not strategies.states()["B"].is_lowered(int(clock.seconds * 1000))


def run(app, *arguments: str):
    return app.test_cli_runner().invoke(cli.group, list(arguments), prog_name="wesend")


def test_the_commands_and_what_is_seen(context, clock):
    told = json.loads(run(context, "route", "strategy", "ug", "--prefix", "25677", "--strategy", "quality", "--json").stdout)
    assert told == {"country": "UG", "prefix": "25677", "strategy": "quality"}
    assert (
        strategies.strategy_of("UG", "+256772000001") == "quality" and strategies.strategy_of("UG", "+256752000001") == "priority"
    )
    told = json.loads(run(context, "route", "quality", "A", "lower", "--for", "2h", "--json").stdout)
    assert (told["code"], told["quality"], told["lowered"]) == ("A", "lower", True) and told["until"]
    assert ways() == "BA"
    assert "lowered by hand" in text_of(Visitor(context, make_user(context)).get("/operator/routes"))
    assert b'wesend_route_lowered{gateway="ga",route="A"} 1.0' in context.test_client().get("/metrics").data


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("strategy", "UG", "--strategy", "luck"), "luck is no strategy: priority, cost, quality"),
        (("strategy", "XX", "--strategy", "cost"), "XX is not an ISO 3166"),
        (("strategy", "UG", "--prefix", "254", "--strategy", "cost"), "must be digits that start with UG's 256"),
        (("quality", "A", "love"), "love is none of auto, keep, lower"),
        (("quality", "A", "keep", "--for", "soon"), "--for takes a duration"),
    ],
)
def test_what_is_none_is_refused(context, arguments, sentence):
    done = run(context, "route", *arguments)
    assert done.exit_code == 1 and sentence in done.stderr


def test_the_field_is_named(context):
    with pytest.raises(InvalidInput) as refused:
        strategies.set_strategy("UG", "", "luck", actor=ACTOR)
    assert set(refused.value.fields) == {"strategy"}
