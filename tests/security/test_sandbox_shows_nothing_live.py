"""What `/sandbox/…`, `wesend wait` and the page of phones show: what sandbox wallets paid for, and nothing of a live one."""

from __future__ import annotations

import json

import pytest

from wesend import cli
from wesend.accounts.service import get_account
from wesend.core import money
from wesend.core.errors import Conflict
from wesend.database import query, write
from wesend.operations import alerts
from wesend.sandbox import phones as sandbox_phones
from wesend.wallets.service import debit_by_hand, find_wallet, set_low_balance

from ..support.accounts import ACTOR, mint, new_worldledgers, wesendall_of
from ..support.domain import make_route

SECRET = "Your password is reset by 771204"
UG, KE = "0712345678", "0722000001"


@pytest.fixture
def live(app):
    """A customer whose messages go, by a route, to the sandbox's gateway; its account and the id of a message."""
    with app.app_context():
        make_route("LIVE", "sandbox")
    minted = mint(app, is_sandbox=False)
    sent = wesendall_of(app, minted).send(UG, SECRET)
    assert sent.status_code == 200, sent.text
    return minted, sent.json["data"]["results"][0]["message_id"]


@pytest.fixture
def mailed(app, jobs):
    """A live mail: its id."""
    api, _ = new_worldledgers(app, is_sandbox=False)
    assert api.email("ann@example.com", message=SECRET).status_code == 202
    jobs.dispatch()
    with app.app_context():
        return query("SELECT uid FROM messages WHERE channel = 'email'")[0][0]


def everything(client) -> str:
    pages = (
        "messages",
        "emails",
        "messages?since=2020-01-01&limit=1000",
        "emails?since=2020-01-01&limit=1000",
        f"messages?to={UG}",
        "emails?to=ann@example.com",
        "messages?order=desc",
        "emails?order=desc",
    )
    return "".join(client.get(f"/sandbox/{page}").text for page in pages)


def test_a_live_message_is_not_there_even_if_its_route_leads_to_the_sandboxs_gateway(app, client, live, wesendall):
    wesendall.send(UG, "Of the sandbox")
    shown = everything(client)
    assert SECRET not in shown and "Of the sandbox" in shown
    minted, uid = live
    with app.app_context():
        assert sandbox_phones.list_phones(minted.account_id, actor="test") == []
        assert sandbox_phones.conversation(minted.account_id, "+256712345678", actor="test") == []
        with pytest.raises(Conflict):
            sandbox_phones.report_receipt(get_account(minted.account_id), uid, "failed", actor=ACTOR)


def test_not_even_its_id_is_known(client, live, mailed):
    for uid in (live[1], mailed):
        for kind in ("messages", "emails"):
            assert client.get(f"/sandbox/{kind}?since={uid}").status_code == 400
        assert client.get(f"/sandbox/emails/{uid}").status_code == 404
        assert client.get(f"/sandbox/emails/{uid}/raw").status_code == 404


def test_a_live_mail_is_not_there(client, mailed):
    assert SECRET not in everything(client)


def test_a_live_mail_that_an_earlier_version_caught_is_not_there(app, client, mailed):
    with app.app_context():
        write(lambda tx: tx.execute("UPDATE messages SET gateway = 'sandbox-mail', status = 'delivered'") and None)
    assert SECRET not in everything(client)
    assert client.get(f"/sandbox/emails/{mailed}").status_code == 404


@pytest.mark.parametrize("is_sandbox", [True, False])
def test_an_alert_is_there_only_of_a_sandbox_wallet(app, client, is_sandbox):
    minted = mint(app, is_sandbox=is_sandbox)
    with app.app_context():
        wallet = find_wallet(minted.wallet, actor="test")
        set_low_balance(wallet, money.to_micros("500"), "owner@example.org", actor=ACTOR)
        debit_by_hand(wallet, money.to_micros("900"), note=None, actor=ACTOR)
        alerts.tell_of_low_balances()
    assert (minted.wallet in everything(client)) is is_sandbox


def test_wait_does_not_see_it_either(app, live, mailed):
    runner = app.test_cli_runner()
    for to in (UG, "ann@example.com"):
        result = runner.invoke(cli.group, ["wait", "--to", to, "--timeout", "0", "--json"])
        assert result.exit_code == 1 and SECRET not in result.output, to


def test_wait_sees_what_a_sandbox_wallet_paid_for(app, wesendall):
    wesendall.send(UG, "Of the sandbox")
    result = app.test_cli_runner().invoke(cli.group, ["wait", "--to", UG, "--timeout", "0", "--json"])
    assert json.loads(result.output)["text"] == "Of the sandbox"
