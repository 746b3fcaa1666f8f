"""`/messages`: list, detail with its timeline, retry."""

from __future__ import annotations

import re

import pytest

from wesend.database import query
from wesend.messages.state.statuses import ALL

from ..support.database import written
from ..support.domain import put
from ..support.esms import ANN, BEN, BUSY, FAILS, HANGS, REFUSED, data_of, field_of, new_esms, new_list, refused

ENTRY = [
    "id",
    "phone",
    "text",
    "sender_id",
    "route",
    "country",
    "segments",
    "cost",
    "currency",
    "status",
    "error_code",
    "retry_count",
    "created_at",
    "delivered_at",
]
MORE = ["error_message", "batch_id", "submitted_at", "failed_at", "scheduled_at", "wallet_cost", "wallet_currency", "timeline"]
UTC_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_the_references_list(esms, jobs, clock):
    sent = data_of(esms.send(ANN, "Hello", sender_id="MyApp"))
    clock.advance(5)
    jobs.settle()
    answer = data_of(esms.get("/messages"))
    assert answer == {
        "messages": [
            {
                "id": sent["id"],
                "phone": ANN,
                "text": "Hello",
                "sender_id": "MyApp",
                "route": "ESMS_UG",
                "country": "UG",
                "segments": 1,
                "cost": 35,
                "currency": "UGX",
                "status": "delivered",
                "error_code": None,
                "retry_count": 0,
                "created_at": "2026-06-10T12:00:00Z",
                "delivered_at": "2026-06-10T12:00:05Z",
            }
        ],
        "total": 1,
        "page": 0,
        "limit": 20,
    }


def test_the_references_detail(esms, jobs, clock):
    sent = data_of(esms.send(ANN, "Hello"))
    clock.advance(5)
    jobs.settle()
    found = esms.message(sent["id"])
    assert set(found) == {*ENTRY, *MORE}
    submitted = found["timeline"][1]["metadata"].pop("gateway_message_id")
    assert submitted and found["timeline"] == [
        {
            "event": "accepted",
            "status": "queued",
            "detail": "API request received",
            "at": "2026-06-10T12:00:00Z",
            "metadata": {"source": "api_key"},
        },
        {"event": "submitted", "status": "submitted", "detail": "Gateway accepted", "at": "2026-06-10T12:00:00Z", "metadata": {}},
        {
            "event": "delivered",
            "status": "delivered",
            "detail": "DLR: DELIVRD",
            "at": "2026-06-10T12:00:05Z",
            **({"metadata": found["timeline"][2]["metadata"]} if "metadata" in found["timeline"][2] else {}),
        },
    ]
    assert (found["submitted_at"], found["delivered_at"], found["failed_at"], found["scheduled_at"]) == (
        "2026-06-10T12:00:00Z",
        "2026-06-10T12:00:05Z",
        None,
        None,
    )
    assert (str(found["wallet_cost"]), found["wallet_currency"]) == ("1.213", "KES")
    assert re.fullmatch(r"batch-[0-9a-f-]{36}", found["batch_id"])
    assert (found["error_code"], found["error_message"]) == (None, None), "the gateway's word of success is no error"


def test_an_unknown_outcome_has_no_word_of_its_own_in_the_timeline(esms):
    found = esms.message(data_of(esms.send(HANGS))["id"])
    assert [event["status"] for event in found["timeline"]] == ["queued", "submitted"]


def test_pages_are_newest_first_and_complete(app, clock):
    api = new_esms(app)
    sent = []
    for _ in range(7):
        sent.append(data_of(api.send())["id"])
        clock.advance(3 * 3600)  # over midnight, in Kampala and in Greenwich
    pages = [data_of(api.get("/messages", query_string={"limit": 3, "page": page})) for page in range(4)]
    assert [message["id"] for page in pages for message in page["messages"]] == sent[::-1]
    assert {page["total"] for page in pages} == {7} and [len(page["messages"]) for page in pages] == [3, 3, 1, 0]


