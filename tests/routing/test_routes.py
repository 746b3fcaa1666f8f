"""Routing: which gateway carries a number, and what it costs a wallet."""

from __future__ import annotations

import pytest

from wesend.core import money
from wesend.core.errors import InsufficientBalance, InvalidInput, NoRoute, RouteNotFound
from wesend.messages.sending.compose import read_recipients
from wesend.operations import doctor
from wesend.routing.pricing import home_price
from wesend.routing.rates import rates, set_rate
from wesend.routing.routes import candidates, find_route, set_route, wallet_price

from ..support.domain import ACTOR, NUMBERS, ScriptedGateway, balance, composer, make_account, make_route, make_wallet, send

MTN = "+256772345678"


def codes(country: str, e164: str, code: str | None = None) -> list[str]:
    return [route.code for route in candidates(country, e164, code)]


def test_a_fresh_install_has_a_route_and_price_for_seven_countries_and_no_gateway():
    prices = {
        "UG": ("35", "UGX"),
        "KE": ("1.2", "KES"),
        "TZ": ("30", "TZS"),
        "RW": ("20", "RWF"),
        "NG": ("9.1", "NGN"),
        "GH": ("0.09", "GHS"),
        "ZM": ("0.7", "ZMW"),
    }
    for country, price in prices.items():
        route = find_route(f"ESMS_{country}")
        assert (money.text(route.price_micros), route.currency) == price
        assert route.gateway is None and route.is_active and route.country == country


def test_a_live_wallet_has_no_route_until_a_gateway_is_set_and_a_sandbox_wallet_needs_none():
    with pytest.raises(NoRoute):
        send(make_wallet("1000"))
    assert send(make_wallet("1000", is_sandbox=True)).messages[0]["gateway"] == "sandbox"


def test_the_longest_matching_prefix_goes_first_then_the_lowest_priority_then_the_code():
    make_route("WIDE", "a", prefixes=["256"])
    make_route("MTN", "a", prefixes=["25677", "25678"])
    make_route("NARROW", "a", prefixes=["256772"], priority=9)
    make_route("SECOND", "a", prefixes=["25677"], priority=2)
    make_route("BEFORE", "a", prefixes=["25677"], priority=-1)
    make_route("ALSO", "a", prefixes=["25677"])
    assert codes("UG", MTN) == ["NARROW", "BEFORE", "ALSO", "MTN", "SECOND", "WIDE", "ESMS_UG"]
    assert codes("UG", "+256782345678") == ["MTN", "WIDE", "ESMS_UG"]
    assert codes("UG", "+256702345678") == ["WIDE", "ESMS_UG"]


def test_among_routes_of_a_whole_country_the_lowest_priority_number_goes_first():
    make_route("LATER", "a", priority=1)
    make_route("EARLIER", "a", priority=-1)
    assert codes("UG", MTN) == ["EARLIER", "ESMS_UG", "LATER"]


def test_a_code_forces_its_route_only_where_it_fits():
    make_route("MTN", "a", prefixes=["25677"])
    assert codes("UG", MTN, "ESMS_UG") == ["ESMS_UG"]
    assert codes("UG", "+256702345678", "MTN") == []
    assert codes("UG", MTN, "ESMS_KE") == []


def test_another_countrys_routes_are_never_tried():
    assert codes("KE", "+254712345678") == ["ESMS_KE"]
    assert codes("FR", "+33612345678") == []


def test_a_route_whose_gateway_is_not_set_up_is_passed_over(carrier):
    make_route("FIRST", "gone", prefixes=["25677"])
    make_route("SECOND", None, prefixes=["2567"])
    wallet = make_wallet("1000")
    sent = send(wallet, MTN).messages[0]
    assert (sent["gateway"], sent["route"]) == ("carrier", "ESMS_UG")


def test_numbers_of_one_country_take_the_way_of_their_own_prefix(carrier, upstreams):
    upstreams["mtn"] = ScriptedGateway("mtn")
    make_route("MTN", "mtn", prefixes=["25677"], price="40", default_sender="mtnsender")
    wallet = make_wallet("1000")
    sent = send(wallet, NUMBERS[0], MTN, NUMBERS[1])
    assert [(row["gateway"], row["route"], row["cost_micros"], row["sender"]) for row in sent.messages] == [
        ("carrier", "ESMS_UG", 35_000_000, None),
        ("mtn", "MTN", 40_000_000, "mtnsender"),
        ("carrier", "ESMS_UG", 35_000_000, None),
    ]
    assert balance(wallet) == "890"


def test_a_route_that_is_set_again_is_replaced_at_once():
    make_route("R", "a", prefixes=["25677"], price="10", priority=4, refund_failed_delivery=True)
    assert find_route("R").refund_failed_delivery
    make_route("R", "b", country="KE", price="2.5", currency="KES")
    route = find_route("R")
    assert (
        route.country,
        route.gateway,
        route.price_micros,
        route.currency,
        route.prefixes,
        route.priority,
        route.refund_failed_delivery,
    ) == ("KE", "b", 2_500_000, "KES", (), 0, False)


