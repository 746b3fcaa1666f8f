"""What waited at the upgrade leaves after it, each message exactly once; what was stopped stays, and goes when it may."""

from __future__ import annotations

from collections import Counter

import pytest

from wesend.core import clock as wesend_clock

from ..support.domain import problems
from ..support.mail import MailServer
from .outside import Upgraded, landed, sign_in
from .population.people import CLOSED

WAITS = (
    "SELECT m.recipient, count(*) FROM messages m JOIN batches b ON b.id = m.batch_id JOIN accounts a ON a.id = m.account_id"
    " WHERE m.gateway = 'beem' AND m.status IN ('queued', 'claimed', 'scheduled', 'dripping') AND {} GROUP BY 1"
)
STOPPED = "SELECT count(*) FROM messages WHERE gateway = 'beem' AND status IN ('queued', 'claimed', 'scheduled', 'dripping')"


def cli(upgraded: Upgraded, *arguments: object) -> str:
    result = upgraded.app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def waits(upgraded: Upgraded, condition: str) -> Counter[str]:
    return Counter({row[0]: row[1] for row in upgraded.rows(WAITS.format(condition))})


def in_a_day(upgraded: Upgraded, clock) -> None:
    """Minute by minute for the drips, then the day that was scheduled for."""
    for step in (*[60] * 15, wesend_clock.DAY / 1000, 7200):
        clock.advance(step)
        upgraded.settle()


def test_nothing_leaves_while_dispatch_is_paused_as_it_was(upgraded, clock):
    in_a_day(upgraded, clock)
    upgraded.deliver()
    assert upgraded.sent() == Counter() and upgraded.hooks.posted == []


def test_everything_that_waited_leaves_once(upgraded, clock):
    expected = waits(upgraded, "b.state = 'open' AND a.status = 'active'")
    assert expected.total() > 40
    cli(upgraded, "resume")
    in_a_day(upgraded, clock)
    assert upgraded.sent() == expected
    assert waits(upgraded, "b.state = 'open' AND a.status = 'active'") == Counter()
    assert upgraded.job(problems) == []
    in_a_day(upgraded, clock)
    assert upgraded.sent() == expected, "nothing is sent twice"


def test_what_was_on_the_wire_is_unknown_and_a_bulk_that_was_never_whole_is_given_back(upgraded, clock):
    (on_the_wire,) = upgraded.rows("SELECT id, recipient FROM messages WHERE status = 'submitting'")
    (torn,) = upgraded.rows("SELECT * FROM batches WHERE state = 'intake'")
    clock.advance(120)
    upgraded.settle()
    assert upgraded.rows("SELECT status FROM messages WHERE id = ?", on_the_wire["id"])[0][0] == "unknown"
    (after,) = upgraded.rows("SELECT * FROM batches WHERE id = ?", torn["id"])
    assert (after["state"], after["refunded_micros"]) == ("rejected", torn["cost_micros"])
    assert (
        upgraded.rows("SELECT amount_micros FROM ledger_entries WHERE batch_id = ? AND kind = 'refund'", torn["id"])[0][0]
        == (torn["cost_micros"])
    )
    assert upgraded.job(problems) == []


def test_a_campaign_that_was_paused_goes_on_when_it_is_told_to(upgraded, clock):
    uid = landed()["bulks"]["paused"]
    mine = f"b.uid = '{uid}'"
    expected = waits(upgraded, mine)
    cli(upgraded, "resume")
    in_a_day(upgraded, clock)
    assert waits(upgraded, mine) == expected and expected.total() == 13
    before = upgraded.sent()
    owner = sign_in(upgraded.app, "owner@shop.example")
    assert owner.post(f"/campaigns/{uid}/resume").status_code == 303
    upgraded.settle()
    assert upgraded.sent() - before == expected and waits(upgraded, mine) == Counter()


@pytest.mark.parametrize("word", ["release", "drop"])
def test_of_an_account_that_was_suspended_nothing_leaves_until_the_operators_word(upgraded, clock, word):
    closed = f"a.id = {CLOSED}"
    expected = waits(upgraded, closed)
    assert expected.total() == 2, "one queued, one scheduled"
    cli(upgraded, "resume")
    in_a_day(upgraded, clock)
    assert not upgraded.sent() & expected and waits(upgraded, closed) == expected
    before = upgraded.sent()
    cli(upgraded, "account", "resume", CLOSED)
    upgraded.settle()
    assert upgraded.sent() == before, "it is more than an hour late"
    cli(upgraded, "account", word, CLOSED)
    upgraded.settle()
    assert upgraded.sent() - before == (expected if word == "release" else Counter())
    assert waits(upgraded, closed) == Counter() and upgraded.job(problems) == []