@pytest.mark.parametrize(
    "query_string,loc",
    [
        ({"page": "-1"}, "page"),
        ({"page": "x"}, "page"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "1e2"}, "limit"),
        ({"status": "unknown"}, "status"),
        ({"status": "DELIVERED"}, "status"),
        ({"date_from": "yesterday"}, "date_from"),
        ({"date_to": "2026-02-30"}, "date_to"),
        ({"date_from": "2026-13-01T00:00:00Z"}, "date_from"),
        ({"date_to": "2026-06"}, "date_to"),
        ({"page": "9" * 30}, "page"),
    ],
)
def test_a_wrong_parameter_is_422(esms, query_string, loc):
    assert field_of(esms.get("/messages", query_string=query_string)) == ["query", loc]


def test_a_page_beyond_the_end_is_empty(esms):
    esms.send()
    answer = data_of(esms.get("/messages", query_string={"page": 10**9, "limit": 100}))
    assert (answer["messages"], answer["total"]) == ([], 1)


@pytest.mark.parametrize("status", ALL)
def test_every_status_has_a_word_that_the_list_can_be_asked_for(app, status):
    api = new_esms(app)
    message_id = data_of(api.send())["id"]
    with app.app_context():
        put(query("SELECT max(id) FROM messages")[0][0], status)
    word = api.message(message_id)["status"]
    assert word in ("scheduled", "dripping", "queued", "submitted", "sent", "delivered", "failed", "retrying", "cancelled")
    assert [found["id"] for found in api.messages(status=word)] == [message_id]
    others = {"scheduled", "queued", "submitted", "sent", "delivered", "failed", "retrying", "cancelled"} - {word}
    assert all(api.messages(status=other) == [] for other in others)


def test_a_message_that_is_tried_again_is_retrying_and_not_queued(app):
    api = new_esms(app)
    message_id = data_of(api.send(BUSY))["id"]
    assert [found["id"] for found in api.messages(status="retrying")] == [message_id]
    assert api.messages(status="queued") == []


def test_the_list_of_a_batch(app, jobs):
    api = new_esms(app)
    api.send()
    batch_id = data_of(api.bulk(new_list(api, ANN, BEN, FAILS)))["batch_id"]
    jobs.settle()
    assert {message["phone"] for message in api.messages(batch_id=batch_id)} == {ANN, BEN, FAILS}
    assert [message["phone"] for message in api.messages(batch_id=batch_id, status="failed")] == [FAILS]
    assert data_of(api.get("/messages", query_string={"batch_id": batch_id, "limit": 1}))["total"] == 3
    assert api.messages(batch_id="batch-" + "0" * 36) == []


@pytest.mark.parametrize("to", [ANN, "256712345678", "0712345678", "+256 712 345678"])
def test_the_list_of_a_phone_in_any_form(app, to):
    api = new_esms(app)
    api.send(BEN)
    sent = data_of(api.send(ANN))["id"]
    assert [message["id"] for message in api.messages(to=to)] == [sent]


def test_dates_are_days_of_the_accounts_zone_and_inclusive(app, clock):
    """12:00 UTC is 15:00 in Kampala: the day after begins nine hours later."""
    api = new_esms(app)
    clock.advance(9 * 3600 - 1)
    evening = data_of(api.send())["id"]
    clock.advance(1)
    morning = data_of(api.send())["id"]

    def ids(**dates):
        return [message["id"] for message in api.messages(**dates)]

    assert ids(date_from="2026-06-10", date_to="2026-06-10") == [evening]
    assert ids(date_from="2026-06-11") == [morning] == ids(date_from="2026-06-11", date_to="2026-06-11")
    assert ids(date_to="2026-06-11") == [morning, evening] == ids(date_from="2026-06-10")
    assert ids(date_from="2026-06-12") == [] == ids(date_to="2026-06-09")
    assert ids(date_from="20260610", date_to="2026-W24-3") == [evening], "however ISO 8601 writes a date"
    assert ids(date_to="9999-12-31") == [morning, evening], "a period without an end, as forms write it"


def test_instants_are_inclusive_to_the_millisecond_and_in_any_zone(app, clock):
    api = new_esms(app)
    sent = []
    for _ in range(3):
        sent.append(data_of(api.send())["id"])
        clock.advance(60)
    first, second, third = sent

    def ids(**instants):
        answer = data_of(api.get("/messages", query_string=instants))
        assert answer["total"] == len(answer["messages"])
        return [message["id"] for message in answer["messages"]]

    assert ids(date_from="2026-06-10T12:01:00Z") == [third, second]
    assert ids(date_from="2026-06-10T12:01:00.001Z") == [third]
    assert ids(date_to="2026-06-10T12:01:00Z") == [second, first]
    assert ids(date_from="2026-06-10T15:00:00+03:00", date_to="2026-06-10T15:00:00+03:00") == [first]
    assert ids(date_from="2026-06-10T12:01:00Z", status="submitted") == [third, second]
    assert ids(date_to="2026-06-10T12:01:00Z", to=ANN) == [second, first]


