"""Wasambazie `GET /sms/delivery-reports/{batch_id}`: from the first final message to the last."""

import pytest

from wesend.core.channels import SMS
from wesend.database import atomic, query
from wesend.dialects.wasambazie.report import WORDS
from wesend.messages.state.statuses import ALL
from wesend.routing import opt_outs

from ..support.accounts import mint
from ..support.apis import Wasambazie

DELIVERED, FAILS_LATER, REFUSED, UNKNOWN, SILENT = (
    "+255712345678",
    "+255710000099",
    "+255710000077",
    "+255710000066",
    "+255710000055",
)
NOT_YET = {"detail": "Report not yet available — the batch is still being processed."}


def batch_of(answer) -> str:
    assert answer.status_code == 201, answer.json
    return answer.json["message_batch_id"]


def test_there_is_no_report_until_a_message_is_final(wasambazie, jobs):
    batch = batch_of(wasambazie.send(DELIVERED))
    answer = wasambazie.report(batch)
    assert (answer.status_code, answer.json) == (404, NOT_YET)
    jobs.receipts()
    assert wasambazie.report(batch).status_code == 200


def test_a_report_is_the_references_body(wasambazie, jobs, clock):
    batch = batch_of(wasambazie.send(f"{DELIVERED},{FAILS_LATER}"))
    clock.advance(5)
    jobs.receipts()
    answer = wasambazie.report(batch)
    assert answer.status_code == 200
    assert answer.json == {
        "message_batch_id": batch,
        "summary": {"total": 2, "delivered": 1, "failed": 1},
        "messages": [
            {"to_number": DELIVERED, "status": "delivered", "delivered_at": "2026-06-10T12:00:05Z"},
            {"to_number": FAILS_LATER, "status": "failed", "delivered_at": None},
        ],
    }
    assert list(answer.json) == ["message_batch_id", "summary", "messages"]


def test_messages_still_under_way_are_shown_beside_final_ones(wasambazie, jobs):
    batch = batch_of(wasambazie.send(f"{DELIVERED},{SILENT},{UNKNOWN}"))
    jobs.receipts()
    report = wasambazie.report(batch).json
    assert report["summary"] == {"total": 3, "delivered": 1, "failed": 0}
    assert [(entry["status"], entry["delivered_at"]) for entry in report["messages"][1:]] == [("sent", None)] * 2


def test_a_message_that_waits_for_another_try_is_queued(wasambazie):
    batch = batch_of(wasambazie.send(f"+255710000044,{REFUSED}"))
    report = wasambazie.report(batch).json
    assert [entry["status"] for entry in report["messages"]] == ["queued", "failed"]


def test_a_refused_one_makes_the_report_available_at_once(wasambazie):
    batch = batch_of(wasambazie.send(f"{DELIVERED},{REFUSED}"))
    assert wasambazie.report(batch).json["summary"] == {"total": 2, "delivered": 0, "failed": 1}


def test_without_a_receipt_a_message_is_failed_when_its_validity_is_over(wasambazie, jobs, clock):
    batch = batch_of(wasambazie.send(SILENT))
    clock.advance(48 * 3600 - 1)
    jobs.expire()
    assert wasambazie.report(batch).status_code == 404
    clock.advance(1)
    jobs.expire()
    assert wasambazie.report(batch).json["messages"] == [{"to_number": SILENT, "status": "failed", "delivered_at": None}]


def test_duplicates_are_one_message_in_the_report(wasambazie, jobs):
    batch = batch_of(wasambazie.send(f"{DELIVERED},255712345678"))
    jobs.receipts()
    assert wasambazie.report(batch).json["summary"] == {"total": 1, "delivered": 1, "failed": 0}


def test_who_opted_out_is_failed_in_the_report_and_costs_nothing(wasambazie, app, jobs):
    with app.app_context(), atomic() as tx:
        account_id = query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]
        opt_outs.add_opt_out(tx, account_id=account_id, channel=SMS, address="+255722345678", source="test")
    before = wasambazie.balance()
    batch = batch_of(wasambazie.send(f"{DELIVERED},+255722345678"))
    jobs.receipts()
    report = wasambazie.report(batch).json
    assert report["summary"] == {"total": 2, "delivered": 1, "failed": 1}
    assert {entry["to_number"]: entry["status"] for entry in report["messages"]} == {
        DELIVERED: "delivered",
        "+255722345678": "failed",
    }
    assert wasambazie.balance() == before - 1


@pytest.mark.parametrize("given", ["255722345678", "+255 722 345678"])
def test_who_is_skipped_stands_in_the_report_as_everybody_else_does(wasambazie, app, jobs, given):
    with app.app_context(), atomic() as tx:
        account_id = query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]
        opt_outs.add_opt_out(tx, account_id=account_id, channel=SMS, address="+255722345678", source="test")
    batch = batch_of(wasambazie.send(f"{DELIVERED},{given}"))
    jobs.receipts()
    assert [entry["to_number"] for entry in wasambazie.report(batch).json["messages"]] == [DELIVERED, "+255722345678"]


@pytest.mark.parametrize("batch", ["nothing-like-it", "1", "%00", "../balance", "a" * 3000])
def test_an_unknown_batch_is_404(wasambazie, batch):
    answer = wasambazie.report(batch)
    assert answer.status_code == 404
    assert answer.json.keys() == {"detail"}


def test_an_unknown_batch_has_its_own_sentence(wasambazie):
    assert wasambazie.report("nothing-like-it").json == {"detail": "Message batch not found"}


def test_another_accounts_batch_does_not_exist(wasambazie, jobs, app):
    batch = batch_of(wasambazie.send(DELIVERED))
    jobs.receipts()
    given = mint(app, "wasambazie", country="TZ", currency="SMS").credentials
    answer = Wasambazie(app.test_client(), given.public, given.secret).report(batch)
    assert (answer.status_code, answer.json) == (404, {"detail": "Message batch not found"})


def test_every_status_has_one_of_the_references_four_words():
    assert set(WORDS) == set(ALL)
    assert set(WORDS.values()) == {"queued", "sent", "delivered", "failed"}
