"""What may leave no more while it waits: expired, blocked, to a country taken away; and campaigns that keep quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.accounts import quiet_hours
from wesend.accounts.quiet_hours import QuietHours
from wesend.accounts.sending_limits import SendingLimits
from wesend.accounts.service import AccountInfo
from wesend.core import clock as time
from wesend.core import countries
from wesend.core.errors import InvalidInput
from wesend.database import query
from wesend.messages.dispatch import last_look, queue
from wesend.messages.dispatch.submit import submission_of
from wesend.messages.sending.options import Options
from wesend.messages.sending.timing import Timing
from wesend.messages.state.outgoing import Outgoing
from wesend.operations.audit import audit

from ..support.accounts import mint, wesendall_of
from ..support.apis import Wasambazie, Wesendall, WorldLedgers
from ..support.esms import Esms, data_of, new_list
from ..support.jobs import ManualJobs
from ..support.wesendall import new_group

UGANDAN, KENYAN, TANZANIAN = "+256712345678", "+254712345678", "+255712345678"
KAMPALA = "Africa/Kampala"


@pytest.fixture
def account(app) -> int:
    with app.app_context():
        return query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]


@pytest.fixture
def jobs(app) -> ManualJobs:
    return ManualJobs(app)


def rows(app, columns: str) -> list[tuple]:
    with app.app_context():
        return [tuple(row) for row in query(f"SELECT {columns} FROM messages ORDER BY id")]


def expire(app) -> int:
    with app.app_context():
        return last_look.expire(500)


def is_clean(app) -> bool:
    with app.app_context():
        return audit().problems == []


def in_an_hour(by: int = 1) -> str:
    return time.iso(time.now_ms() + by * time.HOUR)


class TestValidity:
    CALLS = (
        lambda app, more: Wesendall(app.test_client()).send(UGANDAN, **more),
        lambda app, more: Wasambazie(app.test_client()).post(
            "/sms/send", {"to_number": TANZANIAN, "message": "Hello", "sender_id": "MYBRAND", **more}
        ),
        lambda app, more: Esms(app.test_client()).send(UGANDAN, **more),
        lambda app, more: Esms(app.test_client()).post(
            "/messages/send-bulk", {"recipients": [{"to": UGANDAN}], "text": "Hello", **more}
        ),
        lambda app, more: WorldLedgers(app.test_client()).sms(KENYAN, **more),
        lambda app, more: WorldLedgers(app.test_client()).email("ann@example.com", **more),
    )

    @pytest.mark.parametrize("call", CALLS)
    def test_every_send_takes_it_within_its_bounds(self, app, call):
        for wrong in (59, 172_801, "300", 60.5, True, -1):
            assert call(app, {"valid_for": wrong}).status_code in (400, 422), wrong
        assert rows(app, "id") == []
        for right in (60, 172_800, None):
            assert call(app, {"valid_for": right}).status_code in (200, 201, 202), right
        found = [until and until - due for due, until in rows(app, "due_at, valid_until")]
        assert found == [60_000, 172_800_000, None]

    @pytest.mark.parametrize(
        ("left_ms", "told"), [(300_000, 300), (299_999, 300), (299_001, 300), (299_000, 299), (1, 1), (-5_000, 1)]
    )
    def test_the_carrier_is_told_of_no_second_too_few(self, app, clock, left_ms, told):
        outgoing = Outgoing(UGANDAN, "UG", "Hello", "GSM-7", 1, 0, None, "at", valid_until=time.now_ms() + left_ms)
        with app.app_context():
            assert submission_of(outgoing).valid_seconds == told

    def test_a_precheck_passes_it_over(self, app):
        api = Esms(app.test_client())
        assert data_of(api.precheck(new_list(api, UGANDAN), valid_for=1))["total_contacts"] == 1

    def test_a_group_takes_it(self, app):
        api = Wesendall(app.test_client())
        group_id = new_group(api, {"phone": UGANDAN})
        body = {"walletId": api.wallet, "groupId": group_id, "message": "Hi"}
        assert api.post("/sms/group", {**body, "valid_for": 5}).status_code == 400
        assert api.post("/sms/group", {**body, "valid_for": 90}).status_code == 200
        assert [until - due for due, until in rows(app, "due_at, valid_until")] == [90_000]

    def test_a_keys_own_holds_for_sends_that_say_nothing(self, app, command):
        minted = mint(app)
        api = wesendall_of(app, minted)
        assert command("key", "set", minted.key_id, "--valid-for", "300")["valid_for"] == 300
        assert api.send(UGANDAN).status_code == 200 and api.send(UGANDAN, valid_for=600).status_code == 200
        assert command("key", "set", minted.key_id, "--valid-for", "none")["valid_for"] is None
        assert api.send(UGANDAN).status_code == 200
        assert [until and until - due for due, until in rows(app, "due_at, valid_until")] == [300_000, 600_000, None]
        for wrong in ("59", "172801", "x", "-60", "1e3"):
            with pytest.raises(InvalidInput):
                command("key", "set", minted.key_id, "--valid-for", wrong)

    def test_what_has_not_left_by_then_fails_and_is_refunded(self, app, clock):
        api = Esms(app.test_client())
        before = api.balance()
        made = data_of(api.send(UGANDAN, schedule_mode="scheduled", scheduled_at=in_an_hour(), valid_for=300))
        clock.advance(3600 + 299)
        assert expire(app) == 0, "it counts from when it is due"
        clock.advance(1)
        assert expire(app) == 1 and expire(app) == 0
        shown = api.message(made["id"])
        assert (shown["status"], shown["error_code"], shown["wallet_cost"]) == ("failed", "expired", 0)
        assert [entry["event"] for entry in shown["timeline"]][-1] == "expired"
        assert api.balance() == before and is_clean(app)

    def test_it_is_not_handed_to_a_gateway_after_that(self, app, clock, jobs):
        api = Esms(app.test_client())
        api.send(UGANDAN, schedule_mode="scheduled", scheduled_at=in_an_hour(), valid_for=60)
        clock.advance(3660)
        jobs.settle()
        assert rows(app, "status, error_code, refunded_micros = cost_micros") == [("failed", "expired", 1)]

    def test_a_retry_by_hand_is_worth_sending_anew(self, app, clock, jobs):
        api = Esms(app.test_client())
        made = data_of(api.send(UGANDAN, schedule_mode="scheduled", scheduled_at=in_an_hour(), valid_for=60))
        clock.advance(3660)
        expire(app)
        assert api.post(f"/messages/{made['id']}/retry").status_code == 200
        jobs.settle()
        assert api.message(made["id"])["status"] == "delivered" and is_clean(app)

    def test_what_a_claim_holds_when_it_expires_goes_nowhere(self, app, clock):
        api = Esms(app.test_client())
        api.send(UGANDAN, schedule_mode="scheduled", scheduled_at=in_an_hour(), valid_for=60)
        clock.advance(3659)
        with app.app_context():
            queue.release_due()
            claimed = queue.claim("sandbox", 1)
            assert len(claimed.messages) == 1
            clock.advance(1)
            assert queue.start([claimed])[0].messages == []
        assert rows(app, "status, error_code") == [("failed", "expired")] and is_clean(app)


class TestBlockedMeanwhile:
    @pytest.mark.parametrize("why", ["blocked", "country_not_allowed"])
    def test_what_waits_fails_and_is_refunded_when_it_would_leave(self, app, command, account, clock, jobs, why):
        api = Esms(app.test_client())
        before = api.balance()
        made = [data_of(api.send(to, schedule_mode="scheduled", scheduled_at=in_an_hour()))["id"] for to in (UGANDAN, KENYAN)]
        bulk = data_of(api.bulk(new_list(api, KENYAN), schedule_mode="scheduled", scheduled_at=in_an_hour()))["batch_id"]
        if why == "blocked":
            command("blocklist", "add", KENYAN)
        else:
            command("account", "set", account, "--countries", "UG")
        assert api.message(made[1])["status"] == "scheduled", "it may be allowed again until then"
        clock.advance(3601)
        jobs.settle()
        assert [api.message(one)["status"] for one in made] == ["delivered", "failed"]
        shown = api.message(made[1])
        assert (shown["error_code"], shown["wallet_cost"]) == (why, 0)
        assert api.batch(bulk)["status"] == "finished" and api.batch(bulk)["failed"] == 1
        assert before - api.balance() == data_of(api.post("/messages/rate", {"to": UGANDAN, "text": "Hello"}))["total_cost"]
        assert is_clean(app)


def at(clock, wall: str) -> None:
    """Kampala's clocks show this."""
    clock.advance((time.start_of_day("2100-03-01", KAMPALA) - time.now_ms()) / 1000 + int(wall[:2]) * 3600 + int(wall[3:]) * 60)


