"""An access token is fetched once for all processes of an instance, and kept until it expires."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import MovableClock
from tests.support.fakes import FakeVendor, answer
from tests.support.gateways import set_up
from wesend.adapters.money.base import ACCEPTED, Charge
from wesend.gateways import registry

TOKEN, PUSH = "/oauth/v1/generate", "/mpesa/stkpush/v1/processrequest"
CHARGE = Charge("6f1e0c6a-3c1d-4c1e-9a51-0f2f6f0d9a11", "+254708374149", 500_000_000, "KES", "Top-up")
ACCEPTS = answer(200, {"CheckoutRequestID": "ws_CO_1", "ResponseCode": "0"})


@pytest.fixture
def vendor() -> Iterator[FakeVendor]:
    """It numbers the tokens that it gives."""
    fake = FakeVendor()
    fake.on("GET", TOKEN, *(answer(200, {"access_token": f"tok-{number}", "expires_in": "3599"}) for number in (1, 2, 3)))
    fake.on("POST", PUSH, ACCEPTS)
    yield fake
    fake.stop()


@pytest.fixture
def processes(app: Flask, app_with, vendor) -> list[Flask]:
    """Two applications on one instance, as two workers have them, with M-Pesa set up."""
    set_up("mpesa", vendor.url)
    return [app, app_with()]


def charge(app: Flask) -> str:
    with app.app_context():
        adapter = registry.money_gateway("mpesa")
        assert adapter is not None
        return adapter.charge(CHARGE).kind


def bearers(vendor: FakeVendor) -> list[str]:
    return [asked.headers["authorization"].removeprefix("Bearer ") for asked in vendor.asked if asked.path == PUSH]


def fetched(vendor: FakeVendor) -> int:
    return sum(asked.path == TOKEN for asked in vendor.asked)


def test_one_process_fetches_it_for_all(processes, vendor):
    assert [charge(app) for app in processes] == [ACCEPTED, ACCEPTED]
    assert (bearers(vendor), fetched(vendor)) == (["tok-1", "tok-1"], 1)


def test_when_it_has_expired_one_fetches_the_next(processes, vendor, clock: MovableClock):
    for seconds in (0, 3600):
        clock.advance(seconds)
        for app in processes:
            charge(app)
    assert (bearers(vendor), fetched(vendor)) == (["tok-1", "tok-1", "tok-2", "tok-2"], 2)


def test_one_that_was_turned_down_is_not_taken_again(processes, vendor):
    charge(processes[0])
    vendor.on("POST", PUSH, answer(401, "Unauthorized"), ACCEPTS)
    assert charge(processes[1]) == ACCEPTED
    assert (bearers(vendor)[-2:], fetched(vendor)) == (["tok-1", "tok-2"], 2)


def test_settings_that_changed_have_a_token_of_their_own(processes, vendor):
    charge(processes[0])
    set_up("mpesa", vendor.url, secrets={"consumer_key": "another"})
    charge(processes[1])
    assert bearers(vendor) == ["tok-1", "tok-2"]


@pytest.mark.usefixtures("in_files")
def test_it_is_sealed_and_its_owners_alone(processes, vendor, instance):
    charge(processes[0])
    file = instance / "tokens" / "mpesa"
    assert "tok-1" not in file.read_text()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.usefixtures("in_files")
def test_a_damaged_file_is_as_good_as_none(processes, vendor, instance):
    charge(processes[0])
    (instance / "tokens" / "mpesa").write_text("x")
    assert charge(processes[1]) == ACCEPTED
    assert fetched(vendor) == 2


@pytest.mark.usefixtures("in_files")
def test_where_nothing_can_be_written_each_process_has_its_own(processes, vendor, instance):
    (instance / "tokens").write_text("in the way")
    assert [charge(app) for app in processes] == [ACCEPTED, ACCEPTED]
    assert fetched(vendor) == 2
