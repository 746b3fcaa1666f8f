"""Margins: what they add up to is the ledger, whatever becomes of messages; costs are of who took them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wesend.accounts.service import get_account
from wesend.adapters.sms.base import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN, CallbackReceipt, Outcome, Receipt
from wesend.core import clock as time
from wesend.core import money
from wesend.core.errors import WesendError
from wesend.database import atomic, query
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.settle import settle
from wesend.messages.receipts import inbox, polling, resend, unknown_outcomes
from wesend.messages.reporting import margins
from wesend.messages.sending import actions
from wesend.messages.sending.options import Options
from wesend.messages.state.transitions import move
from wesend.routing.rates import set_rate

from ...support.domain import ACTOR, NUMBERS, ScriptedGateway, make_route, make_wallet, message, problems, send

MTN = "+256772345678"
EACH = {"carrier": ("22", "UGX"), "second": ("0.01", "USD")}


@pytest.fixture
def ways(carrier, upstreams):
    """Two carriers: 22 UGX, then 0.01 USD a segment; the first resends, both are sold at 35 UGX."""
    upstreams["second"] = ScriptedGateway("second")
    for priority, (name, (cost, currency)) in enumerate(EACH.items()):
        make_route(
            f"UG_{priority}",
            name,
            priority=priority - 5,
            cost_micros=money.to_micros(cost),
            cost_currency=currency,
            resend_undelivered=name == "carrier",
        )
    return carrier


def kept(*by: str) -> list[tuple]:
    """(messages, segments, delivered, failed, revenue, cost, cost currency) of rows that are not empty."""
    columns = ", ".join((*by, "cost_currency"))
    rows = query(
        f"SELECT {columns}, sum(messages), sum(segments), sum(delivered), sum(failed), sum(revenue_micros), sum(cost_micros)"
        f" FROM margin_days GROUP BY {columns} ORDER BY {columns}"
    )
    found = [tuple(row) for row in rows]
    return [(*row[: len(by) + 5], money.text(row[-2]), money.text(row[-1])) for row in found if any(row[len(by) + 1 :])]


def dispatch(gateway: str, *outcomes: Outcome) -> None:
    claimed = queue.claim(gateway, len(outcomes))
    begun = queue.start([claimed])[0].messages
    with atomic() as tx:
        settle(tx, list(zip(begun, outcomes, strict=False)), claimed.token)


def receipt(message_id: int, status: str) -> None:
    now = time.now_ms()
    with atomic() as tx:
        row = message(message_id)
        told = Receipt(status, "CODE")
        move(tx, [resend.plan(tx, row, told, now) or polling.plan_receipt(row, told, now)], now)


def test_revenue_and_expected_cost_are_counted_at_acceptance_and_delivery_when_it_is_told(ways):
    row = send(make_wallet("1000"), MTN, text="x" * 161).messages[0]
    assert kept("gateway", "network") == [("carrier", "MTN", "UGX", 1, 2, 0, 0, "70", "44")]
    dispatch("carrier", Outcome(ACCEPTED, "1"))
    receipt(row["id"], "delivered")
    receipt(row["id"], "delivered")
    assert kept("gateway") == [("carrier", "UGX", 1, 2, 1, 0, "70", "44")]


def test_what_the_carrier_tells_wins_in_its_own_currency(ways):
    send(make_wallet("1000"), MTN, MTN[:-1] + "9")
    dispatch("carrier", Outcome(ACCEPTED, "1", meta={"cost": "KES 0.8000"}), Outcome(ACCEPTED, "2", meta={"cost": "21.5"}))
    assert kept("gateway") == [("carrier", "KES", 1, 1, 0, 0, "35", "0.8"), ("carrier", "UGX", 1, 1, 0, 0, "35", "21.5")]


@pytest.mark.parametrize("cost", ["KES 0.8000", "0.8 KES"])
def test_what_the_carrier_tells_with_its_receipt_wins_too_once(ways, cost):
    row = send(make_wallet("1000"), MTN).messages[0]
    dispatch("carrier", Outcome(ACCEPTED, "1"))
    for _ in range(2):
        inbox.keep("carrier", [CallbackReceipt("1", None, None, Receipt("delivered", "OK", None, cost))])
        inbox.match_new()
    assert kept("gateway") == [("carrier", "KES", 1, 1, 1, 0, "35", "0.8")]
    assert message(row["id"])["carrier_cost_micros"] == 800_000 and problems() == []


def test_a_cost_without_a_currency_is_in_the_one_that_was_expected_and_nonsense_is_none(ways):
    send(make_wallet("1000"), MTN, MTN[:-1] + "9")
    dispatch("carrier", Outcome(ACCEPTED, "1"), Outcome(ACCEPTED, "2"))
    told = [Receipt("delivered", "OK", None, "21.5"), Receipt("delivered", "OK", None, "much")]
    inbox.keep("carrier", [CallbackReceipt(str(number), None, None, one) for number, one in enumerate(told, 1)])
    inbox.match_new()
    assert kept("gateway") == [("carrier", "UGX", 2, 2, 2, 0, "70", "43.5")]


def test_what_no_carrier_took_costs_nothing_and_is_refunded(ways):
    send(make_wallet("1000"), MTN)
    dispatch("carrier", Outcome(REFUSED, code="7"))
    assert kept("gateway") == [("carrier", "UGX", 1, 1, 0, 1, "0", "0")]


def test_what_goes_by_another_carrier_costs_what_that_one_takes(ways):
    send(make_wallet("1000"), MTN)
    dispatch("carrier", Outcome(TEMPORARY))
    assert kept("gateway", "route") == [("second", "UG_1", "USD", 1, 1, 0, 0, "35", "0.01")]


def test_a_first_carriers_cost_stays_where_a_second_one_is_given_the_message(ways):
    row = send(make_wallet("1000"), MTN).messages[0]
    dispatch("carrier", Outcome(ACCEPTED, "1"))
    receipt(row["id"], "failed")
    assert kept("gateway") == [("carrier", "UGX", 0, 0, 0, 0, "0", "22"), ("second", "USD", 1, 1, 0, 0, "35", "0.01")]
    dispatch("second", Outcome(REFUSED))
    assert kept("gateway") == [("carrier", "UGX", 0, 0, 0, 0, "0", "22"), ("second", "USD", 1, 1, 0, 1, "35", "0")]


def test_an_unknown_outcome_costs_until_it_is_found_that_it_never_went(ways):
    row = send(make_wallet("1000"), MTN).messages[0]
    dispatch("carrier", Outcome(UNKNOWN))
    assert kept() == [("UGX", 1, 1, 0, 0, "35", "22")]
    unknown_outcomes.decide(row["uid"], "lost", actor=ACTOR)
    assert kept() == [("UGX", 1, 1, 0, 1, "0", "0")]


def test_a_retry_by_hand_is_paid_and_costs_once_more(ways):
    wallet = make_wallet("1000")
    row = send(wallet, MTN).messages[0]
    dispatch("carrier", Outcome(UNKNOWN))
    receipt(row["id"], "failed")
    actions.retry(get_account(wallet.account_id), row["uid"], actor=ACTOR)
    assert kept() == [("UGX", 1, 1, 0, 0, "70", "44")]


def test_what_is_cancelled_was_not_sold(ways):
    wallet = make_wallet("1000")
    row = send(wallet, MTN, options=Options("scheduled", scheduled_at=time.now_ms() + time.HOUR)).messages[0]
    actions.cancel_message(get_account(wallet.account_id), row["uid"], actor=ACTOR)
    assert kept() == []


def test_the_sandboxes_money_is_no_revenue(ways):
    send(make_wallet("1000", is_sandbox=True), MTN)
    assert kept() == []


def told(**options) -> list[tuple]:
    found = margins.report(actor=ACTOR, **options)
    return [(*row.by, row.messages, money.text(row.revenue_micros), money.text(row.cost_micros)) for row in found.rows]


def test_a_report_is_in_one_currency_at_the_rates_of_the_day(ways, clock):
    set_rate("UGX", money.to_micros("3500"), actor=ACTOR)
    wallet = make_wallet("1000")
    send(wallet, MTN)
    set_rate("UGX", money.to_micros("7000"), actor=ACTOR)
    assert told(by=["day"]) == [("2026-06-10", 1, "0.01", "0.006286")], "what was sold today stays at today's rate"
    clock.advance(86_400)
    send(wallet, MTN)
    assert told(by=["day"]) == [("2026-06-10", 1, "0.01", "0.006286"), ("2026-06-11", 1, "0.005", "0.003143")]
    assert told(since="2026-06-11", currency="ugx") == [(1, "35", "22")]
    assert told(by=["account", "country"], currency="UGX") == [(wallet.account_id, "UG", 2, "70", "44")]


def test_credits_earn_their_rate(ways):
    set_rate("KES", money.to_micros("100"), actor=ACTOR)
    send(make_wallet("10", "SMS"), MTN)
    assert told(currency="KES")[0][:2] == (1, "1.8")


def test_days_are_the_operators(context, monkeypatch, ways, clock):
    clock.seconds = time.parse_iso("2026-06-10T22:30:00+00:00") / 1000
    wallet = make_wallet("1000")
    send(wallet, MTN)
    monkeypatch.setitem(context.config, "WESEND", replace(context.config["WESEND"], time_zone="Africa/Kampala"))
    send(wallet, MTN)
    assert [row[0] for row in told(by=["day"])] == ["2026-06-10", "2026-06-11"]


KINDS = st.sampled_from(
    [
        Outcome(ACCEPTED, "ref"),
        Outcome(ACCEPTED, "ref", meta={"cost": "KES 0.8"}),
        Outcome(ACCEPTED, "ref", meta={"cost": "20"}),
        Outcome(REFUSED),
        Outcome(TEMPORARY),
        Outcome(UNKNOWN),
    ]
)
WHICH = st.integers(0, 30)
STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("dispatch"), st.sampled_from(list(EACH)), st.lists(KINDS, min_size=1, max_size=3)),
    st.tuples(st.just("receipt"), WHICH, st.sampled_from(["delivered", "failed", "sent", "never_sent"])),
    st.tuples(st.just("retry"), WHICH, st.none()),
    st.tuples(st.just("cancel"), WHICH, st.none()),
    st.tuples(st.just("decide"), WHICH, st.sampled_from(["delivered", "lost"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 3600, 200_000]), st.none()),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.sampled_from(["UGX", "SMS", "KES"]), st.booleans(), st.lists(STEPS, min_size=4, max_size=25))
def test_after_any_storm_margins_add_up_to_the_ledger(ways, clock, currency, refunds, steps):
    make_route("UG_0", "carrier", priority=-5, cost_micros=22_000_000, resend_undelivered=True, refund_failed_delivery=refunds)
    wallet = make_wallet("100000", currency)
    account = get_account(wallet.account_id)
    sent: list = []
    for what, which, detail in steps:
        one = sent[which % len(sent)] if sent and isinstance(which, int) else None
        try:
            if what == "send":
                later = Options("scheduled", scheduled_at=time.now_ms() + time.HOUR) if detail else Options()
                sent += send(wallet, *NUMBERS[len(sent) : len(sent) + which], options=later).messages
            elif what == "dispatch":
                dispatch(which, *detail)
            elif what == "wait":
                clock.advance(which)
                queue.release_due()
                queue.recover_leases()
                polling.expire()
            elif one is not None and what == "receipt":
                receipt(one["id"], detail)
            elif one is not None and what == "retry":
                actions.retry(account, one["uid"], actor=ACTOR)
            elif one is not None and what == "cancel":
                actions.cancel_one(one["id"], actions.NOT_LEFT)
            elif one is not None:
                unknown_outcomes.decide(one["uid"], detail, actor=ACTOR)
        except WesendError:
            pass  # what may not be is refused, and moves nothing
        assert problems() == []
    ledger = query("SELECT -coalesce(sum(amount_micros), 0) FROM ledger_entries WHERE wallet_id = ? AND batch_id > 0", (wallet.id,))
    sold = query("SELECT coalesce(sum(revenue_micros), 0), min(cost_micros) FROM margin_days WHERE wallet_id = ?", (wallet.id,))[0]
    assert sold[0] == ledger[0][0]
    assert (sold[1] or 0) >= 0
