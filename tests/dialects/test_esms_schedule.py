"""Schedule windows of single and bulk sends at both borders, released when due, taken back before; drip at its pace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ..support.database import written
from ..support.esms import ANN, REFUSED, data_of, field_of, new_esms, new_list, refused

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)  # where the clock fixture stands
SECOND = timedelta(seconds=1)
SINGLE = (timedelta(minutes=5), timedelta(days=7))
BULK = (timedelta(minutes=10), timedelta(days=90))


def at(ahead: timedelta) -> str:
    return (NOW + ahead).strftime("%Y-%m-%dT%H:%M:%SZ")


def schedule(api, ahead: timedelta | str, **more):
    return api.send(schedule_mode="scheduled", scheduled_at=ahead if isinstance(ahead, str) else at(ahead), **more)


def schedule_bulk(api, list_id: int, ahead: timedelta, **more):
    return api.bulk(list_id, schedule_mode="scheduled", scheduled_at=at(ahead), **more)


@pytest.mark.parametrize("ahead", SINGLE)
def test_both_ends_of_the_window_of_a_single_send_are_in_it(app, clock, ahead):
    api = new_esms(app)
    sent = data_of(schedule(api, ahead))
    assert (sent["status"], sent["scheduled_at"], sent["cost"], sent["balance_after"]) == ("scheduled", at(ahead), 35, 965)


@pytest.mark.parametrize("ahead", [SINGLE[0] - SECOND, SINGLE[1] + SECOND, timedelta(0), -timedelta(days=1)])
def test_a_second_outside_the_window_is_400(app, esms, clock, ahead):
    before = written(app)
    assert refused(schedule(esms, ahead), 400, "invalid_schedule")
    assert written(app) == before


@pytest.mark.parametrize("ahead", BULK)
def test_both_ends_of_the_window_of_a_bulk_are_in_it(app, clock, ahead):
    api = new_esms(app)
    assert data_of(schedule_bulk(api, new_list(api, ANN), ahead))["status"] == "scheduled"


@pytest.mark.parametrize("ahead", [BULK[0] - SECOND, BULK[1] + SECOND])
def test_a_second_outside_the_window_of_a_bulk_is_400(app, esms, clock, ahead):
    before = written(app)
    assert refused(schedule_bulk(esms, 1, ahead), 400, "invalid_schedule")
    assert written(app) == before


@pytest.mark.parametrize(
    "given",
    ["2026-06-10T12:05:00", "2026-06-10T12:05:00.000Z", "2026-06-10T15:05:00+03:00", "2026-06-10 12:05:00Z", "20260610T120500Z"],
)
def test_a_time_may_be_any_iso_form_and_is_utc_without_a_zone(esms, clock, given):
    assert data_of(schedule(esms, given))["scheduled_at"] == at(SINGLE[0])


@pytest.mark.parametrize(
    "given",
    [
        "tomorrow",
        "1781093100",
        "2026-06-31T12:00:00Z",
        "2026-06-10T25:00:00Z",
        "12:05",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "",
        " ",
        None,
    ],
)
def test_what_is_no_time_is_400(esms, clock, given):
    assert refused(esms.send(schedule_mode="scheduled", scheduled_at=given), 400, "invalid_schedule")


def test_a_scheduled_send_without_its_time_is_400(esms):
    assert refused(esms.send(schedule_mode="scheduled"), 400, "invalid_schedule")


@pytest.mark.parametrize("mode", ["now", None])
def test_now_is_the_default_and_heeds_no_time(esms, mode):
    sent = data_of(esms.send(schedule_mode=mode, scheduled_at=None))
    assert (sent["status"], sent["scheduled_at"]) == ("submitted", None)


def test_a_scheduled_message_leaves_at_its_time_and_not_before(app, clock, jobs):
    api = new_esms(app)
    sent = data_of(schedule(api, timedelta(minutes=5)))
    clock.advance(299.999)
    jobs.settle()
    assert api.message(sent["id"])["status"] == "scheduled"
    clock.advance(0.001)
    jobs.settle()
    found = api.message(sent["id"])
    assert (found["status"], found["scheduled_at"]) == ("delivered", at(timedelta(minutes=5)))
    assert [(event["event"], event["status"], event["at"]) for event in found["timeline"]] == [
        ("accepted", "scheduled", at(timedelta(0))),
        ("released", "queued", at(timedelta(minutes=5))),
        ("submitted", "submitted", at(timedelta(minutes=5))),
        ("delivered", "delivered", at(timedelta(minutes=5))),
    ]
    assert found["timeline"][1]["metadata"] == {"source": "scheduler"}


def test_a_refused_scheduled_message_is_refunded_when_it_is_tried(app, clock, jobs):
    api = new_esms(app)
    schedule(api, timedelta(minutes=5), to=REFUSED)
    assert api.balance() == 965
    clock.advance(300)
    jobs.settle()
    assert (api.messages()[0]["status"], api.balance()) == ("failed", 1000)


def test_a_scheduled_message_is_taken_back_and_refunded_once(app, clock, jobs):
    api = new_esms(app)
    sent = data_of(schedule(api, timedelta(minutes=5)))
    done = api.post(f"/messages/{sent['id']}/cancel")
    assert data_of(done) == {"id": sent["id"], "status": "cancelled", "cancelled": 1, "refunded": 35}
    assert refused(api.post(f"/messages/{sent['id']}/cancel"), 409, "not_cancellable")
    clock.advance(301)
    jobs.settle()
    found = api.message(sent["id"])
    assert (found["status"], found["wallet_cost"], api.balance()) == ("cancelled", 0, 1000)
    assert [event["status"] for event in found["timeline"]] == ["scheduled", "cancelled"]


def test_a_message_that_was_sent_or_queued_is_not_cancellable(app, clock, jobs):
    api = new_esms(app)
    assert refused(api.post(f"/messages/{data_of(api.send())['id']}/cancel"), 409, "not_cancellable")
    assert api.balance() == 965


def test_a_drip_keeps_its_pace_within_five_percent(app, clock, jobs):
    """120 a minute: the first at once, then one each half second, however often the scheduler looks."""
    api = new_esms(app, balance="100000")
    batch_id = data_of(
        api.bulk(new_list(api, *(f"+256712{index:06d}" for index in range(300))), schedule_mode="drip", drip_rate=120)
    )["batch_id"]
    left = []
    for _ in range(150):
        jobs.dispatch()
        left.append(api.batch(batch_id)["submitted"])
        clock.advance(1)
    assert left[0] == 1
    for second in range(1, 150):
        assert abs(left[second] - 2 * second) <= max(1, 0.05 * 2 * second), second
    assert left[-1] >= 298


@pytest.mark.parametrize("rate", [1, 600])
def test_a_drip_rate_is_from_1_to_600(app, rate):
    api = new_esms(app)
    assert data_of(api.bulk(new_list(api, ANN), schedule_mode="drip", drip_rate=rate))["status"] == "dripping"


@pytest.mark.parametrize("rate", [0, 601, -1, 1.5, "60", True])
def test_another_drip_rate_is_422(app, esms, rate):
    before = written(app)
    assert field_of(esms.bulk(1, schedule_mode="drip", drip_rate=rate)) == ["body", "drip_rate"]
    assert written(app) == before


def test_a_drip_without_its_rate_is_400(esms):
    assert refused(esms.bulk(1, schedule_mode="drip"), 400, "invalid_schedule")


def test_scheduled_and_drip_rate_exclude_each_other(app, esms, clock):
    before = written(app)
    assert refused(schedule_bulk(esms, 1, timedelta(hours=1), drip_rate=60), 400, "invalid_schedule")
    assert written(app) == before


def test_a_drip_has_no_time_to_begin_at(app, esms):
    """It begins at once: what names a later time as well is not sent before that."""
    before = written(app)
    answer = esms.bulk(1, schedule_mode="drip", drip_rate=60, scheduled_at="2026-06-10T13:00:00Z")
    assert refused(answer, 400, "invalid_schedule") and written(app) == before


def test_a_scheduled_bulk_is_paid_now_and_leaves_as_a_whole_at_its_time(app, clock, jobs):
    api = new_esms(app)
    sent = data_of(schedule_bulk(api, new_list(api, ANN, "+256772345678"), timedelta(minutes=10)))
    assert (api.batch(sent["batch_id"])["status"], api.batch(sent["batch_id"])["queued"], api.balance()) == ("scheduled", 2, 930)
    clock.advance(599)
    jobs.settle()
    assert {message["status"] for message in api.messages()} == {"scheduled"}
    clock.advance(1)
    jobs.settle()
    assert (api.batch(sent["batch_id"])["status"], api.batch(sent["batch_id"])["delivered"]) == ("finished", 2)


def test_a_drip_is_taken_back_in_part(app, clock, jobs):
    api = new_esms(app)
    batch_id = data_of(
        api.bulk(new_list(api, *(f"+2567123456{index}0" for index in range(5))), schedule_mode="drip", drip_rate=60)
    )["batch_id"]
    clock.advance(1)
    jobs.settle()
    assert data_of(api.post(f"/messages/batch/{batch_id}/cancel")) == {
        "batch_id": batch_id,
        "status": "cancelled",
        "cancelled": 3,
        "refunded": 105,
    }
    clock.advance(60)
    jobs.settle()
    found = api.batch(batch_id)
    assert (found["status"], found["delivered"], found["cancelled"], found["cost"], api.balance()) == ("finished", 2, 3, 70, 930)
    assert refused(api.post(f"/messages/batch/{batch_id}/cancel"), 409, "not_cancellable")


def test_a_batch_of_which_nothing_left_is_cancelled(app, clock):
    api = new_esms(app)
    batch_id = data_of(schedule_bulk(api, new_list(api, ANN), timedelta(hours=1)))["batch_id"]
    api.post(f"/messages/batch/{batch_id}/cancel")
    found = api.batch(batch_id)
    assert (found["status"], found["cancelled"], found["cost"], found["finished_at"]) == ("cancelled", 1, 0, at(timedelta(0)))
    assert api.balance() == 1000


def test_a_bulk_that_goes_now_is_not_cancellable(app):
    api = new_esms(app)
    batch_id = data_of(api.bulk(new_list(api, ANN)))["batch_id"]
    assert refused(api.post(f"/messages/batch/{batch_id}/cancel"), 409, "not_cancellable")
