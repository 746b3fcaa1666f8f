"""No list, job or webhook walks through a table that grows: each statement they run is explained by the database."""

from __future__ import annotations

import pytest

from wesend.accounts import idempotency
from wesend.accounts.service import get_account
from wesend.adapters.sms.base import CallbackReceipt, Receipt
from wesend.binds import deliveries, receipts
from wesend.contacts import groups, searching
from wesend.database import query, write
from wesend.messages.dispatch import holding, queue, suspension
from wesend.messages.receipts import inbox, polling
from wesend.messages.sending import actions, bulk
from wesend.messages.smpp import parts
from wesend.sandbox import handed_in
from wesend.wallets import deposit_polling
from wesend.webhooks import attempts, claims, endpoints

from ..conftest import make_app
from ..support.apis import Wesendall
from ..support.domain import make_wallet, put
from ..support.esms import ANN, BEN, BUSY, FAILS, REFUSED, Esms, data_of, new_list
from ..support.jobs import ManualJobs
from ..support.plans import Recorder


@pytest.fixture
def recorder(monkeypatch, postgresql_server):
    return Recorder(monkeypatch, on_postgresql=postgresql_server is not None)


@pytest.fixture
def app(recorder, app_with):
    return app_with()


@pytest.fixture
def api(app) -> Esms:
    """Messages of several kinds, a bulk, a webhook that listens and has something to deliver, keys of idempotency."""
    api = Esms(app.test_client())
    api.put("/webhooks", {"dlr_url": "https://example.com/dlr"})
    for to in (ANN, BEN, FAILS, BUSY):
        api.send(to, headers={"Idempotency-Key": f"k{to}"})
    api.send(REFUSED)
    api.bulk(new_list(api, ANN, BEN))
    return api


@pytest.fixture
def no_scan(api, recorder, instance):
    """Forgets how the test was set up; in the end nothing that ran since may have walked through a growing table."""
    recorder.statements.clear()
    yield
    assert recorder.statements, "something was looked at"
    assert recorder.scans(instance) == []


DATES = "date_from=2026-01-01T10:00:00Z&date_to=2030-01-01"
PATHS = (
    "/messages",
    "/messages?page=3&limit=1",
    "/messages?status=delivered",
    "/messages?status=queued",
    "/messages?status=retrying",
    "/messages?status=submitted&limit=1&page=2",
    f"/messages?{DATES}",
    f"/messages?status=failed&{DATES}",
    f"/messages?status=queued&{DATES}",
    "/messages?to=%2B256712345678",
    f"/messages?to=%2B256712345678&status=failed&{DATES}",
    "/messages?batch_id={batch}",
    "/messages?batch_id={batch}&status=queued",
    "/messages?batch_id={batch}&to=0712345678",
    "/messages/{message}",
    "/messages/batch/{batch}",
    "/messages/stats",
    "/messages/volume?days=90",
    "/messages/export",
    f"/messages/export?status=queued&{DATES}",
    "/messages/export?batch_id={batch}",
    "/balance",
    "/balance/transactions?page=1&limit=2",
    "/contact-lists",
    "/contact-lists/{list}",
    "/contact-lists/{list}/contacts?page=1&limit=1",
    "/sender-ids",
    "/routes",
    "/routes/health",
    "/webhooks",
)


@pytest.mark.parametrize("path", PATHS)
def test_reading_by_the_esms_api(api, recorder, no_scan, path):
    message = api.messages(limit=1)[0]["id"]
    known = {
        "message": message,
        "batch": api.message(message)["batch_id"],
        "list": data_of(api.get("/contact-lists"))["lists"][-1]["id"],
    }
    answer = api.get(path.format(**known))
    assert answer.status_code == 200 and answer.data


@pytest.mark.parametrize("query", ["", "&status=delivered", "&status=failed", "&page=2&limit=1"])
def test_a_whole_batch_is_not_counted_message_by_message(api, recorder, no_scan, query):
    """100,000 of them took 15 ms: the batch's own row knows how many there are."""
    batch = api.message(api.messages(limit=1)[0]["id"])["batch_id"]
    recorder.statements.clear()
    assert api.get(f"/messages?batch_id={batch}{query}").status_code == 200
    ran = str(recorder.statements)
    assert "FROM messages" in ran and "count(*)" not in ran


@pytest.mark.parametrize("path", [path for path in PATHS if path.startswith("/messages") or "health" in path])
def test_reading_where_an_account_has_both_sides(app, api, recorder, no_scan, path):
    """The wallets of one's own side are told apart from the other's."""
    with app.app_context():
        make_wallet("0", account=get_account(query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]))
    recorder.statements.clear()
    test_reading_by_the_esms_api(api, recorder, no_scan, path)


@pytest.mark.parametrize("typed", ["", "ann", "0712 345 678", "ann@example.com"])
def test_searching_all_contacts_of_an_account(app, api, recorder, no_scan, monkeypatch, typed):
    new_list(api, ANN, BEN)
    monkeypatch.setattr(searching, "LOOKED_THROUGH", 1)  # so that there are pages
    with app.app_context():
        account = get_account(query("SELECT account_id FROM groups ORDER BY id DESC LIMIT 1")[0][0])
        recorder.statements.clear()
        place: searching.Place | None = searching.START
        while place is not None:
            place = searching.search_account(account, typed, place=place, limit=50, actor="test").last


@pytest.mark.parametrize(
    "given", [{}, {"page": 2, "per_page": 1}, {"status": "failed"}, {"status": "sent"}, {"recipient": "0712345678"}]
)
def test_wesendalls_history(app, no_scan, given):
    Wesendall(app.test_client()).history(**given)