class TestQuietHours:
    @pytest.fixture(autouse=True)
    def quiet(self, command, account):
        assert command("account", "set", account, "--quiet-hours", "21:00-07:00")["quiet_hours"] == "21:00-07:00"

    def test_single_sends_leave_and_campaigns_and_blasts_wait(self, app, clock, jobs):
        at(clock, "22:00")
        esms, ledgers = Esms(app.test_client()), WorldLedgers(app.test_client())
        assert data_of(esms.send(UGANDAN))["status"] != "queued"
        assert Wesendall(app.test_client()).send(UGANDAN).json["data"]["results"][0]["status"] != "queued"
        bulk = data_of(esms.bulk(new_list(esms, UGANDAN)))["batch_id"]
        assert ledgers.sms(KENYAN).status_code == 202
        jobs.settle()
        assert [status for (status,) in rows(app, "status")][2:] == ["queued", "queued"]
        at(clock, "06:59")
        clock.advance(24 * 3600)
        jobs.settle()
        assert esms.batch(bulk)["queued"] == 1
        clock.advance(60)
        jobs.settle()
        assert [status for (status,) in rows(app, "status")][2:] == ["delivered", "delivered"]

    def test_what_slips_into_the_night_waits_too(self, app, clock, jobs):
        at(clock, "20:59")
        esms = Esms(app.test_client())
        esms.bulk(new_list(esms, UGANDAN), valid_for=120)
        clock.advance(60)
        jobs.settle()
        ((status, due, until),) = rows(app, "status, due_at, valid_until")
        assert (status, time.iso_in_zone(due, KAMPALA)[11:16], until - due) == ("queued", "07:00", 120_000)
        clock.advance(10 * 3600)
        jobs.settle()
        assert rows(app, "status") == [("delivered",)]

    def test_a_drip_goes_on_afterwards_at_its_pace(self, app, clock):
        at(clock, "20:58")
        esms = Esms(app.test_client())
        esms.bulk(new_list(esms, *(f"+25671234{n:04d}" for n in range(6))), schedule_mode="drip", drip_rate=1)
        due = [time.iso_in_zone(due, KAMPALA)[11:16] for (due,) in rows(app, "due_at")]
        assert due == ["20:58", "20:59", "07:00", "07:01", "07:02", "07:03"]

    def test_hours_that_were_set_when_it_dripped_already(self, app, command, account, clock, jobs):
        command("account", "set", account, "--quiet-hours", "none")
        at(clock, "21:00")
        esms = Esms(app.test_client())
        esms.bulk(new_list(esms, *(f"+25671234{n:04d}" for n in range(3))), schedule_mode="drip", drip_rate=1)
        command("account", "set", account, "--quiet-hours", "21:00-07:00")
        for _ in range(3):
            jobs.settle()
            clock.advance(60)
        due = [time.iso_in_zone(due, KAMPALA)[11:16] for (due,) in rows(app, "due_at")]
        assert due == ["07:00", "07:01", "07:02"], "not all at once"


