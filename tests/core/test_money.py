"""Money: integers of micro-units, exact at the edges, rounded once."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Context, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wesend.core import money

EXACT = Context(prec=80)
micros = st.integers(-money.LARGEST_MICROS, money.LARGEST_MICROS)
prices = st.integers(0, 10**12)
rates = st.integers(1, 10**13)


def four_decimals(value: Decimal) -> int:
    """Micro-units of a value rounded half-up to 4 decimals, by decimal.Decimal."""
    return int(value.quantize(Decimal("0.0001"), ROUND_HALF_UP, EXACT) * money.MICRO)


@pytest.mark.parametrize(
    "amount, expected",
    [
        ("35", 35_000_000),
        ("0.000001", 1),
        ("-1.5", -1_500_000),
        ("+2", 2_000_000),
        (" 7 ", 7_000_000),
        (5, 5_000_000),
        (Decimal("1.50"), 1_500_000),
        (Decimal("1E+3"), 1_000_000_000),
        ("1000000000", money.LARGEST_MICROS),
        (Decimal("0"), 0),
        (Decimal("-0.000001"), -1),
        ("0001", 1_000_000),
    ],
)
def test_an_exact_amount_is_read(amount, expected):
    assert money.to_micros(amount) == expected


@pytest.mark.parametrize(
    "amount",
    [
        "",
        " ",
        "abc",
        "1.",
        ".5",
        "1,000",
        "1e3",
        "0.0000001",
        "1000000000.000001",
        "-1000000001",
        "NaN",
        "Infinity",
        "0x10",
        "1_000",
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("0.0000001"),
        Decimal("1E+12"),
        10**10,
        Decimal("1." + "0" * 40 + "1"),
        "1" * 5000,
        Decimal("1E+999999999"),
        Decimal("1E-999999999"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
    ],
)
def test_what_is_no_amount_or_would_be_rounded_is_refused(amount):
    with pytest.raises(ValueError):
        money.to_micros(amount)


@given(micros)
def test_text_and_back_is_the_same_amount(amount):
    assert money.to_micros(money.text(amount)) == amount
    assert Decimal(money.text(amount)) == money.to_decimal(amount)


@given(micros)
def test_a_decimal_and_back_is_the_same_amount(amount):
    assert money.to_micros(money.to_decimal(amount)) == amount


@given(micros)
def test_a_json_number_and_back_is_the_same_amount(amount):
    shown = json.loads(json.dumps(money.number(amount)), parse_float=Decimal)
    assert money.to_micros(Decimal(shown)) == amount


@pytest.mark.parametrize(
    "amount, text, number",
    [
        (4_930_000_000, "4930", 4930),
        (277_777_800, "277.7778", 277.7778),
        (-500_000, "-0.5", -0.5),
        (0, "0", 0),
        (1, "0.000001", 0.000001),
    ],
)
def test_amounts_are_shown_without_superfluous_zeros(amount, text, number):
    assert money.text(amount) == text
    assert money.number(amount) == number and type(money.number(amount)) is type(number)


@given(prices, st.integers(1, 10))
@example(50, 1)  # 0.00005: exactly half a step
@example(149, 1)
def test_a_price_is_rounded_half_up_to_four_decimals(price, segments):
    assert money.price(price, segments) == four_decimals(Decimal(price) * segments / money.MICRO)


@given(prices, st.integers(1, 10), rates, rates)
@example(35_000_000, 1, 3_726_000_000, 129_130_000)
def test_an_exchanged_price_is_rounded_once_and_at_the_end(price, segments, source, target):
    exact = EXACT.divide(Decimal(price) * segments * target, Decimal(source) * money.MICRO)
    assert money.price(price, segments, from_per_usd=source, to_per_usd=target) == four_decimals(exact)


def test_35_shillings_of_uganda_are_1_213_of_kenya():
    assert money.price(35_000_000, 1, from_per_usd=3_726_000_000, to_per_usd=129_130_000) == 1_213_000
    assert money.price(35_000_000, 3, from_per_usd=3_726_000_000, to_per_usd=129_130_000) == 3_638_900, "not 3 × 1.213"


@given(st.integers(0, money.LARGEST_MICROS), rates)
@example(500_000_000, 1_800_000)
def test_credits_bought_are_rounded_half_up_to_four_decimals(amount, rate):
    assert money.divide(amount, rate) == four_decimals(EXACT.divide(Decimal(amount), Decimal(rate)))


def test_500_shillings_at_1_8_buy_277_7778_credits():
    assert money.text(money.divide(500_000_000, 1_800_000)) == "277.7778"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("KES 0.8000", (800_000, "KES")),
        ("-0.0075 USD", (7_500, "USD")),
        ("22,00", (22_000_000, None)),
        ("UGX 0,800", (800_000, "UGX")),
        ("1,234", (1_234_000_000, None)),
        ("1,234.5", (1_234_500_000, None)),
        ("1.234,50 EUR", (1_234_500_000, "EUR")),
        ("12,345,678", (12_345_678_000_000, None)),
        ("1,23,456", (123_456_000_000, None)),
        ("free", None),
        ("", None),
    ],
)
def test_an_amount_as_others_write_it(text, told):
    assert money.read_told(text) == told