def test_mail_leaves_once_by_a_server_and_what_is_the_sandboxs_is_caught(upgraded_with, clock):
    mails = landed()["mails"]
    with MailServer() as server:
        upgraded = upgraded_with(WESEND_SMTP_URL=f"smtp://127.0.0.1:{server.port}")
        cli(upgraded, "resume")
        in_a_day(upgraded, clock)
        in_a_day(upgraded, clock)
        assert Counter(taken.to[0] for taken in server.taken) == Counter(
            [
                "queued@example.com",
                "grace@example.com",
                "grace@example.com",
                "later@example.com",
                "large1@example.com",
                "large2@example.com",
            ]
        )
        texts = {taken.to[0]: taken.raw for taken in server.taken}
        assert b"multipart/alternative" in texts["queued@example.com"] and b"List-Unsubscribe" in texts["later@example.com"]
    for name in ("scheduled", "scheduled test", "queued"):
        key = "worldledgers test" if "test" in name else "worldledgers"
        reply = upgraded.call(key, "GET", f"/api/v1/communication/email/{mails[name]}")
        assert reply.json["data"]["status"] == "delivered", (name, reply.json)


def test_without_a_server_live_mail_that_waited_is_held_and_shown_to_no_stranger(upgraded, clock):
    cli(upgraded, "resume")
    in_a_day(upgraded, clock)
    for name in ("scheduled", "queued"):
        reply = upgraded.call("worldledgers", "GET", f"/api/v1/communication/email/{landed()['mails'][name]}")
        assert reply.json["data"]["status"] == "pending" and "Held" in reply.json["data"]["response"]
    shown = upgraded.app.test_client().get("/sandbox/emails?limit=1000", base_url="http://127.0.0.1").text
    assert "queued@example.com" not in shown and "boss@shop.example" not in shown and "424242" in shown


def test_retry_cancel_and_a_late_opt_out_work_on_old_messages(upgraded, clock):
    made, bulks = landed()["messages"], landed()["bulks"]
    cli(upgraded, "resume")
    assert upgraded.call("esms", "POST", f"/api/messages/{made['failed']}/retry").json["status"] == "retrying"
    cancelled = upgraded.call("esms", "POST", f"/api/messages/{made['to cancel']}/cancel")
    assert (cancelled.status_code, cancelled.json["refunded"]) == (200, 35), cancelled.text
    batch = upgraded.call("esms", "POST", f"/api/messages/batch/{bulks['scheduled']}/cancel")
    assert (batch.status_code, batch.json["cancelled"], batch.json["refunded"]) == (200, 12, 420), batch.text
    cli(upgraded, "opt-out", "add", "--account", 2, "0755000904")
    in_a_day(upgraded, clock)
    assert upgraded.sent()["+256755000052"] == 1 and upgraded.sent()["+256755000904"] == 0
    status = upgraded.call("esms", "GET", f"/api/messages/{made['to opt out']}").json
    assert (status["status"], status["wallet_cost"]) == ("cancelled", 0)
    assert upgraded.job(problems) == []


def test_deposits_that_were_pending_are_paid_once(upgraded, clock):
    deposits = landed()["deposits"]
    wallet = landed()["wallets"]["shop"]
    before = upgraded.call("wesendall", "GET", f"/api/v1/account/balance?walletId={wallet}").json["data"]["balance"]
    for _ in range(4):
        clock.advance(600)
        upgraded.settle()
    for name in ("live pending", "esms pending"):
        reply = upgraded.call("wesendall", "GET", f"/api/v1/account/topup/{deposits[name]}?walletId={wallet}")
        assert reply.json["data"]["status"] == "successful", name
    after = upgraded.call("wesendall", "GET", f"/api/v1/account/balance?walletId={wallet}").json["data"]["balance"]
    refunds = upgraded.rows(
        "SELECT coalesce(sum(l.amount_micros), 0) FROM ledger_entries l JOIN wallets w ON w.id = l.wallet_id"
        " WHERE w.uid = ? AND l.kind = 'refund' AND l.created_at > ?",
        wallet,
        landed()["looked_at"],
    )[0][0]
    assert after - before == 500 + 700 + refunds / 1_000_000
    assert upgraded.job(problems) == []