ZONES = ("Africa/Kampala", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca")
MINUTES = st.integers(0, 1439)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda day: time.from_datetime(day.replace(tzinfo=UTC)))


@given(MINUTES, MINUTES, MOMENTS, st.sampled_from(ZONES))
def test_quiet_ends_when_clocks_say_so(since, until, moment, zone):
    if since == until:
        return
    hours = QuietHours(since, until)
    there = time.to_datetime(moment).astimezone(time.zone(zone))
    minute = there.hour * 60 + there.minute
    end = hours.end_after(moment, zone)
    assert (end is None) == (not (since <= minute < until if since < until else minute >= since or minute < until))
    if end is None:
        begin = hours.begin_after(moment, zone)
        assert moment < begin <= moment + 25 * time.HOUR + 1
        return
    assert moment < end <= moment + 26 * time.HOUR and hours.end_after(end, zone) is None
    assert hours.begun_before(moment, zone) <= moment


@given(MINUTES, MINUTES, MOMENTS, st.integers(1, 600), st.sampled_from(["UG", "DE", "US"]))
def test_a_drip_is_never_due_in_the_quiet_nor_faster_than_its_pace(since, until, moment, rate, country):
    if since == until:
        return
    limits = SendingLimits(quiet=QuietHours(since, until))
    account = AccountInfo(1, "Shop", "UG", KAMPALA, True, limits=limits)
    timing = Timing(Options("drip", drip_rate=rate, keeps_quiet=True), account, None, moment)
    dues = [timing.of(index, country)["due_at"] for index in range(0, 3000, 37)]
    zone = countries.main_zone(country)
    assert zone is not None and all(limits.quiet.end_after(due, zone) is None for due in dues)
    assert all(later - earlier >= 37 * 60_000 // rate - 1 for earlier, later in zip(dues, dues[1:], strict=False))


def test_clocks_that_are_changed_at_night():
    hours, berlin = quiet_hours.parse("22:00-02:30"), "Europe/Berlin"
    assert hours is not None
    back = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45 in summer; 02:00 to 03:00 comes twice
    assert hours.end_after(time.from_datetime(back - timedelta(minutes=30)), berlin) == time.from_datetime(
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    )
    forward = time.from_datetime(datetime(2026, 3, 29, 0, 30, tzinfo=UTC))  # 01:30; there is no 02:30 that night
    end = hours.end_after(forward, berlin)
    assert end is not None and time.iso_in_zone(end, berlin)[11:16] == "03:30"


@pytest.mark.parametrize(
    ("hours", "zone", "moment", "begin"),
    [
        ("00:00-06:00", "Africa/Cairo", "2027-04-29T22:30:00+02:00", "2027-04-30T01:00:00+03:00"),  # midnight is passed over
        ("00:30-06:00", "Africa/Cairo", "2027-04-29T23:30:00+02:00", "2027-04-30T01:00:00+03:00"),
        ("02:30-07:00", "Europe/Berlin", "2027-03-28T01:45:00+01:00", "2027-03-28T03:00:00+02:00"),
        ("02:30-07:00", "Europe/Berlin", "2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00"),  # 02:30 comes twice
        ("02:30-07:00", "Europe/Berlin", "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"),
    ],
)
def test_quiet_that_begins_while_clocks_are_changed(hours, zone, moment, begin):
    """A drip looks for each begin once: at one that lies a millisecond ahead all night, it would look all night."""
    parsed, now = quiet_hours.parse(hours), time.parse_iso(moment)
    assert parsed is not None
    found = parsed.begin_after(now, zone)
    assert time.iso_in_zone(found, zone) == begin
    assert parsed.end_after(found, zone) is not None and parsed.end_after(found - 1, zone) is None
    assert parsed.begun_before(found + time.MINUTE, zone) <= found


@pytest.mark.parametrize(
    ("text", "shown"),
    [("21:00-07:00", "21:00-07:00"), (" 9:30 - 10:00 ", "09:30-10:00"), ("00:00–06:00", "00:00-06:00"), ("none", None), ("", None)],
)
def test_hours_as_they_are_typed(text, shown):
    found = quiet_hours.parse(text)
    assert (str(found) if found else None) == shown


@pytest.mark.parametrize("text", ["21-7", "24:00-07:00", "21:00", "21:60-07:00", "07:00-07:00", "21:00-07:00,12:00-13:00"])
def test_what_are_no_hours(text):
    with pytest.raises(InvalidInput):
        quiet_hours.parse(text)


@given(st.text())
def test_whatever_is_typed_are_hours_or_not(text):
    try:
        found = quiet_hours.parse(text)
    except InvalidInput:
        return
    assert found is None or quiet_hours.read(str(found)) == found


def test_the_main_zones_of_countries_with_several():
    assert [countries.main_zone(code) for code in ("UG", "CD", "US", "RU", "AU", "BR", "XX", None)] == [
        "Africa/Kampala",
        "Africa/Kinshasa",
        "America/New_York",
        "Europe/Moscow",
        "Australia/Sydney",
        "America/Sao_Paulo",
        None,
        None,
    ]
