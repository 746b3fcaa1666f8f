"""Which gateway takes a deposit: by currency and network, lowest priority first; the sandbox has its own."""

from __future__ import annotations

import re

import pytest

from tests.support.domain import make_wallet
from tests.support.fakes import FakeVendor, answer
from tests.support.gateways import ACTOR, set_up
from wesend.core.errors import ChargeRefused, TopUpNotConfigured
from wesend.core.phones import normalise
from wesend.database import query
from wesend.gateways import breaker, registry, service
from wesend.wallets.deposits import start_deposit


@pytest.fixture
def vendor():
    fake = FakeVendor()
    yield fake
    fake.stop()


def chosen(currency: str, network: str | None = None, *, is_sandbox: bool = False) -> str | None:
    gateway = registry.money_gateway_for(currency, network, is_sandbox=is_sandbox)
    return gateway and gateway.name


def test_nobody_takes_what_nobody_is_set_up_for():
    assert chosen("UGX") is None
    set_up("mpesa")
    assert chosen("UGX") is None and chosen("KES") == "mpesa"


def test_a_sandbox_wallet_always_pays_in_the_sandbox():
    set_up("marzpay")
    assert chosen("UGX", is_sandbox=True) == "sandbox-money" and chosen("UGX") == "marzpay"


def test_only_a_gateway_of_the_phones_network_fits():
    set_up("momo", currencies="UGX", networks="MTN")
    assert [chosen("UGX", network) for network in ("MTN", "AIRTEL", None)] == ["momo", None, None]
    set_up("marzpay", priority=5)
    assert [chosen("UGX", network) for network in ("MTN", "AIRTEL", None)] == ["momo", "marzpay", "marzpay"]


def test_the_lowest_priority_comes_first():
    set_up("momo", currencies="UGX,EUR", priority=2)
    set_up("marzpay", priority=1)
    assert (chosen("UGX"), chosen("EUR")) == ("marzpay", "momo")
    set_up("marzpay", priority=3)
    assert chosen("UGX") == "momo"
    service.remove_gateway("momo", actor=ACTOR)
    assert (chosen("UGX"), chosen("EUR")) == ("marzpay", None)


def test_an_sms_gateway_takes_no_money_and_a_money_gateway_sends_no_sms():
    set_up("africastalking")
    set_up("mpesa")
    assert registry.money_gateway("africastalking") is None and registry.sms_gateway("mpesa") is None


@pytest.mark.parametrize(
    "phone, provider, network",
    [("0772345678", None, "MTN"), ("0752345678", None, "AIRTEL"), ("0752345678", "MTN Mobile Money", "MTN")],
)
def test_a_deposit_goes_by_the_wallets_currency_and_the_payers_network(phone, provider, network):
    for known in ("MTN", "AIRTEL"):
        set_up("marzpay", name=known.lower(), networks=known)
    with pytest.raises(ChargeRefused):  # nobody listens there
        start_deposit(make_wallet("0"), 500_000_000, normalise(phone, "UG"), provider=provider, actor="test")
    (deposit,) = query("SELECT gateway, provider FROM deposits")
    assert tuple(deposit) == (network.lower(), network)


def test_a_credit_wallet_pays_in_its_purchase_currency():
    set_up("marzpay")
    with pytest.raises(TopUpNotConfigured):
        start_deposit(make_wallet("0", "SMS"), 500_000_000, normalise("+254712345678", None), actor="test")


def test_a_number_whose_network_nobody_takes_is_told_by_its_network_not_by_its_currency(context):
    set_up("mpesa", currencies="KES", networks="SAFARICOM")
    for number, said in (
        ("+254733123456", "takes this number's network (AIRTEL)"),
        ("+254747123456", "takes this number's network (which is not known)"),
    ):
        with pytest.raises(TopUpNotConfigured, match=re.escape(said)):
            start_deposit(make_wallet("0", "KES"), 500_000_000, normalise(number, None), actor="test")
    with pytest.raises(TopUpNotConfigured, match="set up for this currency"):
        start_deposit(make_wallet("0", "TZS"), 500_000_000, normalise("+255742345678", None), actor="test")


def test_one_that_fails_time_after_time_rests_and_the_next_takes_the_deposit(context, vendor):
    vendor.on("POST", "/ybs/task.php", answer(503, "Down"))
    set_up("yo-payments", vendor.url, priority=-1)
    set_up("marzpay", priority=5)
    adapter = registry.money_gateway("yo-payments")
    assert adapter is not None and chosen("UGX") == "yo-payments"
    for number in range(breaker.FAILURES):
        with pytest.raises(ChargeRefused):
            start_deposit(make_wallet(), 500_000_000, normalise(f"+25675200000{number}", None), actor=ACTOR)
    assert chosen("UGX") == "marzpay"
    told = service.get_gateway("yo-payments").problem
    assert told is not None and "failed 5 times in a row" in told and "Down" in told
    service.remove_gateway("marzpay", actor=ACTOR)
    assert chosen("UGX") == "yo-payments", "with no other it is tried all the same"
    vendor.on("POST", "/ybs/task.php", answer(200, b"<AutoCreate><Response><StatusCode>1</StatusCode></Response></AutoCreate>"))
    start_deposit(make_wallet(), 500_000_000, normalise("+256752000009", None), actor=ACTOR)
    assert service.get_gateway("yo-payments").problem is None
