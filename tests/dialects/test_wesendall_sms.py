"""`POST /sms/send`: its answer, its text and segments."""

from __future__ import annotations

import pytest

from ..support.accounts import new_wesendall
from ..support.database import written
from ..support.wesendall import data_of, refused


def test_a_send_answers_as_the_contract_shows(app):
    api = new_wesendall(app, balance="5000")
    answer = api.send(["0712345678", "0772345678"], "Hello")
    shown = answer.json
    ids = [result.pop("message_id") for result in shown["data"]["results"]]
    assert len({*ids, shown["data"].pop("batch_id")}) == 3
    assert answer.status_code == 200 and answer.is_json
    assert shown == {
        "success": True,
        "message": "2 messages sent",
        "data": {
            "wallet_id": api.wallet,
            "total_recipients": 2,
            "successful": 2,
            "failed": 0,
            "segments": 1,
            "total_cost": 70,
            "refunded": 0,
            "currency": "UGX",
            "remaining_balance": 4930,
            "results": [
                {"recipient": "+256712345678", "status": "sent", "segments": 1, "cost": 35, "error": None},
                {"recipient": "+256772345678", "status": "sent", "segments": 1, "cost": 35, "error": None},
            ],
        },
    }


def test_one_message_is_said_to_be_one(wesendall):
    assert wesendall.send("0712345678").json["message"] == "1 message sent"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("Ж" * 70, 1),
        ("Ж" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("x" * 1530, 10),
        ("Ж" * 670, 10),
    ],
    ids=lambda value: str(value)[:3],
)
def test_segments_are_counted_and_paid(app, text, count):
    data = data_of(new_wesendall(app).send("0712345678", text))
    assert (data["segments"], data["results"][0]["segments"], data["total_cost"]) == (count, count, 35 * count)


@pytest.mark.parametrize("text", ["x" * 1531, "Ж" * 671, "x" * 1529 + "€", "x" * 100_000], ids=len)
def test_more_than_ten_segments_are_400_and_write_nothing(app, wesendall, text):
    before = written(app)
    answer = wesendall.send("0712345678", text)
    assert refused(answer, 400, "validation_error")
    assert list(answer.json["data"]["fields"]) == ["message"]
    assert written(app) == before


@pytest.mark.parametrize("text", ["", "  ", "\n", None, 5, ["Hi"], {"text": "Hi"}, True], ids=str)
def test_a_message_that_is_empty_or_no_text_is_400(wesendall, text):
    answer = wesendall.send("0712345678", text)
    assert refused(answer, 400, "validation_error")
    assert list(answer.json["data"]["fields"]) == ["message"]


def test_the_text_arrives_as_it_was_written(wesendall):
    text = " Code: 1 < 2 && {x} {{name}}\nßЖ😀 '; DROP TABLE messages; -- "
    wesendall.send("0712345678", text)
    assert wesendall.history()[0]["message"] == text


def test_unknown_fields_are_passed_over(wesendall):
    assert wesendall.send("0712345678", priority="high", nested={"a": [1]}).status_code == 200
