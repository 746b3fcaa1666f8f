"""What waits for somebody who opts out is taken back, refunded, and told of in each dialect's own word."""

from __future__ import annotations

from tests.support import inbound
from wesend.accounts.service import get_account
from wesend.contacts import opting_out
from wesend.core import clock as time
from wesend.database import query
from wesend.messages.dispatch import queue
from wesend.messages.sending.compose import Composer, read_recipients
from wesend.messages.sending.options import Options, Origin
from wesend.messages.sending.send import send
from wesend.wallets.service import find_wallet

from ..support.accounts import Minted, mint
from ..support.apis import Wasambazie, Wesendall, WorldLedgers
from ..support.domain import balance, problems
from ..support.esms import Esms

ANN, BEN = "+256712345678", "+256712345679"


def waiting(minted: Minted, api: str) -> dict[str, dict]:
    """A send through a dialect whose messages still wait; by recipient."""
    wallet = find_wallet(minted.wallet, actor="test")
    composer = Composer(get_account(minted.account_id), wallet, "Hello")
    later = Options("scheduled", time.now_ms() + 600_000)
    sent = send(composer, read_recipients([ANN, BEN], "UG"), actor="test", origin=Origin(api), options=later)
    return {
        row["recipient"]: dict(row)
        for row in query(
            "SELECT m.*, b.uid AS batch_uid FROM messages m JOIN batches b ON b.id = m.batch_id WHERE b.id = ?", (sent.batch["id"],)
        )
    }


def stop(minted: Minted) -> None:
    assert opting_out.opt_out(get_account(minted.account_id), ANN, actor="test") == ANN


def test_wesendall_says_failed_and_why(app, context):
    minted = mint(app, "wesendall")
    api = Wesendall(app.test_client(), minted.credentials.public, minted.credentials.secret, minted.wallet)
    waiting(minted, "wesendall")
    stop(minted)
    shown = {row["recipient"]: row for row in api.history()}
    assert (shown[ANN]["status"], shown[ANN]["error"], shown[ANN]["cost"]) == ("failed", "opted_out", 0)
    assert (shown[BEN]["status"], shown[BEN]["error"]) == ("queued", None)
    assert balance(find_wallet(minted.wallet, actor="test")) == "965" and problems() == []


def test_esms_says_cancelled_and_why_and_refuses_a_retry(app, context):
    minted = mint(app, "esms")
    api = Esms(app.test_client(), minted.credentials.secret)
    sent = waiting(minted, "esms")
    stop(minted)
    shown = api.message(f"msg-{sent[ANN]['uid']}")
    assert (shown["status"], shown["error_code"], shown["wallet_cost"]) == ("cancelled", "opted_out", 0)
    assert shown["timeline"][-1]["detail"] == "The recipient opted out"
    assert api.message(f"msg-{sent[BEN]['uid']}")["status"] == "scheduled"


def test_esms_refuses_to_try_a_failed_message_to_them_again(app, context, jobs):
    minted = mint(app, "esms")
    api = Esms(app.test_client(), minted.credentials.secret)
    to = "+256710000099"
    uid = api.send(to).json["id"]
    jobs.settle()
    assert api.message(uid)["status"] == "failed"
    opting_out.opt_out(get_account(minted.account_id), to, actor="test")
    before = balance(find_wallet(minted.wallet, actor="test"))
    refused = api.post(f"/messages/{uid}/retry")
    assert (refused.status_code, refused.json["detail"]["code"]) == (400, "opted_out")
    assert api.message(uid)["status"] == "failed" and balance(find_wallet(minted.wallet, actor="test")) == before


def test_wasambazie_reports_it_as_failed(app, context):
    minted = mint(app, "wasambazie")
    api = Wasambazie(app.test_client(), minted.credentials.public, minted.credentials.secret)
    sent = waiting(minted, "wasambazie")
    stop(minted)
    report = api.report(sent[ANN]["batch_uid"]).json
    assert {row["to_number"]: row["status"] for row in report["messages"]} == {ANN: "failed", BEN: "queued"}


def test_world_ledgers_says_unsubscribed(app, context):
    minted = mint(app, "worldledgers", country="KE", currency="SMS", balance="10")
    api = WorldLedgers(app.test_client(), minted.credentials.secret)
    sent = waiting(minted, "worldledgers")
    inbound.receive("sandbox", ANN, None, "STOP", account_id=minted.account_id)
    shown = api.status("sms", sent[ANN]["id"])
    assert (shown["status"], shown["response"]) == ("failed", "Unsubscribed")
    assert balance(find_wallet(minted.wallet, actor="test")) == "9"


def test_the_next_claim_finds_only_the_others(app, context, clock):
    minted = mint(app, "esms")
    waiting(minted, "esms")
    stop(minted)
    clock.advance(700)
    queue.release_due()
    assert [outgoing.recipient for outgoing in queue.claim("sandbox", 10, submitting=True).messages] == [BEN]
