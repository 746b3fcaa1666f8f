"""Services: asked for, approved, paid month by month, suspended, ended; what they cost and whom they answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.domain import ScriptedGateway, balance, make_route, make_wallet, problems
from tests.support.inbound import receive
from wesend.accounts.service import get_account
from wesend.adapters.sms.base import TEMPORARY, Outcome
from wesend.core import money
from wesend.core.clock import DAY
from wesend.core.errors import InsufficientBalance, InvalidInput, RecipientOptedOut
from wesend.database import query
from wesend.messages.sending.options import Origin
from wesend.two_way import approval, errors, forwarding, numbers, prices, replies, services
from wesend.two_way.approval import Terms
from wesend.two_way.months import bill_due
from wesend.two_way.services import Request
from wesend.wallets.service import credit_by_hand

from .test_matching import ACTOR, OWN, PHONE, SHARED, service_of

USD = money.to_micros


@pytest.fixture
def line(upstreams, carrier):
    return "carrier"


def ask(wallet, keyword: str | None = "JOIN", country: str = "UG", **more):
    wanted = Request(country, "shared" if keyword else "dedicated", keyword, "People write to us", "Shop Ltd", "esms", **more)
    return services.request(get_account(wallet.account_id), wallet, wanted, actor=ACTOR)


def kinds() -> list[tuple]:
    return [
        tuple(row)
        for row in query(
            "SELECT kind, amount_micros FROM ledger_entries WHERE kind IN ('service_fee', 'inbound_charge') ORDER BY id"
        )
    ]


def test_a_keyword_is_unique_in_its_country_from_the_request_on_and_free_when_it_ends(line):
    first = ask(make_wallet())
    for word in ("JOIN", "join"):
        with pytest.raises(errors.KeywordUnavailable):
            ask(make_wallet(), word)
    approval.reject(first["id"], "No", actor=ACTOR)
    second = ask(make_wallet())
    approval.approve(second["id"], SHARED, line, actor=ACTOR)
    services.cancel(second, actor=ACTOR)
    assert ask(make_wallet())["status"] == "pending"


def test_live_and_sandbox_keywords_are_apart(line):
    ask(make_wallet(), "VOTE")
    assert ask(make_wallet(is_sandbox=True), "VOTE")["status"] == "pending"


@pytest.mark.parametrize("word", ["STOP", "start", "Help", "INFO", "acha", "msaada"])
def test_reserved_words_are_no_keywords(line, word):
    with pytest.raises(errors.KeywordUnavailable):
        ask(make_wallet(), word)


def test_the_same_request_twice_is_refused(line):
    wallet = make_wallet()
    ask(wallet, None)
    with pytest.raises(errors.DuplicateRequest):
        ask(wallet, None)


def test_where_there_is_neither_a_route_nor_a_price_nothing_can_be_asked_for(line):
    with pytest.raises(errors.CountryUnavailable):
        ask(make_wallet(), country="FR")
    prices.set_price("FR", {"outbound_price_micros": USD("0.05")}, actor=ACTOR)
    assert ask(make_wallet(), country="FR")["status"] == "pending"
    prices.set_price("FR", {}, on=False, actor=ACTOR)
    with pytest.raises(errors.CountryUnavailable):
        ask(make_wallet(), "VOTE", country="FR")
    with pytest.raises(errors.TollFreeUnavailable):
        ask(make_wallet(), "VOTE", toll_free=True)


def test_setup_and_the_first_month_are_taken_with_the_approval_or_nothing_is(line):
    prices.set_price(
        "UG", {"setup_fee_micros": USD("2"), "monthly_fee_micros": USD("9"), "keyword_fee_micros": USD("1")}, actor=ACTOR
    )
    poor, rich = make_wallet("11177"), make_wallet("11178")  # 3 USD at 3,726
    request = ask(poor)
    with pytest.raises(InsufficientBalance):
        approval.approve(request["id"], SHARED, line, actor=ACTOR)
    assert (services.of_id(request["id"])["status"], balance(poor), kinds()) == ("pending", "11177", [])
    made = approval.approve(ask(rich, "VOTE")["id"], SHARED, line, actor=ACTOR)
    assert (made["status"], balance(rich)) == ("active", "0")
    assert kinds() == [("service_fee", -USD("7452")), ("service_fee", -USD("3726"))]
    assert problems() == []


def test_an_operators_terms_go_before_the_countrys(line):
    prices.set_price("UG", {"setup_fee_micros": USD("2"), "inbound_price_micros": USD("0.01")}, actor=ACTOR)
    wallet = make_wallet("10000")
    terms = Terms(0, USD("1"), USD("0.02"), USD("0.03"), "We are Shop")
    made = approval.approve(ask(wallet)["id"], SHARED, line, terms, actor=ACTOR)
    assert (made["setup_fee_micros"], made["monthly_fee_micros"], made["help_text"]) == (0, USD("1"), "We are Shop")
    assert (prices.inbound_usd(made), prices.outbound_usd(made)) == (USD("0.02"), USD("0.03"))


def test_custom_prices_are_kept_and_basic_ones_followed(line):
    basic = service_of(make_wallet(), "BASIC")
    assert (prices.inbound_usd(basic), prices.outbound_usd(basic)) == (0, prices.basic_price("UG"))
    prices.set_price("UG", {"inbound_price_micros": USD("0.01"), "outbound_price_micros": USD("0.02")}, actor=ACTOR)
    custom = service_of(make_wallet(), "CUSTOM")
    prices.set_price("UG", {"inbound_price_micros": USD("0.05"), "outbound_price_micros": USD("0.06")}, actor=ACTOR)
    make_route("ESMS_UG", "carrier", price="70")
    assert (prices.inbound_usd(custom), prices.outbound_usd(custom)) == (USD("0.01"), USD("0.02"))
    assert (prices.inbound_usd(basic), prices.outbound_usd(basic)) == (USD("0.05"), prices.basic_price("UG"))


def test_a_number_of_ones_own_is_one_services_and_a_shared_one_is_no_dedicated_one(line):
    service_of(make_wallet())
    with pytest.raises(errors.NumberUnavailable):
        approval.approve(ask(make_wallet(), None)["id"], OWN, line, actor=ACTOR)
    with pytest.raises(errors.NumberUnavailable):
        approval.approve(ask(make_wallet())["id"], OWN, line, actor=ACTOR)


def test_credits_pay_no_fees_and_one_a_priced_message(line):
    wallet = make_wallet("10", "SMS")
    prices.set_price("UG", {"keyword_fee_micros": USD("1"), "inbound_price_micros": USD("0.01")}, actor=ACTOR)
    request = ask(wallet)
    with pytest.raises(InvalidInput):
        approval.approve(request["id"], SHARED, line, actor=ACTOR)
    approval.approve(request["id"], SHARED, line, Terms(monthly_fee=0), actor=ACTOR)
    receive(line, PHONE, SHARED, "JOIN " + "long " * 100)
    assert balance(wallet) == "9"


# -- months ------------------------------------------------------------------------------


def monthly(wallet, fee: str = "1"):
    prices.set_price("UG", {"keyword_fee_micros": USD(fee)}, actor=ACTOR)
    return service_of(wallet, "JOIN")


def later(clock, days: float) -> None:
    clock.advance(days * DAY / 1000)
    bill_due()


def test_a_month_is_taken_every_thirty_days_and_no_sooner(line, clock):
    wallet = make_wallet("100000")
    made = monthly(wallet)
    for days, months in ((29.9, 1), (0.2, 2), (29, 2), (1, 3)):
        later(clock, days)
        assert services.of_id(made["id"])["months"] == months
    assert balance(wallet) == money.text(USD("100000") - 3 * USD("3726"))
    bill_due()
    assert services.of_id(made["id"])["months"] == 3
    assert problems() == []


def test_unpaid_it_is_past_due_then_suspended_and_paid_it_is_active_without_arrears(line, clock):
    wallet = make_wallet("3726")
    made = monthly(wallet)
    later(clock, 30.01)
    service = services.of_id(made["id"])
    assert (service["status"], service["past_due_since"] is not None) == ("past_due", True)
    assert receive(line, PHONE, SHARED, "JOIN")["billed"] == 1, "it is told and answered still"
    later(clock, 6.5)
    assert services.of_id(made["id"])["status"] == "past_due"
    later(clock, 1)
    service = services.of_id(made["id"])
    assert (service["status"], service["suspend_reason"] is not None) == ("suspended", True)
    message = receive(line, PHONE, SHARED, "JOIN")
    assert (message["service_id"], message["billed"]) == (made["id"], 0), "kept, and told to nobody"
    credit_by_hand(wallet, USD("5000"), note=None, actor=ACTOR)
    later(clock, 1)
    service = services.of_id(made["id"])
    assert (service["status"], service["months"], service["suspended_at"], balance(wallet)) == ("active", 2, None, "1274")
    assert problems() == []


def test_what_lies_behind_is_not_charged(line, clock):
    wallet = make_wallet("100000")
    made = monthly(wallet)
    later(clock, 200)
    later(clock, 0)
    assert services.of_id(made["id"])["months"] == 2


def test_suspended_by_an_operator_no_month_is_charged_until_it_is_approved_again(line, clock):
    wallet = make_wallet("100000")
    made = monthly(wallet)
    approval.suspend(made["id"], actor=ACTOR)
    later(clock, 100)
    assert services.of_id(made["id"])["status"] == "suspended"
    again = approval.approve(made["id"], SHARED, line, actor=ACTOR)
    assert (again["status"], again["months"]) == ("active", 1)


# -- what comes ---------------------------------------------------------------------------


@given(st.integers(1, 10**7), st.sampled_from([3_726_000_000, 129_130_000, 1_000_000]))
def test_an_incoming_messages_price_is_rounded_once_to_four_decimals(price, rate):
    cost = money.price(price, 1, from_per_usd=money.MICRO, to_per_usd=rate)
    assert cost % 100 == 0
    assert abs(cost - price * rate / money.MICRO) <= 50


def test_too_little_money_keeps_and_tells_the_message_all_the_same(line):
    prices.set_price("UG", {"inbound_price_micros": USD("0.01")}, actor=ACTOR)  # 37.26 UGX
    wallet = make_wallet("50")
    service_of(wallet, "JOIN")
    first, second = receive(line, PHONE, SHARED, "JOIN"), receive(line, PHONE, SHARED, "JOIN")
    assert [(m["billed"], m["cost_micros"]) for m in (first, second)] == [(1, 37_260_000), (0, 0)]
    assert (kinds(), balance(wallet)) == ([("inbound_charge", -37_260_000)], "12.74")
    assert problems() == []


def answers() -> list[tuple]:
    return [
        tuple(row) for row in query("SELECT m.text, r.answer FROM replies r JOIN messages m ON m.id = r.message_id ORDER BY m.id")
    ]


def test_an_automatic_reply_goes_out_once_a_minute_and_twenty_times_a_day(line, clock):
    service_of(make_wallet("100000"), "JOIN", auto_reply_text="Welcome", auto_reply_enabled=True)
    for _ in range(3):
        receive(line, PHONE, SHARED, "JOIN")
        clock.advance(25)
    assert answers() == [("Welcome", "auto")]
    for _ in range(25):
        clock.advance(61)
        receive(line, PHONE, SHARED, "JOIN")
    assert len(answers()) == 20
    (last,) = query("SELECT answer_note FROM inbound_messages ORDER BY id DESC LIMIT 1")
    assert last["answer_note"]
    assert problems() == []


def test_help_is_answered_even_to_who_has_opted_out_and_nothing_else_is(line, jobs):
    wallet = make_wallet("1000")
    made = service_of(wallet, "JOIN", auto_reply_text="Welcome", auto_reply_enabled=True, help_text="We are Shop")
    receive(line, PHONE, SHARED, "JOIN STOP")
    assert answers() == []
    receive(line, PHONE, SHARED, "JOIN help")
    receive(line, PHONE, SHARED, "JOIN again")
    assert answers() == [("We are Shop", "help")]
    with pytest.raises(RecipientOptedOut):
        replies.reply(made, PHONE, "Hi", origin=Origin("cli"), actor=ACTOR)
    receive(line, PHONE, SHARED, "JOIN start")
    assert answers()[-1] == ("Welcome", "auto")


def test_no_answer_to_numbers_of_ours_to_what_is_no_phone_and_from_a_paused_number(line, clock):
    service_of(make_wallet("1000"), auto_reply_text="Hi", auto_reply_enabled=True)
    receive(line, OWN, OWN, "Hello, me")
    receive(line, "MPESA", OWN, "Paid")
    numbers.switch(OWN, False, actor=ACTOR)
    assert receive(line, PHONE, OWN, "Hello")["service_id"] is not None
    assert answers() == []


def test_too_little_money_for_an_answer_is_noted_at_the_message(line):
    service_of(make_wallet("1"), "JOIN", auto_reply_text="Hi", auto_reply_enabled=True)
    assert receive(line, PHONE, SHARED, "JOIN")["answer_note"] == replies.TOO_LITTLE_MONEY
    assert problems() == []


def test_a_reply_goes_by_the_numbers_gateway_alone(line, upstreams, jobs):
    other = upstreams["other"] = ScriptedGateway("other")
    make_route("OTHER", "other", priority=1)
    upstreams["carrier"].outcomes.extend([Outcome(TEMPORARY, code="busy", text="busy")] * 5)
    made = service_of(make_wallet("1000"), "JOIN")
    sent = replies.reply(made, PHONE, "Hi", origin=Origin("cli"), actor=ACTOR)
    for _ in range(5):
        jobs.dispatch()
    assert other.submitted == []
    assert upstreams["carrier"].submitted[0].sender == SHARED
    assert sent.messages[0]["gateway"] == "carrier"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda made: services.cancel(made, actor=ACTOR), errors.ServiceNotActive),
        (lambda made: approval.suspend(made["id"], actor=ACTOR), errors.ServiceNotActive),
        (lambda made: numbers.switch(SHARED, False, actor=ACTOR), errors.NumberUnavailable),
    ],
)
def test_nobody_writes_from_a_service_that_is_off(line, change, error):
    made = service_of(make_wallet("1000"), "JOIN")
    change(made)
    with pytest.raises(error):
        replies.reply(services.of_id(made["id"]), PHONE, "Hi", origin=Origin("cli"), actor=ACTOR)


def test_a_reply_goes_to_the_services_country(line):
    made = service_of(make_wallet("1000"), "JOIN")
    with pytest.raises(errors.RecipientCountry):
        replies.reply(made, "+254712345678", "Hi", origin=Origin("cli"), actor=ACTOR)
    with pytest.raises(errors.ReplyTooLong):
        replies.reply(made, PHONE, "x" * 1531, origin=Origin("cli"), actor=ACTOR)


def test_the_sandbox_approves_by_itself(context, clock):
    wallet = make_wallet("1000", is_sandbox=True)
    shared, own = ask(wallet, "VOTE"), ask(wallet, None)
    assert approval.approve_sandbox(5_000, actor=ACTOR) == 0
    clock.advance(6)
    assert approval.approve_sandbox(5_000, actor=ACTOR) == 2
    found = [numbers.of_id(None, services.of_id(made["id"])["number_id"])["number"] for made in (shared, own)]
    assert found == ["32811", str(21_000 + own["id"])]


def test_nothing_waits_for_a_clock_that_was_set_back(line, clock):
    wallet = make_wallet("100000")
    service_of(wallet, "JOIN", auto_reply_text="Welcome", auto_reply_enabled=True, forward_email="shop@example.com")
    told = {"digest": "what came"}
    for _ in range(forwarding.MOST_AN_HOUR):
        receive(line, PHONE, SHARED, "JOIN", **told)
        told = {}
        clock.advance(31)
    waiting = ask(make_wallet(is_sandbox=True), "VOTE")
    clock.advance(-365 * 24 * 3600)
    receive(line, PHONE, SHARED, "JOIN", digest="what came")
    assert [row[0] for row in query("SELECT answer FROM inbound_messages ORDER BY id DESC LIMIT 1")] == ["auto"]
    assert query("SELECT count(*) FROM forwarded_mails")[0][0] == forwarding.MOST_AN_HOUR + 1
    assert approval.approve_sandbox(5_000, actor=ACTOR) == 1 and services.of_id(waiting["id"])["status"] == "active"


def test_an_unknown_gateway_is_refused(line):
    with pytest.raises(InvalidInput):
        approval.approve(ask(make_wallet())["id"], SHARED, "nowhere", actor=ACTOR)


def test_an_owner_reads_in_the_log_what_number_it_got_and_not_through_whom(line):
    approval.approve(ask(make_wallet())["id"], SHARED, line, actor=ACTOR)
    (noted,) = query("SELECT * FROM audit_log WHERE action = 'two_way.approve' ORDER BY id DESC LIMIT 1")
    assert noted["detail"] == SHARED and line not in str(tuple(noted))


def test_prices_that_were_agreed_to_and_settings_that_change_are_in_the_log(line):
    terms = approval.Terms(setup_fee=0, monthly_fee=2_500_000)
    service = approval.approve(ask(make_wallet("1000000"))["id"], SHARED, line, terms, actor=ACTOR)
    for changes in ({"auto_reply_text": "Thanks", "auto_reply_enabled": True}, {"auto_reply_enabled": False}, {}):
        service = services.update(service, changes, actor=ACTOR)
    found = query("SELECT detail FROM audit_log WHERE action IN ('two_way.approve', 'two_way.update') ORDER BY id DESC LIMIT 4")
    assert [row["detail"] for row in reversed(found)] == [
        f"{SHARED}, setup_fee 0, monthly_fee 2.5",
        "auto_reply_text none → Thanks, auto_reply_enabled off → on",
        "auto_reply_enabled on → off",
        "unchanged",
    ]
