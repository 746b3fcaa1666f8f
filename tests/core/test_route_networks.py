"""Routes for a network's numbers, and an instance's own table of networks."""

from __future__ import annotations

import json

import pytest

from tests.support.dashboard import Visitor, make_user, text_of
from tests.support.domain import make_route
from wesend import cli
from wesend.core import networks
from wesend.core.errors import InvalidInput
from wesend.core.phones import Phone
from wesend.routing.routes import candidates


def run(app, *arguments: str):
    return app.test_cli_runner().invoke(cli.group, list(arguments), prog_name="wesend")


def ways(e164: str) -> list[str]:
    return [route.code for route in candidates("UG", e164)]


def test_a_network_is_as_specific_as_the_prefix_that_fits(context):
    for code, more in {
        "ALL": {},
        "MTN": {"network": "mtn"},
        "AIRTEL": {"network": "AIRTEL"},
        "WIDE": {"prefixes": ["2567"]},
        "NARROW": {"prefixes": ["256772"]},
    }.items():
        make_route(code, "sandbox", **more)
    for number, found in {
        "+256772000001": ["NARROW", "MTN", "WIDE"],
        "+256782000001": ["MTN", "WIDE"],
        "+256752000001": ["AIRTEL", "WIDE"],
        "+256730000001": ["AIRTEL", "WIDE"],
        "+256712000001": ["WIDE"],
        "+256724000001": ["WIDE"],
        "+256724100001": ["MTN", "WIDE"],
    }.items():
        assert [code for code in ways(number) if code in ("NARROW", "MTN", "AIRTEL", "WIDE")] == found, number


def test_a_network_and_prefixes_are_both_its_numbers(context):
    make_route("BOTH", "sandbox", network="UTL", prefixes=["25678"], priority=-9)
    assert "BOTH" in ways("+256712000001") and "BOTH" in ways("+256782000001") and "BOTH" not in ways("+256752000001")


@pytest.mark.parametrize(("country", "network"), [("UG", "SAFARICOM"), ("UG", "7240"), ("DE", "MTN")])
def test_a_network_that_the_country_has_not_is_named(context, country, network):
    with pytest.raises(InvalidInput, match=f"{network} is no network of {country}") as refused:
        make_route("X", "sandbox", country=country, network=network)
    assert set(refused.value.fields) == {"network"}


def test_todays_name_is_known_too(context):
    assert make_route("TZ_YAS", "sandbox", country="TZ", network="Yas").network == "TIGO"


@pytest.mark.parametrize("country", ["UG", "KE", "TZ", "RW", "DE"])
def test_a_number_that_is_one_is_told_as_quickly_as_by_its_prefix(country):
    code = {"UG": "256", "KE": "254", "TZ": "255", "RW": "250", "DE": "49"}[country]
    for start in range(100, 1000):
        number = f"+{code}{start}123456"
        assert networks.by_prefix(country, number) == networks.network_of(Phone(number, country))
    assert networks.by_prefix(country, "+1212555000") is None


class TestTheCommands:
    def test_networks_lists_them(self, app):
        told = json.loads(run(app, "networks", "ug", "--json").stdout)
        assert {"country": "UG", "network": "UTL", "prefixes": ["71"]} in told["networks"]
        assert {row["country"] for row in told["networks"]} == {"UG"} and all(row["network"] for row in told["networks"])
        assert {row["country"] for row in json.loads(run(app, "networks", "--json").stdout)["networks"]} == {"KE", "RW", "TZ", "UG"}
        assert run(app, "networks", "DE").exit_code == 1

    def test_a_route_is_set_for_one(self, app):
        given = ("route", "set", "UG_MTN1", "--country", "UG", "--gateway", "sandbox", "--price", "30", "--currency", "UGX")
        told = json.loads(run(app, *given, "--network", "MTN", "--json").stdout)
        assert (told["network"], told["prefixes"]) == ("MTN", [])
        refused = run(app, *given, "--network", "Pigeon")
        assert refused.exit_code == 1 and "Pigeon is no network of UG" in refused.stderr
        operator = Visitor(app, make_user(app))
        assert 'value="MTN"' in operator.get("/operator/routes/UG_MTN1").text
        assert "MTN" in text_of(operator.get("/operator/routes"))


class TestAnInstancesOwn:
    def test_its_file_replaces_a_country(self, instance, app_with):
        (instance / "networks.toml").write_text('[UG]\nMTN = ["76"]\nLyca = ["727"]\n[GH]\nMTN = ["24"]\n')
        app = app_with()
        told = json.loads(run(app, "networks", "UG", "--json").stdout)["networks"]
        assert [(row["network"], row["prefixes"]) for row in told] == [("MTN", ["76"]), ("LYCA", ["727"])]
        with app.app_context():
            make_route("LYCA", "sandbox", network="Lyca", priority=-9)
            assert ways("+256727000001")[0] == "LYCA"
            assert make_route("GH", "sandbox", country="GH", network="MTN").network == "MTN"

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ("[UG", "networks.toml: "),
            ('[Uganda]\nMTN = ["76"]', "[Uganda]: expected an ISO 3166 country"),
            ("UG = 5", "[UG]: expected a table"),
            ('[UG]\nMTN = "76"', "[UG] MTN: expected a list of prefixes"),
            ('[UG]\nMTN = ["+256"]', "[UG] MTN: expected a list of prefixes"),
        ],
    )
    def test_one_that_is_wrong_is_told_and_not_used(self, instance, app_with, content, sentence):
        (instance / "networks.toml").write_text(content)
        app = app_with()
        examined = run(app, "doctor")
        assert examined.exit_code == 1 and sentence in examined.stdout
        assert "71" in run(app, "networks", "UG").stdout
