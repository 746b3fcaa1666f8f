"""`GET /messages/export`: the list's filters, streamed, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from wesend.messages.reporting import history

from ..support.esms import ANN, BEN, REFUSED, data_of, field_of, new_esms, new_list

COLUMNS = [
    "message_id",
    "phone",
    "sender_id",
    "text",
    "status",
    "country",
    "currency",
    "cost",
    "segments",
    "created_at",
    "delivered_at",
]


def export(api, **query) -> list[dict[str, str]]:
    answer = api.get("/messages/export", query_string=query)
    assert answer.status_code == 200 and answer.mimetype == "text/csv", answer.get_data(as_text=True)
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def test_a_line_has_the_contracts_columns(app, jobs, clock):
    api = new_esms(app, currency="KES")
    sent = data_of(api.send(ANN, 'Hello, "you"\nthere'))["id"]
    clock.advance(5)
    jobs.settle()
    answer = api.get("/messages/export")
    assert answer.get_data(as_text=True).splitlines()[0] == ",".join(COLUMNS)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert export(api) == [
        {
            "message_id": sent,
            "phone": f"'{ANN}",
            "sender_id": "",
            "text": 'Hello, "you"\nthere',
            "status": "delivered",
            "country": "UG",
            "currency": "UGX",
            "cost": "35",
            "segments": "1",
            "created_at": "2026-06-10T12:00:00Z",
            "delivered_at": "2026-06-10T12:00:05Z",
        }
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "＝1+1", "＋1", "－1", "＠x"])
def test_a_text_that_looks_like_a_formula_is_quoted(esms, text):
    esms.send(text=text)
    assert export(esms)[0]["text"] == f"'{text}"


def test_a_plain_text_is_left_as_it_is(esms):
    esms.send(text="a=1 'quoted'")
    assert export(esms)[0]["text"] == "a=1 'quoted'"


def test_it_takes_the_filters_of_the_list(app, jobs):
    api = new_esms(app)
    batch_id = data_of(api.bulk(new_list(api, ANN, BEN)))["batch_id"]
    api.send(REFUSED)
    jobs.settle()
    assert len(export(api)) == 3
    assert [line["status"] for line in export(api, status="failed")] == ["failed"]
    assert {line["phone"] for line in export(api, batch_id=batch_id)} == {f"'{ANN}", f"'{BEN}"}
    assert len(export(api, to=ANN)) == 1 and len(export(api, date_from="2000-01-01", date_to="2000-12-31")) == 0
    assert export(api, batch_id="batch-none") == []
    assert field_of(api.get("/messages/export?status=lost")) == ["query", "status"]


@pytest.mark.parametrize("filters", [{}, {"status": "queued"}, {"date_from": "2026-06-01"}, {"to": ANN}])
def test_every_message_comes_once_over_chunks_and_days(app, clock, monkeypatch, filters):
    monkeypatch.setattr(history.chunk_after, "__defaults__", (3,))
    api = new_esms(app)
    people = new_list(api, ANN, BEN, "+256782345678", "+256752345678")
    for _ in range(3):
        api.bulk(people)
        clock.advance(14 * 3600)
    listed = [message["id"] for message in api.messages(**filters)]
    assert len(listed) == (3 if "to" in filters else 12)
    assert [line["message_id"] for line in export(api, **filters)] == listed


def test_the_answer_is_streamed(app, monkeypatch):
    """The header is there before a message is read, and each chunk is read when the client comes to it."""
    api = new_esms(app)
    api.bulk(new_list(api, ANN, BEN, "+256782345678"))
    monkeypatch.setattr(history.chunk_after, "__defaults__", (1,))
    reads = []
    chunk_after = history.chunk_after
    monkeypatch.setattr(history, "chunk_after", lambda *given, **more: reads.append(given) or chunk_after(*given, **more))
    parts = iter(api.get("/messages/export", buffered=False).response)
    assert next(parts).decode().startswith("message_id,") and reads == []
    next(parts)
    assert len(reads) == 1
    assert len(list(parts)) == 2 and len(reads) == 4
