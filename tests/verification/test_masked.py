"""Wherever a text is shown, a code is masked; it is stored for as long as it takes to leave, sealed, and never sent again."""

from __future__ import annotations

from flask import Flask

from wesend.adapters.sms.base import FAILED, REFUSED, CallbackReceipt, Outcome, Receipt
from wesend.database import Row, query, query_one, write
from wesend.database.schema import db
from wesend.gateways import registry
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.settle import settle
from wesend.messages.dispatch.submit import call
from wesend.messages.receipts import inbox
from wesend.messages.state import sealed_texts
from wesend.messages.state.transitions import Move, move
from wesend.operations import pausing, retention
from wesend.verification import ending

from ..support.dashboard import Visitor, make_user
from ..support.domain import make_route
from ..support.esms import ANN, data_of, new_esms, refused
from ..support.fakes import answer
from ..support.gateways import set_up
from ..support.jobs import ManualJobs
from ..support.verify import MASK, LiveShop, check, shown, start, started


def the_message() -> Row:
    found = query_one("SELECT * FROM messages ORDER BY id LIMIT 1")
    assert found is not None
    return found


def everything_stored(app: Flask) -> str:
    """The whole database, written out."""
    with app.app_context():
        return "\n".join(str(tuple(row)) for name in db.metadata.tables for row in query(f"SELECT * FROM {name}"))


def leave_by_queue(outcome: Outcome | None = None) -> None:
    """What the dispatcher does with what is due for the shop's gateway."""
    gateway = registry.gateway("http")
    assert gateway is not None
    (group,) = queue.start([queue.claim("http", 10)])
    outcomes = [outcome] * len(group.messages) if outcome else call(gateway, group.messages)
    write(lambda tx: settle(tx, list(zip(group.messages, outcomes, strict=True)), group.token))


def test_what_left_had_the_code_and_what_is_kept_has_none(app, shop):
    begun = started(shop.api)
    code = shop.last_code()
    assert "sandbox_code" not in begun and MASK not in shop.last_text()
    masked = shop.last_text().replace(code, MASK)
    assert shop.api.messages()[0]["text"] == shop.api.message(begun["message_id"])["text"] == masked
    export = shop.api.get("/messages/export").get_data(as_text=True)
    assert MASK in export and code not in export
    with app.app_context():
        assert (the_message()["fields"], the_message()["encoding"]) == (None, "GSM-7"), "measured as it left"
        assert query("SELECT text FROM batches")[0][0] == masked
    assert code not in everything_stored(app)
    assert data_of(check(shop.api, code, begun["verification_id"]))["status"] == "approved"


def test_the_sandboxs_phone_shows_the_code_and_the_lists_do_not(app, client):
    api = new_esms(app)
    begun = started(api)
    code = begun["sandbox_code"]
    assert code in client.get("/sandbox/messages", query_string={"to": ANN}).json["messages"][-1]["text"]
    assert api.messages()[0]["text"].startswith(MASK)
    assert data_of(api.get("/messages/status", query_string={"ids": begun["message_id"]}))["messages"][0]["text"].startswith(MASK)
    assert code not in everything_stored(app), "sealed"


def test_the_dashboard_masks_it_everywhere_but_on_the_sandboxs_phones(app, shop):
    begun = started(shop.api)
    boss = Visitor(app, make_user(app))
    boss.post("/operator/accounts/pick", account_id=shop.minted.account_id)
    uid = begun["message_id"].removeprefix("msg-")
    for path in ("/messages", f"/messages/{uid}", "/messages?q=code", "/"):
        page = boss.get(path)
        assert page.status_code == 200 and shop.last_code() not in page.text, path
    assert MASK in boss.get(f"/messages/{uid}").text


def test_its_webhook_tells_no_code(app, shop: LiveShop):
    assert shop.api.put("/webhooks", {"dlr_url": "https://example.com/dlr"}).status_code == 200
    started(shop.api)
    with app.app_context():
        delivered = Move(the_message()["id"], "delivered", "delivered", changes={"delivered_at": 1})
        write(lambda tx: move(tx, [delivered], 1))
        (payload,) = (row["payload"] for row in query("SELECT payload FROM webhook_deliveries"))
    assert '"message.delivered"' in payload and shop.last_code() not in payload


