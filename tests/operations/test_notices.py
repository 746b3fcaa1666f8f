"""Notices: what holds, what to do, told once a condition and hour and when it is over."""

from __future__ import annotations

import pytest

from wesend.accounts.roles import OWNER, User
from wesend.core.errors import Forbidden
from wesend.core.languages import told as told_in_english
from wesend.database import query, write
from wesend.gateways import breaker
from wesend.operations import notice_alerts, notices
from wesend.webhooks import endpoints

from ..support.domain import ACTOR, make_account, make_wallet, put, send


def conditions() -> list[str]:
    return [notice.condition for notice in notices.notices(actor=ACTOR)]


def rest(clock, seconds: int) -> None:
    until = int((clock() + seconds) * 1000)
    write(
        lambda tx: (
            tx.execute(
                "INSERT INTO gateway_health (gateway, rests_until, last_error) VALUES ('at', ?, 'refused')"
                " ON CONFLICT (gateway) DO UPDATE SET rests_until = excluded.rests_until",
                (until,),
            )
            and None
        )
    )


def told() -> list[str]:
    return [row["event"] for row in query("SELECT event FROM webhook_deliveries ORDER BY id")]


def test_each_condition_is_told_while_it_holds(carrier, clock):
    assert conditions() == []
    wallet = make_wallet("1000")
    sent = send(wallet).messages[0]
    put(sent["id"], "unknown")
    rest(clock, 60)
    write(
        lambda tx: tx.insert(
            "brought_receipts", gateway="at", status="delivered", state="unmatched", created_at=int(clock() * 1000)
        )
    )
    write(lambda tx: tx.changed("UPDATE wallets SET low_balance_told_at = 1 WHERE id = ?", (wallet.id,)))
    assert conditions() == ["gateway:at", f"wallet:{wallet.uid}", "unknown", "receipts"]
    assert all(notice.title and notice.advice for notice in notices.notices(actor=ACTOR))
    with pytest.raises(Forbidden):
        notices.notices(actor=User(7, "o@example.com", OWNER, wallet.account_id, True, True))


def test_a_gateway_that_fails_is_one_condition_through_all_of_its_short_rests(client, carrier, clock):
    wallet = make_wallet("1000")
    endpoints.add_endpoint(
        account_id=wallet.account_id, format_name="wesendall", url="https://example.com/x",
        events=["alert.raised", "alert.over"], actor=ACTOR,
    )  # fmt: skip

    def called(*, fails: bool) -> None:
        write(lambda tx: breaker.note(tx, "at", failed=int(fails), went_well=not fails, error="refused"))

    for _ in range(breaker.FAILURES):
        called(fails=True)
    for _ in range(4):  # a rest is over before anybody looks, and the call that tries it is under way
        clock.advance(70)
        notice_alerts.tell()
        assert 'wesend_gateway_resting{gateway="at"} 1.0' in client.get("/metrics").text
        called(fails=True)
        notice_alerts.tell()
    assert told() == ["alert.raised"]
    called(fails=False)
    notice_alerts.tell()
    assert told() == ["alert.raised", "alert.over"]
    assert "wesend_gateway_resting{" not in client.get("/metrics").text


def test_a_gateway_that_nothing_is_given_to_any_more_is_over_an_hour_after_it_failed(carrier, clock):
    for _ in range(breaker.FAILURES):
        write(lambda tx: breaker.note(tx, "at", failed=1, went_well=False, error="refused"))
    clock.advance(3599)
    assert conditions() == ["gateway:at"]
    clock.advance(2)
    assert conditions() == []


def test_every_low_wallet_counts_and_a_page_shows_the_first(client, carrier, clock):
    account = make_account()
    wallets = [make_wallet("10", account=account) for _ in range(23)]
    write(lambda tx: tx.changed("UPDATE wallets SET low_balance_told_at = 1 WHERE account_id = ?", (account.id,)))
    assert conditions() == [f"wallet:{wallet.uid}" for wallet in wallets]
    assert "wesend_wallets_low 23.0" in client.get("/metrics").text
    shown = notices.brief(actor=ACTOR)
    assert len(shown) == 21 and told_in_english(shown[-1].title) == "Further wallets that are low: 3"


def test_a_mail_that_is_not_taken_for_now_is_tried_again(app_with, clock, monkeypatch):
    mails, taken = [], []

    def post(mail, to, **_options) -> bool:
        mails.append(str(mail["Subject"]))
        return bool(taken)

    monkeypatch.setattr(notice_alerts.mailing, "post", post)
    with app_with(WESEND_ALERT_MAIL="ops@example.org").app_context():
        rest(clock, 60)
        for _ in range(2):
            notice_alerts.tell()
        taken.append(1)
        for _ in range(2):
            notice_alerts.tell()
        assert mails == ["The gateway at rests: refused"] * 3
        taken.clear()
        clock.advance(61)
        notice_alerts.tell()
        taken.append(1)
        for _ in range(2):
            notice_alerts.tell()
        assert mails[3:] == ["Over: The gateway at rests: refused"] * 2


def test_it_is_told_once_an_hour_and_when_it_is_over(app_with, carrier, clock):
    wallet = make_wallet("1000")
    endpoints.add_endpoint(
        account_id=wallet.account_id, format_name="wesendall", url="https://example.com/x",
        events=["alert.raised", "alert.over"], actor=ACTOR,
    )  # fmt: skip
    rest(clock, 7200)
    notice_alerts.tell()
    notice_alerts.tell()
    assert told() == ["alert.raised"]
    clock.advance(3601)
    notice_alerts.tell()
    assert told() == ["alert.raised"] * 2
    clock.advance(7200)
    notice_alerts.tell()
    notice_alerts.tell()
    assert told() == ["alert.raised", "alert.raised", "alert.over"]
    assert query("SELECT count(*) FROM operator_alerts")[0][0] == 0
