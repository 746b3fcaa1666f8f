"""Deposits: credited once however often the news comes, by what the gateway confirms, even after it was given up."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from wesend.adapters.money.base import NOT_PAID, PAID, PENDING, ChargeAnswer, ChargeStatus, MoneyGateway
from wesend.core import clock as time
from wesend.core import money
from wesend.core.errors import ChargeRefused, DepositNotFound, InvalidInput, TooManyPaymentPrompts, TopUpNotConfigured
from wesend.core.phones import normalise
from wesend.database import atomic, query
from wesend.database.errors import INTEGRITY_ERRORS
from wesend.gateways import registry, request_limits
from wesend.wallets import deposits, ledger
from wesend.wallets.deposit_polling import check, poll_due
from wesend.wallets.deposit_settlement import settle
from wesend.wallets.deposits import deposit_by_id, get_deposit, start_deposit

from ..support.accounts import mint_key
from ..support.domain import balance, make_wallet, problems
from ..support.smsc import eventually

PAYER = normalise("0772345678", "UG")


class ScriptedMoney(MoneyGateway):
    """Accepts every charge; says ``status`` when asked."""

    type = "scripted-money"

    def __init__(self):
        super().__init__("mobile")
        self.answer = ChargeAnswer("accepted", "vendor-1")
        self.status = ChargeStatus(PENDING)
        self.charges, self.asked = [], []

    def charge(self, charge):
        self.charges.append(charge)
        return self.answer

    def ask(self, charge, gateway_ref, age_ms):
        self.asked.append((charge, gateway_ref, age_ms))
        return self.status


@pytest.fixture
def payer(monkeypatch) -> ScriptedMoney:
    """The gateway that takes every deposit."""
    gateway = ScriptedMoney()
    monkeypatch.setattr(registry, "money_gateway", lambda name: gateway if name == gateway.name else None)
    monkeypatch.setattr(registry, "money_gateway_for", lambda *_, **__: gateway)
    return gateway


@pytest.fixture
def wallet(clock):
    return make_wallet("0")


@pytest.fixture
def deposit(payer, wallet):
    """500 UGX that were asked for."""
    return start_deposit(wallet, 500_000_000, PAYER, actor="test")


def now(deposit):
    return deposit_by_id(deposit["id"], deposit["account_id"], actor="test")


def credits(wallet) -> list[int]:
    return [row[0] for row in query("SELECT amount_micros FROM ledger_entries WHERE wallet_id = ?", (wallet.id,))]


def test_a_deposit_begins_pending_and_gives_nothing_yet(deposit, wallet, payer):
    assert (deposit["status"], deposit["gateway_ref"], deposit["provider"], deposit["credited_micros"]) == (
        "pending",
        "vendor-1",
        "MTN",
        None,
    )
    (charge,) = payer.charges
    assert (charge.reference, charge.phone, charge.amount_micros, charge.currency) == (
        deposit["reference"],
        "+256772345678",
        500_000_000,
        "UGX",
    )
    assert balance(wallet) == "0"


def test_it_is_credited_once_however_often_it_is_settled(deposit, wallet):
    assert [settle(deposit["id"], 500_000_000) for _ in range(4)] == [True, False, False, False]
    assert settle(deposit["id"], 900_000_000) is False
    assert credits(wallet) == [500_000_000] and balance(wallet) == "500"
    row = now(deposit)
    assert (row["status"], row["credited_micros"], row["poll_at"]) == ("successful", 500_000_000, None)
    assert problems() == []


def test_the_database_itself_refuses_a_second_credit(deposit, wallet):
    settle(deposit["id"], None)
    with pytest.raises(INTEGRITY_ERRORS), atomic() as tx:
        ledger.credit(tx, wallet.id, 1, kind="credit", description="again", deposit_id=deposit["id"])


@pytest.mark.parametrize("confirmed, credited", [(None, "500"), (500_000_000, "500"), (450_000_000, "450"), (1, "0.000001")])
def test_what_is_credited_is_what_the_gateway_confirms(deposit, wallet, confirmed, credited):
    settle(deposit["id"], confirmed)
    assert balance(wallet) == credited
    assert money.text(now(deposit)["amount_micros"]) == credited
    assert problems() == []


def test_credits_are_bought_at_the_wallets_rate_to_four_decimals(payer, clock):
    wallet = make_wallet("0", "SMS")
    deposit = start_deposit(wallet, 500_000_000, normalise("+254712345678", None), actor="test")
    assert (deposit["currency"], deposit["rate_micros"]) == ("KES", 1_800_000)
    settle(deposit["id"], 500_000_000)
    assert balance(wallet) == "277.7778" and problems() == []


@pytest.mark.parametrize("reached", ["failed", "expired"])
def test_money_that_comes_after_a_deposit_was_given_up_is_still_credited_once(deposit, wallet, payer, clock, reached):
    if reached == "failed":
        payer.status = ChargeStatus(NOT_PAID, reason="Declined")
    else:
        clock.advance(24 * 3600)
    check(deposit["id"])
    assert now(deposit)["status"] == reached and balance(wallet) == "0"
    payer.status = ChargeStatus(PAID, 400_000_000)
    assert check(deposit["id"])["status"] == "successful"
    check(deposit["id"])
    row = now(deposit)
    assert (row["status"], row["reason"]) == ("successful", None)
    assert credits(wallet) == [400_000_000] and problems() == []


@pytest.mark.parametrize("status", [ChargeStatus(NOT_PAID, reason="Reversed"), ChargeStatus(PENDING)])
def test_a_successful_deposit_stays_successful(deposit, wallet, payer, clock, status):
    settle(deposit["id"], None)
    payer.status = status
    clock.advance(25 * 3600)
    assert check(deposit["id"])["status"] == "successful"
    assert balance(wallet) == "500"


def test_a_failed_deposit_keeps_its_first_reason(deposit, payer, clock):
    payer.status = ChargeStatus(NOT_PAID, reason="Declined")
    check(deposit["id"])
    payer.status = ChargeStatus(NOT_PAID, reason="Something else")
    check(deposit["id"])
    assert (now(deposit)["status"], now(deposit)["reason"]) == ("failed", "Declined")


def test_what_a_gateway_confirms_and_nobody_can_read_is_told_while_it_is_pending_and_when_it_is_given_up(deposit, payer, clock):
    why = "The gateway confirms another currency"
    payer.status = ChargeStatus(PENDING, reason=why)
    check(deposit["id"])
    assert (now(deposit)["status"], now(deposit)["reason"]) == ("pending", why)
    clock.advance(24 * 3600)
    check(deposit["id"])
    assert (now(deposit)["status"], now(deposit)["reason"]) == ("expired", why)
    payer.status = ChargeStatus(PAID, 500_000_000)
    check(deposit["id"])
    assert (now(deposit)["status"], now(deposit)["reason"]) == ("successful", None)


def test_a_pending_deposit_is_asked_for_after_5_10_20_40_seconds_up_to_10_minutes_and_expires_after_a_day(deposit, payer, clock):
    gaps, last = [], time.now_ms()
    while now(deposit)["poll_at"] is not None:
        clock.seconds = now(deposit)["poll_at"] / 1000
        assert poll_due() == 1
        gaps.append((time.now_ms() - last) // 1000)
        last = time.now_ms()
    assert gaps[:9] == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert max(gaps) == 600 and sum(gaps) == 24 * 3600
    assert now(deposit)["status"] == "expired"
    assert poll_due() == 0


def test_what_is_not_due_is_not_asked_for(deposit, payer, clock):
    clock.advance(4.999)
    assert poll_due() == 0 and payer.asked == []
    clock.advance(0.001)
    assert poll_due() == 1
    assert payer.asked == [(payer.charges[0], "vendor-1", 5000)]


def test_a_gateway_whose_answer_is_an_error_is_asked_again(deposit, payer, clock, monkeypatch, caplog):
    monkeypatch.setattr(payer, "ask", lambda *_: 1 / 0)
    clock.advance(5)
    assert poll_due() == 1
    assert "could not be asked" in caplog.text
    assert now(deposit)["status"] == "pending" and now(deposit)["poll_at"] == time.now_ms() + 10_000


def test_a_gateway_that_was_removed_leaves_the_deposit_pending(deposit, clock, monkeypatch):
    monkeypatch.setattr(registry, "money_gateway", lambda name: None)
    clock.advance(5)
    assert poll_due() == 1 and now(deposit)["status"] == "pending"


def test_a_charge_that_is_refused_at_once_is_an_error_and_a_failed_deposit(payer, wallet):
    payer.answer = ChargeAnswer("refused", reason="Unknown subscriber")
    with pytest.raises(ChargeRefused, match="Unknown subscriber"):
        start_deposit(wallet, 500_000_000, PAYER, actor="test")
    (row,) = query("SELECT status, reason FROM deposits")
    assert tuple(row) == ("failed", "Unknown subscriber")


def test_a_charge_without_a_clear_answer_is_pending_and_asked_for_by_our_reference(payer, wallet, clock):
    payer.answer = ChargeAnswer("unknown")
    deposit = start_deposit(wallet, 500_000_000, PAYER, actor="test")
    assert (deposit["status"], deposit["gateway_ref"]) == ("pending", None)
    payer.status = ChargeStatus(PAID, 500_000_000)
    clock.advance(5)
    poll_due()
    assert balance(wallet) == "500"


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_above_zero(payer, wallet, amount):
    with pytest.raises(InvalidInput):
        start_deposit(wallet, amount, PAYER, actor="test")
    assert payer.charges == []


def test_without_a_gateway_nothing_is_begun(wallet):
    with pytest.raises(TopUpNotConfigured):
        start_deposit(wallet, 1_000_000, PAYER, actor="test")
    assert query("SELECT * FROM deposits") == []


def test_another_accounts_or_wallets_deposit_is_not_found(deposit, wallet):
    other = make_wallet("0")
    with pytest.raises(DepositNotFound):
        get_deposit(deposit["uid"], other, actor="test")
    with pytest.raises(DepositNotFound):
        deposit_by_id(deposit["id"], other.account_id, actor="test")
    assert get_deposit(deposit["uid"], wallet, actor="test")["id"] == deposit["id"]


@pytest.mark.parametrize(
    "phone, status, left", [("0772345678", "successful", "500"), ("0770000099", "failed", "0"), ("0770000055", "expired", "0")]
)
def test_the_sandboxs_money_pays_after_a_second_declines_or_never_answers(clock, phone, status, left):
    wallet = make_wallet("0", is_sandbox=True)
    deposit = start_deposit(wallet, 500_000_000, normalise(phone, "UG"), actor="test")
    clock.advance(0.999)
    poll_due()
    assert now(deposit)["status"] == "pending"
    clock.advance(0.001)
    poll_due()
    if status == "expired":
        assert now(deposit)["status"] == "pending"
        clock.advance(deposits.EXPIRES_MS / 1000)
        poll_due()
    assert now(deposit)["status"] == status and balance(wallet) == left


def test_a_gateway_that_hangs_holds_no_more_requests_than_may_wait_for_it(payer, wallet):
    """The next one is answered as pending at once, and charged beside the requests."""
    with ExitStack() as held:
        while held.enter_context(request_limits.waiting_for({"mobile"})):
            pass
        hanging = threading.Event()
        charge = payer.charge
        payer.charge = lambda asked: hanging.wait(30) and charge(asked)
        made = start_deposit(wallet, 500_000_000, PAYER, actor="test")
        assert (made["status"], made["gateway_ref"]) == ("pending", None) and payer.charges == []
        hanging.set()
        eventually(
            lambda: deposit_by_id(made["id"], wallet.account_id, actor="test")["gateway_ref"] == "vendor-1", "it is not charged"
        )
    assert len(payer.charges) == 1


def test_a_refusal_that_was_not_waited_for_is_told_by_the_status(payer, wallet):
    payer.answer = ChargeAnswer("refused", None, "No such payer")
    with ExitStack() as held:
        while held.enter_context(request_limits.waiting_for({"mobile"})):
            pass
        made = start_deposit(wallet, 500_000_000, PAYER, actor="test")
        eventually(lambda: deposit_by_id(made["id"], wallet.account_id, actor="test")["status"] == "failed", "it is not refused")
    assert deposit_by_id(made["id"], wallet.account_id, actor="test")["reason"] == "No such payer" and balance(wallet) == "0"


# -- payment prompts to one phone ---------------------------------------------


def test_a_phone_has_at_most_three_open_prompts_whoever_asks(payer, wallet, clock):
    made = [
        start_deposit(wallet, 500_000_000, PAYER, actor="test"),
        start_deposit(make_wallet("0"), 500_000_000, PAYER, actor="test"),
        start_deposit(wallet, 500_000_000, PAYER, actor="test"),
    ]
    with pytest.raises(TooManyPaymentPrompts) as refused:
        start_deposit(make_wallet("0"), 500_000_000, PAYER, actor="test")
    assert refused.value.retry_after == 60 and len(payer.charges) == 3
    start_deposit(wallet, 500_000_000, normalise("+256772999999", None), actor="test")
    settle(made[0]["id"], None)
    start_deposit(wallet, 500_000_000, PAYER, actor="test")


def test_a_phone_is_asked_six_times_an_hour_however_they_end(payer, wallet, clock):
    for _ in range(6):
        settle(start_deposit(wallet, 500_000_000, PAYER, actor="test")["id"], None)
        clock.advance(60)
    with pytest.raises(TooManyPaymentPrompts) as refused:
        start_deposit(wallet, 500_000_000, PAYER, actor="test")
    assert refused.value.retry_after == 3600 - 6 * 60
    clock.advance(refused.value.retry_after - 1)
    with pytest.raises(TooManyPaymentPrompts):
        start_deposit(wallet, 500_000_000, PAYER, actor="test")
    clock.advance(1)
    start_deposit(wallet, 500_000_000, PAYER, actor="test")


def test_prompts_that_are_asked_for_at_the_same_moment_count(payer, wallet, context):
    def ask(_) -> bool:
        with context.app_context():
            try:
                start_deposit(wallet, 500_000_000, PAYER, actor="test")
            except TooManyPaymentPrompts:
                return False
            finally:
                context.extensions["wesend.database"].close_thread()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(24))) == 3
    # When others wait for the gateway already, one is charged beside its request, soon.
    eventually(lambda: len(payer.charges) >= 3, "one of the three was not asked to pay")
    assert len(payer.charges) == 3


def test_the_sandbox_asks_no_phone_so_it_has_no_limit(context, clock):
    wallet = make_wallet("0", is_sandbox=True)
    assert [start_deposit(wallet, 500_000_000, PAYER, actor="test")["status"] for _ in range(8)] == ["pending"] * 8


def test_each_api_answers_429_with_when_to_ask_again(payer, app, clock):
    """The operator's own gateways; the four dialects render one error."""
    wallet = make_wallet("0")
    for _ in range(3):
        start_deposit(wallet, 500_000_000, PAYER, actor="test")
    _, given = mint_key(wallet.account_id, wallet, "wesendall")
    answered = app.test_client().post(
        "/api/v1/account/topup",
        auth=(given.public, given.secret),
        json={"walletId": wallet.uid, "amount": 500, "phone": PAYER.e164},
    )
    assert (answered.status_code, answered.json["error"], answered.headers["Retry-After"]) == (429, "rate_limited", "60")
    assert "asked to pay" in answered.json["message"]


@pytest.mark.parametrize("kind", ["accepted", "unknown"])
def test_what_was_said_of_a_charge_before_it_was_answered_is_asked_again(payer, wallet, clock, monkeypatch, kind):
    def slow(charge):
        clock.advance(6)
        payer.status = ChargeStatus(NOT_PAID, reason="No such transaction")
        poll_due()
        return ChargeAnswer(kind, "vendor-1")

    monkeypatch.setattr(payer, "charge", slow)
    deposit = start_deposit(wallet, 500_000_000, PAYER, actor="test")
    payer.status = ChargeStatus(PENDING)
    for _ in range(2):
        clock.advance(15)
        poll_due()
    payer.status = ChargeStatus(PAID, 500_000_000)
    clock.advance(60)
    poll_due()
    assert now(deposit)["status"] == "successful" and balance(wallet) == "500" and problems() == []
