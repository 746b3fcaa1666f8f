"""Messages: found by what people type, filtered by the address, and shown with all that is known of them."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape

import pytest

from wesend.adapters.sms.base import CallbackReceipt, Receipt
from wesend.database import query
from wesend.dialects.first_message import Wanted
from wesend.messages.receipts import inbox as receipt_inbox
from wesend.sandbox.account import SENDERS

from ..support.accounts import mint, wesendall_of
from ..support.dashboard import Visitor, make_user, text_of
from ..support.published import APIS, CREDENTIALS, WALLETS

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def sender(app):
    """An account whose wallet is a sandbox one, and its owner at the dashboard."""
    minted = mint(app, balance="100000")
    return wesendall_of(app, minted), Visitor(app, make_user(app, "owner", minted.account_id)), minted


def sent(answer) -> str:
    assert answer.status_code == 200, answer.text
    return answer.json["data"]["results"][0]["message_id"]


def test_a_message_is_found_by_number_id_batch_and_text(sender):
    api, owner, _ = sender
    answer = api.send("0712000001", message="Your parcel is here")
    uid, batch = sent(answer), answer.json["data"]["batch_id"]
    api.send("0712000002", message="Something else")
    for typed in ("0712000001", "+256 712 000 001", uid, f"msg-{uid}", uid.upper(), f"batch-{batch}", "PARCEL"):
        shown = text_of(owner.get("/messages", query_string={"q": typed}))
        assert "+256712000001" in shown and "+256712000002" not in shown, typed
    assert "Nothing fits" in text_of(owner.get("/messages?q=nowhere"))


def test_filters_stand_in_the_address_and_narrow_the_list_and_the_export_alike(sender, jobs):
    api, owner, _ = sender
    api.send("0712000001", message="fine")
    api.send("0712000077", message="refused")  # not a whole sandbox ending: delivered
    api.send("0710000099", message="=cmd|'/c calc'!A1")
    jobs.settle()
    failed = text_of(owner.get("/messages?status=failed"))
    assert "+256710000099" in failed and "+256712000001" not in failed
    export = owner.get("/messages/export?status=failed")
    assert export.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(export.text.lstrip("\ufeff"))))
    assert [(row["recipient"], row["status"], row["text"]) for row in rows] == [("'+256710000099", "failed", "'=cmd|'/c calc'!A1")]
    assert "Nothing fits" in text_of(owner.get("/messages?to=2001-01-01"))
    assert owner.get("/messages?status=nonsense&from=x&to=99999-1-1&before=-1&wallet=zz").status_code == 200


def test_old_messages_are_reached_page_by_page_without_one_twice(sender, app):
    api, owner, _ = sender
    for start in range(0, 120, 60):
        api.send([f"07120{start + n:05}" for n in range(60)])
    seen, path = [], "/messages"
    while path:
        page = owner.get(path).text
        seen += [line.split(">")[-1] for line in page.split('</a><span class="sub">') if line[-4:].isdigit()]
        older = page.split('rel="next"')[0].rsplit('href="', 1)[-1].split('"')[0] if 'rel="next"' in page else None
        path = older.replace("&amp;", "&") if older else None
    assert len(seen) == 120 == len(set(seen))


def test_what_is_hostile_in_a_text_is_shown_as_text(sender):
    api, owner, _ = sender
    uid = sent(api.send("0712000001", message=HOSTILE))
    for path in ("/messages", f"/messages/{uid}", f"/messages?q={HOSTILE}"):
        page = owner.get(path).text
        assert HOSTILE not in page and "&lt;script&gt;" in page


def test_the_detail_tells_everything(sender, jobs):
    api, owner, _ = sender
    uid = sent(api.send("0712000001", message="Price: “5” \u200bonly"))
    jobs.settle()
    shown = text_of(owner.get(f"/messages/{uid}"))
    for told in (
        "delivered",
        "1 segment",
        "Unicode",
        "U+201C left double quotation mark",
        "U+200B zero width space",
        "UGX",
        "curl http",
        "accepted",
        "submitted",
    ):
        assert told in shown, told


@pytest.mark.parametrize("api", APIS)
def test_the_command_that_sends_it_again_is_one_that_the_api_takes(app, operator, api):
    """With its sender: the body of the command, sent as it stands with a key, makes the same message."""
    page = operator.pick(1)
    first, given = APIS[api].first_message, CREDENTIALS[api]
    call = first.call(given, Wanted(WALLETS[api][0], "+254712345678", SENDERS[0], "Hello"))
    client = app.test_client()
    assert client.post(call.path, headers=call.headers, data=call.text).status_code < 300
    with app.app_context():
        row = query("SELECT uid, sender FROM messages ORDER BY id DESC LIMIT 1")[0]
    assert row["sender"] == SENDERS[0]
    curl = unescape(page.get(f"/messages/{row['uid']}").text)
    body = json.loads(re.search(r"-d '(\{.*?\})'", curl)[1])
    again = client.post(call.path, headers=call.headers, json=body)
    assert again.status_code < 300, again.text
    with app.app_context():
        last = query("SELECT sender, recipient, text FROM messages ORDER BY id DESC LIMIT 2")
    assert tuple(last[0]) == tuple(last[1])


def test_a_receipt_is_shown_to_operators_as_it_was_brought(sender, app, operator):
    api, _, minted = sender
    owner = operator.pick(minted.account_id)
    uid = sent(api.send("0710000055"))
    with app.app_context():
        receipt_inbox.keep(
            "sandbox", [CallbackReceipt(None, uid, None, Receipt("delivered", "DELIVRD", None))], raw='{"status": "<b>OK</b>"}'
        )
        receipt_inbox.match_new()
    page = owner.get(f"/messages/{uid}").text
    assert "{&#34;status&#34;: &#34;&lt;b&gt;OK&lt;/b&gt;&#34;}" in page


def test_a_failed_message_is_retried_and_paid_again_by_whoever_may_send(sender, app, jobs):
    api, _, minted = sender
    member = Visitor(app, make_user(app, "member", minted.account_id))
    uid = sent(api.send("0710000099"))
    jobs.settle()
    assert "Retry" in text_of(member.get(f"/messages/{uid}"))
    assert "Queued again" in text_of(member.follow(f"/messages/{uid}/retry"))
    assert member.post(f"/messages/{uid}/retry").status_code == 409  # it is queued: paid once more, not twice


def test_another_accounts_message_does_not_exist(sender, owner):
    api, _, _ = sender
    uid = sent(api.send("0712000001"))
    assert owner.get(f"/messages/{uid}").status_code == 404
    assert owner.post(f"/messages/{uid}/retry").status_code == 404
    assert owner.post(f"/messages/{uid}/cancel").status_code == 404


def test_nothing_is_retried_while_the_account_is_suspended(sender, app, jobs, operator):
    api, owner, minted = sender
    uid = sent(api.send("0710000099"))
    jobs.settle()
    operator.post(f"/operator/accounts/{minted.account_id}/suspend")
    assert owner.post(f"/messages/{uid}/retry").status_code == 403
