"""Types of gateways are loaded one by one, and each is found under its own name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wesend.adapters.late_types import LateTypes
from wesend.adapters.money import types as money
from wesend.adapters.sms import types as sms
from wesend.gateways import registry


@pytest.fixture
def loaded() -> list[str]:
    return []


@pytest.fixture
def types(loaded) -> LateTypes[object]:
    def loader(name: str) -> Callable[[], object]:
        return lambda: loaded.append(name) or object()  # type: ignore[func-returns-value]

    return LateTypes({name: loader(name) for name in ("acme", "beem", "twilio")})


def test_one_that_is_asked_for_is_loaded_once_and_no_other(types, loaded):
    assert types["beem"] is types.get("beem") is types.without(["acme"])["beem"]
    assert loaded == ["beem"]


def test_names_load_nothing(types, loaded):
    others = types.without(["twilio", "unknown"])
    assert (list(types), len(types), "acme" in types, "unknown" in types, types.get("unknown")) == (
        ["acme", "beem", "twilio"],
        3,
        True,
        False,
        None,
    )
    assert list(others) == ["acme", "beem"] and "twilio" not in others
    assert loaded == []


def test_one_takes_another_ones_place_and_goes(types, loaded):
    types["beem"] = mine = object()
    assert types["beem"] is mine and loaded == []
    del types["beem"]
    assert "beem" not in types
    with pytest.raises(KeyError):
        types["beem"]


@pytest.mark.parametrize("name", [*sms.TYPES, *money.TYPES])
def test_a_type_stands_under_its_own_name(name):
    kind = {**sms.TYPES, **money.TYPES}[name]
    assert (kind.type, registry.types()[name]) == (name, kind)
    assert registry.kind_of(name) == ("money" if name in money.TYPES else "sms")


def test_those_of_money_are_listed_after_those_of_sms_and_what_is_always_there():
    assert list(registry.types()) == [*registry.BUILT_IN, *sms.TYPES, *money.TYPES]
