"""Routes, their costs and exchange rates by command."""

from __future__ import annotations

import pytest

from .reading import rows


def test_a_route_is_set_and_printed_whole(wesend):
    full = wesend(
        "route",
        "set",
        "MTN_UG",
        "--country",
        "ug",
        "--gateway",
        "sandbox",
        "--price",
        "32.5",
        "--currency",
        "ugx",
        "--prefix",
        "25677",
        "--prefix",
        "+256781",
        "--priority",
        "2",
        "--default-sender",
        "shop",
        "--refund-failed-delivery",
        "--json",
    ).json
    assert full == {
        "code": "MTN_UG",
        "name": "MTN UG",
        "country": "UG",
        "gateway": "sandbox",
        "price": "32.5",
        "currency": "UGX",
        "prefixes": ["256781", "25677"],
        "priority": 2,
        "default_sender": "shop",
        "refund_failed_delivery": True,
        "is_active": True,
        "network": None,
        "weight": 1,
        "resend_undelivered": False,
        "cost": "32.5",
        "cost_currency": "UGX",
    }
    plain = wesend(
        "route", "set", "MTN_UG", "--country", "UG", "--gateway", "sandbox", "--price", "35", "--currency", "UGX", "--json"
    ).json
    assert plain == {
        **full,
        "price": "35",
        "cost": "35",
        "prefixes": [],
        "priority": 0,
        "default_sender": None,
        "refund_failed_delivery": False,
    }


def test_what_a_route_costs_at_its_carrier_is_set_beside_its_price(wesend):
    route = ("route", "set", "R", "--country", "UG", "--gateway", "sandbox", "--price", "35", "--currency", "UGX")
    told = wesend(*route, "--cost", "22", "--json").json
    assert (told["price"], told["cost"], told["cost_currency"]) == ("35", "22", "UGX")
    told = wesend(*route, "--cost", "0.0061", "--cost-currency", "usd", "--json").json
    assert (told["cost"], told["cost_currency"]) == ("0.0061", "USD")
    assert told in wesend("route", "list", "--json").json["routes"]
    assert "costs 0.0061 USD" in wesend("route", "list").out


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--cost", "-1"), "not negative"),
        (("--cost", "1", "--cost-currency", "XXY"), "XXY is not an ISO 4217 currency"),
        (("--cost-currency", "USD"), "needs a cost"),
    ],
)
def test_a_cost_that_is_none_is_refused(wesend, more, sentence):
    done = wesend("route", "set", "R", "--country", "UG", "--gateway", "sandbox", "--price", "35", "--currency", "UGX", *more)
    assert done.code == 1 and sentence in done.err


def test_a_rate_is_set_in_units_per_dollar(wesend, app):
    assert wesend("rate", "set", "ugx", "3726", "--json").json == {"currency": "UGX", "per_usd": 3726}
    assert wesend("rate", "set", "KES", "129.13", "--json").json == {"currency": "KES", "per_usd": 129.13}
    assert rows(app, "SELECT per_usd_micros FROM exchange_rates WHERE currency = 'KES'") == [(129_130_000,)]