def test_a_code_that_waits_for_its_turn_is_sealed_and_leaves_whole(app, shop):
    with app.app_context():
        pausing.pause("A drill", actor="test")
    begun = started(shop.api)
    assert begun["message_status"] == "queued"
    with app.app_context():
        text = sealed_texts.unseal(the_message()["fields"])
        assert the_message()["text"].startswith(MASK) and MASK not in text
    assert text not in everything_stored(app)
    with app.app_context():
        pausing.resume(actor="test")
        leave_by_queue()
        assert the_message()["fields"] is None
    assert shop.last_text() == text
    assert data_of(check(shop.api, shop.last_code(), begun["verification_id"]))["status"] == "approved"


def test_a_code_that_is_tried_again_leaves_whole_and_one_that_is_refused_then_has_failed(app, shop):
    shop.vendor.on("POST", "/send", *[answer(503)] * 9)
    begun = started(shop.api)
    assert begun["status"] == "pending"
    with app.app_context():
        assert (the_message()["status"], the_message()["submitted_at"]) == ("queued", None)
        assert sealed_texts.unseal(the_message()["fields"]) == shop.last_text()
        leave_by_queue(Outcome(REFUSED, code="x", text="no"))
        assert the_message()["fields"] is None
        assert ending.sweep() == 1
    found = shown(shop.api, begun["verification_id"])
    assert (found["status"], found["message_status"], found["cost"]) == ("failed", "failed", 0)
    assert shop.api.balance() == 100_000


def test_a_message_with_a_code_is_not_retried_by_hand(app, shop):
    shop.refuses()
    assert refused(start(shop.api), 502, "send_failed")
    (message,) = shop.api.messages()
    assert message["status"] == "failed" and message["text"].startswith(MASK)
    assert refused(shop.api.post(f"/messages/{message['id']}/retry"), 409, "not_retryable")
    assert shop.api.balance() == 100_000


def test_nothing_queues_it_again_by_another_way(app, shop):
    shop.refuses()
    start(shop.api)
    with app.app_context():
        again = Move(the_message()["id"], "queued", "retrying", "Sent again by itself")
        assert write(lambda tx: move(tx, [again], 1)) == []
        assert the_message()["status"] == "failed"


def test_no_clear_answer_leaves_it_pending(app, shop):
    shop.vendor.on("POST", "/send", answer(500))
    begun = started(shop.api)
    assert begun["status"] == "pending" and begun["message_status"] == "submitted"


def test_a_text_that_is_no_longer_kept_takes_its_sealed_one_along(app_with, clock):
    app = app_with(WESEND_KEEP_TEXT_DAYS="1")
    started(new_esms(app))
    clock.advance(10)
    ManualJobs(app).settle()
    clock.advance(3 * 86400)
    new_esms(app).send()
    with app.app_context():
        while retention.remove_texts():
            pass
        assert the_message()["fields"] is None and "removed" in sealed_texts.readable(the_message())


def test_no_log_holds_a_code(app, shop, caplog):
    with caplog.at_level("DEBUG"):
        begun = started(shop.api)
        check(shop.api, "000000000", begun["verification_id"])
    assert shop.last_code() not in caplog.text


def test_what_its_carrier_could_not_deliver_has_failed_though_the_route_sends_again(app, shop):
    """Another carrier would get the mask: nothing is sent again, and what became of it is told."""
    with app.app_context():
        set_up("http", shop.vendor.url, name="second")
        set_up("http", shop.vendor.url, id_path="id", receipt_id="id", receipt_status="s", delivered="d", failed="f")
        make_route("ESMS_UG", "http", resend_undelivered=True)
        make_route("SECOND", "second", priority=5)
    shop.vendor.on("POST", "/send", answer(200, {"id": "v1"}))
    begun = started(shop.api)
    with app.app_context():
        inbox.keep("http", [CallbackReceipt("v1", None, None, Receipt(FAILED, "UNDELIV"))])
        inbox.match_new()
    found = shop.api.message(begun["message_id"])
    assert (found["status"], found["error_code"]) == ("failed", "UNDELIV")
