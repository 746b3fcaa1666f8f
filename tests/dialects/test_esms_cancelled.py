"""A campaign that is cancelled: one refund with its name, exact answers, and nothing of it counted as sent."""

from __future__ import annotations

import pytest

from wesend.database import query

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of
from ..support.domain import assert_counted, problems
from ..support.esms import Esms, data_of, new_list

PHONES = [f"+2567123{index:05d}" for index in range(40)]


@pytest.fixture
def minted(app):
    return mint(app, "esms", balance="10000")


@pytest.fixture
def api(app, minted) -> Esms:
    return Esms(app.test_client(), minted.credentials.secret)


def transactions(api: Esms) -> list[tuple]:
    return [(row["type"], row["amount"], row["balance_after"]) for row in data_of(api.get("/balance/transactions"))["transactions"]]


def test_a_cancelled_drip_is_one_refund_and_its_answer_is_exact(app, api, context, jobs, minted):
    before = api.balance()
    batch = data_of(api.bulk(new_list(api, *PHONES), schedule_mode="drip", drip_rate=1))["batch_id"]
    jobs.settle()
    done = data_of(api.post(f"/messages/batch/{batch}/cancel"))
    left = 40 - done["cancelled"]
    assert left >= 1 and done["refunded"] == 35 * done["cancelled"]
    assert api.balance() == before - 35 * left
    assert transactions(api)[:2] == [("refund", done["refunded"], before - 35 * left), ("sms_charge", -1400, before - 1400)]
    assert data_of(api.get("/balance/transactions"))["total"] == 3, "the money it began with, the charge and the refund"
    assert api.batch(batch)["cancelled"] == done["cancelled"] and problems() == []
    assert_counted()


def test_what_was_cancelled_is_not_counted_as_sent(app, api, context, minted):
    batch = data_of(api.bulk(new_list(api, *PHONES), schedule_mode="drip", drip_rate=1))["batch_id"]
    api.post(f"/messages/batch/{batch}/cancel")
    owner = Visitor(app, make_user(app, "owner", minted.account_id))
    shown = text_of(owner.get("/"))
    assert "Sent today 0 " in shown and "Nothing was sent in these 14 days" in shown
    assert data_of(api.get("/messages/stats"))["sent_today"] == 40, "all created today, as the contract says"
    assert data_of(api.get("/messages/volume?days=1"))[-1]["pending"] == 0
    health = {route["code"]: route for route in data_of(api.get("/routes/health"))}
    assert health["ESMS_UG"]["total"] == 0


def test_the_statement_names_the_campaign_in_one_line(app, api, context, minted):
    from wesend.accounts.service import get_account
    from wesend.messages.sending import actions
    from wesend.messages.sending.compose import Composer, read_recipients
    from wesend.messages.sending.options import Options, Origin
    from wesend.messages.sending.send import send_bulk
    from wesend.wallets.service import find_wallet

    bulk = send_bulk(
        Composer(get_account(minted.account_id), find_wallet(minted.wallet, actor="test"), "Hello"),
        read_recipients(PHONES, "UG"),
        actor="test",
        origin=Origin("portal"),
        options=Options(reference="<b>Easter</b>"),
    )
    batch = query("SELECT * FROM batches WHERE id = ?", (bulk["id"],))[0]
    assert actions.cancel_batch(get_account(minted.account_id), batch["uid"], actor="test").count == 40
    owner = Visitor(app, make_user(app, "owner", minted.account_id))
    page = owner.get(f"/wallets/{minted.wallet}").text
    assert page.count("Cancelled: &lt;b&gt;Easter&lt;/b&gt;") == 1 and "<b>Easter" not in page
    message = query("SELECT uid FROM messages WHERE batch_id = ?", (bulk["id"],))[0]["uid"]
    assert "of all that was cancelled of the batch" in owner.get(f"/messages/{message}").text
