"""`GET /sms/history`: entries, pages and filters."""

from __future__ import annotations

import re

import pytest

from ..support.accounts import new_wesendall
from ..support.wesendall import ANN, BUSY, FAILS, HANGS, REFUSED, SILENT, data_of, refused

UTC_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
E164 = {phone: "+256" + phone[1:] for phone in (REFUSED, HANGS, SILENT, BUSY, FAILS)}


def history(api, **query_string):
    return api.get("/sms/history", query_string={"walletId": api.wallet, **query_string})


def test_an_entry_of_the_history(app, jobs):
    api = new_wesendall(app)
    sent = data_of(api.send("0712345678", "x" * 161))
    jobs.settle()
    shown = history(api).json
    [entry] = shown["data"]["messages"]
    assert shown == {
        "success": True,
        "data": {"messages": [entry], "pagination": {"current_page": 1, "per_page": 20, "total": 1, "last_page": 1}},
    }
    assert UTC_SECOND.fullmatch(entry.pop("created_at")) and UTC_SECOND.fullmatch(entry.pop("delivered_at"))
    assert entry == {
        "message_id": sent["results"][0]["message_id"],
        "recipient": ANN,
        "message": "x" * 161,
        "sender_id": None,
        "status": "delivered",
        "segments": 2,
        "cost": 70,
        "currency": "UGX",
        "error": None,
    }


def test_an_empty_history_has_one_page(app):
    assert history(new_wesendall(app)).json["data"] == {
        "messages": [],
        "pagination": {"current_page": 1, "per_page": 20, "total": 0, "last_page": 1},
    }


def test_the_history_is_newest_first_and_paginated(app):
    api = new_wesendall(app, balance="100000")
    phones = [f"+2567120000{number:02d}" for number in range(45)]
    for start in range(0, 45, 15):
        api.send(phones[start : start + 15])
    pages = [history(api, page=page).json["data"] for page in (1, 2, 3, 4)]
    assert [message["recipient"] for page in pages for message in page["messages"]] == phones[::-1]
    assert [len(page["messages"]) for page in pages] == [20, 20, 5, 0]
    assert [page["pagination"] for page in pages] == [
        {"current_page": number, "per_page": 20, "total": 45, "last_page": 3} for number in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize("name", ["per_page", "limit"])
def test_per_page_and_its_alias_limit_hold_from_1_to_100(app, name):
    api = new_wesendall(app, balance="100000")
    api.send([f"0712{number:06d}" for number in range(100)])
    for size in (1, 7, 100):
        data = history(api, **{name: size}).json["data"]
        assert (len(data["messages"]), data["pagination"]["per_page"]) == (size, size)
        assert data["pagination"]["last_page"] == -(-100 // size)
    for size in ("0", "101", "-1", "x", "", "1.5", "9" * 30):
        answer = history(api, **{name: size})
        assert refused(answer, 400, "validation_error")


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "1.5"])
def test_a_page_that_is_none_is_400(wesendall, page):
    assert history(wesendall, page=page).status_code == 400


def test_the_status_filter_uses_the_words_that_are_shown(app, jobs):
    api = new_wesendall(app)
    api.send(["0712345678", REFUSED, FAILS, SILENT, HANGS])
    jobs.settle()
    api.send(BUSY)
    expected = {
        "queued": {E164[BUSY]},
        "sent": {E164[SILENT], E164[HANGS]},
        "delivered": {ANN},
        "failed": {E164[REFUSED], E164[FAILS]},
    }
    for status, phones in expected.items():
        data = history(api, status=status).json["data"]
        assert {message["recipient"] for message in data["messages"]} == phones
        assert {message["status"] for message in data["messages"]} == {status}
        assert data["pagination"]["total"] == len(phones)
    assert history(api).json["data"]["pagination"]["total"] == 6


@pytest.mark.parametrize("status", ["pending", "DELIVERED", "submitted", "unknown", "", "sent,failed", "x"])
def test_an_unknown_status_filter_is_400(wesendall, status):
    answer = history(wesendall, status=status)
    assert refused(answer, 400, "validation_error")
    assert list(answer.json["data"]["fields"]) == ["status"]


@pytest.mark.parametrize("given", [ANN, "0712345678", "712345678", "256712345678", "0712 345 678"])
def test_the_recipient_filter_reads_any_form(wesendall, given):
    wesendall.send(["0712345678", "0772345678"])
    wesendall.send("0712345678")
    data = history(wesendall, recipient=given).json["data"]
    assert [message["recipient"] for message in data["messages"]] == [ANN, ANN]
    assert data["pagination"]["total"] == 2


def test_a_plus_that_was_not_escaped_is_still_found(wesendall):
    wesendall.send("0712345678")
    answer = wesendall.get(f"/sms/history?walletId={wesendall.wallet}&recipient=+256712345678")
    assert [message["recipient"] for message in answer.json["data"]["messages"]] == [ANN]


def test_a_recipient_that_got_nothing_has_no_history(wesendall):
    wesendall.send("0712345678")
    for given in ("0772345678", "nobody", "%"):
        assert history(wesendall, recipient=given).json["data"]["pagination"]["total"] == 0


def test_the_history_is_one_wallets(app, wesendall):
    wesendall.send("0712345678")
    assert history(new_wesendall(app)).json["data"]["messages"] == []
    assert wesendall.get("/sms/history", query_string={"walletId": "wal_sandbox_esms"}).json["data"]["messages"] == []
