"""The networks of the prefix table are those of libphonenumber's carrier data.

phonenumberslite carries none, and the package that does can't be installed beside it: carrier_prefixes.json is an extract.
`python -m tests.core.carriers WHEEL` makes it anew from a wheel of phonenumbers; `.ci/run` does that with the version in use and
tells what changed.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from tests.core.carriers import EXTRACT
from wesend.adapters.money import base
from wesend.core.networks import NETWORKS, OTHER, network_of
from wesend.core.phones import Phone, normalise

CALLING_CODES = {"UG": "256", "KE": "254", "TZ": "255", "RW": "250"}
NAMES = {
    "Airtel": "AIRTEL",
    "MTN": "MTN",
    "Safaricom": "SAFARICOM",
    "Telkom": "TELKOM",
    "UTL": "UTL",
    "Vodacom": "VODACOM",
    "Yas": "TIGO",
    "Viettel": "HALOTEL",
    "Tanzania Telecom": "TTCL",
}
"""Carriers whose phones pay by mobile money, by their names there; all others are None here."""
OURS_ALONE = {
    ("UG", "798"): "Africell left Uganda in 2021: its range is MTN's 79 again by the regulator's plan",
    ("UG", "799"): "as 798",
    ("UG", "39"): "MTN's fixed wireless numbers, which have mobile money; the carrier data has mobile ranges only",
    ("UG", "20"): "Airtel's fixed wireless numbers, as 39",
}
CARRIERS = json.loads(EXTRACT.read_text())


def carrier_of(country: str, national: str) -> str | None:
    fitting = [prefix for prefix in CARRIERS[country] if national.startswith(prefix)]
    return NAMES.get(CARRIERS[country][max(fitting, key=len)]) if fitting else None


@pytest.mark.parametrize("country", CALLING_CODES)
def test_every_prefix_leads_to_the_network_of_the_carrier_data(country):
    wrong = []
    for digits in product("0123456789", repeat=4):
        national = "".join(digits) + "12345"
        if any((country, national[:length]) in OURS_ALONE for length in (2, 3)):
            continue
        found = network_of(Phone(f"+{CALLING_CODES[country]}{national}", country))
        if national[0] != "0" and found != carrier_of(country, national):
            wrong.append((national[:4], found, carrier_of(country, national)))
    assert wrong == []


def test_what_is_ours_alone_still_differs():
    for country, prefix in OURS_ALONE:
        national = prefix + "1234567"[: 9 - len(prefix)]
        assert network_of(Phone(f"+{CALLING_CODES[country]}{national}", country)) != carrier_of(country, national)


@pytest.mark.parametrize(
    ("number", "network"),
    [
        ("0116345678", "SAFARICOM"),
        ("0749345678", "SAFARICOM"),
        ("0119345678", "SAFARICOM"),
        ("0107345678", "AIRTEL"),
        ("0744345678", None),
        ("0747345678", None),
        ("0772345678", "TELKOM"),
        ("0763345678", "AIRTEL"),
    ],
)
def test_kenyas_newer_prefixes(number, network):
    phone = normalise(number, "KE")
    assert phone is not None and network_of(phone) == network


def test_the_extract_covers_what_the_table_covers():
    assert set(NETWORKS) == set(CALLING_CODES) == set(CARRIERS) - {"libphonenumber"}
    assert {name for plans in NETWORKS.values() for name in plans} - {OTHER} == set(base.NETWORKS) == set(NAMES.values())
    assert Path(EXTRACT).name == "carrier_prefixes.json"
