"""Statements: what they say is what the ledger moved, to the last unit, by day and country."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wesend.accounts.roles import User
from wesend.accounts.service import get_account
from wesend.core import clock as time
from wesend.core import money
from wesend.core.errors import Forbidden, InvalidInput, NotFound, WesendError
from wesend.database import query
from wesend.messages.reporting import statements
from wesend.messages.sending import actions
from wesend.messages.sending import send as sending
from wesend.messages.sending.compose import read_recipients
from wesend.messages.sending.options import Options
from wesend.wallets import service

from ...support.domain import ACTOR, NUMBERS, ORIGIN, composer, make_route, make_wallet, send

KENYA = ("+254712345678", "+254712345679")


@pytest.fixture
def wallet(carrier, clock):
    make_route("ESMS_KE", "carrier", country="KE", price="40", currency="UGX")
    return make_wallet("1000")


def lines(found: statements.Statement) -> list[tuple]:
    return [
        (line.day, line.country, line.description, line.messages, line.segments, *map(money.text, line[5:])) for line in found.days
    ]


def of(wallet, month: str = "2026-06") -> statements.Statement:
    return statements.statement(wallet, month, actor=ACTOR)


def test_a_month_by_day_and_country(wallet, clock):
    send(wallet, NUMBERS[0], NUMBERS[1], KENYA[0])
    clock.advance(86_400)
    send(wallet, NUMBERS[2], text="x" * 161)
    service.debit_by_hand(wallet, money.to_micros("5"), note="Fee", actor=ACTOR)
    found = of(wallet)
    assert lines(found) == [
        ("2026-06-10", "KE", None, 1, 1, "40", "0"),
        ("2026-06-10", "UG", None, 2, 2, "70", "0"),
        ("2026-06-11", "UG", None, 1, 2, "70", "0"),
    ]
    sums = (found.opening, found.top_ups, found.charges, found.refunds, found.adjustments, found.closing)
    assert [money.text(amount) for amount in sums] == ["0", "0", "180", "0", "995", "815"]
    assert (found.messages, found.segments, found.is_over) == (4, 5, False)
    assert found.number == f"2026-06-{wallet.id:04d}"


def test_a_month_goes_from_midnight_to_midnight_in_the_accounts_zone(wallet, clock):
    assert get_account(wallet.account_id).time_zone == "Africa/Kampala"
    clock.seconds = time.parse_iso("2026-06-30T20:59:59+00:00") / 1000
    send(wallet, NUMBERS[0])
    clock.advance(1)
    send(wallet, NUMBERS[0])
    june, july = of(wallet), of(wallet, "2026-07")
    assert [line.day for line in june.days] == ["2026-06-30"] and [line.day for line in july.days] == ["2026-07-01"]
    assert june.closing == july.opening and june.is_over and not july.is_over
    assert statements.months_of(wallet, actor=ACTOR) == ["2026-07", "2026-06"]


def test_the_refund_of_a_cancelled_campaign_is_one_line_with_its_name(wallet):
    options = Options("scheduled", scheduled_at=time.now_ms() + time.HOUR, reference="Spring sale")
    batch = sending.send_bulk(composer(wallet), read_recipients(NUMBERS[:5], "UG"), actor=ACTOR, origin=ORIGIN, options=options)
    actions.cancel_batch(get_account(wallet.account_id), batch["uid"], actor=ACTOR)
    found = of(wallet, time.day_of(time.now_ms(), "Africa/Kampala")[:7])
    assert [row[1:] for row in lines(found)] == [(None, "Cancelled: Spring sale", 0, 0, "0", "175"), ("UG", None, 5, 5, "175", "0")]


@pytest.mark.parametrize("month", ["", "2026-13", "26-06", "2026-6", "2026-07", "9999-01", "2026-06-01"])
def test_what_is_no_month_or_has_not_begun_is_refused(wallet, clock, month):
    with pytest.raises(InvalidInput):
        of(wallet, month)


@pytest.mark.parametrize("role", ["owner", "member"])
def test_who_belongs_to_another_account_does_not_see_it(wallet, clock, role):
    own, other = (User(1, "a@example.org", role, account_id, True, True) for account_id in (wallet.account_id, 999))
    assert statements.statement(wallet, "2026-06", actor=own).closing == service.balance_of(wallet)
    with pytest.raises((Forbidden, NotFound)):
        statements.statement(wallet, "2026-06", actor=other)


def test_many_lines_are_put_together_and_add_up_to_the_same():
    many = [statements.Line(f"2026-06-{day:02d}", f"C{n}", None, 1, 2, day * n, n) for day in range(1, 31) for n in range(40)]
    found = statements.condensed(many, 30)
    assert len(found) == 30 and found[-1].description == statements.EVERYTHING_ELSE
    for place in (3, 4, 5, 6):
        assert sum(line[place] for line in found) == sum(line[place] for line in many)
    assert statements.condensed(many[:30], 30) == many[:30]


STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 3)),
    st.tuples(st.just("abroad"), st.integers(1, 2)),
    st.tuples(st.just("later"), st.integers(1, 3)),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("refuse"), st.integers(0, 20)),
    st.tuples(st.just("credit"), st.integers(1, 10**9)),
    st.tuples(st.just("debit"), st.integers(1, 10**9)),
    st.tuples(st.just("wait"), st.sampled_from([60, 86_400, 20 * 86_400])),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.lists(STEPS, min_size=3, max_size=20))
def test_statements_add_up_to_the_ledger_and_each_begins_where_the_last_one_ended(carrier, clock, steps):
    make_route("ESMS_KE", "carrier", country="KE", price="40", currency="UGX")
    clock.seconds = 1_781_092_800.0
    wallet = make_wallet("100000")
    account, batches, messages = get_account(wallet.account_id), [], []
    for what, figure in steps:
        try:
            if what == "wait":
                clock.advance(figure)
            elif what == "credit":
                service.credit_by_hand(wallet, figure, note="A", actor=ACTOR)
            elif what == "debit":
                service.debit_by_hand(wallet, figure, note="B", actor=ACTOR)
            elif what == "cancel" and batches:
                actions.cancel_batch(account, batches[figure % len(batches)], actor=ACTOR)
            elif what == "refuse" and messages:
                actions.cancel_one(messages[figure % len(messages)], actions.NOT_LEFT)
            elif what in ("send", "abroad", "later"):
                to = KENYA[:figure] if what == "abroad" else NUMBERS[:figure]
                later = Options("scheduled", scheduled_at=time.now_ms() + time.HOUR, reference="Sale")
                sent = send(wallet, *to, options=later if what == "later" else Options())
                batches.append(sent.batch["uid"])
                messages += [row["id"] for row in sent.messages]
        except WesendError:
            pass
    before = 0
    for month in reversed(statements.months_of(wallet, actor=ACTOR)):
        found = of(wallet, month)
        assert found.opening == before
        assert sum(line.charges_micros for line in found.days) == found.charges
        assert sum(line.refunds_micros for line in found.days) == found.refunds
        rows = list(statements.csv_rows(found))
        assert sum(money.to_micros(row[-1]) for row in rows[:-1]) == money.to_micros(rows[-1][-1])
        before = found.closing
    assert before == service.balance_of(wallet)
    assert before == query("SELECT sum(amount_micros) FROM ledger_entries WHERE wallet_id = ?", (wallet.id,))[0][0]