@pytest.mark.parametrize("path", ["/messages/{message}/cancel", "/messages/{message}/retry", "/messages/batch/{batch}/cancel"])
def test_changing_by_the_esms_api(app, api, jobs, recorder, no_scan, path):
    scheduled = data_of(api.bulk(1, schedule_mode="drip", drip_rate=1))["batch_id"]
    message = api.messages(limit=1)[0]["id"]
    if "retry" in path:
        with app.app_context():
            put(query("SELECT max(id) FROM messages")[0][0], "failed")
        recorder.statements.clear()
    assert api.post(path.format(message=message, batch=scheduled)).status_code == 200


def test_sending(api, no_scan):
    assert api.send().status_code == 200
    assert api.bulk(1, text="Hi {{name}}").status_code == 200
    assert api.precheck(1).status_code == 200
    assert api.send(headers={"Idempotency-Key": "k"}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?since=now",
        "?since=2020-01-01&order=desc",
        "?since={message}",
        "?to={to}",
        "?to={to}&since={message}",
        "?to={to}&since=2020-01-01",
    ],
)
@pytest.mark.parametrize("kind", ["messages", "emails"])
def test_what_the_sandbox_caught(app, api, recorder, no_scan, kind, query):
    message = api.messages(limit=1)[0]["id"].removeprefix("msg-")
    recorder.statements.clear()
    path = query.format(message=message, to="0712345678" if kind == "messages" else "ann@example.com")
    assert app.test_client().get(f"/sandbox/{kind}{path}").status_code == 200


SWEEPS = {
    "release": lambda: queue.release_due(),
    "dispatch: is anything due": lambda: queue.is_due("sandbox"),
    "dispatch: claim, submitting at once": lambda: queue.claim("sandbox", 10, submitting=True),
    "dispatch: claim, then start": lambda: queue.start([queue.claim("sandbox", 10)]),
    "dispatch: hand back": lambda: queue.hand_back([queue.claim("sandbox", 10)]),
    "dispatch: give back what was held": lambda: holding.give_back(),
    "recover leases": lambda: queue.recover_leases(),
    "undo abandoned bulks": lambda: bulk.undo_abandoned(),
    "sweep rejected bulks": lambda: bulk.sweep_rejected(),
    "finish cancellations": lambda: actions.finish_cancellations(),
    "poll receipts": lambda: polling.poll_due(),
    "expire": lambda: polling.expire(),
    "poll deposits": lambda: deposit_polling.poll_due(),
    "webhooks: who has something due": lambda: claims.due_endpoints(),
    "webhooks: when the next is due": lambda: claims.seconds_to_next(0),
    "webhooks: claim": lambda: claims.claim(1, 10),
    "webhooks: what was given up": lambda: attempts.retry_failed(
        endpoints.add_endpoint(account_id=1, format_name="esms", url="https://example.com/", actor="test")[0]["id"], 0, actor="test"
    ),
    "forget idempotency keys": lambda: idempotency.forget_old(),
    "forget mail that was caught": lambda: handed_in.forget_old(),
    "sweep deleted groups": lambda: groups.sweep_deleted(),
}


@pytest.mark.parametrize("name", SWEEPS)
def test_a_job(app, clock, no_scan, name):
    clock.advance(3 * 24 * 3600)
    with app.app_context():
        SWEEPS[name]()


@pytest.mark.parametrize("name", [name for name in SWEEPS if name.startswith(("release", "dispatch", "recover"))])
def test_a_job_while_an_account_is_suspended(app, clock, no_scan, recorder, name):
    clock.advance(3 * 24 * 3600)
    with app.app_context():
        suspension.suspend(1, actor="test")
        recorder.statements.clear()
        SWEEPS[name]()
        suspension.count_waiting(1, actor="test"), suspension.count_late(1, actor="test")


def test_a_message_from_the_queue_to_its_receipt(app, no_scan):
    jobs = ManualJobs(app)
    for _ in range(3):
        jobs.settle()


def test_a_scan_would_be_seen(instance, recorder):
    app = make_app(instance)
    with app.app_context():
        query("SELECT id FROM messages m WHERE text = ?", ("x",))
        query("SELECT count(*) FROM batches")
        query("SELECT id FROM messages WHERE uid = ?", ("x",))
        app.extensions["wesend.database"].close()
    assert len(recorder.scans(instance)) == 2


def test_receipts_that_gateways_bring(app, recorder, no_scan):
    """What is brought, what is told to SMPP clients of it, and what housekeeping takes away."""
    with app.app_context():
        (message,) = query("SELECT id, uid, gateway FROM messages ORDER BY id LIMIT 1")
        recorder.statements.clear()
        brought = CallbackReceipt(message["uid"], message["uid"], ANN, Receipt("delivered", "000", None))
        inbox.take(message["gateway"], [brought, brought._replace(gateway_ref="unknown", reference=None)])
        inbox.match_new()
        inbox.forget_old()
        news = receipts.News(message["id"], receipts.DELIVERED, 0, 1)
        write(lambda tx: receipts.tell(tx, [news]))
        parts.end_late()
        parts.forget_old(1)
        deliveries.claim((1, 2), 10)
        deliveries.try_now((1, 2))
        deliveries.record([deliveries.Told(1, "token", again, 0) for again in (False, True)])
        deliveries.give_up(1)
        deliveries.count_waiting()
        write(lambda tx: deliveries.withdraw(tx, 1, 1))
