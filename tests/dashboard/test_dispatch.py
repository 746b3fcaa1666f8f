"""Dispatch by the dashboard: paused with a reason, told on every page of an operator, resumed."""

from __future__ import annotations

from wesend.coordination import pause
from wesend.database import query
from wesend.wallets import service as wallets

from ..support.accounts import mint
from ..support.dashboard import text_of
from ..support.domain import send as send_sms


def test_dispatch_is_paused_with_a_reason_and_resumed(context, app, operator, jobs, owner):
    wallet = wallets.find_wallet(mint(app, balance="2000").wallet, actor="test")
    assert "Dispatch goes on" in text_of(operator.get("/operator/settings"))
    shown = operator.follow("/operator/settings/pause", reason="<b>Moving</b> house")
    assert "Dispatch is paused" in text_of(shown) and "&lt;b&gt;Moving&lt;/b&gt; house" in shown.text
    send_sms(wallet, "+256712345678")
    jobs.settle()
    assert "1 message waits" in text_of(operator.get("/operator/settings"))
    assert "Dispatch is paused since" in text_of(operator.get("/")), "an operator is told on every page"
    assert "Dispatch is paused" not in text_of(owner.get("/"))
    assert "Dispatch goes on" in text_of(operator.follow("/operator/settings/resume"))
    jobs.settle()
    assert query("SELECT status FROM messages")[0][0] == "delivered" and pause.current() is None


def test_a_pause_without_a_reason_has_the_usual_one_and_resuming_twice_is_refused(context, operator, owner):
    assert owner.post("/operator/settings/pause").status_code == 403
    assert "Paused by hand" in text_of(operator.follow("/operator/settings/pause", reason=" "))
    assert owner.post("/operator/settings/resume").status_code == 403 and pause.current() is not None
    operator.follow("/operator/settings/resume")
    assert operator.post("/operator/settings/resume").status_code == 409
