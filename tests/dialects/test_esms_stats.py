"""`/messages/stats` and `/messages/volume`: days of the account's zone, from the roll-up."""

from __future__ import annotations

import pytest

from ..support.esms import ANN, BEN, FAILS, REFUSED, data_of, field_of, new_esms, new_list

DAY = 24 * 3600


def stats(api) -> dict:
    found = data_of(api.get("/messages/stats"))
    return {name: float(value) if name in ("sent_delta_pct", "delivery_rate") else value for name, value in found.items()}


def volume(api, **query) -> list[dict]:
    return data_of(api.get("/messages/volume", query_string=query))


def test_an_account_that_sent_nothing(app):
    assert stats(new_esms(app)) == {
        "sent_today": 0,
        "sent_delta_pct": 0,
        "delivery_rate": 0,
        "failed_today": 0,
        "failed_delta": 0,
        "balance": 1000,
        "currency": "UGX",
        "period_total": 0,
        "period_days": 14,
    }


def test_today_beside_yesterday(app, clock, jobs):
    api = new_esms(app)
    for to in (ANN, FAILS, FAILS, BEN):
        api.send(to)
    clock.advance(2)
    jobs.settle()
    clock.advance(DAY)
    for to in (ANN, ANN, BEN, REFUSED, ANN):
        api.send(to)
    clock.advance(2)
    jobs.settle()
    assert stats(api) == {
        "sent_today": 5,
        "sent_delta_pct": 25.0,
        "delivery_rate": 66.7,
        "failed_today": 1,
        "failed_delta": -1,
        "balance": 1000 - 8 * 35,
        "currency": "UGX",
        "period_total": 9,
        "period_days": 14,
    }


def test_a_percentage_from_zero_is_zero(app):
    api = new_esms(app)
    api.send()
    assert (stats(api)["sent_today"], stats(api)["sent_delta_pct"]) == (1, 0)


def test_the_period_is_fourteen_days_with_today(app, clock):
    api = new_esms(app)
    api.send()
    clock.advance(13 * DAY)
    assert stats(api)["period_total"] == 1
    clock.advance(DAY)
    assert stats(api)["period_total"] == 0


def test_the_day_turns_at_midnight_in_the_accounts_zone(app, clock):
    """12:00 UTC is 15:00 in Kampala: nine hours to midnight there, twelve in Greenwich."""
    api = new_esms(app)
    api.send()
    clock.advance(9 * 3600 - 1)
    assert (stats(api)["sent_today"], volume(api)[-1]["date"]) == (1, "2026-06-10")
    clock.advance(1)
    assert (stats(api)["sent_today"], volume(api)[-1]["date"]) == (0, "2026-06-11")


def test_the_volume_has_a_row_for_every_day_oldest_first(app, clock, jobs):
    api = new_esms(app)
    api.send(FAILS)
    clock.advance(2)
    jobs.settle()
    clock.advance(2 * DAY)
    api.send()
    clock.advance(2)
    jobs.settle()
    api.send(BEN)
    assert volume(api, days=4) == [
        {"date": "2026-06-09", "day": "Tue", "delivered": 0, "failed": 0, "pending": 0},
        {"date": "2026-06-10", "day": "Wed", "delivered": 0, "failed": 1, "pending": 0},
        {"date": "2026-06-11", "day": "Thu", "delivered": 0, "failed": 0, "pending": 0},
        {"date": "2026-06-12", "day": "Fri", "delivered": 1, "failed": 0, "pending": 1},
    ]


def test_what_was_taken_back_is_neither_pending_nor_failed(app, clock):
    api = new_esms(app)
    batch_id = data_of(api.bulk(new_list(api, ANN), schedule_mode="scheduled", scheduled_at="2026-06-10T13:00:00Z"))["batch_id"]
    assert volume(api)[-1]["pending"] == 1
    api.post(f"/messages/batch/{batch_id}/cancel")
    assert volume(api)[-1] == {"date": "2026-06-10", "day": "Wed", "delivered": 0, "failed": 0, "pending": 0}
    assert stats(api)["sent_today"] == 1, "all created today"


@pytest.mark.parametrize("days,rows", [(None, 14), (1, 1), (90, 90)])
def test_days_are_fourteen_unless_asked_for(esms, days, rows):
    assert len(volume(esms, **({} if days is None else {"days": days}))) == rows


@pytest.mark.parametrize("days", ["0", "91", "-1", "x", "1.5"])
def test_other_days_are_422(esms, days):
    assert field_of(esms.get("/messages/volume", query_string={"days": days})) == ["query", "days"]