def test_a_route_that_is_not_there_is_not_found():
    with pytest.raises(RouteNotFound):
        find_route("NOPE")


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "with space"},
        {"code": ""},
        {"code": "x" * 41},
        {"country": "XX"},
        {"country": "Uganda"},
        {"currency": "SMS"},
        {"currency": "US"},
        {"currency": "UGXX"},
        {"price_micros": -1},
        {"prefixes": ["25477"]},
        {"prefixes": ["077"]},
        {"prefixes": ["2567x"]},
        {"prefixes": [""]},
        {"prefixes": ["٢٥٦"]},
    ],
)
def test_a_route_that_makes_no_sense_is_refused_and_changes_nothing(wrong):
    given = {"code": "R", "country": "UG", "gateway": "a", "price_micros": 1, "currency": "UGX", "actor": ACTOR, **wrong}
    with pytest.raises(InvalidInput):
        set_route(**given)
    with pytest.raises(RouteNotFound):
        find_route(given["code"])


def test_a_prefix_may_be_written_with_its_plus():
    assert make_route("R", "a", prefixes=["+25677 "]).prefixes == ("+25677",)


def test_35_ugandan_shillings_cost_a_kenyan_wallet_1_213():
    assert rates()["UGX"] == 3_726_000_000 and rates()["KES"] == 129_130_000
    assert wallet_price(35_000_000, "UGX", 1, "KES") == 1_213_000
    assert wallet_price(35_000_000, "UGX", 10, "KES") == 12_129_800, "rounded once, at the end"


def test_a_wallet_of_the_routes_own_currency_pays_its_price_whatever_the_rates():
    assert wallet_price(1_200_000, "KES", 3, "KES") == 3_600_000
    assert wallet_price(1_200_000, "XAF", 3, "XAF") == 3_600_000, "a currency without a rate"


def test_dollars_are_the_pivot():
    assert wallet_price(35_000_000, "UGX", 1, "USD") == 9_400
    assert wallet_price(1_000_000, "USD", 1, "KES") == 129_130_000


def test_credits_pay_one_a_segment():
    assert wallet_price(35_000_000, "UGX", 3, "SMS") == 3_000_000


def test_without_a_rate_there_is_no_price_and_so_no_route(carrier):
    assert wallet_price(35_000_000, "UGX", 1, "XAF") is None
    with pytest.raises(NoRoute):
        send(make_wallet("1000", "XAF"))


def test_a_kenyan_wallet_is_charged_in_its_currency_and_the_routes_own_cost_is_kept(carrier):
    wallet = make_wallet("10", "KES")
    row = send(wallet, text="a" * 161).messages[0]
    assert (row["segments"], row["cost_micros"], row["route_cost_micros"], row["route_currency"]) == (
        2,
        2_426_000,
        70_000_000,
        "UGX",
    )
    assert balance(wallet) == "7.574"


def test_a_rate_that_is_changed_counts_from_the_next_message_on():
    set_rate("kes", 100_000_000, actor=ACTOR)
    assert wallet_price(1_000_000, "USD", 1, "KES") == 100_000_000


@pytest.mark.parametrize("currency, per_usd", [("SMS", 1), ("EURO", 1), ("E1", 1), ("UGX", 0), ("UGX", -5), ("USD", 2)])
def test_a_rate_that_makes_no_sense_is_refused(currency, per_usd):
    with pytest.raises(InvalidInput):
        set_rate(currency, per_usd, actor=ACTOR)


def test_the_home_price_is_that_of_the_first_route_of_the_accounts_country():
    account = make_account(country="KE")
    assert home_price(account, make_wallet(currency="KES", account=account)) == 1_200_000
    assert home_price(account, make_wallet(currency="SMS", account=account)) == money.MICRO
    assert home_price(account, make_wallet(currency="XAF", account=account)) is None


def test_what_is_composed_is_what_is_charged(carrier):
    wallet = make_wallet("1000")
    planned = list(composer(wallet, "Hello").plan(read_recipients(["0712345678", "0712345678", "nobody"], "UG")))
    assert [getattr(item, "cost_micros", None) or item.reason for item in planned] == [35_000_000, "duplicate", "invalid_recipient"]
    assert balance(wallet) == "1000", "nothing is written by composing"


def test_too_few_credits_are_refused_before_a_missing_route(context):
    """Credits cost the same by every route, so the order of the refusals is the contract's: 402, then 502."""
    poor, rich = make_wallet("0", "SMS"), make_wallet("1", "SMS")
    with pytest.raises(InsufficientBalance) as refused:
        send(poor, NUMBERS[0])
    assert (refused.value.required_micros, refused.value.balance_micros) == (1_000_000, 0)
    with pytest.raises(NoRoute):
        send(rich, NUMBERS[0])


@pytest.mark.parametrize("code", ["XYZ", "SMS1", "us", "", "ABC", "€UR"])
def test_a_currency_that_is_none_makes_no_wallet_no_route_and_no_rate(context, code):
    with pytest.raises(InvalidInput, match="is not an ISO 4217 currency"):
        make_wallet("0", code)
    with pytest.raises(InvalidInput):
        make_route("R", None, currency=code)
    with pytest.raises(InvalidInput):
        set_rate(code, 1_000_000, actor="test")


def test_a_wallet_that_no_price_can_be_charged_to_is_told_why(context):
    wallet = make_wallet("100", "EUR", is_sandbox=True)
    with pytest.raises(NoRoute, match="There is no exchange rate from UGX to EUR"):
        send(wallet)
    assert [finding.detail for finding in doctor.examine() if finding.check == "Exchange rates"] == [
        "none for EUR, the currency of a wallet: `wesend rate set EUR UNITS_PER_USD`"
    ]
    set_rate("EUR", 900_000, actor="test")
    send(wallet)
    assert [finding for finding in doctor.examine() if finding.check == "Exchange rates"] == []
