"""What an operator may set: every type declares it, and a mistake is told in one sentence."""

from __future__ import annotations

from decimal import Decimal

import pytest

from wesend.adapters.money import types as money
from wesend.adapters.options import BadOption, Configurable, Option, read_options
from wesend.adapters.sms import types as sms


class Sample(Configurable):
    type = "sample"
    options = (
        Option("user", required=True, help="your user name"),
        Option("url", "url"),
        Option("port", "integer", default=80, least=1, most=65535),
        Option("rate", "decimal"),
        Option("mode", "choice", default="fast", choices=("fast", "slow")),
        Option("currencies", "list", default=("UGX",), pattern="[A-Z]{3}", help="ISO 4217 currencies"),
        Option("extra", "json"),
        Option("loud", "flag", default=False),
        Option("body", "template"),
    )
    secrets = (Option("password", required=True),)


def read(options: dict | None = None, secrets: dict | None = None):
    return read_options(Sample, {"user": "me", **(options or {})}, {"password": "hunter2", **(secrets or {})})


def test_what_is_not_given_has_its_default():
    options, secrets = read()
    assert options == {
        "user": "me",
        "url": None,
        "port": 80,
        "rate": None,
        "mode": "fast",
        "currencies": ("UGX",),
        "extra": None,
        "loud": False,
        "body": None,
    }
    assert secrets == {"password": "hunter2"}


@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [
        ("url", " https://api.example.com/v1 ", "https://api.example.com/v1"),
        ("port", "8080", 8080),
        ("port", 8080, 8080),
        ("rate", "0.5", Decimal("0.5")),
        ("mode", "SLOW", "slow"),
        ("currencies", "kes, ugx,,kes", ("KES", "UGX")),
        ("currencies", ["KES"], ("KES",)),
        ("extra", '{"a": [1]}', {"a": [1]}),
        ("extra", {"a": 1}, {"a": 1}),
        ("loud", "yes", True),
        ("loud", True, True),
        ("loud", "0", False),
        ("body", "two\nlines", "two\nlines"),
        ("port", "  ", 80),
    ],
)
def test_each_kind_reads_what_people_write(name, given, meant):
    assert read({name: given}).options[name] == meant


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("url", "api.example.com"),
        ("url", "ftp://example.com"),
        ("url", "http://"),
        ("url", "http://[::1"),
        ("url", "http://example.com:99999"),
        ("url", "http://a b"),
        ("port", "80.5"),
        ("port", "0"),
        ("port", "65536"),
        ("port", "9" * 30),
        ("port", True),
        ("rate", "fast"),
        ("rate", "0"),
        ("rate", "-1"),
        ("rate", "NaN"),
        ("rate", "1e99"),
        ("mode", "medium"),
        ("currencies", "UGX,shillings"),
        ("extra", "{"),
        ("extra", "[" * 100_000),
        ("loud", "maybe"),
        ("user", "two\nlines"),
        ("user", "nul\0"),
        ("user", "\ud800"),
        ("body", "nul\0"),
    ],
)
def test_what_can_not_be_used_is_refused_by_name(name, given):
    with pytest.raises(BadOption) as refused:
        read({name: given})
    assert name in str(refused.value) and refused.value.setting == f"options.{name}"


def test_an_unknown_option_is_told_the_known_ones():
    with pytest.raises(BadOption, match="sample knows no option 'usr'; its options are .*user"):
        read({"usr": "me"})


def test_an_unknown_secret_is_told_the_known_ones():
    with pytest.raises(BadOption, match="sample knows no secret 'pasword'; its secrets are password"):
        read(secrets={"pasword": "x"})


def test_a_secret_among_the_options_is_told_its_place():
    with pytest.raises(BadOption, match="password is a secret"):
        read({"password": "hunter2"})
    with pytest.raises(BadOption, match="user is an option"):
        read(secrets={"user": "me"})


@pytest.mark.parametrize("missing", [{"user": ""}, {"user": None}])
def test_a_missing_option_is_named_with_what_it_is(missing):
    with pytest.raises(BadOption, match=r"The option user is missing \(your user name\)"):
        read(missing)


def test_a_secret_is_never_repeated_in_a_complaint():
    with pytest.raises(BadOption) as refused:
        read(secrets={"password": "hunter2\n3"})
    assert "hunter2" not in str(refused.value)


EVERY_TYPE = [*sms.TYPES.values(), *money.TYPES.values()]


@pytest.mark.parametrize("kind", EVERY_TYPE, ids=lambda kind: kind.type)
class TestEveryType:
    def test_it_declares_each_setting_once(self, kind):
        names = [option.name for option in kind.options + kind.common_options + kind.secrets]
        assert len(names) == len(set(names))

    def test_it_may_be_pointed_at_another_address(self, kind):
        assert {option.name for option in kind.options} & {"base_url", "url", "host"}

    def test_without_what_it_needs_it_says_what_is_missing_and_which_setting_that_is(self, kind):
        with pytest.raises(BadOption, match="is missing") as refused:
            kind("g", {}, {}, timeout=1, callback_url="")
        word, _, name = refused.value.setting.partition(".")
        assert name in str(refused.value) and name in {option.name for option in getattr(kind, word)}

    def test_it_introduces_itself_to_whoever_chooses(self, kind):
        assert kind.title and kind.about.endswith(".")


@pytest.mark.parametrize("kind", sms.TYPES.values(), ids=lambda kind: kind.type)
def test_every_sms_type_takes_a_rate_and_a_width(kind):
    given = {option.name: option.default for option in kind.common_options}
    assert given == {"tps": None, "parallel": 16, "inbound_account": None}


@pytest.mark.parametrize("kind", money.TYPES.values(), ids=lambda kind: kind.type)
def test_every_money_type_takes_currencies_networks_and_a_priority(kind):
    names = {option.name for option in kind.options + kind.common_options}
    assert {"currencies", "networks", "priority"} <= names