def test_a_message_is_found_from_and_up_to_the_time_that_it_is_shown_with(app, clock):
    api = new_esms(app)
    clock.advance(0.7)
    sent = data_of(api.send())["id"]
    shown = api.message(sent)["created_at"]
    assert shown == "2026-06-10T12:00:00Z"
    assert [message["id"] for message in api.messages(date_from=shown, date_to=shown)] == [sent]
    assert api.messages(date_to="2026-06-10T12:00:00.699Z") == [] == api.messages(date_to="2026-06-10T11:59:59Z")


@pytest.mark.parametrize("instant", ["0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31", "9999-12-31T23:59:59-14:00"])
def test_instants_at_the_ends_of_time_do_no_harm(esms, instant):
    esms.send()
    for name in ("date_from", "date_to"):
        assert esms.get("/messages", query_string={name: instant}).status_code in (200, 422)


@pytest.mark.parametrize("message_id", ["msg-1", "1", "x" * 300, "msg-" + "0" * 36])
def test_an_unknown_message_is_404(esms, message_id):
    for method, path in (("GET", ""), ("POST", "/retry"), ("POST", "/cancel")):
        assert refused(esms.call(method, f"/messages/{message_id}{path}"), 404, "not_found")


def test_another_accounts_message_does_not_exist(app, esms):
    other = new_esms(app)
    sent = data_of(other.send(REFUSED))
    batch_id = other.message(sent["id"])["batch_id"]
    for path in (f"/messages/{sent['id']}", f"/messages/batch/{batch_id}"):
        assert refused(esms.get(path), 404, "not_found")
    assert refused(esms.post(f"/messages/{sent['id']}/retry"), 404, "not_found")
    assert esms.messages() == [] and esms.messages(batch_id=batch_id) == []


def test_a_failed_message_is_retried_by_hand_and_charged_again(app, jobs):
    api = new_esms(app)
    sent = data_of(api.send(FAILS))
    jobs.settle()
    assert api.balance() == 965
    assert data_of(api.post(f"/messages/{sent['id']}/retry")) == {"id": sent["id"], "status": "retrying", "retry_count": 1}
    assert (api.message(sent["id"])["status"], api.balance()) == ("retrying", 930)
    jobs.settle()
    found = api.message(sent["id"])
    assert (found["status"], found["retry_count"], api.balance()) == ("failed", 1, 930)
    assert [event["status"] for event in found["timeline"]] == ["queued", "submitted", "failed", "retrying", "submitted", "failed"]


def test_a_message_is_retried_three_times_and_then_no_more(app, jobs):
    api = new_esms(app)
    sent = data_of(api.send(REFUSED))
    for count in (1, 2, 3):
        assert data_of(api.post(f"/messages/{sent['id']}/retry"))["retry_count"] == count
        jobs.settle()
        assert api.balance() == 1000, "a refusal is refunded each time"
    before = written(app)
    assert refused(api.post(f"/messages/{sent['id']}/retry"), 409, "max_retries_exceeded")
    assert written(app) == before


def test_only_a_failed_message_is_retryable(app, jobs):
    api = new_esms(app)
    sent = data_of(api.send())
    assert refused(api.post(f"/messages/{sent['id']}/retry"), 409, "not_retryable")
    jobs.settle()
    assert refused(api.post(f"/messages/{sent['id']}/retry"), 409, "not_retryable")
    assert api.balance() == 965


def test_a_retry_that_cannot_be_paid_is_422_and_changes_nothing(app, jobs):
    api = new_esms(app, balance="35")
    sent = data_of(api.send(FAILS))
    jobs.settle()
    before = written(app)
    answer = api.post(f"/messages/{sent['id']}/retry")
    assert refused(answer, 422, "insufficient_balance")
    assert {name: answer.json["detail"][name] for name in ("balance", "cost", "currency")} == {
        "balance": 0,
        "cost": 35,
        "currency": "UGX",
    }
    assert written(app) == before and api.message(sent["id"])["status"] == "failed"
